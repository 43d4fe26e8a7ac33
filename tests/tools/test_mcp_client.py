"""Tools of real MCP servers, over stdio and HTTP: off until named, checked by schemas, with errors for violations."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from handeye.tools.actions import Call
from handeye.tools.custom_tools import SHORT_CHARACTERS, Toolbox, Used
from handeye.tools.errors import SetupError, UsageError
from handeye.tools.tool_sources import open_tools

pytest.importorskip("mcp")

SERVER = str(Path(__file__).parent / "mcp_test_server.py")


def table(*words: str, **more: Any) -> dict[str, Any]:
    return {"command": sys.executable, "args": [SERVER, *words], **more}


def use(box: Toolbox, name: str, **arguments: Any) -> Used:
    return box.use(Call(tool=name, arguments=arguments))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Toolbox]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HANDEYE_NOT_GIVEN", "a secret")
        patch.setenv("HANDEYE_GIVEN", "a token")
        servers = {
            "small": table("stdio", seconds=30.0, safe=["add"], env={"GIVEN": "${HANDEYE_GIVEN}"}),
            "unnamed": {"command": "no-such-program"},
        }
        box = open_tools(["small.add", "small.*"], servers=servers)
    yield box
    box.close()


def test_the_tools_of_a_named_server_come_with_its_schemas(small: Toolbox) -> None:
    assert {tool.name: tool.safe for tool in small.tools} == {"small.add": True, "small.lie": False, "small.who": False}
    add = small.tools[0]
    assert add.description == "Add two numbers."
    assert add.schema["properties"]["how"]["enum"] == ["plain", "loud"]
    assert use(small, "small.add", a=2, how="loud").result == "3!"


def test_arguments_are_validated_before_the_server_is_called(small: Toolbox) -> None:
    used = use(small, "small.add", a="two")
    assert (used.failed, used.outcome) == (True, "no_effect")
    assert used.result.startswith("small.add: a: 'two' is not of type 'integer'; it takes (a: whole number")


def test_a_server_has_the_environment_that_it_was_given_and_no_more(small: Toolbox) -> None:
    assert use(small, "small.who").result == "a token None"


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("huge", f"… (cut: the first {SHORT_CHARACTERS} of 3,000,000 characters)"),
        ("image", "(image image/png, 300 bytes, not shown)"),
        ("empty", "done"),
        ("error", "small.lie failed: no room left"),
    ],
)
def test_what_a_server_gives_is_bounded_text(how: str, message: str, small: Toolbox) -> None:
    used = use(small, "small.lie", how=how)
    assert used.result.endswith(message)
    assert used.failed == (how == "error")
    assert len(used.result) < SHORT_CHARACTERS + 100


def test_a_server_that_ends_is_reported_and_its_effect_is_unknown(tmp_path: Path) -> None:
    box = open_tools(["mortal.*"], servers={"mortal": table("stdio", seconds=0.5)})
    slow = use(box, "mortal.lie", how="sleep")
    assert (slow.failed, slow.outcome) == (True, "unknown")
    assert slow.result == "mortal.lie gave no answer in 0.5 s; it is unknown whether it has done anything"
    died = use(box, "mortal.lie", how="die")
    assert (died.failed, died.outcome) == (True, "unknown")
    assert "went away during lie" in died.result
    after = use(box, "mortal.add", a=1)
    assert (after.failed, after.outcome) == (True, "no_effect")
    assert "the MCP server mortal has ended" in after.result
    box.close()
    box.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "mcp mortal"]


@pytest.mark.parametrize(
    ("name", "servers", "message"),
    [
        ("x.*", {"x": table("broken")}, "it said: cannot open the database"),
        ("x.*", {"x": {"command": "no-such-program"}}, "No such file or directory"),
        ("x.*", {"x": {"url": "http://127.0.0.1:9/mcp", "start_seconds": 20.0}}, "http://127.0.0.1:9/mcp in [mcp.x]"),
    ],
)
def test_a_server_that_cannot_be_used_is_a_matter_of_set_up(name: str, servers: Any, message: str) -> None:
    with pytest.raises(SetupError) as caught:
        open_tools([name], servers=servers)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("name", "servers", "message"),
    [
        ("x.*", {"x": {}}, "[mcp.x] needs a command or a url"),
        ("x.*", {"x": {"command": "a", "comand": "b"}}, "[mcp.x]: comand: Extra inputs are not permitted"),
        (
            "x.*",
            {"x": {"command": "a", "env": {"A": "${NOT_THERE}"}}},
            "wants ${NOT_THERE}, which the environment has not",
        ),
        ("x", {"x": {"command": "a"}}, "name one of the tools of that server, or x.* for all of them"),
        ("y.add", {"x": {"command": "a"}}, "no tool is called 'y.add'"),
    ],
)
def test_a_wrong_table_or_name_is_reported_before_a_server_starts(name: str, servers: Any, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_tools([name], servers=servers)
    assert message in str(caught.value)


@pytest.fixture
def odd() -> Iterator[str]:
    """The address of a server over HTTP, in this process, that lists and gives what it should not."""
    import uvicorn
    from mcp.server import Server
    from mcp_types import CallToolResult, ListToolsResult, TextContent, Tool

    async def listed(*_: Any) -> ListToolsResult:
        number = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
        return ListToolsResult(
            tools=[
                Tool(name="fine", input_schema={"type": "object"}),
                Tool(name="nonsense", input_schema={"type": "object", "properties": {"a": {"type": "nonsense"}}}),
                Tool(
                    name="far", input_schema={"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1:9/x"}}}
                ),
                Tool(name="promise", input_schema={"type": "object"}, output_schema=number),
                Tool(name="bad name\n", input_schema={"type": "object"}),
            ]
        )

    async def called(_: Any, params: Any) -> CallToolResult:
        message = TextContent(type="text", text="over HTTP")
        return CallToolResult(content=[message], structured_content={"n": "many"} if params.name == "promise" else None)

    app = Server("odd", on_list_tools=listed, on_call_tool=called).streamable_http_app()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.05)
        assert thread.is_alive()
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/mcp"
    server.should_exit = True
    thread.join()


def test_an_http_server_that_violates_its_schemas_is_reported(odd: str) -> None:
    box = open_tools(["odd.*"], servers={"odd": {"url": odd}})
    try:
        assert [tool.name for tool in box.tools] == ["odd.fine", "odd.nonsense", "odd.far", "odd.promise"]
        assert use(box, "odd.fine", anything=1).result == "over HTTP"
        assert "odd.nonsense has a schema that cannot be used" in use(box, "odd.nonsense", a=1).result
        assert "odd.far has a schema that cannot be used" in use(box, "odd.far", a=1).result  # and nothing is fetched
        promise = use(box, "odd.promise")
        assert (promise.failed, promise.outcome) == (True, "unknown")
        assert "gave something that is no result" in promise.result
    finally:
        box.close()
