"""Results of scenarios: one JSON object per line in `results.jsonl`, written as scenarios finish."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from handeye.agent.event_log import RunStatus
from handeye.scenarios.checks.run_check import CheckResult
from handeye.tools.errors import SetupError, UsageError
from handeye.tools.files import clear_parts, json_lines, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ScenarioStatus = Literal["passed", "flaky", "failed", "skipped", "error"]
"""`flaky`: passed after a failed attempt. `error`: the machine, the model or the server did not do its part."""


#: The folder of the scenarios' runs, below that of the results.
ATTEMPTS = "trials"


def _without_broken(record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "status": "error"} if record.get("status") == "broken" else record


class Attempt(BaseModel):
    """One try of a scenario."""

    model_config = ConfigDict(frozen=True)

    number: int
    status: Literal["passed", "failed", "skipped", "error"]
    run_status: RunStatus | None = None
    """Of its run; None when it did not come to one."""
    reason: str = ""
    """Why it is not passed, in one sentence."""
    checks: tuple[CheckResult, ...] = ()
    steps: int = 0
    seconds: float = 0.0
    model_calls: int = 0
    tokens: int = 0
    run: str = ""
    """The folder of its run, with its report; empty when there is none."""
    replayed: int = 0
    """So many steps were done again by its anchors."""
    healed: tuple[str, ...] = ()
    """Steps that could not be done as before, in words, and were done another way."""
    anchors: str = ""
    """What became of its anchors, and how their file would change where steps were healed."""
    measured: dict[str, JsonValue] = Field(default_factory=dict)
    """What a benchmark tells besides, such as the reward."""

    @model_validator(mode="before")
    @classmethod
    def _upgrade(cls, record: Any) -> Any:
        """Accept a line of version 0.1, which had `verdict` for `run_status` and the status `broken` for `error`."""
        if not isinstance(record, dict):
            return record
        record = _without_broken(record)
        if "verdict" in record:
            record = {**record, "run_status": record["verdict"]}
            del record["verdict"]
        return record


class ScenarioResult(BaseModel):
    """A scenario and all its attempts."""

    model_config = ConfigDict(frozen=True)

    key: str
    """The same in every run."""
    number: int = 0
    """Its place in the order of its run, where a key may come more than once."""
    name: str
    suite: str
    file: str
    line: int
    tags: tuple[str, ...] = ()
    status: ScenarioStatus
    attempts: tuple[Attempt, ...] = ()
    reason: str = ""
    seconds: float = 0.0

    @model_validator(mode="before")
    @classmethod
    def _upgrade(cls, record: Any) -> Any:
        """Accept a line of version 0.1, which had the status `broken` for `error`."""
        return _without_broken(record) if isinstance(record, dict) else record

    @property
    def failed(self) -> bool:
        """Whether it counts as a failure."""
        return self.status in ("failed", "error")

    @classmethod
    def of(cls, *, attempts: Sequence[Attempt], **told: object) -> ScenarioResult:
        """The status follows from the attempts: the last one counts."""
        last = attempts[-1]
        flaky = last.status == "passed" and len(attempts) > 1
        told |= {"status": "flaky" if flaky else last.status, "reason": last.reason}
        told |= {"seconds": round(sum(each.seconds for each in attempts), 3), "attempts": tuple(attempts)}
        return cls.model_validate(told)


class ResultsFile:
    """Keeps results on the disk as they come, so that a killed runner loses none."""

    def __init__(self, folder: Path, kept: Sequence[ScenarioResult] | None = None) -> None:
        """The results and trials of the run before are replaced, and nothing else in the folder.

        `kept`: those that this run goes on with, if it does; they stay, with their trials. Raises SetupError for a
        folder that cannot be written, and UsageError for one that another run writes to.
        """
        self.path, self._trials = folder / "results.jsonl", folder / ATTEMPTS
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(folder / ".lock")
            self._lock.acquire(timeout=0)
            clear_parts(folder)
            if kept is not None:
                self._leave_only({result.number for result in kept})
            elif self.path.exists() and self._trials.exists():
                shutil.rmtree(self._trials)
            write_atomically(self.path, "".join(_line(result) for result in kept or ()))
        except Timeout as error:
            raise UsageError(f"another run writes to {folder}; wait for it, or name another --output") from error
        except OSError as error:
            raise SetupError(f"{folder} cannot be written ({error.strerror}); name another --output") from error

    def add(self, result: ScenarioResult) -> None:
        """Raises SetupError when the disk takes no more; what was kept stays."""
        before = self.path.stat().st_size
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(_line(result))
        except OSError as error:
            with suppress(OSError):
                os.truncate(self.path, before)  # no half lines
            raise SetupError(
                f"{self.path} cannot be written ({error.strerror}); what it holds is kept: free some room, "
                "and go on with --resume"
            ) from error

    def close(self) -> None:
        """Others may write to the folder now."""
        self._lock.release()

    def _leave_only(self, numbers: set[int]) -> None:
        for path in self._trials.iterdir() if self._trials.exists() else ():
            number = path.name.partition("-")[0]
            if number.isdecimal() and int(number) - 1 not in numbers:
                shutil.rmtree(path)


def clear_attempts(folder: Path, number: int) -> None:
    """Take away what a job has left that is about to be done again from its beginning."""
    for path in (folder / ATTEMPTS).glob(f"{number + 1:03d}-*"):
        shutil.rmtree(path, ignore_errors=True)


def _line(result: ScenarioResult) -> str:
    return result.model_dump_json() + "\n"


def read_results(path: Path) -> list[ScenarioResult]:
    """All results of a ledger; a last line that was cut short is left out."""
    found = list[ScenarioResult]()
    for line in json_lines(path.read_text(encoding="utf-8")) if path.exists() else ():
        try:
            found.append(ScenarioResult.model_validate_json(line))
        except ValidationError:
            continue
    return found


def exit_code(results: Iterable[ScenarioResult]) -> int:
    """0 when all passed, 1 when one failed, 3 when one could not be tried."""
    statuses = {result.status for result in results}
    return 1 if "failed" in statuses else 3 if "error" in statuses else 0
