"""The folder of a run, `runs/<when>-<slug>/`: its configuration, files, screenshots and result."""

from __future__ import annotations

import errno
import json
import re
import sqlite3
import threading
import unicodedata
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, ValidationError

from handeye.agent.event_log import RunStatus
from handeye.agent.options import RunOptions
from handeye.perception.engines.options import EngineOptions
from handeye.perception.usage import Usage
from handeye.policies.guard.guard_policy import GuardPolicy, rules_file
from handeye.tools.errors import SetupError, UsageError
from handeye.tools.files import clear_parts, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handeye.tools.screenshot import Screenshot

#: Statuses of runs that can be resumed; None: the run did not end.
RESUMABLE = frozenset({None, "waiting", "interrupted", "out_of_budget", "broken", "stuck"})


#: The schema of `run.json`. Version 1 had `verdict` for `status`, and another name for `device_state.json`.
VERSION = 2

#: The remedy for a damaged file of a run.
REMEDY = (
    "it was changed or truncated, and without it a resume could repeat an action. The other files contain what was "
    "done, see `handeye show`; restore an undamaged copy of the file, or start a new run for the rest"
)

#: WebP settings of screenshots, by the largest total size in bytes for which they are used: lossless at first, and in
#: a long run so that 1,000 screenshots, photographs too, stay below 100 MB. `method=1` needs a fifth of the size of 0.
ROOM: tuple[tuple[float, dict[str, Any]], ...] = (
    (40e6, {"lossless": True, "quality": 0, "method": 1}),
    (70e6, {"quality": 50, "method": 0}),
    (float("inf"), {"quality": 20, "method": 0}),
)


class RunConfig(RunOptions):
    """Goal and settings of a run. It is stored in `run.json`, so that a run can be resumed."""

    model_config = ConfigDict(extra="ignore")  # run.json may be of a later version

    goal: str
    rules: GuardPolicy = GuardPolicy()
    """The rules of the user when the run began; a resume can only tighten them."""
    folder: str = ""
    """The folder that relative paths given to pages and programs start from; empty: the working folder."""
    secret_names: tuple[str, ...] = ()
    """Names of the secrets that the goal uses."""

    @classmethod
    def from_options(cls, options: RunOptions, goal: str = "", rules: GuardPolicy | None = None) -> RunConfig:
        """The settings for a goal, with absolute paths, so that the run can be resumed from any folder.

        `rules` None stands for those of the file `options.guard`, if one is named. Raises UsageError for a wrong file.
        """
        if rules is None:
            rules = rules_file(Path(options.guard)) if options.guard else GuardPolicy()
        files = (str(Path(each).resolve()) if each.endswith(".py") else each for each in options.tools_from)
        resolved = {
            "guard": "",
            "secrets": str(Path(options.secrets).resolve()) if options.secrets else "",
            "storage_state": str(Path(options.storage_state).absolute()) if options.storage_state else "",
            "tools_from": tuple(files),
        }
        chosen = {name: getattr(options, name) for name in RunOptions.model_fields}
        return cls(**chosen | resolved, goal=goal, rules=rules)

    @property
    def in_force(self) -> GuardPolicy:
        """The rules, with the domains of `--allow-domain`."""
        return self.rules.with_domains(self.allow_domains)


class RunResult(BaseModel):
    """How a run ended; its JSON is what `--json` prints."""

    model_config = ConfigDict(frozen=True)

    status: RunStatus
    steps: int
    folder: Path
    report: Path
    answer: str
    reason: str
    seconds: float
    usage: Usage
    options: EngineOptions = EngineOptions()
    """How the model was run."""

    @property
    def verdict(self) -> RunStatus:
        """`status`, by its name before 0.2."""
        return self.status

    def to_json(self) -> dict[str, Any]:
        """Return the object that `--json` prints."""
        result = {
            "status": self.status,
            "verdict": self.status,  # its name before 0.2
            "steps": self.steps,
            "run": str(self.folder),
            "report": str(self.report),
            "answer": self.answer,
            "reason": self.reason,
            "seconds": round(self.seconds, 3),
            "model_calls": self.usage.calls,
            "tokens": self.usage.tokens_in + self.usage.tokens_out,
        }
        return result | ({"usage": self._spent()} if self.usage.calls else {})

    def _spent(self) -> dict[str, Any]:
        """The model usage, and what caches saved; hit rates in percent."""
        rates = {"tokens_hit": self.usage.tokens_hit, "tiles_hit": self.usage.tiles_hit}
        spent = self.usage.model_dump() | {name: round(100 * rate, 1) for name, rate in rates.items()}
        if self.options.v2pe == 1:
            del spent["window"]  # with stock positions it equals the tokens
        return spent


