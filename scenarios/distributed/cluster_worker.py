"""The worker's side of a distributed run: a Ray actor that runs one scenario after the other."""

from __future__ import annotations

import json
import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from handeye.scenarios.distributed.archives import pack_attempt, unpack
from handeye.scenarios.environment import serve_suite, skip_reason
from handeye.scenarios.results import ATTEMPTS, ScenarioResult, clear_attempts
from handeye.scenarios.runner import QueuedScenario, ScenarioRunner, Settings
from handeye.tools.errors import HandeyeError

if TYPE_CHECKING:
    from handeye.scenarios.distributed.archives import SuiteFolders


class WorkerReply(NamedTuple):
    """What came of a job."""

    result: ScenarioResult | None = None
    error: Exception | None = None
    """What stops everything, in the place of a result."""
    attempts: bytes = b""
    """The runs' folders, from another machine."""
    anchors: bytes = b""
    """The anchors' files that have changed there."""


class ClusterWorker:
    """Runs scenarios with one model; on another machine (`apart`), in folders that are sent to it."""

    def __init__(self, settings: Settings, *, apart: bool) -> None:
        self._up = ExitStack()
        self._apart = apart
        if apart:
            self._folder = Path(self._up.enter_context(tempfile.TemporaryDirectory(prefix="handeye-worker-")))
            settings = replace(settings, output=self._folder / "out")
        self._settings = settings
        self._runner = ScenarioRunner(settings)
        self._up.callback(self._runner.close)
        self._suites: dict[str, Path] = {}
        self._served: dict[Path, str] = {}

    def ready(self, version: str) -> str:
        """Why this worker cannot be used; empty when it can."""
        from importlib.metadata import version as installed

        here = installed("handeye")
        return "" if here == version else f"handeye {here} is installed there, and {version} here"

    def run(
        self,
        queued: QueuedScenario,
        digest: str = "",
        place: SuiteFolders | None = None,
        archive: list[Any] | None = None,
    ) -> WorkerReply:
        """Run a scenario. On another machine, `archive` refers to the suite's files, which are fetched once."""
        try:
            if not self._apart or place is None:
                return WorkerReply(self._runner.run(queued))
            return self._run_remote(queued, digest, place, archive or [])
        except HandeyeError as error:
            return WorkerReply(error=error)
        except Exception as error:  # of any library, and the other side may not have it
            return WorkerReply(error=RuntimeError(f"{type(error).__name__}: {error}"))

    def close(self) -> None:
        """Close the model and the servers, and delete temporary folders."""
        self._up.close()

    def _run_remote(self, queued: QueuedScenario, digest: str, place: SuiteFolders, archive: list[Any]) -> WorkerReply:
        root = self._unpack_suite(digest, archive)
        file = root / queued.scenario.file.relative_to(place.root)
        scenario = replace(queued.scenario, file=file)
        if file not in self._served and not skip_reason(scenario):
            self._served[file] = self._up.enter_context(serve_suite(scenario.suite.serve, file.parent, file))
        anchors = file.with_name(f"{file.stem}.anchors")
        before = _file_states(anchors)
        result = self._runner.run(QueuedScenario(scenario, self._served.get(file, ""), queued.number))
        changed = [path for path, age in _file_states(anchors).items() if before.get(path) != age]
        attempts = pack_attempt(self._settings.output / ATTEMPTS, self._settings.output)
        clear_attempts(self._settings.output, queued.number)
        return WorkerReply(_with_sender_paths(result, {root: place.root}), None, attempts, _pack_files(changed, root))

    def _unpack_suite(self, digest: str, archive: list[Any]) -> Path:
        if digest not in self._suites:
            import ray

            folder = self._folder / digest
            shutil.rmtree(folder, ignore_errors=True)
            unpack(ray.get(archive[0]), folder)
            self._suites[digest] = folder
        return self._suites[digest]


def _with_sender_paths(result: ScenarioResult, places: dict[Path, Path]) -> ScenarioResult:
    """The result with the paths of the driver's machine."""
    text = result.model_dump_json()
    for there, here in places.items():
        text = text.replace(json.dumps(str(there))[1:-1], json.dumps(str(here))[1:-1])
    return ScenarioResult.model_validate_json(text)


def _file_states(folder: Path) -> dict[Path, tuple[int, int]]:
    stats = {path: path.stat() for path in folder.rglob("*") if path.is_file()}
    return {path: (stat.st_mtime_ns, stat.st_size) for path, stat in stats.items()}


def _pack_files(paths: list[Path], root: Path) -> bytes:
    import zipfile
    from io import BytesIO

    if not paths:
        return b""
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for path in paths:
            archive.write(path, path.relative_to(root))
    return made.getvalue()
