"""A small MCP server for tests: `python mcp_test_server.py stdio`, or `http PORT`."""

from __future__ import annotations

import os
import sys
import time
from typing import Any, Literal

from mcp.server.mcpserver import MCPServer
from mcp_types import CallToolResult, ImageContent, TextContent

server = MCPServer("small", log_level="ERROR")


@server.tool()
def add(a: int, b: int = 1, how: Literal["plain", "loud"] = "plain") -> str:
    """Add two numbers."""
    print("this goes astray")
    return f"{a + b}{'!' if how == 'loud' else ''}"


@server.tool()
def lie(how: str) -> Any:
    """Answer in ways that no tool should."""
    match how:
        case "huge":
            return CallToolResult(content=[TextContent(type="text", text="x" * 3_000_000)])
        case "image":
            return CallToolResult(content=[ImageContent(type="image", data="AAAA" * 100, mime_type="image/png")])
        case "empty":
            return CallToolResult(content=[])
        case "error":
            return CallToolResult(content=[TextContent(type="text", text="no room left")], is_error=True)
        case "die":
            print("out of memory", file=sys.stderr, flush=True)
            os._exit(3)
        case "sleep":
            time.sleep(3600)
    return how


@server.tool()
def who() -> str:
    """Tell a variable of the environment."""
    return f"{os.environ.get('GIVEN')} {os.environ.get('HANDEYE_NOT_GIVEN')}"


if __name__ == "__main__":
    if sys.argv[1] == "stdio":
        server.run("stdio")
    elif sys.argv[1] == "broken":
        print("cannot open the database", file=sys.stderr)
        sys.exit(1)
    else:
        server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[2]))
