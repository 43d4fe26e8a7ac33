"""Starts vLLM for a checkpoint, waits until it is healthy, and stops it with all its child processes.

A supervisor process stops vLLM when this process ends, even when this process is killed.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import httpx
from platformdirs import user_log_path

from handeye.perception.engines.model_names import native_twin, resolve_model
from handeye.perception.engines.options import EngineOptions
from handeye.perception.engines.serving.server_engine import ServerEngine
from handeye.perception.engines.serving.vllm_plan import (
    CheckpointFacts,
    ServeOptions,
    find_gpus,
    split_gpus,
    vllm_flags,
)
from handeye.tools.errors import ModelError, SetupError, UsageError
from handeye.tools.supervisor import supervised

if TYPE_CHECKING:
    from collections.abc import Callable

HOST = "127.0.0.1"
#: Fetching a large model takes its time; the log shows how far it is.
START_SECONDS = 3600.0
#: How long vLLM has to end by itself.
END_SECONDS = 15.0
INSTALL = (
    "serving needs vLLM: pip install 'handeye[vllm]', or name one with --vllm, the path of its python or executable"
)
MODULE = ("-m", "vllm.entrypoints.openai.api_server", "--model")


class Launcher(NamedTuple):
    """A way to start vLLM: the words of the command before the model's name."""

    words: tuple[str, ...]


@dataclass(frozen=True)
class ServePlan:
    """The command, port, log and notes of a server that is to be started."""

    model: str
    options: EngineOptions
    wishes: ServeOptions
    launchers: tuple[Launcher, ...]
    port: int
    log: Path
    flags: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The model's name in requests; its family is derived from it."""
        return Path(self.model).name if Path(self.model).is_dir() else self.model

    @property
    def url(self) -> str:
        """The address of the server."""
        return f"http://{HOST}:{self.port}/v1"

    def command(self, launcher: Launcher) -> list[str]:
        """Return the whole command line."""
        address = ["--served-model-name", self.name, "--host", HOST, "--port", str(self.port)]
        return [*launcher.words, self.model, *address, *self.flags]


class VllmServer:
    """A vLLM server that this process started, and that answers."""

    def __init__(self, order: ServePlan, process: subprocess.Popen[bytes], notes: tuple[str, ...]) -> None:
        self.order = order
        self.notes = notes
        self._process = process

    @classmethod
    def start(
        cls, order: ServePlan, tell: Callable[[str], None] = lambda _: None, seconds: float = START_SECONDS
    ) -> VllmServer:
        """Start vLLM, wait until it is healthy, and return it; `tell` gets the log's last line when it changes.

        Raises SetupError when vLLM cannot be started, and ModelError when it ends or takes longer than `seconds`.
        """
        deadline = time.monotonic() + seconds
        notes = order.notes
        for number, launcher in enumerate(order.launchers):
            process = _launch(order, launcher)
            try:
                if _healthy(order, process, tell, deadline):
                    return cls(order, process, notes)
                log_tail = read_log_tail(order.log)
                if number + 1 < len(order.launchers) and SCRIPT_FAILED.search(log_tail):
                    _end(process)
                    notes = (*notes, f"{launcher.words[0]} does not work here: vLLM was started as a module")
                    continue
                raise _failed(order, process, log_tail, seconds)
            except BaseException:
                _end(process)
                raise
        raise SetupError(INSTALL)

    def trouble(self) -> str:
        """Return why the server ended, as a sentence; empty while it runs."""
        if not _listens(self.order.port):  # what it had started is being ended
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(END_SECONDS + 5)
        if self._process.poll() is None:
            return ""
        return f"{failure_reason(read_log_tail(self.order.log))} (log: {self.order.log})"

    def wait(self) -> None:
        """Wait until the server ends."""
        self._process.wait()

    def close(self) -> None:
        """End the server and all its child processes. A second call does nothing."""
        _end(self._process)


def plan_server(
    model: str,
    options: EngineOptions | None = None,
    wishes: ServeOptions | None = None,
    *,
    vllm: str = "",
    port: int = 0,
    log: Path | None = None,
    trust: Callable[[str], bool] = lambda _: False,
) -> ServePlan:
    """Return the plan for serving a model, which is a folder or a Hugging Face id.

    `vllm` is the path of a Python with vLLM, of its executable, or of an environment's folder; empty means the one of
    this environment, or on PATH. `trust` is called before a model's own code runs, unless the options allow that code.
    Raises UsageError for an invalid name or path, and SetupError for a missing package or file.
    """
    options, wishes = options or EngineOptions(), wishes or ServeOptions()
    launchers = find_vllm(vllm)
    model, notes = _mapped(model, wishes)
    facts = CheckpointFacts.read(model, options.revision)
    if facts.original and not wishes.trust_remote_code and not trust(model):
        raise SetupError(
            f"{model} is in InternVL's original format and runs code of its own; if you trust it, say so with "
            "--trust-remote-code, or serve a checkpoint whose name ends in -hf"
        )
    gpus = [] if wishes.tensor_parallel else find_gpus()
    shared = split_gpus(facts, gpus, options.quantize)
    if gpus:
        notes = (*notes, f"{shared.data} × {shared.tensor} of {len(gpus)} GPUs")
    port = _port(port)
    log = log or user_log_path("handeye") / f"serve-{time.strftime('%Y%m%d-%H%M%S')}-{port}.log"
    return ServePlan(
        model=facts.model,
        options=options,
        wishes=wishes,
        launchers=launchers,
        port=port,
        log=log,
        flags=tuple(vllm_flags(facts, options, wishes, shared, gpus)),
        notes=notes,
    )


