"""The live view, as a terminal shows it and as a log keeps it."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pyte
import pytest
from rich.cells import cell_len
from rich.console import Console

from handeye.agent.event_log import (
    AnyEvent,
    ApprovalReceived,
    ApprovalRequested,
    Decided,
    Ended,
    Guarded,
    Noted,
    Observed,
    Performed,
    Started,
)
from handeye.agent.live import LiveView, clean
from handeye.perception.outcome import Outcome
from handeye.perception.usage import Usage
from handeye.policies.decision import Candidate
from handeye.tools.actions import Action, Click, Done, Target

GOAL = "open the second result"
HOSTILE = "[red]no markup[/red] \x1b]0;owned\x07\x1b[2J\x1b[31m\x9b5A\x07a\u202eb\r\n\tc [/] \ud800"


def looked(step: int, outcome: Outcome | None = None) -> Observed:
    return Observed(step=step, screen="ab" * 32, size=(100, 80), outcome=outcome, seconds=0.1)


def reasoning(step: int, message: str, action: Action | None = None, thinking: str = "because") -> Decided:
    return Decided(
        step=step,
        reasoning=thinking,
        action=action or Click(target=Target(phrase="x")),
        description=message,
        seconds=0.2,
    )


def done_step(step: int, message: str, outcome: Outcome, result: str = "", failed: bool = False) -> list[AnyEvent]:
    return [
        looked(step),
        reasoning(step, message),
        Guarded(step=step, decision="allow"),
        Performed(step=step, result=result, failed=failed, seconds=0.3),
        looked(step + 1, None if failed else outcome),
    ]


CONFIRMED = Outcome(kind="confirmed", evidence="the address changed to /two")
ENDED = Ended(status="succeeded", reason="every clause was done", answer="42", steps=2, seconds=75.2)


class Terminal:
    """A terminal of that size, and a rich console that writes to it."""

    def __init__(self, width: int = 80, height: int = 40, encoding: str = "utf-8") -> None:
        self.screen = pyte.Screen(width, height)
        self.screen.set_mode(pyte.modes.LNM)
        self.stream = pyte.Stream(self.screen)
        self.written = ""
        file = type("File", (io.StringIO,), {"encoding": encoding})()
        self.file: io.StringIO = file
        self.console = Console(
            file=file, width=width, height=height, force_terminal=True, no_color=False, color_system="truecolor"
        )

    def lines(self) -> list[str]:
        """What stands on the screen now."""
        new = self.file.getvalue()[len(self.written) :]
        self.written += new
        self.stream.feed(new)
        return [line.rstrip() for line in self.screen.display if line.strip()]

    def show(self, events: list[AnyEvent], report: Path | None = None) -> list[str]:
        with LiveView(self.console, goal=GOAL, device="browser", model="embedded", report=report) as view:
            for event in events:
                view.add(event)
        return self.lines()


@pytest.fixture(autouse=True)
def _no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CI", "NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)


def plain(events: list[AnyEvent], report: Path | None = None, goal: str = GOAL) -> str:
    console = Console(file=io.StringIO(), width=60)
    with LiveView(console, goal=goal, device="browser", model="embedded", report=report) as view:
        for event in events:
            view.add(event)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_finished_step_leaves_its_action_its_time_and_what_it_changed() -> None:
    lines = Terminal().show(done_step(1, "click “Two”", CONFIRMED))
    assert lines[2].startswith("   1  click “Two”")
    assert lines[2].endswith("0.6 s")
    assert lines[3] == "      ✓ the address changed to /two"
    assert len(lines) == 4, "goal, device, and two lines for the step; nothing of what was drawn meanwhile"


def test_the_running_step_is_displayed_and_then_replaced() -> None:
    terminal = Terminal()
    with LiveView(terminal.console, goal=GOAL) as view:
        for event in done_step(1, "click “Two”", CONFIRMED)[:3]:
            view.add(event)
        assert view._live
        view._live.refresh()
        at_work = "\n".join(terminal.lines())
        assert re.search(r"1  click “Two”  acting, \d+ ms", at_work)
        assert "because" in at_work
    assert "because" not in "\n".join(terminal.lines())


@pytest.mark.parametrize(
    ("outcome", "failed", "result", "line"),
    [
        (Outcome(kind="no_effect", evidence="nothing changed"), False, "", "○ no effect: nothing changed"),
        (Outcome(kind="unexpected", evidence="a dialog opened"), False, "", "! unexpected: a dialog opened"),
        (Outcome(kind="unknown"), False, "", "· unknown"),
        (Outcome(kind="confirmed"), False, "", "✓ confirmed"),
        (CONFIRMED, True, "it is covered", "✗ failed: it is covered"),
    ],
)
def test_every_way_a_step_can_go_has_its_line(outcome: Outcome, failed: bool, result: str, line: str) -> None:
    assert Terminal().show(done_step(1, "click “Two”", outcome, result, failed))[3].strip() == line


def test_the_end_tells_verdict_reason_answer_and_report(tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    lines = Terminal(width=200).show([*done_step(1, "click “Two”", CONFIRMED), ENDED], report)
    assert [line.strip() for line in lines[-4:]] == [
        "✓ succeeded  2 steps, 1 min 15 s",
        "every clause was done",
        "answer  42",
        f"report  {report}",
    ]


def test_done_is_no_step_of_its_own() -> None:
    done: list[AnyEvent] = [looked(1), reasoning(1, "done: 42", Done(answer="42")), ENDED]
    assert "done: 42" not in plain(done)


def test_a_refused_step_says_why() -> None:
    refused: list[AnyEvent] = [
        looked(1),
        reasoning(1, "open evil.example"),
        Guarded(step=1, decision="deny", reason="evil.example is not allowed"),
        looked(2),
    ]
    assert "[1] open evil.example (0.3 s): refused, evil.example is not allowed" in plain(refused)


def test_questions_leave_the_terminal_to_the_prompt() -> None:
    terminal = Terminal()
    with LiveView(terminal.console, goal=GOAL) as view:
        view.add(looked(1))
        view.add(reasoning(1, "click “Buy”"))
        view.add(ApprovalRequested(step=1, question="Allow this?"))
        with view.paused():
            terminal.lines()
            before = terminal.written
            terminal.console.print("? Allow this? yes")
            terminal.lines()
            assert "\x1b[2K" not in terminal.written[len(before) :], "nothing else draws meanwhile"
        view.add(ApprovalReceived(step=1, answer="yes"))
        view.add(Performed(step=1))
    lines = terminal.lines()
    assert "? Allow this? yes" in lines
    assert any(line.startswith("   1  click “Buy”") for line in lines)


@pytest.mark.parametrize("width", [60, 61, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    long = "a very long wide text 世界 " * 30
    terminal = Terminal(width)
    events = [Noted(text=long), *done_step(1, long, Outcome(kind="unexpected", evidence=long))]
    lines = terminal.show(events)
    steps = [line for line in lines if "very long" in line]
    assert len(steps) == 3, "each on one line"
    assert all(cell_len(line.rstrip("\n")) <= width for line in steps)
    assert sum("…" in line for line in steps) == 3


def test_texts_from_the_screen_are_neither_markup_nor_escape_sequences() -> None:
    ended = Ended(status="failed", reason=HOSTILE, answer=HOSTILE, steps=1, seconds=1)
    events = [
        Noted(text=HOSTILE),
        *done_step(1, HOSTILE, Outcome(kind="unexpected", evidence=HOSTILE)),
        ApprovalRequested(step=2, question=HOSTILE),
        ended,
    ]
    log = plain(events)
    assert "[red]no markup[/red] ab c [/]" in log
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", log)
    terminal = Terminal()
    lines = terminal.show(events)
    assert terminal.screen.title == ""
    assert sum("[red]no markup[/red] ab c [/]" in line for line in lines) == 5


def test_without_a_terminal_every_step_is_one_plain_line(tmp_path: Path) -> None:
    events = [
        Started(goal=GOAL, on="x", model="embedded", policy="plain english"),
        Noted(text="using the slower path"),
        *done_step(1, "click “Two”", CONFIRMED),
        Ended(
            status="out_of_budget",
            reason="2 of 2 actions done",
            steps=1,
            seconds=3,
            usage=Usage(calls=1, tokens_in=1200, tokens_out=34),
        ),
    ]
    assert plain(events, tmp_path / "report.html").splitlines() == [
        "goal: open the second result",
        "on: browser, embedded",
        "note: using the slower path",
        "[1] click “Two” (0.6 s): confirmed, the address changed to /two",
        "out of budget (1 step, 3.0 s, 1 model call, 1,234 tokens): 2 of 2 actions done",
        f"report: {tmp_path / 'report.html'}",
    ]


@pytest.mark.parametrize("name", ["CI", "NO_COLOR"])
def test_ci_and_no_color_get_plain_lines_on_a_terminal_too(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "1")
    file = io.StringIO()
    console = Console(file=file, width=80, force_terminal=True, color_system="truecolor")
    with LiveView(console, goal=GOAL) as view:
        for event in [*done_step(1, "click “Two”", CONFIRMED), ENDED]:
            view.add(event)
    assert "\x1b" not in file.getvalue()
    assert "[1] click “Two”" in file.getvalue()


def test_a_terminal_without_unicode_gets_ascii_signs() -> None:
    terminal = Terminal(encoding="ascii")
    lines = terminal.show([*done_step(1, "click “2”", Outcome(kind="no_effect", evidence="nothing changed")), ENDED])
    assert all(line.isascii() for line in lines)


def test_a_run_broken_off_leaves_the_terminal_as_it_was() -> None:
    terminal = Terminal()
    events: list[AnyEvent] = [looked(1), reasoning(1, "click “Two”")]

    def interrupted() -> None:
        with LiveView(terminal.console, goal=GOAL) as view:
            for event in events:
                view.add(event)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    lines = terminal.lines()
    assert lines[-1].startswith("   1  click “Two”"), "the step begun is not hidden"
    assert not terminal.screen.cursor.hidden


@pytest.mark.parametrize(
    ("text", "displayed"),
    [
        ("a\x1b[1;31mb\x1b[0m", "ab"),
        ("a\x1b]8;;http://evil\x1b\\b\x1b]8;;\x1b\\", "ab"),
        ("a\x1bPq#0;2;0;0;0\x1b\\b", "ab"),
        ("a\x1b", "a"),
        ("a\x1b]0;never ended", "a0;never ended"),
        ("👩‍💻 世界 Grüße", "👩‍💻 世界 Grüße"),
        ("a\u2066b\u200bc\u2028d", "abc d"),
        ("x" * 500, "x" * 399 + "…"),
    ],
)
def test_cleaning_keeps_what_people_read(text: str, displayed: str) -> None:
    assert clean(text) == displayed


def test_model_output_is_displayed_while_it_streams_and_removed_afterwards() -> None:
    terminal = Terminal()
    with LiveView(terminal.console, goal=GOAL) as view:
        view.add(looked(1))
        for piece in ("It ", "opens \x1b[31mthe", " second", " result. " + "x" * 200, "and the end"):
            view.writing(piece)
        assert view._live
        view._live.refresh()
        at_work = terminal.lines()
        assert at_work[-1].endswith("xxand the end")
        assert cell_len(at_work[-1]) <= 80
        view.add(reasoning(1, "click “Two”"))
        view._live.refresh()
        assert "the end" not in "\n".join(terminal.lines())
        view.add(looked(2))
        view._live.refresh()
        assert "the end" not in "\n".join(terminal.lines())


def test_a_step_that_was_chosen_from_several_names_them() -> None:
    click = Click(target=Target(phrase="x"))
    candidates = (
        Candidate(action=click, description="click “Two”", votes=2, right=0.9, score=0.6),
        Candidate(action=click, description="click [red]“One”", right=0.5, score=0.1667),
        Candidate(description="the answer holds no action"),
    )
    events = done_step(1, "click “Two”", CONFIRMED)
    events[1] = reasoning(1, "click “Two”").model_copy(update={"candidates": candidates})
    line = "chosen from click “Two” 60%, click [red]“One” 17%"
    assert Terminal().show(events)[4].strip() == line
    assert f"[1] {line}" in plain(events)
    events[1] = reasoning(1, "click “Two”").model_copy(update={"candidates": candidates[:1]})
    assert "chosen" not in plain(events)
