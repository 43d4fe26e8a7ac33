"""What was sent is not sent again: not by a resume, not by the policy's next step, not where files are damaged."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.reliability.paper import Paper
from benchmarks.reliability.worker import Job, Kill, work
from handeye.agent import Agent, RunOptions
from handeye.agent.approval import waiting_question_id
from handeye.agent.effect_journal import EffectJournal, find_unfinished_action, read_journal, requests_by_step
from handeye.agent.event_log import Noted, read_events
from handeye.agent.outcomes import find_repeated_effect
from handeye.agent.resources import open_device
from handeye.agent.run_folder import RunFolder
from handeye.agent.state import initial_state
from handeye.perception.outcome import Outcome
from handeye.policies.decision import StepSummary
from handeye.tools import Browser
from handeye.tools.actions import parse_action
from handeye.tools.errors import HandeyeError, SetupError, UsageError, Withheld

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from handeye.agent import RunResult

SAVE = "fetch('/save', {method: 'POST', body: '1'})"


def resume(folder: Path, url: str, answer: str | None = None, question: str = "") -> RunResult:
    device = open_device(url)
    try:
        return Agent(device).resume(RunFolder.open(folder), answer, question)
    finally:
        device.close()


def notes(folder: Path) -> str:
    return " | ".join(event.text for event in read_events(folder / "trace.jsonl") if isinstance(event, Noted))


# Which action a request belongs to


def typed(text: str, element: str) -> Any:
    return parse_action({"kind": "type", "text": text, "target": {"phrase": element, "element": element}})


def press(element: str) -> Any:
    return parse_action({"kind": "click", "target": {"phrase": element, "element": element}})


@pytest.mark.parametrize(
    ("edited", "second", "causes", "own"),
    [
        (("e1",), typed("b", "e2"), {1: ("POST x",)}, ()),  # the field before saved itself when it was left
        (("e2",), typed("b", "e2"), {2: ("POST x",)}, ("POST x",)),
        (("e1", "e2"), typed("b", "e2"), {1: ("POST x",), 2: ("POST x",)}, ("POST x",)),
        (("e1",), press("e9"), {1: ("POST x",), 2: ("POST x",)}, ("POST x",)),  # by the press, or by what it left
        ((), typed("b", "e2"), {2: ("POST x",)}, ("POST x",)),
        (("",), typed("b", "e2"), {2: ("POST x",)}, ("POST x",)),  # a control that was never listed
        (None, typed("b", "e2"), {1: ("POST x",), 2: ("POST x",)}, ("POST x",)),  # the page did not answer
    ],
)
def test_a_request_belongs_to_the_steps_that_may_have_caused_it(
    edited: tuple[str, ...] | None,
    second: Any,
    causes: dict[int, tuple[str, ...]],
    own: tuple[str, ...],
    tmp_path: Path,
) -> None:
    journal = EffectJournal(tmp_path / "journal.jsonl")
    journal.record_intent(1, typed("a", "e1"), page_input=True)
    journal.record_outcome(1, "", failed=False)
    journal.record_intent(2, second, page_input=second.kind == "type")
    journal.record_request("POST x", edited)
    journal.close()
    entries = read_journal(journal.path)
    assert requests_by_step(entries) == causes
    uncertain = find_unfinished_action(entries)
    assert uncertain is not None
    assert uncertain.sent == own


def test_a_request_that_leaves_or_is_answered_late_belongs_to_its_step(tmp_path: Path) -> None:
    journal = EffectJournal(tmp_path / "journal.jsonl")
    journal.record_intent(1, typed("a", "e1"), page_input=True)
    journal.record_outcome(1, "", failed=False)
    journal.record_request("POST x", ("e1",))
    assert (journal.requests_of(1), journal.awaits_answer(1)) == (("POST x",), True)
    journal.record_intent(2, press("e9"))
    journal.record_answer("POST x")
    assert not journal.awaits_answer(1)
    journal.close()
    assert [(entry.entry, entry.step) for entry in read_journal(journal.path)][-1] == ("answered", 1)


def test_what_is_withheld_does_not_leave_and_is_no_entry(tmp_path: Path) -> None:
    journal = EffectJournal(tmp_path / "journal.jsonl")
    journal.withhold(frozenset({"POST x"}))
    with pytest.raises(Withheld):
        journal.record_request("POST x")
    journal.record_request("POST y")
    assert journal.withheld == ["POST x"]
    journal.close()
    assert [entry.text for entry in read_journal(journal.path)] == ["POST y"]


# On a resume


PAGES = {
    "an option": (f'<label>Size <select onchange="{SAVE}"><option>S<option>L</select></label>', 'select "L" in "Size"'),
    "a date": (f'<label>Day <input type=date onchange="{SAVE}"></label>', 'set "Day" to "2031-05-06"'),
    "a slider": (f'<label>Volume <input type=range onchange="{SAVE}"></label>', 'set "Volume" to "70"'),
    "a field left by the next": (f'<label>Title <input onblur="{SAVE}"></label>', 'type "Sun" in "Title"'),
}


@pytest.mark.parametrize("name", PAGES)
def test_an_input_that_was_sent_causes_a_question_and_is_not_repeated(name: str, site: Any, tmp_path: Path) -> None:
    """The page, loaded anew, does not show it; the other fields are filled in again."""
    html, goal = PAGES[name]
    site.answer = "{}"
    site.pages["/"] = f"{html}<label>Name <input></label><label>Town <input></label><a href=/end>On</a>"
    site.pages["/end"] = "<h1>End</h1>"
    folder = tmp_path / "run"
    goal = f'{goal}, type "Ada" in "Name", type "Ulm" in "Town", click "On"'
    assert work(Job("browser", site.url, goal, folder, Kill("performed", 3), approve="never")) == -9
    assert site.posts == ["/save"]
    waiting = resume(folder, site.url)
    assert (waiting.status, site.posts) == ("waiting", ["/save"]), waiting.reason
    assert waiting.reason.endswith("Was it done?")
    assert "POST" in waiting.reason
    done = resume(folder, site.url, "yes")
    assert (done.status, site.posts) == ("succeeded", ["/save"]), done.reason
    assert "2 earlier inputs were made again" in notes(folder)


def test_an_input_that_was_sent_and_that_the_page_shows_is_left_alone(site: Any, tmp_path: Path) -> None:
    """The server knows it: no question, no second request. Its policy chose the tick last, and does not tick again."""
    site.answer = "{}"
    tick = f'<label><input type=checkbox id=c onchange="{SAVE}"> Large print</label>'
    site.pages["/"] = tick
    folder = tmp_path / "run"
    goal = 'tick "Large print"'
    assert work(Job("browser", site.url, goal, folder, Kill("before record_outcome", 1), approve="never")) == -9
    site.pages["/"] = f"{tick}<script>c.checked = true</script>"
    done = resume(folder, site.url)
    assert (done.status, site.posts) == ("succeeded", ["/save"]), done.reason


@pytest.mark.parametrize(("answer", "posts"), [("yes", 1), ("no", 2)])
def test_a_tick_in_doubt_is_made_again_only_when_the_person_says_so(
    answer: str, posts: int, site: Any, tmp_path: Path
) -> None:
    """After a yes the policy's next step is no second tick, though the box that was loaded anew is empty."""
    site.answer = "{}"
    site.pages["/"] = f'<label><input type=checkbox onchange="{SAVE}"> Large print</label>'
    folder = tmp_path / "run"
    kill = Kill("before record_outcome", 1)
    assert work(Job("browser", site.url, 'tick "Large print"', folder, kill, approve="never")) == -9
    assert resume(folder, site.url).status == "waiting"
    # The answer to another question counts for nothing.
    RunFolder(folder).note(reason="Allow this?")
    assert resume(folder, site.url, answer).status == "waiting"
    done = resume(folder, site.url, answer)
    assert (done.status, len(site.posts)) == ("succeeded", posts), done.reason


