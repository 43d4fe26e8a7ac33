"""A run as it happens, in the terminal: what is being done now, and a line or two for every step that is over."""

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
from handeye.agent.run_view import Question, StepView, format_duration
from handeye.tools.actions import Done

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rich.console import Console, OverflowMethod, RenderableType

    from handeye.agent.event_log import AnyEvent
    from handeye.policies.decision import Candidate

#: How a step or a run can end: a sign, the same in ASCII, and its colour.
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
#: Text longer than this is cut in plain lines; on a terminal its width cuts it.
MOST_PLAIN = 400
#: On wider terminals the times would stand too far from their steps.
WIDEST = 110
_ESCAPES = re.compile(
    r"\x1b\][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # an operating system command, such as a link or a title
    r"|[\x1bP\x90\x98\x9e\x9f][^\x1b\x9c]*(?:\x1b\\|\x9c)"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|\x1b[ -/]*[0-~]"
)


class LiveView:
    """Shows a run on a console while it works; `add` takes its events as they come.

    Without a terminal, in CI and under NO_COLOR it prints plain lines, one per step. Texts that come from the screen or
    from a model are stripped of escape sequences and control characters, and never read as markup.
    """

    def __init__(
        self, console: Console, *, goal: str, device: str = "", model: str = "", report: Path | None = None
    ) -> None:
        self.console = console
        self.report = report
        """Where the report lies or will lie; may be set until the view is left."""
        self._goal, self._device, self._model = goal, device, model
        self._plain = not console.is_terminal or console.is_dumb_terminal or console.no_color or bool(os.getenv("CI"))
        self._ascii = not console.encoding.lower().startswith("utf")
        self._live: Live | None = None
        self._spinner = Spinner("line" if self._ascii else "dots", style="cyan")
        self._step: StepView | None = None
        self._doing, self._since = "getting ready", time.monotonic()
        self._written = ""
        self._said_where = False

    def __enter__(self) -> Self:
        goal, place = (
            self._clean(self._goal, 2000),
            [self._clean(part, 200) for part in (self._device, self._model) if part],
        )
        if self._plain:
            self._line(f"goal: {goal}")
            self._line(f"on: {', '.join(place)}")
            return self
        self._print(Padding(Text(goal, style="bold"), (1, 2, 0, 1)))
        self._print(Padding(Text((", " if self._ascii else " · ").join(place), style="dim"), (0, 2, 1, 1)))
        self._start()
        return self

    def _start(self) -> None:
        """Draw what is being done; a stopped Live would erase lines above it when started again, so it is a new one."""
        self._live = Live(
            get_renderable=self._now,
            console=self.console,
            transient=True,
            refresh_per_second=10,
            redirect_stdout=False,  # stdout holds results alone
        )
        self._live.start(refresh=True)

    def __exit__(self, *_: object) -> None:
        self._finish_step()
        if self._live:
            self._live.stop()
            self._live = None
        self._where()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the terminal to somebody else, such as a prompt."""
        drawing, self._live = self._live, None
        if drawing:
            drawing.stop()
        try:
            yield
        finally:
            if drawing:
                self._start()

    def add(self, event: AnyEvent) -> None:
        """Show what this event says."""
        match event:
            case Started(resumed=True):
                self._remark("resumed")
            case Observed():
                self._looked(event)
            case Decided():
                self._at(event.step).reasoning = event
                self._do("thinking")
            case Guarded():
                self._at(event.step).judged = event
                self._do("doing" if event.decision == "allow" else "waiting for you")
            case ApprovalRequested():
                self._at(event.step).talks.append(Question(event.question))
                if self._plain:
                    self._line(f"[{event.step}] asks: {self._clean(event.question)}")
                self._do("waiting for you")
            case ApprovalReceived():
                talks = self._at(event.step).talks
                talks[-1:] = [Question(talks[-1].question if talks else "", event.answer)]
                self._do("doing")
            case Performed():
                self._at(event.step).acted = event
                self._do("looking")
            case Noted():
                self._remark(event.text)
            case Ended():
                self._ended(event)

    def writing(self, text: str) -> None:
        """What the model has just written, of an answer that is still growing; its end is shown while it thinks."""
        self._written = (self._written + text)[-MOST_PLAIN:]

    def _at(self, number: int) -> StepView:
        if self._step is None or self._step.number != number:
            self._finish_step()
            self._step = StepView(number, "")
        return self._step

    def _looked(self, event: Observed) -> None:
        if self._step and self._step.number == event.step - 1:
            self._step.outcome = event.outcome
        if self._step and (self._step.number != event.step or self._step.reasoning):
            self._finish_step()
        self._at(event.step).look = event
        self._do("thinking")

    def _do(self, what: str) -> None:
        self._doing, self._since = what, time.monotonic()
        self._written = ""

    def _now(self) -> RenderableType:
        """What is being done at this moment, drawn ten times a second."""
        step, width = self._step, self._width
        words = Text.assemble((f" {step.number:>2}  " if step else " ", "dim"))
        words.append(self._clean(step.reasoning.description, width) if step and step.reasoning else self._doing)
        tail = f"  {self._doing}, " if step and step.reasoning else "  "
        tail += format_duration(time.monotonic() - self._since)
        words.truncate(max(10, width - cell_len(tail) - 3), overflow=self._overflow)
        words.append(tail, style="dim")
        self._spinner.update(text=words)
        said = self._clean(step.reasoning.reasoning, width) if step and step.reasoning else self._end_of(width - 8)
        if not said:
            return self._spinner
        reasoning = Text("      " + said, style="dim", no_wrap=True)
        reasoning.truncate(width - 1, overflow=self._overflow)
        return Group(self._spinner, reasoning)

    def _end_of(self, most: int) -> str:
        """The end of what is being written, in so many columns: the newest words are the ones to watch."""
        text = self._clean(self._written, MOST_PLAIN)
        while cell_len(text) > most:
            text = text[max(1, len(text) - most) :]
        return text

    def _finish_step(self) -> None:
        """The step is over: leave its line."""
        step, self._step = self._step, None
        if step is None or step.reasoning is None or isinstance(step.reasoning.action, Done):
            return
        seconds = format_duration(sum(step.seconds.values()))
        sign, style = self._sign(step.state)
        word = step.state.replace("_", " ")
        said = step.evidence or step.result
        ranking = self._ranking(step.reasoning.candidates)
        text = (
            word
            if not said
            else self._clean(said)
            if step.state in ("confirmed", "")
            else f"{word}: {self._clean(said)}"
        )
        if self._plain:
            outcome = f"{word}, {self._clean(said)}" if word and said else word or self._clean(said)
            description = self._clean(step.reasoning.description)
            self._line(f"[{step.number}] {description} ({seconds}){': ' if outcome else ''}{outcome}")
            if ranking:
                self._line(f"[{step.number}] {ranking}")
            return
        width = self._width
        line = Text.assemble((f" {step.number:>3}  ", "dim"), self._clean(step.reasoning.description), no_wrap=True)
        line.truncate(width - len(seconds) - 3, overflow=self._overflow, pad=True)
        line.append(f" {seconds}", style="dim")
        self._print(line)
        if text:
            calm = "dim" if style in ("green", "dim") else style
            outcome_line = Text.assemble((f"      {sign} ", style), (text, calm), no_wrap=True)
            outcome_line.truncate(width - 1, overflow=self._overflow)
            self._print(outcome_line)
        if ranking:
            line = Text(f"        {ranking}", style="dim", no_wrap=True)
            line.truncate(width - 1, overflow=self._overflow)
            self._print(line)

    def _ranking(self, candidates: Sequence[Candidate]) -> str:
        """What the action was chosen from, with the scores; empty where there was nothing to choose from."""
        named = [f"{self._clean(each.description, 40)} {each.score:.0%}" for each in candidates if each.action]
        return f"chosen from {', '.join(named)}" if len(named) > 1 else ""

    def _remark(self, text: str) -> None:
        if self._plain:
            self._line(f"note: {self._clean(text)}")
        else:
            line = Text(f"      {self._clean(text)}", style="dim italic", no_wrap=True)
            line.truncate(self._width - 1, overflow=self._overflow)
            self._print(line)

    def _ended(self, event: Ended) -> None:
        self._finish_step()
        self._do("writing the report")
        sign, style = self._sign(event.status)
        word, calls = event.status.replace("_", " "), event.usage.calls
        totals = f"{event.steps} step{'' if event.steps == 1 else 's'}, {format_duration(event.seconds)}"
        if calls:
            tokens = event.usage.tokens_in + event.usage.tokens_out
            totals += f", {calls} model call{'' if calls == 1 else 's'}, {tokens:,} tokens"
            if event.usage.tokens_reused:
                totals += f" ({event.usage.tokens_hit:.0%} of what it was told reused)"
        if self._plain:
            self._line(f"{word} ({totals}): {self._clean(event.reason)}")
            if event.answer:
                self._line(f"answer: {self._clean(event.answer, 20_000)}")
            return
        head = Text.assemble(" ", (f"{sign} {word}", f"bold {style}"), "  ", (totals, "dim"))
        self._print(Padding(head, (1, 0, 0, 0)))
        self._print(Padding(Text(self._clean(event.reason, 4000)), (0, 2, 0, 3)))
        if event.answer:
            self._print(Padding(Text.assemble(("answer  ", "dim"), self._clean(event.answer, 20_000)), (0, 2, 0, 3)))

    def _where(self) -> None:
        """The last line: where to read all of it."""
        if self.report is None or self._said_where:
            return
        self._said_where = True
        if self._plain:
            self._line(f"report: {self.report}")
        else:
            line = Text.assemble(
                "   ", ("report  ", "dim"), (str(self.report), f"link {self.report.resolve().as_uri()}")
            )
            self.console.print(line, soft_wrap=True)  # whole, so that it can be copied

    def _sign(self, state: str) -> tuple[str, str]:
        sign, plain, style = SIGNS.get(state, SIGNS[""])
        return (plain if self._ascii else sign), style

    def _clean(self, text: str, most: int = MOST_PLAIN) -> str:
        """`clean`, in what the console can write."""
        text = clean(text, most)
        return text.encode("ascii", "replace").decode() if self._ascii else text

    @property
    def _overflow(self) -> OverflowMethod:
        return "crop" if self._ascii else "ellipsis"

    @property
    def _width(self) -> int:
        return min(self.console.width, WIDEST)

    def _line(self, text: str) -> None:
        self.console.print(Text(text), soft_wrap=True)

    def _print(self, what: RenderableType) -> None:
        self.console.print(what)


def clean(text: str, most: int = MOST_PLAIN) -> str:
    """A text from elsewhere on one line, without anything that a terminal would obey."""
    text = _ESCAPES.sub("", text[: most * 4 + 4000])
    kept = "".join(_harmless(character) for character in text)
    words = " ".join(kept.split())
    return words if len(words) <= most else words[: most - 1] + "…"


def _harmless(character: str) -> str:
    match unicodedata.category(character):
        case "Cc" | "Zl" | "Zp":
            return " "
        case "Cf":  # direction overrides and invisible characters; the joiner holds emoji together
            return character if character == "\u200d" else ""
        case "Cs" | "Co" | "Cn":
            return "\ufffd"
        case _:
            return character
