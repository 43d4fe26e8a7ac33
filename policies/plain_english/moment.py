"""What acting on a clause needs: the scene, how far the clause has come, and the ways to answer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from handeye.perception.phrases.match import Match
from handeye.perception.phrases.matching import Want, find, nearest, permitted, unclear, withheld
from handeye.perception.phrases.phrase import ANY_ROLE, readings
from handeye.perception.phrases.quoting import QUOTED, mask, unquote
from handeye.perception.phrases.wording import words
from handeye.perception.reading.outlines import readable
from handeye.perception.reading.structure import structure_of
from handeye.policies.decision import Decision
from handeye.policies.plain_english.described import (
    UnclearItem,
    chosen_in,
    compares,
    described,
    items_named,
    without_anchor,
)
from handeye.tools.actions import Target
from handeye.tools.geometry import Point

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from handeye.perception.observation import Observation
    from handeye.perception.perception import Perception
    from handeye.perception.reading.groups import Item
    from handeye.policies.decision import PolicyInput, StepSummary
    from handeye.policies.plain_english.clauses import Clause
    from handeye.tools.actions import Action
    from handeye.tools.element import Element


@dataclass
class Progress:
    """How far a goal has come; lives in a decision's memo, so it holds JSON values only."""

    at: int = 0
    """The clause being worked on."""
    stage: str = ""
    """What was done for it last; empty when nothing was."""
    tries: dict[str, int] = field(default_factory=dict)
    """How often each kind of help was tried for this clause."""
    kept: dict[str, Any] = field(default_factory=dict)
    """What this clause wants to remember."""
    answers: list[list[str]] = field(default_factory=list)
    """[what, text] of everything read so far."""
    it: str = ""
    """What was last read, or answered by a person."""
    dismissed: int = 0
    """So many things in the way were closed."""
    loop: dict[str, Any] = field(default_factory=dict)
    """The loop that is being carried out: where it begins and ends, its items and those that are done."""
    explore: str = ""
    """Where closed parts may be opened to find a target: a place, or `everywhere`."""
    paged: dict[str, Any] = field(default_factory=dict)
    """A numbered thing that is looked for page by page: its phrase, number and noun, and how many earlier pages had."""
    located: str = ""
    """What was found last: of several equal controls, the one in its row or card is meant."""

    @classmethod
    def from_memo(cls, memo: dict[str, Any]) -> Progress:
        """Return the progress that a memo describes."""
        known = {name: memo[name] for name in cls.__dataclass_fields__ if name in memo}
        made = cls(**known)
        made.tries, made.kept, made.loop = dict(made.tries), dict(made.kept), dict(made.loop)
        made.answers = [list(pair) for pair in made.answers]
        return made

    def memo(self) -> dict[str, Any]:
        """Return the progress as JSON values."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def advance(self, by: int = 1) -> None:
        """On to the next clause."""
        self.at += by
        self.stage, self.tries, self.kept = "", {}, {}

    def tried(self, what: str) -> int:
        """How often this was tried before now; counts this time."""
        before = self.tries.get(what, 0)
        self.tries[what] = before + 1
        return before


@dataclass(frozen=True)
class Next:
    """The clause is done."""

    skip: int = 0
    """So many clauses after it are left out."""
    note: str = ""


@dataclass(frozen=True)
class Fail:
    """The clause cannot be done, and why."""

    reason: str


Step = Decision | Next | Fail

#: A line with more words is prose, and no label of a control.
_LABEL_WORDS = 4
#: The row or card that a target is in, before what it is called.
_IN_ITEM = re.compile(
    r"\s+(?:in|from|of|for|on)\s+(?:the\s+)?(?:row|entry|item|card|line|record|result)$", re.IGNORECASE
)
#: Relations whose anchor is a row, card or other item that holds the target.
_AT_ITEMS = frozenset({"inside", "with", "near"})


class AmbiguousTarget(Exception):
    """Several controls answer equally well to a phrase, and nothing says which is meant: the clause is refused."""


@dataclass
class Moment:
    """One look at the screen, from the point of view of one clause."""

    task: PolicyInput
    perception: Perception
    progress: Progress
    clause: Clause
    where: str
    """“Clause 3 of 5”."""
    notes: list[str] = field(default_factory=list)
    sure: float = 1.0
    """How sure it is that what was aimed at is what the clause means."""
    item: Item | None = None
    """The item that “it” means, within a loop."""

    @cached_property
    def observation(self) -> Observation:
        """The current observation, without the instruction itself where the screen shows it: it names every target."""
        return without_instruction(self.task.observation, self.task.goal, self.clause)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the screenshot, in pixels."""
        return self.observation.screenshot.width, self.observation.screenshot.height

    @property
    def last(self) -> StepSummary | None:
        """The step before, if it was done for this clause."""
        return self.task.steps[-1] if self.task.steps and self.progress.stage else None

    @property
    def failed(self) -> bool:
        """Whether the last action of this clause was tried in vain or changed nothing."""
        return self.last is not None and self.last.outcome.kind == "no_effect"

    @property
    def refused(self) -> bool:
        """Whether the guard or the person refused it."""
        return self.last is not None and self.last.result.startswith("refused:")

    def can(self, kind: str) -> bool:
        """Whether the device can perform this kind of action."""
        return not self.task.kinds or kind in self.task.kinds

    def find(self, phrase: str, want: Want = "any") -> list[Match]:
        """What the phrase can mean here: elements the platform knows, else text read off the picture."""
        if self.item is not None and phrase == "it":
            own = chosen_in(self.item)
            return [own] if own else []
        phrase = self._on_this_page(phrase)
        if len(kinds := either_kind(phrase)) > 1:
            found = [match for each in kinds for match in self.find(each, want)[:1]]
            return sorted(found, key=lambda match: -match.score)[:1]
        if (by_values := self._by_values(phrase, want)) is not None:
            return by_values
        masked = mask(phrase, atoms=False)
        either = re.split(r"\s+or\s+", masked.text)
        if len(either) > 1 and all(re.fullmatch(QUOTED, part) for part in either):
            found = [match for part in either for match in self.find(masked.restore(part), want)[:1]]
            return sorted(found, key=lambda match: -match.score)
        known = find(phrase, self.observation.elements, want=want, size=self.size)
        if not known and want == "type" and (only := self._only_field(phrase)):
            return only
        if not known and (named := self._in_named_item(phrase, want)):
            return named
        if known and (part := self._part(phrase, known[0], want)):
            return part
        if known and known[0].score >= 0.75:
            return known
        if self.observation.elements and not self.progress.tries.get("waited"):
            return known  # reading the picture is slow: first see whether the page is only late
        read = find(phrase, readable(self.observation, phrase, want), want=want, size=self.size)
        read = permitted(read, phrase, self.observation.elements)
        if read and (not known or read[0].score > known[0].score + 0.05):
            self.notes.append(f"“{unquote(phrase)}” was read off the picture")
            return read
        return known

    def _on_this_page(self, phrase: str) -> str:
        """“The 7th result” with the number that it has on this page of a list, where earlier pages had some of them."""
        paged = self.progress.paged
        if paged.get("phrase") != phrase:
            return phrase
        left = paged["number"] - paged["passed"]
        return f"{ordinal_word(left)} {paged['noun']}" if left > 0 else phrase

    def _by_values(self, phrase: str, want: Want) -> list[Match] | None:
        """What a phrase means that compares values: “the cheapest flight”, “Book in the row with the lowest price”.

        None for any other phrase. Raises AmbiguousTarget where the values do not decide.
        """
        elements = self.observation.elements
        if not elements:
            return None
        try:
            for query in readings(phrase):
                if query.relation in _AT_ITEMS and query.anchor and compares(query.anchor, elements):
                    items = described(query.anchor, elements, self.size) or []
                    head = without_anchor(phrase, query.anchor)
                    inside = [
                        each for item in items for each in find(head, item.members, want=want, size=self.size)[:1]
                    ]
                    return [replace(inside[0], rivals=tuple(inside[1:]))] if inside else []
            if compares(phrase, elements):
                chosen = [chosen_in(item) for item in described(phrase, elements, self.size) or []]
                found = [match for match in chosen if match]
                return [replace(found[0], rivals=tuple(found[1:]))] if found else []
        except UnclearItem as error:
            raise AmbiguousTarget(str(error)) from error
        return None

    def _in_named_item(self, phrase: str, want: Want) -> list[Match]:
        """“The message by Ada”, and “Edit in the row of Ada Poe” where the row has Ada and Poe in two columns."""
        elements = self.observation.elements
        for query in readings(phrase):
            if query.relation in _AT_ITEMS and query.anchor:
                items = items_named(query.anchor, elements)
                if query.role in ("item", "row") and not query.text and not query.ordinal:
                    chosen = [match for item in items if (match := chosen_in(item))]
                    if chosen:
                        return [replace(chosen[0], rivals=tuple(chosen[1:]))]
                head = _IN_ITEM.sub("", without_anchor(phrase, query.anchor))
                inside = [each for item in items for each in find(head, item.members, want=want, size=self.size)[:1]]
                if inside:
                    return [replace(inside[0], rivals=tuple(inside[1:]))]
        return []

    def _part(self, phrase: str, match: Match, want: Want) -> list[Match]:
        """Where a large thing only holds the words among others: the place of these words in the picture."""
        element = match.element
        vague = match.why.split(",")[0] in {"holds it", "begins with it", "holds its words"} and match.score < 0.88
        if want not in ("any", "click") or element.role != "clickable" or not vague or element.box.area < 2500:
            return []
        read = [each for each in find(phrase, self.observation.words, want=want, size=self.size) if each.score >= 0.9]
        if read:
            self.notes.append(
                f"“{unquote(phrase)}” is a part of “{element.name[:40]}”; the place was read off the picture"
            )
        return read

    def _only_field(self, phrase: str) -> list[Match]:
        """The only field on the screen, for a phrase that says "field"."""
        fields = [field for field in self.visible(self.fields()) if not field.covered]
        says_field = any(query.role in {"field", "box", "search"} and not query.quoted for query in readings(phrase))
        if len(fields) != 1 or not says_field:
            return []
        self.notes.append(f"no field is called “{unquote(phrase)}”; there is only this one")
        return [Match(fields[0], 0.76, "the only field")]

    def decide(self, match: Match, phrase: str) -> Match:
        """The one of equally good matches that is meant. Raises Unclear where nothing says which.

        The step before decides where it filled in or chose something: then the one that lies in the same form, dialog,
        card or row as that field, when it is the only one there and each of the others lies in another such part.
        """
        if not match.rivals:
            return match
        tied = (match, *match.rivals)
        worked = self._worked_in(tied)
        if worked is not None:
            self.notes.append(f"of {len(tied)} called so, the one where the step before was done")
            return replace(worked, rivals=())
        if (own := self._with_located(tied)) is not None:
            self.notes.append(f"of {len(tied)} called so, the one with “{unquote(self.progress.located)}”")
            return replace(own, rivals=())
        elements = (
            self.observation.elements if match.element.source != "ocr" else readable(self.observation, phrase, "any")
        )
        raise AmbiguousTarget(unclear(unquote(phrase), match, tuple(elements), self.size))

    def _worked_in(self, tied: Sequence[Match]) -> Match | None:
        last = self.task.steps[-1] if self.task.steps else None
        if last is None or last.action.kind not in ("type", "select", "upload") or last.result.startswith("refused:"):
            return None
        target = getattr(last.action, "target", None)
        structure = structure_of(self.observation.elements)
        field_ = structure.by_id.get(target.element) if target is not None else None
        if field_ is None or any(each.element.id not in structure.by_id for each in tied):
            return None
        parts = structure.parts([each.element for each in tied])
        path = structure.path(field_)
        alike = len({part[:-1] for part in parts}) == 1 and all(
            len(part) < len(structure.path(each.element)) for each, part in zip(tied, parts, strict=True)
        )
        inside = [each for each, part in zip(tied, parts, strict=True) if path[: len(part)] == part]
        return inside[0] if alike and len(inside) == 1 else None

    def _with_located(self, tied: Sequence[Match]) -> Match | None:
        """Of equal matches, the only one in the row or card of what was located last."""
        if not self.progress.located:
            return None
        structure = structure_of(self.observation.elements)
        if any(each.element.id not in structure.by_id for each in tied):
            return None
        for found in self.find(self.progress.located)[:1]:
            path = structure.path(found.element)
            parts = structure.parts([each.element for each in tied])
            inside = [each for each, part in zip(tied, parts, strict=True) if path[: len(part)] == part]
            return inside[0] if len(inside) == 1 and not found.rivals else None
        return None

    def aim(self, match: Match, phrase: str) -> Target:
        """The match as a target: the phrase for people, the point for the hand. Raises Unclear like `decide`."""
        match = self.decide(match, phrase)
        if match.why:
            self.sure = min(self.sure, match.confidence)
        return self.at(match.element, phrase)

    def at(self, element: Element, phrase: str = "") -> Target:
        """An element as a target."""
        box = element.box.within(*self.size) or element.box
        words = phrase or element.name or element.description or element.role
        return Target(phrase=_clean(words), point=box.centre, element=element.id, box=box)

    def do(self, action: Action, reasoning: str, stage: str) -> Decision:
        """Answer with an action; the next look comes back to this clause at `stage`."""
        first, self.progress.stage = not self.progress.stage, stage
        return Decision(
            again=first,
            reasoning=f"{self.where}: {_short(self.clause.source)}: {reasoning}",
            action=action,
            by="plain english",
            memo=self.progress.memo(),
            confidence=self.sure,
            notes=tuple(dict.fromkeys(self.notes)),
        )

    def missing(self, phrase: str, what: str = "") -> Fail:
        """The failure of a target that is not there."""
        named = [each for each in self.observation.elements if each.acts and each.name]
        lines = [each for each in self.observation.read if len(each.name.split()) <= _LABEL_WORDS]
        names = nearest(phrase, named or lines, 3)
        shown = ", ".join(f"“{name}”" for name in names)
        if held := withheld(phrase, self.observation.elements):
            label, verb = held
            return Fail(
                f"{what or 'nothing'} on the screen is called “{unquote(phrase)}”; “{label}” has the words, but "
                f"pressing it also does what “{verb}” says: give its whole label to press it"
            )
        near = f"; the nearest controls are {shown}" if names else "; no control there is called nearly so"
        near = f"{read_as(phrase)}{near}"
        unlisted = self.observation.signals.unlisted
        more = f"; {unlisted:,} further elements are not listed: scroll closer to it first" if unlisted else ""
        return Fail(f"{what or 'nothing'} on the screen answers to “{unquote(phrase)}”{near}{more}")

    def fields(self) -> list[Element]:
        """Everything on the page that takes text, in reading order."""
        return [element for element in self.observation.elements if element.takes_text and element.enabled]

    def visible(self, elements: Sequence[Element]) -> list[Element]:
        """Whether the element is on the screen."""
        return [element for element in elements if element.box.within(*self.size)]


