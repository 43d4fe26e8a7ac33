"""A browser that goes away in the middle of a run comes back, and what it was given stays with the run."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from handeye.agent import Agent, RunOptions
from handeye.agent.event_log import AnyEvent, Decided, Noted, Performed
from handeye.agent.run_driver import MAX_RESTARTS
from handeye.policies.scripted import Scripted
from handeye.tools import Browser
from handeye.tools.actions import parse_action

if TYPE_CHECKING:
    from handeye.perception.embedded import EmbeddedPerception
    from tests.agent.conftest import Follow, Site

FORM = (
    "<form method=post action=/save><label>Name <input name=name></label><label><input type=checkbox name=news> News"
    "</label><button>Save</button></form>"
)


def renderers(pid: int) -> list[int]:
    """The processes that show the pages of the Chromium whose process this is."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and b"--type=renderer" in (folder / "cmdline").read_bytes():
                found += [int(folder.name)] if os.getpgid(int(folder.name)) == os.getpgid(pid) else []
        except OSError:
            continue
    return found


def test_a_killed_browser_and_a_killed_page_come_back_and_nothing_is_done_twice(
    browser: Browser, site: Site, perception: EmbeddedPerception, tmp_path: Path
) -> None:
    site.pages["/form"] = FORM
    site.pages["/save/done"] = "<h1>Saved</h1>"
    events: list[AnyEvent] = []

    def listen(event: AnyEvent) -> None:
        events.append(event)
        pid = browser._session.pid
        assert pid
        if isinstance(event, Performed) and event.step == 3:
            os.kill(pid, signal.SIGKILL)
        if isinstance(event, Decided) and event.step == 4 and not any("opened again" in note for note in notes()):
            for renderer in renderers(pid):
                os.kill(renderer, signal.SIGKILL)

    def notes() -> list[str]:
        return [event.text for event in events if isinstance(event, Noted)]

    policy = Scripted(
        [
            parse_action(action)
            for action in (
                {"kind": "navigate", "url": site.url + "/form"},
                {"kind": "type", "target": "Name", "text": "Ada"},
                {"kind": "click", "target": "News"},
                {"kind": "click", "target": "Save"},
                {"kind": "done"},
            )
        ]
    )
    agent = Agent(
        browser,
        perception=perception,
        policy=policy,
        options=RunOptions(approve="never"),
        run_dir=tmp_path / "run",
        listen=listen,
    )
    result = agent.run("save the form")
    assert result.status == "succeeded", (result.reason, notes())
    assert site.posts == ["/save"]
    assert any("the browser was started again" in note for note in notes()), notes()
    assert any("crashed" in note and "the page was opened again" in note for note in notes()), notes()
    assert sum("2 earlier inputs were made again" in note for note in notes()) == 2, notes()


def test_a_page_that_crashes_at_every_attempt_breaks_the_run(follow: Follow, browser: Browser) -> None:
    thoughts = []

    def listen(event: AnyEvent) -> None:
        if isinstance(event, Decided):
            thoughts.append(event)
            for renderer in renderers(browser._session.pid or 0):
                os.kill(renderer, signal.SIGKILL)

    result = follow(
        {"kind": "click", "target": "Count"}, {"kind": "done"}, options=RunOptions(approve="never"), listen=listen
    )
    assert (result.status, len(thoughts)) == ("broken", MAX_RESTARTS + 1)
    assert "crashed" in result.reason


def test_downloads_remain_in_the_run_folder_and_are_reported(follow: Follow, site: Site) -> None:
    site.pages["/"] = "<a href=/report.csv download>Report</a>"
    site.pages["/report.csv"] = "a,b"
    received: list[AnyEvent] = []
    result = follow(
        {"kind": "reload"},
        {"kind": "click", "target": "Report"},
        {"kind": "wait", "seconds": 1},  # on a busy machine it begins when the page has come to rest already
        {"kind": "done"},
        options=RunOptions(approve="never"),
        listen=received.append,
    )
    assert result.status == "succeeded", result.reason
    stored = result.folder / "downloads" / "report.csv"
    assert stored.read_text(encoding="utf-8").endswith("a,b")
    reported = [event.result for event in received if isinstance(event, Performed) and event.step in (2, 3)]
    assert str(stored) in " ".join(reported)
