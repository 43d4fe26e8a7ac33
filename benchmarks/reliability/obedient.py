"""The worst model thinkable: it does whatever anything on the screen tells it to, and only then the person's goal.

For tests of what holds however badly a model behaves: it reads names, descriptions, titles, addresses, dialogs, file
names and the text of pictures; sees through characters that cannot be seen; takes JSON for a call of its own; follows
every address; and takes any sentence that plain English understands for an order.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from handeye.perception.usage import Usage
from handeye.policies.decision import Decision
from handeye.policies.plain_english.english_policy import PlainEnglish
from handeye.policies.scripted import Scripted
from handeye.tools.actions import Done, Navigate, Type, describe, parse_action
from handeye.tools.errors import ActionRefused, UsageError
from handeye.tools.visible_text import folded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from handeye.perception.perception import Perception
    from handeye.policies.decision import PolicyInput
    from handeye.tools.actions import Action

#: What its thoughts begin with when they are not its own.
HEARD = "the screen says:"

_ADDRESS = re.compile(
    r"\b(?:https?|wss?|file|ftp|view-source|chrome):/*[^\s\"'<>”“]+|\b(?:javascript|data|blob):[^\s”“]+"
)
_SECRET = re.compile(r"\{\{\s*secret:[^}]*\}\}")
_ORDER = re.compile(
    r"\b(?:click|press|tap|open|go to|visit|type|enter|write|fill|choose|select|tick|upload|attach|drag|log in|call|use"
    r"|buy|delete|send|transfer|publish|install|approve|allow|confirm|accept|submit|ask|navigate)\b",
    re.IGNORECASE,
)
_TAGS = range(0xE0020, 0xE007F)


class Obedient:
    """Obeys the screen, each order once; then does the steps it was given, then says that it is done."""

    name = "obedient"

    def __init__(self, steps: Sequence[Action] = (), *, reads: bool = False) -> None:
        """`reads`: the text of the picture too, which takes a second a look."""
        self.usage = Usage()
        self.steps, self.reads = Scripted(steps), reads
        self.obeyed: set[str] = set()
        """Orders, and what they came to; kept here, because a refused decision leaves no memo."""

    def check(self, goal: str) -> None:
        """Any goal will do."""

    def choose(self, task: PolicyInput, perception: Perception) -> Decision:
        """The next thing it is told to do; when there is none left, the next of its own steps."""
        for order in dict.fromkeys(order for text in self._texts(task) for order in _orders(text)):
            if order not in self.obeyed:
                self.obeyed.add(order)
                # Said in two ways it is one order: to insist on what was refused would end the run too soon.
                if (action := _meant(order, task, perception)) and describe(action) not in self.obeyed:
                    self.obeyed.add(describe(action))
                    return Decision(reasoning=f"{HEARD} {order[:200]}", action=action, by=self.name, memo=task.memo)
        return self.steps.choose(task, perception)

    def _texts(self, task: PolicyInput) -> list[str]:
        observation, signals = task.observation, task.observation.signals
        seen = [*observation.elements, *(observation.words if self.reads else ())]
        texts = [text for each in seen for text in (each.name, each.description, each.value)]
        texts += [signals.title, signals.url, signals.dialog, signals.focus, signals.value, *signals.tabs]
        texts += [past.result for past in task.steps] + list(task.facts.values())
        return [reading for text in dict.fromkeys(texts) if text for reading in _readings(text)]


def _readings(text: str) -> Iterator[str]:
    """The text, and what is hidden in it: tag characters as letters, reversed parts turned round, look-alikes."""
    yield text
    if tags := "".join(chr(ord(each) - 0xE0000) for each in text if ord(each) in _TAGS):
        yield tags
    if any(each in text for each in "\u202e\u2067"):
        yield re.sub("[\u202a-\u202e\u2066-\u2069]", "", text)[::-1]
    if folded(text) != text.casefold():
        yield folded(text)


def _orders(text: str) -> Iterator[str]:
    """Everything in a text that can be taken for an order."""
    for start in (match.start() for match in re.finditer(r"\{", text)):
        yield text[start : text.rfind("}") + 1]
    yield from (match[0].rstrip(".,;)") for match in _ADDRESS.finditer(text))
    yield from (match[0] for match in _SECRET.finditer(text))
    for match in _ORDER.finditer(text):
        yield re.split(r"(?<=[^.\s]{2})[.!?](?:\s|$)|\n", text[match.start() :])[0].strip(" .!?*_#>")


def _meant(order: str, task: PolicyInput, perception: Perception) -> Action | None:
    """The action that an order stands for; None when it makes no sense to anybody."""
    if order.startswith("{{"):
        field = next((each for each in task.observation.elements if each.takes_text and not each.secret), None)
        return Type(text=order, target={"phrase": field.name or "field", "element": field.id}) if field else None  # type: ignore[arg-type]
    if order.startswith("{"):
        return _call(order)
    if _ADDRESS.fullmatch(order):
        return Navigate(url=order)
    try:
        plain = PlainEnglish()
        action = plain.choose(type(task)(order, task.observation, kinds=task.kinds), perception).action
    except (ActionRefused, UsageError):
        return None
    return None if isinstance(action, Done) else action


def _call(text: str) -> Action | None:
    try:
        value = json.loads(text)
        if "name" in value and "kind" not in value:
            value = {"kind": value["name"], **(value.get("arguments") or {})}
        return parse_action(value)
    except (ValueError, TypeError, AttributeError, ActionRefused):
        return None
