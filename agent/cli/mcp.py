"""`handeye mcp`: serve a device as tools of the Model Context Protocol, over stdio or HTTP on this machine."""

from __future__ import annotations

import asyncio
import socket
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from handeye.agent.cli.console import note_console, report_errors
from handeye.agent.cli.flags import GivenOptions, with_options
from handeye.agent.config import rules_of, servers_here
from handeye.agent.options import ENGINE
from handeye.tools.errors import SetupError

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

    from handeye.agent.run_folder import RunConfig


@with_options(
    *("on", "headed", "viewport", "model", "samples", *ENGINE),
    *("approve", "allow_domains", "guard", "secrets", "tools", "tools_from"),
)
def mcp(
    options: GivenOptions,
    http: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            envvar="HANDEYE_HTTP",
            metavar="PORT",
            help="Serve streamable HTTP on 127.0.0.1 instead of stdio. 0 uses a free port.",
        ),
    ] = None,
) -> None:
    """Serve a device to MCP clients: capture, elements, ground, act, run, answer.

    An action that needs a person's approval is not done: the client receives an error that says how to go on. The
    server ends when its stdin closes.

    [b]Example[/b]: handeye mcp --on http://localhost:8000 --allow-domain localhost
    """
    with report_errors():
        from handeye.agent.run_folder import RunConfig
        from handeye.policies.guard.guard_policy import GuardPolicy

        chosen = options.checked()
        _serve(RunConfig.from_options(chosen, rules=rules_of(chosen.guard) or GuardPolicy()), http)


def _serve(config: RunConfig, http: int | None) -> None:
    try:
        from handeye.agent.mcp_server import Desk, build_server
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"mcp", "mcp_types"}:
            raise
        raise SetupError("handeye mcp needs: pip install 'handeye[mcp]'") from None
    from handeye.tools.secrets.store import Secrets
    from handeye.tools.tool_sources import open_tools

    keys = Secrets.read(Path(config.secrets) if config.secrets else None)
    with closing(open_tools((*config.tools, *config.rules.tools), config.tools_from, servers_here())) as toolbox:
        desk = Desk(config, toolbox, keys)
        with closing(desk):
            server = build_server(desk)
            if http is None:
                server.run("stdio")
            else:
                asyncio.run(_over_http(server, http))


async def _over_http(server: MCPServer[Any], port: int) -> None:
    """Serve on 127.0.0.1 until the process receives a signal to end."""
    import uvicorn
    from mcp.server.transport_security import TransportSecuritySettings

    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", port))
        except OSError as error:
            raise SetupError(
                f"port {port} cannot be used ({error.strerror}); choose another one, or 0 for any free port"
            ) from error
        port = listening.getsockname()[1]
        # A web page can make the browser send requests here (DNS rebinding), but not with these host names.
        names = [f"127.0.0.1:{port}", f"localhost:{port}"]
        app = server.streamable_http_app(
            transport_security=TransportSecuritySettings(
                allowed_hosts=names, allowed_origins=[f"http://{name}" for name in names]
            )
        )
        note_console().print(f"serving on http://127.0.0.1:{port}/mcp", highlight=False)
        config = uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=5)
        await uvicorn.Server(config).serve(sockets=[listening])