@pytest.mark.parametrize(
    ("first", "second", "named", "sent"),
    [
        # The tick left or did not; the person says no, it is made again and sent, and the process dies.
        (Kill("before record_outcome", 1), Kill("before record_outcome", 1), False, 2),
        (Kill("after record_request", 1), Kill("before record_outcome", 1), True, 1),
    ],
)
def test_an_answer_that_is_given_again_after_a_kill_is_no_answer(
    first: Kill, second: Kill, named: bool, sent: int, site: Any, tmp_path: Path
) -> None:
    """A resume that may repeat the request is killed; the same command does not send it again."""
    site.answer = "{}"
    site.pages["/"] = (
        f'<label><input type=checkbox onchange="{SAVE}"> Reserve a seat</label><label>Name <input></label>'
    )
    folder, goal = tmp_path / "run", 'tick "Reserve a seat", type "Ada" in "Name"'
    assert work(Job("browser", site.url, goal, folder, first, approve="never")) == -9
    assert resume(folder, site.url).status == "waiting"
    identity = waiting_question_id(RunFolder(folder).read()) if named else ""
    again = Job("browser", site.url, goal, folder, second, resume=True, answer="no", approve="never", question=identity)
    assert work(again) == -9
    assert len(site.posts) == sent
    waiting = resume(folder, site.url, "no", identity)
    assert (waiting.status, len(site.posts)) == ("waiting", sent), waiting.reason
    assert "given to another question" in notes(folder)
    if named:  # the question is the same by its words
        assert waiting_question_id(RunFolder(folder).read()) != identity
    done = resume(folder, site.url, "yes")
    assert (done.status, len(site.posts)) == ("succeeded", sent), done.reason