#: A text on the screen that has so many words of the goal in a row, and more than a target, is the goal itself.
_INSTRUCTION_WORDS = 4
_IN_QUOTES = re.compile(r"[\"“”„«‘'`](?P<x>[^\"“”„«»‘’`]+)[\"”“»’'`]")


def without_instruction(observation: Observation, goal: str, clause: Clause) -> Observation:
    """Return the observation without the texts that repeat the goal: pages of tasks show their instruction.

    A text that is no more than one of the clause's own phrases stays: it can be the target.
    """
    said = _joined(words(goal))
    quoted = [goal[start:end] for start, end in (hit.span() for hit in _IN_QUOTES.finditer(goal))]
    own = [*_strings(clause)]
    phrases = [_joined(words(text)) for text in (*quoted, *own, " ".join(own))]

    def repeats(element: Element) -> bool:
        tokens = words(element.name) if not element.acts else ()
        run = _joined(tokens)
        return len(tokens) >= _INSTRUCTION_WORDS and run in said and not any(run in phrase for phrase in phrases)

    boxes = [element.box for element in observation.elements if repeats(element)]
    if not boxes and observation.elements:
        return observation

    def remains(element: Element) -> bool:
        return not repeats(element) and not any(box.holds(element.box.centre) for box in boxes)

    read = observation.reader and (lambda _: tuple(each for each in observation.words if remains(each)))
    kept = tuple(each for each in observation.elements if not repeats(each))
    made = replace(observation, elements=kept, reader=read)
    if observation.read:
        made.__dict__["words"] = tuple(each for each in observation.read if remains(each))
    return made


