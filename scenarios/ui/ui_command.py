"""`handeye ui`: watch and control runs in a browser."""

from __future__ import annotations

import secrets
import socket
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from handeye.agent.cli.console import note_console, report_errors
from handeye.agent.cli.flags import GivenOptions, Output, with_options
from handeye.tools.errors import SetupError


@with_options("secrets")
def command(
    options: GivenOptions,
    port: Annotated[
        int, typer.Option(min=0, max=65535, envvar="HANDEYE_PORT", help="Port on 127.0.0.1. 0 uses a free port.")
    ] = 8700,
    output: Output = Path("test-results"),
    runs: Annotated[
        Path, typer.Option(envvar="HANDEYE_RUNS", metavar="DIR", help="Folder with the runs of [b]handeye run[/b].")
    ] = Path("runs"),
    open_it: Annotated[
        bool, typer.Option("--open/--no-open", envvar="HANDEYE_OPEN", help="Open the address in your browser.")
    ] = True,
) -> None:
    """Watch and control runs in your browser.

    Start a run, approve or refuse its actions, pause it, take over, or stop it. The address contains a token: everyone
    on this machine who has it can control runs.

    [b]Example[/b]: handeye ui --port 8700 --output test-results
    """
    with report_errors():
        try:
            import uvicorn

            from handeye.scenarios.ui.form import secret_names
            from handeye.scenarios.ui.web_app import WebApp
        except ImportError as error:
            raise SetupError("handeye ui needs: pip install 'handeye[ui]'") from error
        secrets_path = options.checked().secrets
        secrets_file = Path(secrets_path) if secrets_path else None
        secret_names(secrets_file)  # raises for a wrong file
        listening = _listen(port)
        port = listening.getsockname()[1]
        token = secrets.token_urlsafe(24)
        address = f"http://127.0.0.1:{port}/?token={token}"
        typer.echo(address)
        note_console().print("[dim]Ctrl-C stops this server. Runs that were started here go on.[/]")
        if open_it:
            webbrowser.open(address)
        # A stream of events never ends by itself, so the shutdown has a short timeout.
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
        raise SetupError(
            f"port {port} cannot be used ({error.strerror}); choose another --port, or 0 for any free port"
        ) from error
    return found
