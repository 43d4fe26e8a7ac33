"""The terminal output of a run while it works: the current activity, and one or two lines per finished step."""

from __future__ import annotations

import os
import re
import time
import unicodedata
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from rich.cells import cell_len
from rich.console import Group
from rich.live import Live
from rich.padding import Padding
from rich.spinner import Spinner
from rich.text import Text

from handeye.agent.event_log import (
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
from handeye.agent.run_view import StepView, format_duration
from handeye.tools.actions import Done

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rich.console import Console, OverflowMethod, RenderableType

    from handeye.agent.event_log import AnyEvent
    from handeye.policies.decision import Candidate

#: For each way a step or a run can end: a sign, the sign in ASCII, and the colour.
SIGNS = {
    "confirmed": ("✓", "+", "green"),
    "no_effect": ("○", "o", "yellow"),
    "unexpected": ("!", "!", "red"),
    "unknown": ("·", "-", "dim"),
    "failed": ("✗", "x", "red"),
    "refused": ("⊘", "/", "yellow"),
    "waiting": ("?", "?", "cyan"),
    "answered": ("·", "-", "dim"),
    "done": ("✓", "+", "green"),
    "gave_up": ("✗", "x", "red"),
    "succeeded": ("✓", "+", "green"),
    "stuck": ("○", "o", "yellow"),
    "out_of_budget": ("○", "o", "yellow"),
    "interrupted": ("·", "-", "cyan"),
    "broken": ("✗", "x", "red"),
    "": ("·", "-", "dim"),
}
#: Longer text is cut in plain lines; on a terminal, the width cuts it.
MAX_TEXT = 400
#: The width that is used of a wider terminal, so that durations stay close to their steps.
MAX_WIDTH = 110
_ESCAPES = re.compile(
    r"\x1b\][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # an operating system command, such as a link or a title
    r"|[\x1bP\x90\x98\x9e\x9f][^\x1b\x9c]*(?:\x1b\\|\x9c)"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|\x1b[ -/]*[0-~]"
)


class LiveView:
    """Displays a run on a console while it works; `add` receives its events in order.

    Without a terminal, in CI and under NO_COLOR it prints plain lines, one per step. Text from the screen or from a
    model is printed without escape sequences and control characters, and is never read as markup.
    """

    def __init__(
        self, console: Console, *, goal: str, device: str = "", model: str = "", report: Path | None = None
    ) -> None:
        self.console = console
        self.report = report
        """Path of the report; may be set until the view is closed."""
        self._goal, self._device, self._model = goal, device, model
        self._plain = not console.is_terminal or console.is_dumb_terminal or console.no_color or bool(os.getenv("CI"))
        self._ascii = not console.encoding.lower().startswith("utf")
        self._live: Live | None = None
        self._spinner = Spinner("line" if self._ascii else "dots", style="cyan")
        self._step: StepView | None = None
        self._activity, self._activity_start = "starting", time.monotonic()
        self._model_text = ""
        self._report_printed = False

    def __enter__(self) -> Self:
        goal = self._clean(self._goal, 2000)
        place = [self._clean(part, 200) for part in (self._device, self._model) if part]
        if self._plain:
            self._print_line(f"goal: {goal}")
            self._print_line(f"on: {', '.join(place)}")
            return self
        self.console.print(Padding(Text(goal, style="bold"), (1, 2, 0, 1)))
        self.console.print(Padding(Text((", " if self._ascii else " · ").join(place), style="dim"), (0, 2, 1, 1)))
        self._start_live()
        return self

    def _start_live(self) -> None:
        """Start a new Live: a stopped one would erase the lines above it if it were started again."""
        self._live = Live(
            get_renderable=self._current_activity,
            console=self.console,
            transient=True,
            refresh_per_second=10,
            redirect_stdout=False,  # stdout is for results only
        )
        self._live.start(refresh=True)

    def __exit__(self, *_: object) -> None:
        self._finish_step()
        if self._live:
            self._live.stop()
            self._live = None
        self._print_report_path()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stop drawing, so that a prompt can use the terminal."""
        live, self._live = self._live, None
        if live:
            live.stop()
        try:
            yield
        finally:
            if live:
                self._start_live()

    def add(self, event: AnyEvent) -> None:
        """Display an event."""
        match event:
            case Started(resumed=True):
                self._print_note("resumed")
            case Observed():
                self._add_observation(event)
            case Decided():
                self._current_step(event.step).add(event)
                self._begin_activity("thinking")
            case Guarded():
                self._current_step(event.step).add(event)
                self._begin_activity("acting" if event.decision == "allow" else "waiting for you")
            case ApprovalRequested():
                self._current_step(event.step).add(event)
                if self._plain:
                    self._print_line(f"[{event.step}] asks: {self._clean(event.question)}")
                self._begin_activity("waiting for you")
            case ApprovalReceived():
                self._current_step(event.step).add(event)
                self._begin_activity("acting")
            case Performed():
                self._current_step(event.step).add(event)
                self._begin_activity("observing")
            case Noted():
                self._print_note(event.text)
            case Ended():
                self._print_end(event)

    def writing(self, text: str) -> None:
        """Add text that the model has just generated; its end is displayed while the model works."""
        self._model_text = (self._model_text + text)[-MAX_TEXT:]

    def _current_step(self, number: int) -> StepView:
        if self._step is None or self._step.number != number:
            self._finish_step()
            self._step = StepView(number, "")
        return self._step

    def _add_observation(self, event: Observed) -> None:
        if self._step and self._step.number == event.step - 1:
            self._step.outcome = event.outcome
        if self._step and (self._step.number != event.step or self._step.decision):
            self._finish_step()
        self._current_step(event.step).add(event)
        self._begin_activity("thinking")

    def _begin_activity(self, name: str) -> None:
        self._activity, self._activity_start = name, time.monotonic()
        self._model_text = ""

    def _current_activity(self) -> RenderableType:
        """The line that is drawn ten times a second, and the reasoning below it."""
        step, width = self._step, self._width
        line = Text.assemble((f" {step.number:>2}  " if step else " ", "dim"))
        line.append(self._clean(step.description, width) if step and step.decision else self._activity)
        tail = f"  {self._activity}, " if step and step.decision else "  "
        tail += format_duration(time.monotonic() - self._activity_start)
        line.truncate(max(10, width - cell_len(tail) - 3), overflow=self._overflow)
        line.append(tail, style="dim")
        self._spinner.update(text=line)
        text = self._clean(step.decision.reasoning, width) if step and step.decision else self._end_of_text(width - 8)
        if not text:
            return self._spinner
        reasoning = Text("      " + text, style="dim", no_wrap=True)
        reasoning.truncate(width - 1, overflow=self._overflow)
        return Group(self._spinner, reasoning)

    def _end_of_text(self, columns: int) -> str:
        """The end of the model's text, which has its newest words, in this number of columns."""
        text = self._clean(self._model_text, MAX_TEXT)
        while cell_len(text) > columns:
            text = text[max(1, len(text) - columns) :]
        return text

    def _finish_step(self) -> None:
        """Print the lines of the current step."""
        step, self._step = self._step, None
        if step is None or step.decision is None or isinstance(step.decision.action, Done):
            return
        description, seconds = self._clean(step.description), format_duration(sum(step.seconds.values()))
        word, evidence = step.label.word, self._clean(step.evidence or step.result)
        ranking = self._ranking(step.decision.candidates)
        if self._plain:
            outcome = f"{word}, {evidence}" if word and evidence else word or evidence
            self._print_line(f"[{step.number}] {description} ({seconds}){': ' if outcome else ''}{outcome}")
            if ranking:
                self._print_line(f"[{step.number}] {ranking}")
            return
        line = Text.assemble((f" {step.number:>3}  ", "dim"), description, no_wrap=True)
        line.truncate(self._width - len(seconds) - 3, overflow=self._overflow, pad=True)
        line.append(f" {seconds}", style="dim")
        self.console.print(line)
        if evidence and word not in ("confirmed", ""):
            evidence = f"{word}: {evidence}"
        if text := evidence or word:
            sign, style = self._sign(step.state)
            text_style = "dim" if style in ("green", "dim") else style
            self._print_cut(Text.assemble((f"      {sign} ", style), (text, text_style), no_wrap=True))
        if ranking:
            self._print_cut(Text(f"        {ranking}", style="dim", no_wrap=True))

    def _ranking(self, candidates: Sequence[Candidate]) -> str:
        """The candidates of the decision with their scores; empty if there was only one."""
        names = [f"{self._clean(each.description, 40)} {each.score:.0%}" for each in candidates if each.action]
        return f"chosen from {', '.join(names)}" if len(names) > 1 else ""

    def _print_note(self, text: str) -> None:
        if self._plain:
            self._print_line(f"note: {self._clean(text)}")
        else:
            self._print_cut(Text(f"      {self._clean(text)}", style="dim italic", no_wrap=True))

    def _print_end(self, event: Ended) -> None:
        self._finish_step()
        self._begin_activity("writing the report")
        sign, style = self._sign(event.status)
        word, calls = event.status.replace("_", " "), event.usage.calls
        totals = f"{event.steps} step{'' if event.steps == 1 else 's'}, {format_duration(event.seconds)}"
        if calls:
            tokens = event.usage.tokens_in + event.usage.tokens_out
            totals += f", {calls} model call{'' if calls == 1 else 's'}, {tokens:,} tokens"
            if event.usage.tokens_reused:
                totals += f" ({event.usage.tokens_hit:.0%} of the input reused)"
        if self._plain:
            self._print_line(f"{word} ({totals}): {self._clean(event.reason)}")
            if event.answer:
                self._print_line(f"answer: {self._clean(event.answer, 20_000)}")
            return
        head = Text.assemble(" ", (f"{sign} {word}", f"bold {style}"), "  ", (totals, "dim"))
        self.console.print(Padding(head, (1, 0, 0, 0)))
        self.console.print(Padding(Text(self._clean(event.reason, 4000)), (0, 2, 0, 3)))
        if event.answer:
            answer = Text.assemble(("answer  ", "dim"), self._clean(event.answer, 20_000))
            self.console.print(Padding(answer, (0, 2, 0, 3)))

    def _print_report_path(self) -> None:
        if self.report is None or self._report_printed:
            return
        self._report_printed = True
        if self._plain:
            self._print_line(f"report: {self.report}")
        else:
            line = Text.assemble(
                "   ", ("report  ", "dim"), (str(self.report), f"link {self.report.resolve().as_uri()}")
            )
            self.console.print(line, soft_wrap=True)  # not cut, so that it can be copied

    def _sign(self, state: str) -> tuple[str, str]:
        """The sign of a state and its colour."""
        sign, ascii_sign, style = SIGNS.get(state, SIGNS[""])
        return (ascii_sign if self._ascii else sign), style

    def _clean(self, text: str, limit: int = MAX_TEXT) -> str:
        """`clean`, in characters that the console can write."""
        text = clean(text, limit)
        return text.encode("ascii", "replace").decode() if self._ascii else text

    @property
    def _overflow(self) -> OverflowMethod:
        return "crop" if self._ascii else "ellipsis"

    @property
    def _width(self) -> int:
        return min(self.console.width, MAX_WIDTH)

    def _print_line(self, text: str) -> None:
        self.console.print(Text(text), soft_wrap=True)

    def _print_cut(self, line: Text) -> None:
        """Print a line, cut at the width of the view."""
        line.truncate(self._width - 1, overflow=self._overflow)
        self.console.print(line)


def clean(text: str, limit: int = MAX_TEXT) -> str:
    """An untrusted text on one line, without escape sequences and control characters, cut to `limit` characters."""
    text = _ESCAPES.sub("", text[: limit * 4 + 4000])
    line = " ".join("".join(_printable(character) for character in text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _printable(character: str) -> str:
    match unicodedata.category(character):
        case "Cc" | "Zl" | "Zp":
            return " "
        case "Cf":  # direction overrides and invisible characters; the joiner is part of emoji
            return character if character == "\u200d" else ""
        case "Cs" | "Co" | "Cn":
            return "\ufffd"
        case _:
            return character
