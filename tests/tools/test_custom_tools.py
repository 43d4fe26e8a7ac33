"""A typed function is a tool; the run receives every result or error as text and continues."""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from handeye.tools.actions import Call
from handeye.tools.custom_tools import (
    SHORT_CHARACTERS,
    WHOLE_CHARACTERS,
    Function,
    Tool,
    Toolbox,
    as_tools,
    signature,
    tool,
)
from handeye.tools.errors import ActionFailed, ActionRefused, UsageError


class Place(BaseModel):
    city: str
    floor: int = 0


@tool(safe=True)
def stock(article: str, copy: int = 2, where: Literal["north", "south"] | None = None) -> dict[str, Any]:
    """How many pieces are in stock.

    A second part.
    """
    return {"article": article, "copy": copy, "where": where}


@tool
async def send(to: Place, text: Annotated[str, Field(max_length=5)]) -> str:
    """Send a text."""
    await asyncio.sleep(0)
    return f"{text} to {to.city}"


RELEASE = threading.Event()


@tool(seconds=0.05)
def hang() -> str:
    """Never come back."""
    RELEASE.wait(60)
    return "back"


@tool(seconds=0.05)
async def wait_forever() -> None:
    """Never come back, politely."""
    await asyncio.Event().wait()


@tool
def fail(how: str) -> object:
    """Fail in every way."""
    match how:
        case "exit":
            sys.exit(3)
        case "interrupt":
            raise KeyboardInterrupt
        case "time":
            raise TimeoutError("of its own")
        case "refuse":
            raise ActionRefused("not on Sundays")
        case "unreadable":
            return Unreadable()
        case "half":
            return "half a character \ud83d\x00\x1b[31m"
        case "bytes":
            return b"\x00" * 9
        case "nothing":
            return None
        case "nan":
            return {"share": float("nan"), "when": 3 + 4j}
        case "long":
            return "word " * 60_000
    raise ValueError(f"no way called {how}")


class Unreadable:
    def __str__(self) -> str:
        raise RuntimeError("no")


BOX = Toolbox((stock, send, hang, wait_forever, fail))


def use(name: str, **arguments: Any) -> Any:
    return BOX.use(Call(tool=name, arguments=arguments))


def test_name_description_and_schema_come_from_the_function() -> None:
    assert isinstance(stock, Tool)
    assert (stock.name, stock.safe, send.safe) == ("stock", True, False)
    assert stock.description.startswith("How many pieces are in stock.")
    assert signature(stock.schema) == "(article: text, copy?: whole number, where?: north|south|null)"
    assert signature(send.schema) == "(to: {city: text, floor?: whole number}, text: text)"
    assert stock("lamp") == {"article": "lamp", "copy": 2, "where": None}


def test_the_result_is_described_and_defaults_are_those_of_the_function() -> None:
    assert use("stock", article="lamp").result == '{"article":"lamp","copy":2,"where":null}'
    sent = use("send", to={"city": "Ulm"}, text="hello")
    assert (sent.result, sent.failed, sent.outcome, sent.whole) == ("hello to Ulm", False, "confirmed", "")


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("stock", {}, "article: Field required"),
        ("stock", {"article": 3}, "article: Input should be a valid string"),
        ("stock", {"article": "x", "colour": "red"}, "colour: Extra inputs are not permitted"),
        ("send", {"to": {"floor": 1}, "text": "x"}, "to.city: Field required"),
        ("send", {"to": {"city": "Ulm"}, "text": "too long"}, "text: String should have at most 5 characters"),
        ("shell", {}, "no tool of this run is called 'shell'; there are: stock, send"),
    ],
)
def test_arguments_that_do_not_fit_are_refused_by_name(name: str, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ActionRefused) as caught:
        BOX.checked(Call(tool=name, arguments=arguments))
    assert message in str(caught.value)
    used = use(name, **arguments)
    assert (used.failed, used.outcome) == (True, "no_effect")


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("exit", "fail failed: SystemExit: 3"),
        ("interrupt", "fail failed: KeyboardInterrupt"),
        ("time", "fail failed: TimeoutError: of its own"),
        ("refuse", "not on Sundays"),
        ("other", "fail failed: ValueError: no way called other"),
    ],
)
def test_what_a_tool_raises_is_a_failed_action(how: str, message: str) -> None:
    used = use("fail", how=how)
    assert used.failed
    assert used.outcome == "no_effect"
    assert message in used.result


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("unreadable", "an object of Unreadable, which cannot be shown"),
        ("half", "half a character ?[31m"),
        ("bytes", "9 bytes, which are not shown; have the tool give text"),
        ("nothing", "done"),
        ("nan", '{"share":NaN,"when":"3+4j"}'),
    ],
)
def test_whatever_it_gives_can_be_written_down(how: str, message: str) -> None:
    assert use("fail", how=how).result == message


def test_a_long_result_is_cut_with_a_note_for_the_policy_and_bounded_in_the_event_log() -> None:
    used = use("fail", how="long")
    assert used.result.endswith(f"… (cut: the first {SHORT_CHARACTERS:,} of 300,000 characters)")
    assert len(used.result) < SHORT_CHARACTERS + 80
    assert WHOLE_CHARACTERS <= len(used.whole) < WHOLE_CHARACTERS + 80


def test_a_tool_that_hangs_is_left_behind_and_not_begun_again_meanwhile() -> None:
    used = use("hang")
    assert (used.failed, used.outcome) == (True, "unknown")
    assert "took longer than 0.05 s and was left behind, still at work in its thread" in used.result
    threads = [each for each in threading.enumerate() if each.name == "tool hang"]
    assert [each.daemon for each in threads] == [True]
    assert "still at work on an earlier call" in use("hang").result
    RELEASE.set()
    threads[0].join(30)
    assert use("hang").result == "back"


def test_a_coroutine_that_takes_too_long_is_cancelled() -> None:
    used = use("wait_forever")
    assert used.outcome == "unknown"
    assert "was cancelled" in used.result
    assert not [each for each in threading.enumerate() if each.name == "tool wait_forever"]


def undocumented(x: int) -> int:
    return x


def untyped(x) -> int:  # type: ignore[no-untyped-def]
    """Take anything."""
    return int(x)


def positional(*things: int) -> int:
    """Take several."""
    return len(things)


def strange(x: threading.Thread) -> int:
    """Take a thread."""
    return int(x.daemon)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (undocumented, "has no docstring"),
        (untyped, "x of the tool untyped has no type"),
        (positional, "takes *things: 'int', which has no name for a model"),
        (strange, "types of the tool strange cannot be checked"),
    ],
)
def test_a_function_without_a_describable_signature_is_not_a_tool(function: Any, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        tool(function)
    assert message in str(caught.value)


def test_names_are_the_tools_own() -> None:
    with pytest.raises(UsageError, match="click is an action's name already"):
        tool(name="click")(stock.function)
    with pytest.raises(UsageError, match="cannot be a tool's name"):
        tool(name="a b")(stock.function)
    with pytest.raises(UsageError, match="two tools are called stock"):
        Toolbox((stock, stock))
    with pytest.raises(UsageError, match="is no tool"):
        as_tools([3])
    plain = as_tools([send.function])[0]
    assert isinstance(plain, Function)
    with pytest.raises(ActionFailed):
        tool(name="x")(fail.function).use({"how": "none"})
