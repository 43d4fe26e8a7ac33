"""`handeye mcp`: serve a device as tools of the Model Context Protocol, over stdio or HTTP on this machine."""

from __future__ import annotations

import asyncio
import socket
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from handeye.agent.cli.console import Model, note_console, report_errors
from handeye.agent.cli.flags import Samples, ToolNames, ToolSources, model_flags, read_options
from handeye.agent.cli.run import Guard, approval_setting, viewport_size, whole_paths
from handeye.agent.config import rules_here, servers_here
from handeye.agent.run_folder import RunConfig
from handeye.policies.guard.guard_policy import GuardPolicy, rules_file
from handeye.tools.errors import SetupError

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer


@model_flags
def mcp(
    on: Annotated[
        str,
        typer.Option(
            envvar="HANDEYE_ON",
            metavar="desktop|virtual|URL|app:COMMAND",
            help="What is served: your desktop, a virtual display of its own, a web page, or a program on one.",
        ),
    ] = "desktop",
    http: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            envvar="HANDEYE_HTTP",
            metavar="PORT",
            help="Serve streamable HTTP on 127.0.0.1 instead of stdio; 0 takes a free port.",
        ),
    ] = None,
    model: Model = "embedded",
    approve: Annotated[
        str,
        typer.Option(
            envvar="HANDEYE_APPROVE",
            metavar="never|risky|always",
            help="Which actions ask a person first; here that makes them an error that says how to go on.",
        ),
    ] = "risky",
    allow_domains: Annotated[
        list[str] | None,
        typer.Option("--allow-domain", envvar="HANDEYE_ALLOW_DOMAIN", metavar="DOMAIN", help="As of [b]run[/b]."),
    ] = None,
    guard: Guard = None,
    secrets: Annotated[
        Path | None, typer.Option(envvar="HANDEYE_SECRETS", metavar="FILE", help="As of [b]run[/b].")
    ] = None,
    tools: ToolNames = None,
    tools_from: ToolSources = None,
    headed: Annotated[bool, typer.Option(envvar="HANDEYE_HEADED", help="Show the browser or program.")] = False,
    viewport: Annotated[
        str, typer.Option(envvar="HANDEYE_VIEWPORT", metavar="WxH", help="Size of the browser's page in pixels.")
    ] = "1344x896",
    samples: Samples = 3,
    options: Any = None,
) -> None:
    """Serve a device to MCP clients: capture, elements, ground, act, run, answer. Ends when its stdin closes.

    [b]Example[/b]: handeye mcp --on http://localhost:8000 --allow-domain localhost
    """
    with report_errors():
        config = RunConfig(
            goal="",
            on=on,
            model=model,
            approve=approval_setting(approve),
            allow_domains=tuple(allow_domains or ()),
            rules=(rules_file(guard) if guard else rules_here()) or GuardPolicy(),
            secrets=str(secrets.resolve()) if secrets else "",
            tools=tuple(tools or ()),
            tools_from=whole_paths(tools_from),
            headed=headed,
            viewport=viewport_size(viewport),
            options=read_options(options),
            samples=samples,
        )
        _serve(config, http)


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
    """Serve on this machine alone, until the process is asked to end."""
    import uvicorn
    from mcp.server.transport_security import TransportSecuritySettings

    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", port))
        except OSError as error:
            raise SetupError(f"port {port} cannot be used ({error.strerror}); give another, or 0 for any") from error
        port = listening.getsockname()[1]
        # A page in a browser can be made to send requests here, but not under these names.
        names = [f"127.0.0.1:{port}", f"localhost:{port}"]
        app = server.streamable_http_app(
            transport_security=TransportSecuritySettings(
                allowed_hosts=names, allowed_origins=[f"http://{name}" for name in names]
            )
        )
        note_console().print(f"serving on http://127.0.0.1:{port}/mcp", highlight=False)
        config = uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=5)
        await uvicorn.Server(config).serve(sockets=[listening])
