"""What a suite serves while it runs: a folder over HTTP, or a command that serves something itself."""

from __future__ import annotations

import os
import shlex
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

import httpx

from handeye.tools.errors import SetupError, UsageError
from handeye.tools.secrets.store import without_secrets
from handeye.tools.supervisor import end_with_parent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handeye.scenarios.suite.schema import Serve

#: Seconds a command gets to end when it is asked to.
ENDING = 5.0


@contextmanager
def serve_suite(serve: Serve | None, folder: Path, file: Path | None = None) -> Iterator[str]:
    """The address that `${serve}` stands for; empty where nothing is served.

    Raises UsageError for a folder that is not there, and SetupError for a command that does not come up, with the place
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
        raise UsageError(f"{where}the suite serves {path}, which is no folder; make it, or name another")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Requests are in the runs' traces."""

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
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(
                words,
                cwd=folder,
                env=without_secrets(os.environ),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=os.name == "posix",
                # Should this process be killed, its server goes too, and its port is free again.
                preexec_fn=end_with_parent if os.name == "posix" else None,
            )
        except OSError as error:
            raise SetupError(f"{where}the suite's server {serve.command!r} cannot be started ({error})") from error
        try:
            _await(url, process, serve, said, where)
            yield url
        finally:
            _end(process)


def _await(url: str, process: subprocess.Popen[bytes], serve: Serve, said: object, where: str) -> None:
    deadline = time.monotonic() + serve.seconds
    while True:
        with suppress(httpx.HTTPError):
            if httpx.get(url, timeout=2).status_code < 500:
                return
        code = process.poll()
        if code is not None or time.monotonic() > deadline:
            why = f"it ended with exit code {code}" if code is not None else f"not within {serve.seconds:g} s"
            said.seek(0)  # type: ignore[attr-defined]
            words = said.read().decode("utf-8", "replace").strip()[-300:]  # type: ignore[attr-defined]
            raise SetupError(
                f"{where}the suite's server {serve.command!r} does not answer at {url} ({why})"
                f"{f': {words}' if words else ''}"
            )
        time.sleep(0.05)


def _end(process: subprocess.Popen[bytes]) -> None:
    """The command with all that it has started."""
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
