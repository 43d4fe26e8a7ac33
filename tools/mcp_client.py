"""Tools of MCP servers, for a run: each server of the configuration is a process or an address, used from a thread.

    [mcp.files]                                  # in handeye.toml
    command = "my-file-server"
    args = ["--root", "/data"]
    env = { TOKEN = "${MY_TOKEN}" }              # from handeye's own environment
    safe = ["read"]                              # tools that need no question

The model receives what a server says about its tools; nothing else relies on it. The user decides whether a tool is
safe, arguments are validated against the schema that was listed at the start of the run, and results are text of
bounded length. Not protected: a server is a program with the rights of its user.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import tempfile
import threading
from concurrent.futures import CancelledError, Future
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from handeye.tools.custom_tools import NAME, SECONDS, Unclear, as_text, first_fault, signature
from handeye.tools.errors import ActionFailed, ActionRefused, SetupError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mcp import Client

#: Tools and pages of them that are read of one server; more is a server that does not end.
MOST_TOOLS, MOST_PAGES = 500, 50
#: Seconds a server is given to end when its run is over.
CLOSING = 15.0


class McpTable(BaseModel):
    """A table `[mcp.NAME]` of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: str = ""
    args: tuple[str, ...] = ()
    env: dict[str, str] = Field(default_factory=dict)
    """In addition to PATH, HOME and similar; `${NAME}` is taken from handeye's environment."""
    cwd: str | None = None
    url: str = ""
    """Of a server that speaks streamable HTTP, instead of a command."""
    headers: dict[str, str] = Field(default_factory=dict)
    seconds: Annotated[float, Field(gt=0)] = SECONDS
    """For one call."""
    start_seconds: Annotated[float, Field(gt=0)] = 60.0
    safe: tuple[str, ...] = ()
    """Tools, by their own names, that may be used without asking the person first."""


class McpServer:
    """A server that was started or reached, and its tools. Raises UsageError for a wrong table, and SetupError."""

    def __init__(self, name: str, table: Mapping[str, Any]) -> None:
        self.name = name
        try:
            self.table = McpTable.model_validate(dict(table))
        except ValidationError as error:
            raise UsageError(f"[mcp.{name}]: {first_fault(error)}; see docs/tools.md") from None
        if bool(self.table.command) == bool(self.table.url):
            raise UsageError(f"[mcp.{name}] needs a command or a url, one of both")
        if not NAME.fullmatch(f"{name}.x"):
            raise UsageError(f"[mcp.{name}]: a server's name has letters, digits, - and _ only")
        try:
            import mcp

            # Invalid output of a server is reported with the call, not in the terminal.
            logging.getLogger(mcp.__name__).addHandler(logging.NullHandler())
        except ImportError:
            raise SetupError("MCP servers need: pip install 'handeye[mcp]'") from None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._client: Client | None = None
        self._ended = False
        self._listed: Future[list[Any]] = Future()
        self._error_output = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - closed in close
        self._thread = threading.Thread(target=self._live, name=f"mcp {name}", daemon=True)
        self._thread.start()
        try:
            self._listed.result(self.table.start_seconds)
        except BaseException as error:  # the server's own fault, no answer in time, or Ctrl-C
            late = isinstance(error, TimeoutError) and not self._listed.done()
            why = f"no answer within {self.table.start_seconds:g} s" if late else _plain(error)
            why += self._last_words()
            self.close()
            if isinstance(error, (KeyboardInterrupt, UsageError)):
                raise
            raise SetupError(
                f"the MCP server {name} cannot be used ({why}); check {self._where} in [mcp.{name}]"
            ) from error

    @property
    def _where(self) -> str:
        return self.table.url or self.table.command

    def tools(self) -> tuple[McpTool, ...]:
        """Its tools as they were listed at the start; whatever the server says later changes nothing."""
        return tuple(
            McpTool(
                server=self,
                own=str(each.name),
                description=each.description or each.title or each.name,
                schema=each.input_schema,
                safe=each.name in self.table.safe,
            )
            for each in self._listed.result()
            if NAME.fullmatch(f"{self.name}.{each.name}")
        )

    def call(self, own: str, arguments: dict[str, Any]) -> str:
        """What a tool gave. Raises as `Tool.use`."""
        if self._loop is None or self._client is None or self._ended or not self._thread.is_alive():
            raise ActionRefused(f"the MCP server {self.name} has ended, and its tools with it; go on without them")
        future = asyncio.run_coroutine_threadsafe(self._call(self._client, own, arguments), self._loop)
        try:
            result = future.result(self.table.seconds + 5)
        except (TimeoutError, CancelledError):
            future.cancel()
            raise Unclear(f"{self.name}.{own} gave no answer in {self.table.seconds:g} s{UNCLEAR}") from None
        text = _text(result)
        if result.is_error:
            raise ActionFailed(f"{self.name}.{own} failed: {text}")
        return text

    async def _call(self, client: Client, own: str, arguments: dict[str, Any]) -> Any:
        from mcp import MCPError

        try:
            async with asyncio.timeout(self.table.seconds):
                return await client.call_tool(own, arguments, read_timeout_seconds=self.table.seconds + 5)
        except TimeoutError:
            raise
        except MCPError as error:
            if error.code in _gone():
                self._ended = True
                raise Unclear(f"the MCP server {self.name} went away during {own} ({error}){UNCLEAR}") from error
            raise ActionFailed(f"{self.name}.{own} failed: {error}") from error
        except Exception as error:  # what a server that lies makes the library raise is open
            raise Unclear(f"{self.name}.{own} gave something that is no result ({_plain(error)}){UNCLEAR}") from error

    def close(self) -> None:
        """End it; may be called twice."""
        if self._loop and self._stop and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(CLOSING)
        self._error_output.close()

    def _live(self) -> None:
        """The server's whole life, in a thread and an event loop of its own."""
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # reported by the caller that waits
            if not self._listed.done():
                self._listed.set_exception(error)

    async def _serve(self) -> None:
        from mcp import Client

        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with AsyncExitStack() as stack:
            client = Client(await self._transport(stack), read_timeout_seconds=self.table.start_seconds)
            self._client = await stack.enter_async_context(client)
            self._listed.set_result(await self._list(client))
            await self._stop.wait()

    async def _transport(self, stack: AsyncExitStack) -> Any:
        if self.table.command:
            from mcp.client.stdio import StdioServerParameters, stdio_client

            return stdio_client(
                StdioServerParameters(
                    command=self.table.command,
                    args=list(self.table.args),
                    env={name: filled(value, self.name) for name, value in self.table.env.items()},
                    cwd=self.table.cwd,
                ),
                errlog=self._error_output,
            )
        from mcp.client.streamable_http import streamable_http_client
        from mcp.shared._httpx_utils import create_mcp_http_client

        headers = {name: filled(value, self.name) for name, value in self.table.headers.items()}
        http = await stack.enter_async_context(create_mcp_http_client(headers=headers))
        return streamable_http_client(self.table.url, http_client=http)

    async def _list(self, client: Client) -> list[Any]:
        found: list[Any] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            page = await client.list_tools(cursor=cursor)
            found += page.tools
            cursor = page.next_cursor
            if cursor is None or len(found) >= MOST_TOOLS:
                break
        return found[:MOST_TOOLS]

    def _last_words(self) -> str:
        """What the server wrote for people at last."""
        self._error_output.seek(0)
        lines = [line.strip() for line in self._error_output.read()[-4000:].splitlines() if line.strip()]
        return f"; it said: {lines[-1][:300]}" if lines else ""


