"""A run folder that version 0.1 wrote is still read: by the report, by resume and by export.

`version_1/` contains the text files of such a run, which waits for an approval. Its checkpoint is built here, by a
graph with the nodes and the state of version 0.1.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, cast

import pytest
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt
from typer.testing import CliRunner

from handeye.agent import Agent
from handeye.agent.approval import waiting_question_id
from handeye.agent.cli import app
from handeye.agent.effect_journal import VERSION, read_journal
from handeye.agent.event_log import ApprovalRequested, Decided, Ended, Guarded, Observed, Performed, read_events
from handeye.agent.report.run_page import write_report
from handeye.agent.run_folder import RunFolder
from handeye.policies.scripted import Scripted
from handeye.tools.actions import parse_action

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

    from tests.agent.conftest import Site

FILES = Path(__file__).parent / "version_1"
SCRIPT = [
    {"kind": "click", "target": "Count"},
    {"kind": "type", "text": "Ada", "target": "Name"},
    {"kind": "click", "target": "Delete all"},
]


class OldState(TypedDict, total=False):
    """The keys of a state in version 0.1, without comments."""

    goal: str
    step: int
    steps: list[Any]
    judged: bool
    tried: list[Any]
    met: list[str]
    warned: str
    rung: int
    climbed: list[str]
    facts: dict[str, str]
    memo: dict[str, Any]
    decision: Any
    screen: str
    fingerprint: str
    local: list[Any]
    document: int
    view: Any
    unusable: int
    refused: list[str]
    approved: list[Any]
    always: list[Any]
    changes: int
    again: Any
    edits: dict[str, Any]
    question: str
    asked: dict[str, Any]
    written: dict[str, int]
    usage: dict[str, Any]
    seconds: float
    verdict: str
    reason: str
    answer: str


def save_old_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Save a state as version 0.1 did: after the node `guard`, before the answer in `ask`."""

    def unchanged(state: OldState) -> OldState:
        return OldState(step=state["step"])

    def ask(state: OldState) -> OldState:
        return OldState(answer=interrupt(state["question"]))

    graph: StateGraph[OldState, None, OldState, OldState] = StateGraph(OldState)
    for name in ("look", "think", "guard", "act"):
        graph.add_node(name, unchanged)
    graph.add_node("ask", ask)
    graph.add_edge(START, "look")
    for one, next_one in (("look", "think"), ("think", "guard"), ("guard", "ask"), ("ask", "act")):
        graph.add_edge(one, next_one)
    with closing(sqlite3.connect(path, check_same_thread=False)) as database:
        compiled = graph.compile(checkpointer=SqliteSaver(database))
        config: RunnableConfig = {"configurable": {"thread_id": "run"}}
        compiled.invoke(cast("OldState", state), config, durability="sync")


@pytest.fixture
def old_run(site: Site, tmp_path: Path) -> Path:
    """The run folder of version 0.1, on the pages of `site`."""
    site.pages["/"] = (
        "<h1>Files</h1><button onclick='n.textContent = 1 + +n.textContent'>Count</button><p>counted <b id=n>0</b>"
        " times</p><label>Name <input></label><form method=post action=/gone><button>Delete all</button></form>"
    )
    site.pages["/gone/done"] = "<h1>All gone</h1>"
    folder = tmp_path / "run"
    (folder / "screens").mkdir(parents=True)
    texts = {path.name: path.read_text().replace("http://SITE", site.url) for path in FILES.iterdir()}
    state = json.loads(texts.pop("state.json"))
    for name, text in texts.items():
        (folder / name).write_text(text)
    save_old_checkpoint(folder / "checkpoint.sqlite", state)
    return folder


def test_its_events_and_journal_are_read(old_run: Path) -> None:
    events = list(read_events(old_run / "trace.jsonl"))
    kinds = [event.event for event in events]
    finished = ["observed", "decided", "guarded", "performed"]
    assert kinds == ["started", *finished * 2, "observed", "decided", "guarded", "approval_requested", "ended"]
    decided = [event for event in events if isinstance(event, Decided)]
    assert [event.reasoning for event in decided] == ["click “Count”", "type “Ada” in “Name”", "click “Delete all”"]
    assert decided[0].description == "click “Count”"
    assert decided[0].groundings[0].phrase == "Count"
    assert decided[0].signatures["target"].name == "Count"
    observed = [event for event in events if isinstance(event, Observed)]
    assert observed[1].signals.page_changes is not None
    assert observed[1].signals.page_changes.focus_rings
    assert [event.decision for event in events if isinstance(event, Guarded)] == ["allow", "allow", "ask"]
    assert [event.failed for event in events if isinstance(event, Performed)] == [False, False]
    assert [event.status for event in events if isinstance(event, Ended)] == ["waiting"]
    assert any(isinstance(event, ApprovalRequested) for event in events)
    typed = read_journal(old_run / "journal.jsonl")[2]
    assert (typed.target_name, typed.page_input, typed.in_loaded_page) == ("Name", True, True)


def test_its_report_is_written(old_run: Path) -> None:
    page = write_report(old_run).read_text()
    assert "Delete all" in page
    assert "counted 1 times" in page


def test_it_is_resumed_with_its_inputs_and_its_question(
    old_run: Path, site: Site, browser: Any, perception: Any
) -> None:
    policy = Scripted([parse_action(action) for action in SCRIPT])
    agent = Agent(browser, perception=perception, policy=policy)
    waiting = agent.resume(RunFolder.open(old_run))
    assert (waiting.status, site.posts) == ("waiting", [])
    assert "Delete all" in waiting.reason
    field = next(element for element in browser.elements() if element.name == "Name")
    assert field.value != "Ada"  # the page is restored once the question is answered
    identity = waiting_question_id(RunFolder(old_run).read())
    done = agent.resume(RunFolder.open(old_run), "yes", identity)
    assert (done.status, done.steps, site.posts) == ("succeeded", 3, ["/gone"]), done.reason
    lines = [json.loads(line) for line in (old_run / "journal.jsonl").read_text().splitlines()]
    assert [line.get("version") for line in lines].count(VERSION) == 1
    assert next(line for line in lines if line.get("version"))["step"] == 3
    assert json.loads((old_run / "run.json").read_text())["status"] == "succeeded"


def test_it_is_exported(old_run: Path) -> None:
    result = CliRunner().invoke(app, ["export", str(old_run), "--to", "yaml"])
    assert result.exit_code == 0, result.output
    assert 'click the "Count" button' in result.stdout
    assert "Ada" in result.stdout
