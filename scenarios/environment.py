"""What a scenario needs before it starts: the programs it requires, the suite's server, and its start address."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import httpx

from handeye.agent.resources import looks_like_page
from handeye.tools.address import meant
from handeye.tools.errors import SetupError, UsageError
from handeye.tools.secrets.store import without_secrets
from handeye.tools.supervisor import end_with_parent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handeye.scenarios.suite.scenario import Scenario
    from handeye.scenarios.suite.schema import Serve

#: Seconds until a terminated server command is killed.
ENDING = 5.0


@contextmanager
def serve_suite(serve: Serve | None, folder: Path, file: Path | None = None) -> Iterator[str]:
    """Start the suite's server for the duration of the context; yields the address of `${serve}`, or an empty text.

    Raises UsageError for a missing folder, and SetupError for a command that does not answer, with the position
    in the suite's `file`.
    """
    where = f"{file}:{serve.line or 1}: " if file and serve else ""
    if serve is None:
        yield ""
    elif serve.folder:
        with _folder(folder / Path(serve.folder).expanduser(), where) as url:
            yield url
    else:
        with _command(serve, folder, where) as url:
            yield url


@contextmanager
def _folder(path: Path, where: str) -> Iterator[str]:
    if not path.is_dir():
        raise UsageError(f"{where}the suite serves {path}, which is not a folder; create it or name another")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Log nothing: the event log of the run has the requests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(path)))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def _command(serve: Serve, folder: Path, where: str) -> Iterator[str]:
    port = _free_port()
    url = (serve.url or "http://127.0.0.1:{port}/").replace("{port}", str(port)).rstrip("/")
    try:
        words = shlex.split(serve.command.replace("{port}", str(port)))
    except ValueError as error:
        raise UsageError(f"{where}the server's command {serve.command!r} cannot be read ({error})") from error
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                words,
                cwd=folder,
                env=without_secrets(os.environ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=os.name == "posix",
                # When this process is killed, the kernel kills the server too, and its port is free again.
                preexec_fn=end_with_parent if os.name == "posix" else None,
            )
        except OSError as error:
            raise SetupError(f"{where}the suite's server {serve.command!r} cannot be started ({error})") from error
        try:
            _await(url, process, serve, output, where)
            yield url
        finally:
            _end(process)


def _await(url: str, process: subprocess.Popen[bytes], serve: Serve, output: object, where: str) -> None:
    deadline = time.monotonic() + serve.seconds
    while True:
        with suppress(httpx.HTTPError):
            if httpx.get(url, timeout=2).status_code < 500:
                return
        code = process.poll()
        if code is not None or time.monotonic() > deadline:
            why = f"it ended with exit code {code}" if code is not None else f"not within {serve.seconds:g} s"
            output.seek(0)  # type: ignore[attr-defined]
            words = output.read().decode("utf-8", "replace").strip()[-300:]  # type: ignore[attr-defined]
            raise SetupError(
                f"{where}the suite's server {serve.command!r} does not answer at {url} ({why})"
                f"{f': {words}' if words else ''}"
            )
        time.sleep(0.05)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Terminate the command with its child processes."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(OSError):
            os.killpg(process.pid, number) if os.name == "posix" else process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(ENDING)
            return


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


#: A relative path to an HTML page, as opposed to a host name.
PAGE = re.compile(r"(?:[\w%~-][\w.%~-]*/)*[\w%~-][\w.%~-]*\.html?(?:[?#].*)?")


def skip_reason(scenario: Scenario) -> str:
    """Why a scenario is skipped on this machine; empty when it runs."""
    skip = scenario.spec.skip
    if skip:
        return skip if isinstance(skip, str) else "says `skip`"
    for program in (*scenario.suite.needs, *scenario.spec.needs):
        path = Path(program).expanduser()
        if shutil.which(scenario.file.parent.resolve() / path if len(path.parts) > 1 else path) is None:
            return f"needs: there is no program {program}; install it"
    return ""


def start_address(scenario: Scenario, on: str, base: str, served: str) -> str:
    """The address, file or program to open. `on` is the scenario's, `base` the suite's, `served` the server's address.

    Raises UsageError, with file and line, where there is none.
    """
    device = scenario.suite.device
    if device == "desktop":
        return on or base or "desktop"
    if device == "virtual":
        command = on or base or "virtual"
        return command if command.startswith("app:") or command == "virtual" else f"app:{command}"
    folder, where = scenario.file.parent, f"{scenario.file}:{scenario.spec.line}: "
    try:
        first = _page(base, served, folder) if base else served
        found = _page(on, first, folder) if on else first
    except UsageError as error:
        raise UsageError(f"{where}{error}") from error
    if not found:
        raise UsageError(f"{where}“{scenario.name}” has no address; give `on`, or `serve` a folder")
    if not found.startswith("cdp:") and not looks_like_page(found):
        raise UsageError(
            f"{where}`on: {on or base}` is not a page; give an address, a file, or `serve` what it is below"
        )
    return found


def _page(on: str, base: str, folder: Path) -> str:
    """The address or file; a relative address is resolved against `base`, as a link on that page."""
    whole = meant(base)[0] if base and not base.startswith("cdp:") else ""
    if on.startswith("/") and whole.startswith("http"):
        return urljoin(whole, on)
    if (folder / on).is_file():
        return str(folder / on)
    if not whole or on.startswith("cdp:") or (looks_like_page(on) and not PAGE.fullmatch(on)):
        return on
    return urljoin(whole, on)