@dataclass(frozen=True)
class McpTool:
    """One tool of a server."""

    server: McpServer
    own: str
    description: str
    schema: dict[str, Any]
    safe: bool

    @property
    def name(self) -> str:
        """The name, with that of its server."""
        return f"{self.server.name}.{self.own}"

    def check(self, arguments: dict[str, Any]) -> None:
        from jsonschema.validators import validator_for
        from referencing import Registry

        try:
            # A registry of its own: a schema that refers elsewhere must not make us fetch anything.
            validator = validator_for(self.schema)(self.schema, registry=Registry())
            faults = sorted(validator.iter_errors(arguments), key=lambda each: list(map(str, each.path)))
        except Exception as error:  # a schema that is none
            raise ActionRefused(
                f"{self.name} has a schema that cannot be used ({_plain(error)}); go on without"
            ) from None
        if faults:
            where = ".".join(map(str, faults[0].path)) or "the arguments"
            raise ActionRefused(f"{self.name}: {where}: {faults[0].message[:300]}; it takes {signature(self.schema)}")

    def use(self, arguments: dict[str, Any]) -> str:
        self.check(arguments)
        return self.server.call(self.own, arguments)


#: The message for an interrupted call.
UNCLEAR = "; it is unknown whether it has done anything"


def filled(value: str, server: str) -> str:
    """A value with `${NAME}` taken from the environment; raises UsageError for a name that it has not."""

    def taken(hit: re.Match[str]) -> str:
        if hit[1] not in os.environ:
            raise UsageError(f"[mcp.{server}] wants ${{{hit[1]}}}, which the environment has not; export {hit[1]}")
        return os.environ[hit[1]]

    return re.sub(r"\$\{(\w+)\}", taken, value)


def _gone() -> frozenset[int]:
    """Codes of errors that mean that the server is gone or did not answer."""
    from mcp_types import CONNECTION_CLOSED, REQUEST_TIMEOUT

    return frozenset({CONNECTION_CLOSED, REQUEST_TIMEOUT})


def _text(result: Any) -> str:
    """Return a result as text; pictures and audio are described."""
    parts = []
    for block in result.content:
        match block.type:
            case "text":
                parts.append(block.text)
            case "image" | "audio":
                parts.append(f"({block.type} {block.mime_type}, {len(block.data) * 3 // 4:,} bytes, not shown)")
            case "resource_link":
                parts.append(f"(a link: {block.uri})")
            case "resource":
                parts.append(getattr(block.resource, "text", None) or f"(a resource: {block.resource.uri})")
            case other:
                parts.append(f"(something of the kind {other}, not shown)")
    if not parts and result.structured_content is not None:
        return as_text(result.structured_content)
    return "\n".join(parts) or "done"


def _plain(error: BaseException) -> str:
    """An error on one line; of several at once, the first."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:300] if text else type(error).__name__