def open_vllm_engine(model: str, options: EngineOptions | None = None) -> ServerEngine:
    """Start vLLM for a model, and return an engine that ends the server when it is closed.

    `--vllm` is read from HANDEYE_VLLM, and vLLM's own flags from HANDEYE_VLLM_FLAGS. Raises as `plan_server`,
    `VllmServer.start` and `ServerEngine.open` do.
    """
    order = plan_server(model, options, ServeOptions(extra=extra_flags()), vllm=os.environ.get("HANDEYE_VLLM", ""))
    server = VllmServer.start(order)
    try:
        engine = ServerEngine.open(order.url, order.options, own_tiles=order.options.max_tiles, behind=server)
    except BaseException:
        server.close()
        raise
    engine.notes = (*server.notes, *engine.notes)
    return engine


def extra_flags() -> tuple[str, ...]:
    """Return vLLM's own flags from HANDEYE_VLLM_FLAGS, in shell syntax; raises UsageError for an unclosed quote."""
    words = os.environ.get("HANDEYE_VLLM_FLAGS", "")
    try:
        return tuple(shlex.split(words))
    except ValueError as error:
        raise UsageError(f"HANDEYE_VLLM_FLAGS={words} cannot be read ({error}); write it as in a shell") from error


def find_vllm(given: str = "") -> tuple[Launcher, ...]:
    """Return the ways to start vLLM, the best first. Raises UsageError for an invalid path, SetupError without vLLM."""
    if given:
        path = Path(given).expanduser()
        path = path / "bin" / "python" if path.is_dir() else path
        found = shutil.which(str(path))
        if not found:
            raise UsageError(f"--vllm {given} is no program; give the path of vLLM's python or executable")
        if re.match(r"python[\d.]*(\.exe)?$", Path(found).name):
            return (Launcher((found, *MODULE)),)
        return _scripted(Path(found))
    sibling = Path(sys.executable).with_name("vllm")
    if sibling.is_file():
        return _scripted(sibling)
    if importlib.util.find_spec("vllm") is not None:
        return (Launcher((sys.executable, *MODULE)),)
    if found := shutil.which("vllm"):
        return _scripted(Path(found))
    raise SetupError(INSTALL)


def _scripted(script: Path) -> tuple[Launcher, ...]:
    """Return the console script, and the module with the python of the same folder as a fallback."""
    python = script.resolve().with_name("python")
    module = (Launcher((str(python), *MODULE)),) if python.is_file() else ()
    return (Launcher((str(script), "serve")), *module)


def _mapped(model: str, wishes: ServeOptions) -> tuple[str, tuple[str, ...]]:
    """Return the checkpoint that vLLM serves for a model, and notes; a twin without own code if there is one."""
    twin = native_twin(model)
    if twin and twin != model and not wishes.trust_remote_code:
        return twin, (f"{model} is in the original format: serving its twin {twin}",)
    if not twin and not re.fullmatch(r"[\w.-]+/[\w.-]+", model):
        return resolve_model(model)
    return model, ()