class RunFolder:
    """The files of one run. One process at a time can lock the folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.screens = path / "screens"
        self.checkpoint = path / "checkpoint.sqlite"
        self.trace = path / "trace.jsonl"
        self.journal = path / "journal.jsonl"
        self.downloads = path / "downloads"
        self.page_log = path / "page.jsonl"
        self._lock = FileLock(path / "lock")
        self._writing = threading.Lock()
        self._pictures = -1  # bytes; not known yet

    @classmethod
    def create(cls, config: RunConfig, path: Path | None = None, base: Path = Path("runs")) -> RunFolder:
        """Create a folder with its `run.json`; an existing run is never overwritten."""
        with disk(base):
            folder = path or _create_folder(base / f"{datetime.now().astimezone():%Y%m%d-%H%M%S}-{slug(config.goal)}")
        refuse_used(folder)
        with disk(folder):
            (folder / "screens").mkdir(parents=True, exist_ok=True)
            run = cls(folder)
            run.acquire()
            run.note(version=VERSION, config=config.model_dump(mode="json"), status=None, inode=folder.stat().st_ino)
        return run

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """Open and lock the folder of a run that can be resumed. Raises UsageError if it cannot be resumed."""
        run = cls(path)
        ended = run.read().get("status")
        if ended not in RESUMABLE:
            raise UsageError(f"the run must be resumable, got {path}, which has ended ({ended}): start a new run")
        run.refuse_copy()
        run.acquire()
        return run

    def acquire(self) -> None:
        """Lock the folder. Raises UsageError if another process has it locked, SetupError if it cannot be written."""
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise UsageError(
                f"the run must be free, got {self.path}, which is in use by another handeye process: wait until it ends"
            ) from None
        except (OSError, NotImplementedError) as error:
            raise SetupError(
                f"the folder of a run must be writable for its journal, got {self.path} ({error}): make it writable"
            ) from error
        for folder in (self.path, self.screens):
            clear_parts(folder)

    def refuse_copy(self) -> None:
        """Raise UsageError if the folder is a copy: resuming both would repeat actions."""
        made, here = self.read().get("inode"), self.path.stat().st_ino
        if made is not None and made != here:
            raise UsageError(
                f"the folder must be the original of the run, got {self.path}, which is a copy: resume the original. "
                f'If it no longer exists, set "inode" in {self.path / "run.json"} to {here}'
            )

    def release(self) -> None:
        """Release the lock of the folder."""
        self._lock.release()

    def note(self, **values: Any) -> None:
        """Set entries of `run.json`, in one atomic step."""
        path = self.path / "run.json"
        present = self.read() if path.exists() else {}
        write_atomically(path, json.dumps(present | values, ensure_ascii=False, indent=2) + "\n")

    def use_answer(self) -> None:
        """Record that the question of the run was answered, so that the next question has another id."""
        self.note(reason="", answers=int(self.read().get("answers") or 0) + 1)

    def read(self) -> dict[str, Any]:
        """The content of `run.json`. Raises UsageError or SetupError if it cannot be read."""
        path = self.path / "run.json"
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise UsageError(
                f"RUN must be a run's folder, got {self.path}, which has no run.json: see `ls runs`"
            ) from None
        except NotADirectoryError:
            raise UsageError(
                f"RUN must be a folder, got the file {self.path}: give a run's folder, its name, or `latest`"
            ) from None
        except OSError as error:
            raise SetupError(f"{path} must be readable, got {error}: check its permissions") from error
        except ValueError as error:
            content = error
        if not isinstance(content, dict) or not content:
            problem = content if isinstance(content, ValueError) else "no keys"
            raise UsageError(
                f"{path} must be a JSON object, got {problem}: it was changed or truncated. trace.jsonl and "
                "journal.jsonl contain what the run did; restore an undamaged copy, or start a new run for the rest"
            )
        if "verdict" in content:  # schema version 1
            content.setdefault("status", content.pop("verdict"))
        return content

    @property
    def config(self) -> RunConfig:
        """The configuration of the run."""
        try:
            return RunConfig.model_validate(self.read()["config"])
        except (KeyError, ValidationError) as error:
            raise UsageError(
                f"{self.path / 'run.json'} must contain the settings of a run, got {error}: restore an undamaged copy"
            ) from error

    def store_screenshot(self, screenshot: Screenshot) -> str:
        """Save a screenshot under its digest, unless it is saved already; returns the digest."""
        path = self.screens / f"{screenshot.digest}.webp"
        if not path.exists():
            if self._pictures < 0:
                self._pictures = sum(each.stat().st_size for each in self.screens.iterdir())
            webp_settings = next(settings for size, settings in ROOM if self._pictures < size)
            buffer = BytesIO()
            screenshot.image.save(buffer, "WEBP", **webp_settings)
            write_atomically(path, buffer.getvalue(), sync=False)
            self._pictures += buffer.tell()
        return screenshot.digest

    def store_device_state(self, device_state: dict[str, Any]) -> None:
        """Save what a fresh device needs to return to its state. Only the owner may read it: it may contain cookies."""
        with self._writing:
            write_atomically(self.path / "device_state.json", json.dumps(device_state), mode=0o600)

    @property
    def device_state_path(self) -> Path:
        """The file with the state of the device; a run of version 0.1 has it under another name."""
        path, former = self.path / "device_state.json", self.path / "memento.json"
        return former if former.exists() and not path.exists() else path

    def device_state(self) -> dict[str, Any]:
        """The state that was saved last; empty if there is none. Raises UsageError if the file cannot be read."""
        path = self.device_state_path
        if not path.exists():
            return {}
        try:
            state = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise UsageError(f"{path} must be a JSON object, got {error}: {REMEDY}") from error
        if not isinstance(state, dict) or not state:
            raise UsageError(f"{path} must contain the state of the device, got none: {REMEDY}")
        return state


def refuse_used(folder: Path) -> None:
    """Raise UsageError if the folder contains a run already, which a new one would overwrite."""
    if not (folder / "run.json").exists():
        return
    ended = RunFolder(folder).read().get("status")
    more = f", or resume it: handeye resume {folder}" if ended in RESUMABLE else ""
    status = f" ({ended})" if ended else ""
    raise UsageError(f"--run-dir must be unused, got {folder}, which contains a run{status}: name another{more}")


def find_run(name: str, base: Path = Path("runs")) -> Path:
    """The folder that RUN means: a folder, the name of one under `runs/`, or `latest`."""
    if name == "latest":
        folders = sorted(base.glob("*/run.json"), key=lambda path: path.stat().st_mtime)
        if not folders:
            raise UsageError(f"RUN must exist, got no run in {base.resolve()}: start one with `handeye run GOAL`")
        return folders[-1].parent
    for path in (Path(name), base / name):
        if (path / "run.json").exists():
            return path
    raise UsageError(f"RUN must be a folder here or in {base.resolve()}, got {name!r}: give a run's folder or `latest`")


def slug(text: str, limit: int = 40) -> str:
    """The words of a goal as a file name: ASCII letters, digits and dashes."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:limit].strip("-") or "run"


@contextmanager
def released(run: RunFolder) -> Iterator[None]:
    """Release a run's folder if the block raises an error."""
    try:
        yield
    except BaseException:
        run.release()
        raise


@contextmanager
def disk(folder: Path) -> Iterator[None]:
    """Translate the errors of a full or unwritable disk into SetupError."""
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or "full" in str(error)
        if full:
            raise SetupError(
                f"{folder} must have free space, got a disk that is full: free some; no record is lost"
            ) from error
        if isinstance(error, sqlite3.OperationalError) or error.errno in (
            errno.EACCES,
            errno.EROFS,
            errno.EIO,
            errno.ENOTDIR,
            errno.EEXIST,
            errno.EPERM,
            errno.EFBIG,
        ):
            raise SetupError(
                f"the folder must be writable, got {folder} ({error}): name another with --run-dir"
            ) from error
        raise


def _create_folder(path: Path) -> Path:
    """Create a folder of this name, or of this name and a number if another run has it."""
    number, free = 2, path
    while True:
        try:
            free.mkdir(parents=True)
        except FileExistsError:
            if not free.is_dir():
                raise
            free = path.with_name(f"{path.name}-{number}")
            number += 1
        else:
            return free