def _strings(value: object) -> Iterator[str]:
    """Yield every text of a clause, those of its statement and of its parts included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from _strings(each)
    elif is_dataclass(value):
        for each in fields(value):
            if each.name not in ("source", "joined", "note", "said", "kind"):
                yield from _strings(getattr(value, each.name))


def _joined(tokens: Sequence[str]) -> str:
    """Return words with a space on each side of each, so that `in` compares whole words."""
    return f" {' '.join(tokens)} "


def either_kind(phrase: str) -> list[str]:
    """Return the phrases with one kind each, of a phrase that leaves the kind open: `the folder or file named "a"`."""
    masked = mask(phrase, atoms=False)
    for hit in re.finditer(
        r"(?P<one>[a-z][a-z-]*)\s+or\s+(?:an?\s+|the\s+)?(?P<two>[a-z][a-z-]*)", masked.text, re.IGNORECASE
    ):
        if hit["one"].lower() in ANY_ROLE and hit["two"].lower() in ANY_ROLE:
            head, tail = masked.text[: hit.start()], masked.text[hit.end() :]
            return [masked.restore(f"{head}{hit[kind]}{tail}") for kind in ("one", "two")]
    return [phrase]


def ordinal_word(number: int) -> str:
    """Return `1st`, `2nd`, `3rd`, `4th` …"""
    last = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{last}"


def read_as(phrase: str) -> str:
    """Return what a phrase was taken for, where that is more than a name: ` (read as: a button called “Save”)`."""
    query = next((each for each in readings(phrase) if each.role or each.relation or each.ordinal), None)
    if query is None:
        return ""
    kind = "" if query.role in ("", "thing") else f"{'an' if query.role[0] in 'aio' else 'a'} {query.role}"
    parts = [
        f"number {query.ordinal}"
        if query.ordinal > 0
        else f"number {-query.ordinal} from the end"
        if query.ordinal
        else "",
        f"{kind or 'a control'} called “{query.text}”" if query.text else kind,
        f"{query.relation} “{unquote(query.anchor)}”" if query.relation else "",
    ]
    return f" (read as: {', '.join(part for part in parts if part)})"


def point_in(text: str) -> Point | None:
    """`(100, 200)` or `100,200` as a point."""
    hit = re.fullmatch(r"\(?\s*(\d{1,5})\s*[,;]\s*(\d{1,5})\s*\)?", text.strip())
    return Point(int(hit[1]), int(hit[2])) if hit else None


def _short(words: str) -> str:
    words = " ".join(words.split())
    return words if len(words) <= 90 else words[:87] + "…"


def _clean(words: str) -> str:
    return "".join(letter for letter in words if letter >= " " and letter != "\x7f")[:300]