def _port(wanted: int) -> int:
    """Return the requested port, or a free one; raises SetupError when it is in use."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted))
        except OSError as error:
            raise SetupError(f"port {wanted} cannot be had ({error.strerror}); choose another with --port") from error
        port: int = probe.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), 5):
            return True
    except OSError:
        return False


def _launch(order: ServePlan, launcher: Launcher) -> subprocess.Popen[bytes]:
    order.log.parent.mkdir(parents=True, exist_ok=True)
    command = supervised(order.command(launcher), END_SECONDS)
    environment = {"VLLM_NO_USAGE_STATS": "1"} | dict(os.environ)
    with order.log.open("wb") as log:
        try:
            # A session of its own: Ctrl-C in the terminal is ours to pass on.
            return subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment, start_new_session=True
            )
        except OSError as error:
            raise SetupError(f"{launcher.words[0]} cannot be started ({error}); {INSTALL}") from error


def _healthy(order: ServePlan, process: subprocess.Popen[bytes], tell: Callable[[str], None], deadline: float) -> bool:
    """Whether it answers before it ends or the time is up."""
    last_line = ""
    with httpx.Client(trust_env=False, timeout=5) as client:
        while process.poll() is None and time.monotonic() < deadline:
            try:
                if client.get(f"http://{HOST}:{order.port}/health").status_code == 200:
                    models = client.get(f"{order.url}/models").json()["data"]
                    # Another program may have taken the port in the meantime.
                    return order.name in [card["id"] for card in models] and process.poll() is None
            except (httpx.HTTPError, ValueError, KeyError, TypeError):
                pass
            line = last_log_message(read_log_tail(order.log))
            if line != last_line:
                tell(line)
                last_line = line
            time.sleep(0.2)
    return False


def _failed(order: ServePlan, process: subprocess.Popen[bytes], log_tail: str, seconds: float) -> ModelError:
    if process.poll() is None:
        return ModelError(
            f"vLLM was not ready with {order.name} after {seconds:g} s (it says: {last_log_message(log_tail)}); "
            f"allow more with --start-seconds; log: {order.log}"
        )
    return ModelError(f"vLLM ended while it started {order.name}: {failure_reason(log_tail)}; log: {order.log}")


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin and not process.stdin.closed:
        process.stdin.close()  # its supervisor ends it then
    try:
        process.wait(END_SECONDS + 5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


#: Colours, and what vLLM writes before each message: process, level, time and place in its source.
CLUTTER = re.compile(
    r"\x1b\[[0-9;]*m"
    r"|^\([\w =-]+\)\s*"
    r"|^(?:DEBUG|INFO|WARNING|ERROR)[\s:]+(?:\d\d-\d\d \d\d:\d\d:\d\d )?(?:\[[\w.]+:\d+\] )?"
)
#: Bytes at the end of a log that are looked at.
TAIL = 64_000
#: What is found in the log, and the sentence for it; the first that is found decides.
REASONS: tuple[tuple[str, str], ...] = (
    (r"unrecognized arguments: (?P<it>.+)", "vLLM does not know {it}; leave it out, or update vLLM"),
    (r"address already in use|\[Errno 98\]", "its port is taken; choose another with --port"),
    (
        (
            r"out of memory|OutOfMemoryError|No available memory for the cache|KV cache (?:is needed|memory)"
            r"|Free memory on device|Cannot allocate memory"
        ),
        "the memory is too small; use a smaller model, --quantize 4bit, a smaller --max-model-len or fewer --max-tiles",
    ),
    (r"No space left on device", "the disk is full; free some room for the model's files"),
    (
        r"Model architectures? (?P<it>\[.*?\]) (?:are|is) not supported|does not recognize this architecture",
        "this vLLM does not know the model's architecture; update vLLM, or take a checkpoint whose name ends in -hf",
    ),
    (r"trust_remote_code", "the model brings code of its own; start it with --trust-remote-code if you trust it"),
    (
        (
            r"is not a valid model identifier|RepositoryNotFound|Repository Not Found|Can't load the configuration"
            r"|couldn't connect to|Connection error, and we cannot find|LocalEntryNotFound"
        ),
        "the model cannot be found or fetched; check its name and the network, or give a folder",
    ),
    (r"GatedRepo|401 Client Error|403 Client Error", "the model's files need a login; run hf auth login first"),
    (
        r"(?:Safetensor|SafetensorError|HeaderTooLarge|MetadataIncompleteBuffer).*",
        "the weights are broken; download them again",
    ),
    (
        r"No CUDA GPUs are available|Failed to infer device type",
        "vLLM finds no GPU; check its driver, or use a vLLM for the CPU",
    ),
)
#: The console script's own failures, which starting vLLM as a module gets around.
SCRIPT_FAILED = re.compile(r"PackageNotFoundError|bad interpreter|No module named '?vllm\.entrypoints\.cli")


def read_log_tail(log: Path) -> str:
    """Return the end of a log file; empty when there is no file."""
    try:
        with log.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - TAIL))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def last_log_message(text: str) -> str:
    """Return the last message of a log without its time, level and process."""
    for line in reversed(text.splitlines()):
        message = _message(line)
        if message:
            return message[:160]
    return ""


def failure_reason(text: str) -> str:
    """Return why a server ended, in one sentence: a known cause, or else the last error in its log."""
    for pattern, sentence in REASONS:
        if found := re.search(pattern, text, re.IGNORECASE):
            return sentence.format(**found.groupdict()) if "{it}" in sentence else sentence
    errors = [line for line in text.splitlines() if re.search(r"\b\w*(?:Error|Exception)\b: .", line)]
    # What a server's first process says at its end is only that another one failed.
    telling = [line for line in errors if "Engine core" not in line] or errors
    return _message(telling[-1])[:300] if telling else last_log_message(text) or "it wrote nothing"


def _message(line: str) -> str:
    before = None
    while before != line:
        before, line = line, CLUTTER.sub("", line.strip(), count=1)
    return " ".join(line.split())
