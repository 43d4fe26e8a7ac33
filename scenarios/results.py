"""Results of scenarios: one JSON object per line in `results.jsonl`, written as scenarios finish."""

from __future__ import annotations

import os
import shutil
from collections import Counter
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
"""`flaky`: passed after a failed attempt. `error`: the machine, the model or a server failed."""


#: The folder with the runs of attempts, inside the output folder.
ATTEMPTS = "attempts"
#: Its names, the present one first; version 0.1 wrote `trials`.
ATTEMPT_FOLDERS = (ATTEMPTS, "trials")


def _without_broken(record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "status": "error"} if record.get("status") == "broken" else record


class Attempt(BaseModel):
    """One execution of a scenario."""

    model_config = ConfigDict(frozen=True)

    number: int
    status: Literal["passed", "failed", "skipped", "error"]
    run_status: RunStatus | None = None
    """How its run ended; None without a run."""
    reason: str = ""
    """Why it did not pass, in one sentence."""
    checks: tuple[CheckResult, ...] = ()
    steps: int = 0
    seconds: float = 0.0
    model_calls: int = 0
    tokens: int = 0
    run: str = ""
    """The folder of its run, with its report; empty without a run."""
    replayed: int = 0
    """The number of steps that were repeated by anchors."""
    healed: tuple[str, ...] = ()
    """Descriptions of the steps that were done another way than before."""
    anchors: str = ""
    """A note about its anchors, with the diff of their file where steps were healed."""
    measured: dict[str, JsonValue] = Field(default_factory=dict)
    """Further values from a benchmark, such as the reward."""

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
    """The identifier that stays equal from run to run."""
    number: int = 0
    """Its index in the run, in which a key may occur several times."""
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
        """Whether the status is `failed` or `error`."""
        return self.status in ("failed", "error")

    @classmethod
    def of(cls, *, attempts: Sequence[Attempt], **fields: object) -> ScenarioResult:
        """The result of these attempts; the last one decides the status."""
        last = attempts[-1]
        flaky = last.status == "passed" and len(attempts) > 1
        fields |= {"status": "flaky" if flaky else last.status, "reason": last.reason}
        fields |= {"seconds": round(sum(each.seconds for each in attempts), 3), "attempts": tuple(attempts)}
        return cls.model_validate(fields)


class ResultsFile:
    """Writes results to the disk as they arrive, so that a killed run loses none."""

    def __init__(self, folder: Path, earlier: Sequence[ScenarioResult] | None = None) -> None:
        """Open the file; results and runs of an earlier run are replaced, other files in the folder stay.

        `earlier`: the results of a resumed run; they remain, with their runs. Raises SetupError for a
        folder that cannot be written, and UsageError for a folder that another run uses.
        """
        self.path = folder / "results.jsonl"
        self._attempts = [folder / name for name in ATTEMPT_FOLDERS if (folder / name).is_dir()]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(folder / ".lock")
            self._lock.acquire(timeout=0)
            clear_parts(folder)
            if earlier is not None:
                self._leave_only({result.number for result in earlier})
            elif self.path.exists():
                for attempts in self._attempts:
                    shutil.rmtree(attempts)
            write_atomically(self.path, "".join(_line(result) for result in earlier or ()))
        except Timeout as error:
            raise UsageError(f"another run writes to {folder}; wait for it, or name another --output") from error
        except OSError as error:
            raise SetupError(f"{folder} cannot be written ({error.strerror}); name another --output") from error

    def add(self, result: ScenarioResult) -> None:
        """Append a result. Raises SetupError when the disk is full; earlier results stay."""
        before = self.path.stat().st_size
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(_line(result))
        except OSError as error:
            with suppress(OSError):
                os.truncate(self.path, before)  # no half lines
            raise SetupError(
                f"{self.path} cannot be written ({error.strerror}); earlier results are safe: free disk space, "
                "and continue with --resume"
            ) from error

    def close(self) -> None:
        """Release the folder for other runs."""
        self._lock.release()

    def _leave_only(self, numbers: set[int]) -> None:
        for path in (each for attempts in self._attempts for each in attempts.iterdir()):
            number = path.name.partition("-")[0]
            if number.isdecimal() and int(number) - 1 not in numbers:
                shutil.rmtree(path)


def clear_attempts(folder: Path, number: int) -> None:
    """Delete the runs of a scenario that is about to start again."""
    for name in ATTEMPT_FOLDERS:
        for path in (folder / name).glob(f"{number + 1:03d}-*"):
            shutil.rmtree(path, ignore_errors=True)


def _line(result: ScenarioResult) -> str:
    return result.model_dump_json() + "\n"


def read_results(path: Path) -> list[ScenarioResult]:
    """All results of a file; an incomplete last line is ignored."""
    found = list[ScenarioResult]()
    for line in json_lines(path.read_text(encoding="utf-8")) if path.exists() else ():
        try:
            found.append(ScenarioResult.model_validate_json(line))
        except ValidationError:
            continue
    return found


def exit_code(results: Iterable[ScenarioResult]) -> int:
    """0 when all passed, 1 when one failed, 3 when one ended with an error."""
    statuses = {result.status for result in results}
    return 1 if "failed" in statuses else 3 if "error" in statuses else 0


def results_json(results: Sequence[ScenarioResult], seconds: float) -> dict[str, object]:
    """Return the object of `results.json`: `counts` by status, `seconds`, `results`."""
    return {
        "counts": dict(Counter(result.status for result in results)),
        "seconds": round(seconds, 3),
        "results": [result.model_dump(mode="json") for result in results],
    }