@pytest.mark.parametrize("kill", [Kill("performed", 2), Kill("performed", 3)])
def test_an_input_is_made_again_in_its_field_though_that_has_moved(kill: Kill, site: Any, tmp_path: Path) -> None:
    """The page, loaded anew, lacks the lines that its script wrote, so that other fields stand at the old points."""
    site.answer = "{}"
    lines = "notes.innerHTML = '<p>One item</p><p>Two items</p>'"
    site.pages["/"] = (
        f'<button onclick="{lines}">List</button><div id=notes></div><form method=post action=/save>'
        "<p><label>Street <input name=s></label><p><label>Town <input name=t></label><p><label>Land <input name=l>"
        "</label><p><button>Ready</button></form>"
    )
    folder, goal = tmp_path / "run", 'click "List", type "Weg 3" in "Street", type "Graz" in "Town", click "Ready"'
    assert work(Job("browser", site.url, goal, folder, kill, approve="never")) == -9
    done = resume(folder, site.url)
    assert (done.status, site.posts) == ("succeeded", ["/save"]), done.reason
    assert site.bodies == ["s=Weg+3&t=Graz&l="]


def test_what_a_page_sends_when_it_is_opened_is_withheld_when_it_comes_back(site: Any, tmp_path: Path) -> None:
    site.answer = "{}"
    site.pages["/"] = "<a href=/thanks>Go on</a>"
    site.pages["/thanks"] = f"<h1>Thanks</h1><script>{SAVE}</script>"
    folder = tmp_path / "run"
    goal = 'click "Go on", check that the page shows "Thanks"'
    assert work(Job("browser", site.url, goal, folder, Kill("performed", 1), approve="never")) == -9
    assert site.posts == ["/save"]
    waiting = resume(folder, site.url)
    assert (waiting.status, site.posts) == ("waiting", ["/save"]), waiting.reason
    assert resume(folder, site.url, "yes").status == "succeeded"
    assert site.posts == ["/save"]


# Within a run


