"""A device served to real MCP clients: in this process, over HTTP, and over the pipes of `handeye mcp`."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
from base64 import b64decode
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from handeye.agent.run_folder import RunConfig
from handeye.policies.guard.guard_policy import GuardPolicy
from handeye.tools.actions import Reload
from handeye.tools.custom_tools import Toolbox
from handeye.tools.secrets.store import Secrets

pytest.importorskip("mcp")

from mcp import Client

from handeye.agent.cli.mcp import _over_http
from handeye.agent.mcp_server import Desk, build_server

PAGE = """<!doctype html><title>A page</title><h1>Welcome</h1>
<button onclick="n.textContent = 1 + +n.textContent">Count</button>
<button onclick="n.textContent = 'nothing'">Delete all</button>
<p>counted <b id=n>0</b> times</p>"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(PAGE)
    return path


@pytest.fixture(scope="module")
def desk(page: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One browser for all clients here; runs lie in a folder of their own."""
    rules = GuardPolicy(refuse_words=("welcome",))
    made = Desk(RunConfig(goal="", on=page.as_uri(), rules=rules), Toolbox(), Secrets.read(None))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("runs"))
        yield made
        made.close()


Asked = Callable[..., tuple[bool, str]]


@pytest.fixture
def ask(desk: Desk) -> Asked:
    """Use a tool of the server as a client does; whether it is an error, and the text."""

    def use(name: str, **arguments: Any) -> tuple[bool, str]:
        async def go() -> Any:
            async with Client(build_server(desk)) as client:
                return await client.call_tool(name, arguments)

        result = asyncio.run(go())
        return result.is_error, "\n".join(getattr(block, "text", "") for block in result.content)

    async def anew() -> None:
        await desk.do(lambda: desk.device.perform(Reload()))
        await desk.do(lambda: desk.device.settle())

    asyncio.run(anew())
    return use


def test_a_client_lists_the_tools(desk: Desk) -> None:
    async def go() -> Any:
        async with Client(build_server(desk)) as client:
            return (await client.list_tools()).tools, await client.call_tool("capture")

    tools, shot = asyncio.run(go())
    assert [tool.name for tool in tools] == ["capture", "elements", "ground", "act", "run", "answer"]
    assert "- click(target, button?" in next(tool.description for tool in tools if tool.name == "act")
    assert all(tool.description and len(tool.description) < 4000 for tool in tools)
    picture = Image.open(BytesIO(b64decode(shot.content[0].data)))
    about = json.loads(shot.content[1].text)
    assert picture.size == (about["width"], about["height"]) == (1344, 896)
    assert about["title"] == "A page"


def test_a_client_can_look_find_and_act(ask: Asked) -> None:
    error, found = ask("elements", role="button")
    assert [json.loads(line)["name"] for line in found.splitlines()] == ["Count", "Delete all"]
    _, place = ask("ground", phrase="the Count button")
    point = json.loads(place)["point"]
    assert ask("act", action={"kind": "click", "target": point})[1].startswith("click (")
    error, reported = ask("act", action={"kind": "click", "target": "Count"})
    assert not error
    assert reported.startswith("click “Count”: confirmed")
    assert "counted 2 times" in " ".join(json.loads(line)["name"] for line in ask("elements")[1].splitlines())


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ({"kind": "click", "target": "Delete all"}, "not done: click “Delete all”"),
        ({"kind": "click", "target": "Delete all"}, "This needs approval, and this server has no terminal"),
        ({"kind": "click", "target": "Welcome"}, "The rules of this server refuse it"),
        ({"kind": "fly"}, "no action is called 'fly'"),
        ({"kind": "call", "tool": "x"}, "call cannot be done by `act` here"),
    ],
)
def test_what_the_guard_does_not_allow_is_not_done_and_the_error_says_how_to_go_on(
    action: dict[str, Any], expected: str, ask: Asked
) -> None:
    error, reported = ask("act", action=action)
    assert error
    assert expected in reported
    assert "counted 0 times" in " ".join(json.loads(line)["name"] for line in ask("elements")[1].splitlines())


def test_a_goal_is_performed_and_its_result_returned(ask: Asked) -> None:
    error, reported = ask("run", goal='click "Count" and check that the page shows "counted 1 times"')
    assert not error
    result = json.loads(reported)
    assert (result["status"], result["steps"]) == ("succeeded", 1)
    assert Path(result["report"]).is_file()


def test_a_client_cannot_approve_for_a_person_but_can_refuse(ask: Asked) -> None:
    error, reported = ask("run", goal='click "Delete all"')
    assert error
    name = re.search(r"the run (\S+) waits for an answer", reported)
    assert name is not None
    assert re.search(r"handeye resume \S+ --answer yes", reported)
    for yes in ("yes", "always", 'edit: {"target": "Count"}', "done by hand"):
        error, reported = ask("answer", run=name[1], answer=yes)
        assert error
        assert "only the person may allow it" in reported
    assert "counted 0 times" in " ".join(json.loads(line)["name"] for line in ask("elements")[1].splitlines())
    error, reported = ask("answer", run=name[1], answer="no: not today")
    assert "nothing" not in ask("elements")[1]
    assert not error or "waits for an answer" in reported
    error, reported = ask("answer", run="../../etc", answer="x")
    assert error
    assert "no run of this server waits" in reported


def test_a_question_of_the_goal_is_answered_by_the_client(ask: Asked) -> None:
    error, reported = ask("run", goal='ask me "Which button?", then click "Count"')
    assert error
    assert "Which button?" in reported
    name = re.search(r"with the tool `answer` and run '(\S+)', question", reported)
    questions = re.search(r"question '([0-9a-f]{8})'", reported)
    assert name is not None
    assert questions is not None
    error, reported = ask("answer", run=name[1], answer="Count", question="00000000")
    assert error
    assert "asks another question by now" in reported
    error, reported = ask("answer", run=name[1], answer="Count", question=questions[1])
    assert not error
    assert json.loads(reported)["status"] == "succeeded"


def free_port() -> int:
    with socket.socket() as any_port:
        any_port.bind(("127.0.0.1", 0))
        return int(any_port.getsockname()[1])


def test_over_http_only_this_machine_and_only_under_its_own_name(desk: Desk) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/mcp"
    hello = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}}  # fmt: skip

    async def up() -> None:
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return

    async def status(http: httpx.AsyncClient, **headers: str) -> int:
        accepts = {"accept": "application/json, text/event-stream"}
        return (await http.post(url, json=hello, headers=accepts | headers)).status_code

    async def go() -> None:
        serving = asyncio.create_task(_over_http(build_server(desk), port))
        await up()
        async with Client(url) as client:
            assert not (await client.call_tool("ground", {"phrase": "Count"})).is_error
        async with httpx.AsyncClient() as http:
            assert await status(http) == 200
            assert await status(http, host="rebound.example") == 421
            assert await status(http, host=f"rebound.example:{port}") == 421
            assert await status(http, origin="http://rebound.example") == 403
            assert await status(http, origin="null") == 403
        with socket.socket() as other:
            other.settimeout(5)
            assert other.connect_ex(("127.0.0.2", port)) != 0  # the same machine by another of its addresses
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    asyncio.run(go())


def test_the_command_speaks_over_its_pipes_and_ends_when_they_close(page: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "handeye.agent", "mcp", "--on", page.as_uri(), "--approve", "never"]
    server = subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
        env=os.environ | {"HANDEYE_DEBUG": "1"},
    )  # fmt: skip
    assert server.stdin
    assert server.stdout

    def send(method: str, number: int | None = None, **params: Any) -> dict[str, Any]:
        assert server.stdin
        assert server.stdout
        message = {"jsonrpc": "2.0", "method": method, "params": params} | ({"id": number} if number else {})
        server.stdin.write(json.dumps(message) + "\n")
        server.stdin.flush()
        while number:
            answer: dict[str, Any] = json.loads(server.stdout.readline())  # nothing else may stand on stdout
            if answer.get("id") == number:
                return answer
        return {}

    who = {"name": "t", "version": "1"}
    hello = send("initialize", 1, protocolVersion="2025-06-18", capabilities={}, clientInfo=who)
    assert hello["result"]["serverInfo"]["name"] == "handeye"
    send("notifications/initialized")
    acted = send("tools/call", 2, name="act", arguments={"action": {"kind": "click", "target": "Count"}})
    assert "confirmed" in acted["result"]["content"][0]["text"]
    server.stdin.close()
    rest, expected = server.stdout.read(), server.stderr.read() if server.stderr else ""
    assert server.wait(60) == 0, expected
    assert rest == ""
    assert "Traceback" not in expected
    server.stdout.close()
    if server.stderr:
        server.stderr.close()
