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

#: The statuses of runs that can be resumed; None: the run did not end.
RESUMABLE = frozenset({None, "waiting", "interrupted", "out_of_budget", "broken", "stuck"})


#: The schema of `run.json`. Version 1 had `verdict` for `status`, and another name for `device_state.json`.
VERSION = 2

#: The remedy for a damaged file of a run.
REMEDY = (
    "it was changed or cut short, and without it the run cannot go on without the risk of doing something twice. What "
    "was done stands in the other files, see `handeye show`; put an undamaged copy of the file in its place, or start "
    "a new run for the rest"
)

#: How pictures are saved while all of them together take less than so many bytes: exactly at first, and in a long run
#: so that 1,000 of them, photographs too, stay below 100 MB. `method=1` is quicker than 0, and a fifth of the size.
ROOM: tuple[tuple[float, dict[str, Any]], ...] = (
    (40e6, {"lossless": True, "quality": 0, "method": 1}),
    (70e6, {"quality": 50, "method": 0}),
    (float("inf"), {"quality": 20, "method": 0}),
)


class RunConfig(RunOptions):
    """What a run was asked to do and with what settings. It is stored in `run.json`, so that a run can be resumed."""

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
            del spent["window"]  # stock positions: it says no more than the tokens do
        return spent


class RunFolder:
    """The files of one run. One process at a time may hold the folder."""

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
        """Open the folder of a run that can be resumed, and hold it. Raises UsageError if it cannot be resumed."""
        run = cls(path)
        ended = run.read().get("status")
        if ended not in RESUMABLE:
            raise UsageError(f"{path} has ended ({ended}) and cannot be resumed; start a new run")
        run.refuse_copy()
        run.acquire()
        return run

    def acquire(self) -> None:
        """Hold the folder. Raises UsageError if another process holds it, and SetupError if it cannot be written."""
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise UsageError(f"{self.path} is in use by another handeye process; wait until it ends") from None
        except (OSError, NotImplementedError) as error:
            raise SetupError(
                f"{self.path} cannot be written ({error}), and no action may be done without a journal; make the "
                "folder writable"
            ) from error
        for folder in (self.path, self.screens):
            clear_parts(folder)

    def refuse_copy(self) -> None:
        """Raise UsageError if the folder is a copy: both could be resumed, and do everything twice."""
        made, here = self.read().get("inode"), self.path.stat().st_ino
        if made is not None and made != here:
            raise UsageError(
                f"{self.path} is a copy of a run's folder, which may have gone on elsewhere since; resume the "
                f'original. If that is gone for good, set "inode" in {self.path / "run.json"} to {here}'
            )

    def release(self) -> None:
        """Release the lock of the folder."""
        self._lock.release()

    def note(self, **values: Any) -> None:
        """Set entries of `run.json`, in one atomic step."""
        path = self.path / "run.json"
        kept = self.read() if path.exists() else {}
        write_atomically(path, json.dumps(kept | values, ensure_ascii=False, indent=2) + "\n")

    def use_answer(self) -> None:
        """Note that the question that the run waited on was answered: the next one has another id."""
        self.note(reason="", answers=int(self.read().get("answers") or 0) + 1)

    def read(self) -> dict[str, Any]:
        """The content of `run.json`. Raises UsageError or SetupError if it cannot be read."""
        path = self.path / "run.json"
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise UsageError(f"{self.path} is not a run's folder (it has no run.json); see `ls runs`") from None
        except NotADirectoryError:
            raise UsageError(f"{self.path} is not a folder; give a run's folder, its name, or `latest`") from None
        except OSError as error:
            raise SetupError(f"{path} cannot be read ({error}); see its permissions") from error
        except ValueError as error:
            found = error
        if not isinstance(found, dict) or not found:
            why = found if isinstance(found, ValueError) else "it holds no run"
            raise UsageError(
                f"{path} cannot be read ({why}); it was changed or cut short. What the run did stands in trace.jsonl "
                "and journal.jsonl; put an undamaged copy of the file in its place, or start a new run for the rest"
            )
        if "verdict" in found:  # schema version 1
            found.setdefault("status", found.pop("verdict"))
        return found

    @property
    def config(self) -> RunConfig:
        """The configuration of the run."""
        try:
            return RunConfig.model_validate(self.read()["config"])
        except (KeyError, ValidationError) as error:
            raise UsageError(f"{self.path / 'run.json'} cannot be read ({error}); it was changed") from error

    def store_screenshot(self, screenshot: Screenshot) -> str:
        """Save a screenshot under its digest, unless it is saved already; returns the digest."""
        path = self.screens / f"{screenshot.digest}.webp"
        if not path.exists():
            if self._pictures < 0:
                self._pictures = sum(each.stat().st_size for each in self.screens.iterdir())
            how = next(how for room, how in ROOM if self._pictures < room)
            made = BytesIO()
            screenshot.image.save(made, "WEBP", **how)
            write_atomically(path, made.getvalue(), sync=False)
            self._pictures += made.tell()
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
            found = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise UsageError(f"{path} cannot be read ({error}); {REMEDY}") from error
        if not isinstance(found, dict) or not found:
            raise UsageError(f"{path} holds no state of the device; {REMEDY}")
        return found


def refuse_used(folder: Path) -> None:
    """Raise UsageError if the folder contains a run already, which a new one would overwrite."""
    if not (folder / "run.json").exists():
        return
    ended = RunFolder(folder).read().get("status")
    more = f", or go on with it: handeye resume {folder}" if ended in RESUMABLE else ""
    raise UsageError(f"{folder} already holds a run{f' ({ended})' if ended else ''}; name another --run-dir{more}")


def find_run(name: str, base: Path = Path("runs")) -> Path:
    """The folder that RUN means: a folder, the name of one under `runs/`, or `latest`."""
    if name == "latest":
        folders = sorted(base.glob("*/run.json"), key=lambda path: path.stat().st_mtime)
        if not folders:
            raise UsageError(f"there is no run in {base.resolve()}; start one with `handeye run GOAL`")
        return folders[-1].parent
    for path in (Path(name), base / name):
        if (path / "run.json").exists():
            return path
    raise UsageError(f"there is no run called {name!r} here or in {base.resolve()}; give a run's folder or `latest`")


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
            raise SetupError(f"the disk with {folder} is full; free some room, what was recorded is kept") from error
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
                f"{folder} cannot be written ({error}); name a folder you may write with --run-dir"
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
