"""A run outlives what goes away around it: its model's server, its browser, its room on the disk, the time of day."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from benchmarks.reliability.paper import Paper
from benchmarks.reliability.worker import nursery
from handeye.agent import Agent, RunOptions, recovery
from handeye.agent.effect_journal import EffectJournal, read_journal
from handeye.agent.event_log import read_events
from handeye.agent.recorder import LatestSaver
from handeye.agent.run_folder import RunFolder
from handeye.perception.engines.serving import http
from handeye.policies.decision import Decision, PolicyInput
from handeye.policies.scripted import Scripted
from handeye.scenarios.demo.shop import Shop
from handeye.tools.actions import parse_action
from tests.agent.conftest import Site

CLICK: dict[str, object] = {"kind": "click", "target": "Enter it"}


class Asking(Scripted):
    """Asks a server before each action, as a policy with a model does."""

    def __init__(self, url: str, actions: list[dict[str, object]]) -> None:
        super().__init__([parse_action(action) for action in actions])
        self.url = url

    def choose(self, task: PolicyInput, perception: Any) -> Decision:
        asking = http.HttpClient(self.url, "", 5)
        try:
            asking.post("/ask", {"step": len(task.steps)}, until=time.monotonic() + 5)
        finally:
            asking.close()
        return super().choose(task, perception)


class Model(Site):
    """A server that answers every question with an empty object; it can go away and come back at the same address."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.answer = "{}"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "PAUSE", 0.01)
    monkeypatch.setattr(recovery, "FIRST_PAUSE", 0.05)


@pytest.fixture
def counter(site: Site) -> Site:
    site.pages["/"] = "<h1>Counter</h1><form method=post action=/order><button>Enter it</button></form>"
    site.pages["/order/done"] = "<h1>Ordered</h1><form method=post action=/order><button>Enter it</button></form>"
    return site


@pytest.mark.usefixtures("quick")
def test_a_model_server_that_is_killed_and_started_again_is_waited_for(
    counter: Site, perception: Any, tmp_path: Path
) -> None:
    model = Model()
    port = model.server.server_port
    back: list[Model] = []

    def listen(event: Any) -> None:
        if event.event == "performed" and event.step == 1:
            model.close()
        if event.event == "noted" and "asking again" in event.text and not back:
            back.append(Model(port))

    policy = Asking(model.url, [CLICK, CLICK])
    run = Agent(
        Paper(counter.url),
        perception=perception,
        policy=policy,
        options=RunOptions(approve="never"),
        run_dir=tmp_path / "run",
        listen=listen,
    ).run("order")
    back[0].close()
    assert (run.status, counter.posts) == ("succeeded", ["/order", "/order"]), run.reason


@pytest.mark.usefixtures("quick")
def test_a_model_server_that_stays_away_breaks_the_run_which_goes_on_when_it_is_back(
    counter: Site, perception: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "MODEL_TIMEOUT", 0.1)
    model = Model()
    port = model.server.server_port
    policy = Asking(model.url, [CLICK, CLICK])

    def listen(event: Any) -> None:
        if event.event == "performed":
            model.close()

    broken = Agent(
        Paper(counter.url),
        perception=perception,
        policy=policy,
        options=RunOptions(approve="never"),
        run_dir=tmp_path / "run",
        listen=listen,
    ).run("order")
    assert broken.status == "broken"
    assert "cannot be reached" in broken.reason
    back = Model(port)
    run = Agent(Paper(counter.url), perception=perception, policy=policy, options=RunOptions(approve="never")).resume(
        RunFolder.open(tmp_path / "run")
    )
    back.close()
    assert (run.status, counter.posts) == ("succeeded", ["/order", "/order"]), run.reason


def test_the_newest_checkpoint_is_the_last_one_saved_though_the_clock_was_set_back(
    counter: Site, perception: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checkpoints are named by the clock: by their names the first process's would be the newest for ever."""
    from langgraph.checkpoint.base import id as ids

    policy = Scripted([parse_action(CLICK)] * 3)
    first = Agent(
        Paper(counter.url),
        perception=perception,
        policy=policy,
        options=RunOptions(approve="never", max_steps=1),
        run_dir=tmp_path / "run",
    ).run("order")
    assert first.status == "out_of_budget"
    earlier, back = time.time_ns, 10**9 * 86_400
    monkeypatch.setattr(ids, "_last_v6_timestamp", None)
    monkeypatch.setattr(time, "time_ns", lambda: earlier() - back)
    second = Agent(
        Paper(counter.url), perception=perception, policy=policy, options=RunOptions(approve="never", max_steps=2)
    ).resume(RunFolder.open(first.folder))
    assert (second.status, second.steps) == ("out_of_budget", 2)
    third = Agent(Paper(counter.url), perception=perception, policy=policy, options=RunOptions(approve="never")).resume(
        RunFolder.open(first.folder)
    )
    assert (third.status, counter.posts) == ("succeeded", ["/order"] * 3), third.reason


def test_a_line_cut_short_by_a_full_disk_spoils_no_later_one(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text('{"entry": "intent", "step": 1, "acti')
    journal = EffectJournal(path)
    journal.record_intent(1, parse_action(CLICK))
    journal.record_outcome(1, "", failed=False)
    journal.close()
    assert [entry.entry for entry in read_journal(path)] == ["intent", "outcome"]


def test_only_the_newest_checkpoints_remain(counter: Site, perception: Any, tmp_path: Path) -> None:
    import sqlite3

    policy = Scripted([parse_action(CLICK)] * 4)
    run = Agent(
        Paper(counter.url),
        perception=perception,
        policy=policy,
        options=RunOptions(approve="never"),
        run_dir=tmp_path / "run",
    ).run("order")
    with sqlite3.connect(run.folder / "checkpoint.sqlite") as database:
        stored = [database.execute("SELECT count(*) FROM checkpoints").fetchone()[0]]
        stored += [database.execute("SELECT count(*) FROM writes").fetchone()[0]]
    database.close()
    assert stored[0] == LatestSaver.STORED
    assert stored[1] < 100


def buy(folder: str) -> None:
    """A complete run in a real browser with its own shop, in a separate process."""
    import os

    from handeye.tools import Browser

    os.chdir(folder)
    with Shop() as shop, Browser(shop.url) as browser:
        goal = (
            'log in as "ada" with password "lovelace", search for "lamp", add the first result to the cart, check out'
        )
        run = Agent(browser).run(goal)
        assert run.status == "succeeded", run.reason
        assert len(shop.orders) == 1


@pytest.mark.long
def test_two_runs_at_once_keep_out_of_each_others_way(tmp_path: Path) -> None:
    """The same goal from the same folder at the same moment: two browsers, two folders, one order each."""
    processes = [nursery().Process(target=buy, args=(str(tmp_path),)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(110)
    assert [process.exitcode for process in processes] == [0, 0]
    runs = sorted((tmp_path / "runs").iterdir())
    assert len(runs) == 2
    for run in runs:
        assert sum(event.event == "ended" for event in read_events(run / "trace.jsonl")) == 1
        assert {event.event for event in read_events(run / "trace.jsonl")} >= {"started", "performed", "ended"}