@pytest.mark.parametrize(
    ("control", "goal"),
    [
        (f'<button onclick="{SAVE}">Order</button>', 'click "Order"'),
        ("<button onclick=\"navigator.sendBeacon('/save', '1')\">Order</button>", 'click "Order"'),
        (
            f'<label><input type=checkbox onclick="event.preventDefault(); {SAVE}"> Order</label>',
            'tick "Order"',
        ),
        (f'<div role=switch aria-checked=false tabindex=0 onclick="{SAVE}">Order</div>', 'tick "Order"'),
    ],
)
def test_what_was_sent_is_not_done_again_because_the_page_looks_unchanged(
    control: str, goal: str, site: Any, perception: Any, tmp_path: Path
) -> None:
    site.answer = "{}"
    site.pages["/"] = f"<p>Quiet</p>{control}"
    with Browser(site.url) as browser:
        run = Agent(browser, perception=perception, run_dir=tmp_path / "run", options=RunOptions(approve="never")).run(
            goal
        )
    assert site.posts == ["/save"], run.reason
    if run.status != "succeeded":
        assert "POST" in run.reason


def test_an_answer_that_comes_late_is_waited_for(
    site: Any, perception: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Longer than a page is waited for to settle: the box is ticked when the answer is here, by one request."""
    handler = site.server.RequestHandlerClass
    answer_at_once = handler.do_POST

    def answer_late(self: Any) -> None:
        time.sleep(9)
        answer_at_once(self)

    monkeypatch.setattr(handler, "do_POST", answer_late)
    site.answer = "{}"
    late = f"event.preventDefault(); {SAVE}.then(() => box.checked = true)"
    site.pages["/"] = f'<label><input type=checkbox id=box onclick="{late}"> Remind me</label>'
    with Browser(site.url) as browser:
        run = Agent(browser, perception=perception, run_dir=tmp_path / "run", options=RunOptions(approve="never")).run(
            'tick "Remind me"'
        )
    assert (run.status, site.posts) == ("succeeded", ["/save"]), run.reason


def test_a_repeated_request_causes_a_question() -> None:
    """Whatever the policy is: the same click again, or another thing."""
    again, other = press("e1"), press("e2")
    last = StepSummary(number=3, reasoning="", action=again, outcome=Outcome(kind="unknown"), sent=("POST x",))
    state = initial_state("goal") | {"steps": [last.model_dump(mode="json")]}
    assert "step 3 did that already (POST x)" in find_repeated_effect(state, again)
    assert find_repeated_effect(state, other) == ""
    for fine in ({"sent": ()}, {"outcome": Outcome(kind="confirmed")}):
        state["steps"] = [last.model_copy(update=fine).model_dump(mode="json")]
        assert find_repeated_effect(state, again) == ""


# Damaged files


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on the quick device that stopped after two of its three steps."""
    from tests.agent.conftest import Site

    site = Site()
    site.pages["/"] = "<h1>A</h1><a href=/b>To B</a>"
    site.pages["/b"] = "<h1>B</h1><a href=/c>To C</a>"
    site.pages["/c"] = "<h1>C</h1><a href=/>To A</a>"
    folder = tmp_path_factory.mktemp("stopped") / "run"
    try:
        agent = Agent(Paper(site.url), options=RunOptions(max_steps=2), run_dir=folder)
        assert agent.run('click "To B", click "To C", click "To A"').status == "out_of_budget"
    finally:
        site.close()
    return folder


def empty(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    """Lose the last lines, each of which is whole."""
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[: len(lines) // 2]))


def smudge(path: Path) -> None:
    """Damage a line in the middle."""
    lines = path.read_bytes().splitlines(keepends=True)
    lines[1] = b'{"entry": \x00' + lines[1][11:]
    path.write_bytes(b"".join(lines))


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])


def scramble(path: Path) -> None:
    path.write_bytes(b"no database" * 100)


def forget(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("DELETE FROM checkpoints")
        database.execute("DELETE FROM writes")


DAMAGE: list[tuple[str, Callable[[Path], Any], str]] = [
    ("run.json", empty, "run.json must be a JSON object, got"),
    ("run.json", truncate, "run.json must be a JSON object, got"),
    ("run.json", lambda path: path.write_text("[]"), "run.json must be a JSON object, got"),
    ("run.json", lambda path: path.unlink(), "no run.json"),
    ("journal.jsonl", lambda path: path.unlink(), "journal.jsonl is missing"),
    ("journal.jsonl", empty, "journal.jsonl has 0 lines"),
    ("journal.jsonl", cut, "journal.jsonl has 2 lines"),
    ("journal.jsonl", smudge, "journal.jsonl: line 2 cannot be read"),
    ("trace.jsonl", lambda path: path.unlink(), "trace.jsonl is missing"),
    ("trace.jsonl", empty, "trace.jsonl is empty"),
    ("trace.jsonl", cut, "trace.jsonl has"),
    ("trace.jsonl", smudge, "trace.jsonl: line 2 cannot be read"),
    ("checkpoint.sqlite", lambda path: path.unlink(), "checkpoint.sqlite is missing"),
    ("checkpoint.sqlite", empty, "checkpoint.sqlite has no state"),
    ("checkpoint.sqlite", truncate, "checkpoint.sqlite is damaged"),
    ("checkpoint.sqlite", scramble, "checkpoint.sqlite is damaged"),
    ("checkpoint.sqlite", forget, "checkpoint.sqlite has no state"),
    ("device_state.json", lambda path: path.unlink(), "device_state.json is missing"),
    ("device_state.json", truncate, "device_state.json must be a JSON object, got"),
]


@pytest.mark.parametrize(("name", "damage", "message"), DAMAGE)
def test_a_damaged_file_stops_the_resume_and_is_named(
    name: str, damage: Callable[[Path], Any], message: str, stopped: Path, tmp_path: Path
) -> None:
    folder = copy(stopped, tmp_path)
    damage(folder / name)
    with pytest.raises(UsageError, match=message) as error:
        Agent(Still(), options=RunOptions(max_steps=9)).resume(RunFolder.open(folder))
    assert any(remedy in str(error.value) for remedy in ("start a new run", "see `ls runs`"))
    with pytest.raises(HandeyeError, match=message):  # nothing of it is held or made anew
        Agent(Still(), options=RunOptions(max_steps=9)).resume(RunFolder.open(folder))


def test_a_last_line_that_a_crash_cut_short_is_no_damage(stopped: Path, tmp_path: Path) -> None:
    folder = copy(stopped, tmp_path)
    for name in ("journal.jsonl", "trace.jsonl"):
        with (folder / name).open("a") as file:
            file.write('{"ent')
    assert "To A" in Agent(Still(), options=RunOptions(max_steps=9)).resume(RunFolder.open(folder)).reason


def test_a_copy_of_a_run_and_a_folder_that_cannot_be_written_are_refused(stopped: Path, tmp_path: Path) -> None:
    shutil.copytree(stopped, tmp_path / "run")
    with pytest.raises(UsageError, match="which is a copy: resume the original"):
        RunFolder.open(tmp_path / "run")
    folder = copy(stopped, tmp_path / "other")
    (folder / "lock").unlink(missing_ok=True)
    (folder / "lock").mkdir()  # as root everything else can be written
    with pytest.raises(SetupError, match="must be writable"):
        RunFolder.open(folder)


def copy(run: Path, into: Path) -> Path:
    """A copy that takes itself for the original."""
    folder = into / "run"
    shutil.copytree(run, folder)
    reported = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(reported | {"inode": folder.stat().st_ino}))
    return folder


class Still(Paper):
    """The quick device on a page that needs no server and leads nowhere."""

    def _go(self, method: str, url: str, body: str = "") -> None:
        from benchmarks.reliability.paper import Page

        self.url, self._page, self._focus = url, Page(f"<h1>{method} {body}</h1>"), -1

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:9/")
