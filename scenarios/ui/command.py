"""`handeye ui`: runs in a browser, as they happen."""

from __future__ import annotations

import secrets
import socket
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from handeye.agent.cli.console import note_console, report_errors
from handeye.tools.errors import SetupError


def command(
    port: Annotated[
        int, typer.Option(min=0, max=65535, envvar="HANDEYE_PORT", help="Of 127.0.0.1; 0 is any that is free.")
    ] = 8700,
    output: Annotated[
        Path, typer.Option(envvar="HANDEYE_OUTPUT", help="Where handeye test keeps results and runs.")
    ] = Path("test-results"),
    runs: Annotated[Path, typer.Option(envvar="HANDEYE_RUNS", help="Where handeye run keeps runs.")] = Path("runs"),
    secrets_file: Annotated[
        Path | None,
        typer.Option(
            "--secrets",
            envvar="HANDEYE_SECRETS",
            metavar="FILE",
            help="What {{secret:NAME}} stands for in runs that are started here; pages show the names alone.",
        ),
    ] = None,
    open_it: Annotated[
        bool, typer.Option("--open/--no-open", envvar="HANDEYE_OPEN", help="Open the address in your browser.")
    ] = True,
) -> None:
    """See runs as they happen, in your browser: approve, refuse, pause, take over, stop, and start new ones.

    The address holds a token: whoever has it, on this machine, can lead runs.

    [b]Example[/b]: handeye ui --port 8700 --output test-results
    """
    with report_errors():
        try:
            import uvicorn

            from handeye.scenarios.ui.form import secret_names
            from handeye.scenarios.ui.web_app import WebApp
        except ImportError as error:
            raise SetupError("handeye ui needs: pip install 'handeye[ui]'") from error
        secret_names(secrets_file)
        listening = _listen(port)
        port = listening.getsockname()[1]
        token = secrets.token_urlsafe(24)
        address = f"http://127.0.0.1:{port}/?token={token}"
        typer.echo(address)
        note_console().print("[dim]Ctrl-C ends these pages; runs that they have started go on.[/]")
        if open_it:
            webbrowser.open(address)
        # A stream of events never ends by itself.
        app = WebApp(runs, output, secrets_file).app(token, port)
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1, ws="none")
        uvicorn.Server(config).run([listening])


def _listen(port: int) -> socket.socket:
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind(("127.0.0.1", port))
    except OSError as error:
        found.close()
        raise SetupError(f"port {port} cannot be had ({error.strerror}); name another --port, or 0") from error
    return found
