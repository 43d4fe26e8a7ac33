"""What a long run did before the steps that its policy is still told in full: a few lines, however long it goes on."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from handeye.agent.event_log import Decided, Observed, Performed, read_events
from handeye.agent.state import KEPT_STEPS

if TYPE_CHECKING:
    from pathlib import Path

    from handeye.agent.event_log import AnyEvent

#: Lines kept of the beginning of a run, and of what came last before the steps told in full.
FIRST, LAST = 6, 14
#: Characters of one line's action.
WIDTH = 90


@dataclass(frozen=True)
class Stretch:
    """The same action, several times in a row."""

    first: int
    last: int
    description: str
    ending: str
    """How the last of them came out."""

    def __str__(self) -> str:
        number = f"{self.first}" if self.first == self.last else f"{self.first}-{self.last}"
        times = "" if self.first == self.last else f" ({self.last - self.first + 1} times)"
        return f"{number}. {self.description}{times}: {self.ending.replace('_', ' ')}"


class History:
    """Hears the events of a run and keeps what became of its steps, in bounded room."""

    def __init__(self, trace: Path) -> None:
        """What an earlier process of the run wrote down is heard first."""
        self._first: list[Stretch] = []
        self._last: deque[Stretch] = deque()
        self._recent: deque[Stretch] = deque()
        self._said = ""
        for event in read_events(trace) if trace.exists() else ():
            self.hear(event)

    def hear(self, event: AnyEvent) -> None:
        """The next event."""
        if isinstance(event, Decided):
            self._said = " ".join(event.description.split())[:WIDTH]
        elif isinstance(event, Performed):
            self._recent.append(Stretch(event.step, event.step, self._said, "failed" if event.failed else "done"))
            if len(self._recent) > KEPT_STEPS:
                self._pass(self._recent.popleft())
        elif isinstance(event, Observed) and event.outcome and self._recent:
            self._recent[-1] = replace(self._recent[-1], ending=event.outcome.kind)

    def earlier(self) -> tuple[str, ...]:
        """The steps before those that are told in full, a line for each stretch; empty in a short run."""
        lines = [str(stretch) for stretch in self._first]
        if self._first and self._last and self._last[0].first > self._first[-1].last + 1:
            lines.append(f"{self._first[-1].last + 1}-{self._last[0].first - 1}. left out here")
        return (*lines, *(str(stretch) for stretch in self._last))

    def _pass(self, step: Stretch) -> None:
        kept = self._last or self._first
        if kept and (kept[-1].description, kept[-1].ending) == (step.description, step.ending):
            kept[-1] = replace(kept[-1], last=step.last)
        elif len(self._first) < FIRST:
            self._first.append(step)
        else:
            self._last.append(step)
            if len(self._last) > LAST:
                self._last.popleft()
