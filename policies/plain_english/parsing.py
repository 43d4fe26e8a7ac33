"""From a goal to its clauses: it is cut where a step begins, so that all pieces together are read best."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import handeye.policies.plain_english.clauses as c
from handeye.perception.phrases.quoting import mask, unquote
from handeye.perception.phrases.wording import normal
from handeye.policies.plain_english.frames import FAMILIES
from handeye.policies.plain_english.grammar import ClauseReading, read, words_of
from handeye.policies.plain_english.keys import parse_keys
from handeye.policies.plain_english.lexicon import CONDITIONS, EMPTY_PIECES, OTHERWISE, PARTICLES, SEQUENCE
from handeye.tools.errors import ActionRefused, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator


#: A goal of more clauses than this is a mistake.
MOST = 500
#: The cost of one more clause: what a list, or an “and” in a name, must be cheaper than.
_CLAUSE = 0.3
#: Readings that differ by less are equally good.
_EQUAL = 0.012
_ARTICLES = re.compile(r"\b(?:the|an?) ", re.IGNORECASE)
_MARKS = re.compile(r"[.!?]+$")
_BULLET = re.compile(r"(?:[-*+•–▪◦‣]|\(?\d{1,3}[.)]|\d{1,3}|\(?[a-h]\)|\[x?\]|#+)$")
_SURE = (
    c.ClickOn,
    c.Write,
    c.PressKeys,
    c.Tick,
    c.Choose,
    c.Visit,
    c.Go,
    c.UseTab,
    c.ScrollBy,
    c.Pause,
    c.Await,
    c.SearchFor,
    c.LogIn,
    c.Hover,
    c.DragOnto,
    c.Give,
    c.Empty,
    c.ReadOff,
    c.Keep,
    c.UseTool,
)
_PRONOUN = re.compile(r"^(?:(?:on\s+)?(?:it|this|that|them))$", re.IGNORECASE)
_PLACES = frozenset({"in", "inside", "within", "under", "for", "on"})


@dataclass(frozen=True)
class _Piece:
    start: int
    end: int
    cut: str
    """What is before it: hard, then, comma or and."""


@dataclass(frozen=True)
class _Step:
    """Pieces that are read together."""

    first: int
    last: int
    cost: float
    clauses: tuple[c.Clause, ...]
    reading: ClauseReading | None = None


def parse(goal: str) -> list[c.Clause]:
    """The clauses of a goal, in order.

    Raises UsageError when the goal is empty, and ActionRefused, naming the clause, when one cannot be carried out.
    """
    if not goal.strip():
        raise UsageError("the goal is empty; say what to do, such as 'click \"Save\"'")
    return _Goal(goal).clauses()


def parse_statement(text: str) -> c.Statement | None:
    """The statement that a text makes; None if it makes none that a screen can decide."""
    masked = mask(text.strip(" ,.!?:"))
    words = words_of(masked)
    found = words.slot("statement", 0, words.size) if words.size else None
    return found[1] if found else None


class _Goal:
    """One goal, its words, and its pieces."""

    def __init__(self, goal: str) -> None:
        self.masked = mask(goal)
        self.words = words_of(self.masked)
        self.pieces = list(self._pieces())
        self._read: dict[tuple[int, int], list[ClauseReading]] = {}

    def clauses(self) -> list[c.Clause]:
        found: list[c.Clause] = []
        at = 0
        if sum(piece.cut in ("hard", "then") for piece in self.pieces) > MOST:
            raise UsageError(f"the goal has more than {MOST} steps; cut it into several runs")
        while at < len(self.pieces):
            at = self._next(at, found)
            if len(found) > MOST:
                raise UsageError(f"the goal has more than {MOST} steps; cut it into several runs")
        if not found:
            raise _refused(self.masked.restore(self.masked.text).strip())
        return _checked(_copied(found))

    # pieces

    def _pieces(self) -> Iterator[_Piece]:
        """The goal, cut at line ends, marks, commas and “and”."""
        words, start, cut, at = self.words, 0, "hard", 0
        while at <= words.size:
            length, kind = self._cut(at) if at < words.size else (0, "hard")
            if kind:
                if piece := self._piece(start, at, cut):
                    yield piece
                    cut = kind
                elif kind in ("hard", "then") or cut not in ("hard", "then"):
                    cut = kind
                start = at + length
                at = max(start, at + 1)
            else:
                at += 1

    def _cut(self, at: int) -> tuple[int, str]:
        """How many words a cut at this position takes, and its kind."""
        words = self.words
        low = words.low[at]
        gap = self.masked.text[words.spans[at - 1][1] : words.spans[at][0]] if at else ""
        if "\n" in gap and self._then(at) == 0:
            return 0, "hard"
        if low == ";" or low in ("—", "–"):
            return 1, "hard"
        if words.marks(at) and low[:1] in ".!?" and words.low[at + 1 : at + 2] not in (["into"], ["as"]):
            return 1, "hard"
        if length := self._then(at):
            return length, "then"
        if low == ",":
            return (2 if words.low[at + 1 : at + 2] in (["and"], ["but"]) else 1), "comma"
        return (1, "and") if low in ("and", "but", "&") else (0, "")

    def _then(self, at: int) -> int:
        """How many words say that a new step begins: “, and then”."""
        low, begin = self.words.low, at
        while at < self.words.size and low[at] in (",", "and", "but"):
            at += 1
        for words in SEQUENCE:
            pieces = words.split()
            if low[at : at + len(pieces)] == pieces and at + len(pieces) < self.words.size:
                at += len(pieces)
                return at - begin + (at < self.words.size and low[at] == ",")
        return 0

    def _piece(self, start: int, end: int, cut: str) -> _Piece | None:
        words = self.words
        while start < end and (words.low[start] in (",", ":") or words.marks(start)):
            start += 1
        while start + 1 < end and (
            _BULLET.match(words.text[start])
            and not words.masked.parts.get(words.text[start])
            and (cut == "hard" or start)
        ):
            if words.text[start].isdigit() and words.low[start + 1] not in (":", ".", ")"):
                break
            start += 1
            while start < end and words.low[start] in (":", ".", ")", "-"):
                start += 1
        if (
            words.low[start : start + 1] == ["step"]
            and start + 1 < end
            and words.low[start + 1].rstrip(".:)-").isdigit()
        ):
            start += 2
            while start < end and words.low[start] in (":", ".", ")", "-", ","):
                start += 1
        while end > start and (words.low[end - 1] in (",", ":") or words.marks(end - 1)):
            end -= 1
        if start >= end:
            return None
        said = " ".join(words.low[start:end])
        several = start > 0 or end < words.size
        if several and (
            said in EMPTY_PIECES or said.isdigit() or words.low[start] == "scenario" or _FOLLOWING.fullmatch(said)
        ):
            return None
        return _Piece(start, end, cut)

    # readings

    def _readings(self, start: int, end: int) -> list[ClauseReading]:
        key = start, end
        if key not in self._read:
            self._read[key] = read(self.words, start, end)
        return self._read[key]

    def _next(self, at: int, found: list[c.Clause]) -> int:
        """Parse what begins at this piece, append it, and return the piece after it."""
        piece = self.pieces[at]
        rest = self._after(piece, OTHERWISE)
        if rest and found and isinstance(found[-1], c.When):
            others: list[c.Clause] = []
            self.pieces[at] = replace(piece, start=rest)
            after = self._consequence(at, others)
            found[-1] = replace(found[-1], otherwise=tuple(others))
            return after
        if (behind := self._condition(at, found)) is not None:
            return behind
        stop = next((each for each in range(at + 1, len(self.pieces)) if self._conditional(each)), len(self.pieces))
        steps = self._best(at, stop)
        if steps is None:
            raise _refused(self._culprit(at, stop))
        for step in steps:
            self._append(step, found)
        return stop

    def _after(self, piece: _Piece, beginnings: tuple[str, ...]) -> int:
        """The position after one of these beginnings of a piece; 0 where it has none."""
        for text in beginnings:
            pieces = text.split()
            if self.words.low[piece.start : piece.start + len(pieces)] == pieces:
                at = piece.start + len(pieces)
                while at < piece.end and self.words.low[at] == ",":
                    at += 1
                if at < piece.end:
                    return at
        return 0

    def _conditional(self, at: int) -> bool:
        piece = self.pieces[at]
        if self._after(piece, OTHERWISE):
            return True
        found = self._begins_condition(piece)
        return bool(found) and self._statement_first(at, found[1]) is not None if found else False

    def _begins_condition(self, piece: _Piece) -> tuple[str, int] | None:
        for said, kind in CONDITIONS.items():
            for lead in ("", "then ", "and "):
                if (at := self._after(piece, (lead + said,))) and not (
                    kind == "if" and self._readings(piece.start, piece.end)
                ):
                    return kind, at
        return None

    def _statement_first(self, at: int, start: int) -> tuple[c.Statement, int, int] | None:
        """A statement from `start`, the position after it, and the piece that this is in.

        The statement may end within a piece, where a clause follows without a comma.
        """
        for last in range(at, min(at + 3, len(self.pieces))):
            if last > at and self.pieces[last].cut in ("hard", "then"):
                break
            end = self.pieces[last].end
            for stop in range(start + 1, end):
                clause_at = stop + (self.words.low[stop] == "then")
                if clause_at >= end or self.words.low[clause_at] in ("is", "are", "and", "or"):
                    continue
                made = self.words.slot("statement", start, stop)
                if (
                    made
                    and not made[1].bare
                    and (rest := self._readings(clause_at, end))
                    and not isinstance(rest[0].clauses[0], c.Verify | c.Operate)
                ):
                    return made[1], clause_at, last
            stop = end - (self.words.low[end - 1] == "then")
            if made := self.words.slot("statement", start, stop):
                return made[1], end, last
        return None

    def _condition(self, at: int, found: list[c.Clause]) -> int | None:
        piece = self.pieces[at]
        begun = self._begins_condition(piece)
        if not begun:
            return None
        kind, start = begun
        split = self._statement_first(at, start)
        if split is None:
            if kind == "wait" or self._readings(piece.start, piece.end):
                return None
            raise _refused(self.words.source(piece.start, piece.end))
        statement, rest, last = split
        if kind == "wait":
            waits = self._dress((c.Await(statement=statement),), piece.start, self.pieces[last].end, found)
            found += waits
            if rest < self.pieces[last].end:
                self.pieces[last] = replace(self.pieces[last], start=rest, cut="comma")
                return last
            return last + 1
        if kind == "unless":
            statement = replace(statement, negated=not statement.negated)
        then: list[c.Clause] = [*found, c.Verify(statement=statement)]
        skip = len(then)
        after = last + 1
        if rest < self.pieces[last].end:
            self.pieces[last] = replace(self.pieces[last], start=rest, cut="comma")
            after = last
        if after >= len(self.pieces):
            raise _refused(self.words.source(piece.start, piece.end))
        after = self._consequence(after, then)
        made = then[skip:]
        if not made:
            raise _refused(self.words.source(piece.start, piece.end))
        found += self._dress(
            (c.When(statement=statement, then=tuple(made)),), piece.start, self.pieces[last].end, found
        )
        return after

    def _consequence(self, at: int, found: list[c.Clause]) -> int:
        """One step, and those that follow it after “and”."""
        stop = next(
            (
                each
                for each in range(at + 1, len(self.pieces))
                if self._conditional(each) or self.pieces[each].cut in ("hard", "then")
            ),
            len(self.pieces),
        )
        steps = self._best(at, stop)
        if steps is None:
            raise _refused(self._culprit(at, stop))
        for place, step in enumerate(steps):
            if place and self.pieces[step.first].cut != "and":
                return step.first
            self._append(step, found)
        return stop

    # the best way to cut

    def _best(self, begin: int, stop: int) -> list[_Step] | None:
        """The steps of the pieces from `begin` to `stop` that cost least together."""
        best: dict[int, tuple[float, list[_Step]]] = {begin: (0.0, [])}
        for at in range(begin, stop):
            if at not in best:
                continue
            cost, before = best[at]
            for step in self._steps(at, stop, before):
                total = cost + step.cost + _CLAUSE
                if step.last not in best or total < best[step.last][0] - 1e-9:
                    best[step.last] = total, [*before, step]
        return best[stop][1] if stop in best else None

    def _steps(self, at: int, stop: int, before: list[_Step]) -> Iterator[_Step]:
        piece = self.pieces[at]
        complete = False
        for last in range(at + 1, min(at + 12, stop) + 1):
            if last > at + 1 and (
                self.pieces[last - 1].cut in ("hard", "then") or (complete and self._opens(last - 1))
            ):
                break
            end = self.pieces[last - 1].end
            reading = self._one(piece.start, end)
            if (
                reading
                and _is_label(reading)
                and (
                    piece.cut in ("comma", "and")
                    or (last < len(self.pieces) and self.pieces[last].cut in ("comma", "and"))
                )
            ):
                reading = None  # a bare label is a sentence by itself
            if reading:
                complete = True
                yield _Step(at, last, reading.cost, reading.clauses, reading)
            elif last == at + 1 and (made := self._if_last(piece)):
                yield _Step(at, last, 0.1, made)
            alone = last == at + 1 or not reading
            if alone and before and (gapped := self._gapped(piece.start, end, before[-1])):
                yield _Step(at, last, gapped.cost - 0.1, gapped.clauses, gapped)
        low = self.words.low[piece.start]
        if (
            low in _PLACES
            and at + 1 < stop
            and self.pieces[at + 1].cut == "comma"
            and not self._readings(piece.start, piece.end)
        ):
            yield from self._placed(at, stop, before)

    def _one(self, start: int, end: int) -> ClauseReading | None:
        found = self._readings(start, end)
        return found[0] if found else None

    def _refuse_ties(self, step: _Step, start: int, end: int) -> None:
        """Raise ActionRefused where two readings that mean different things are equally good."""
        found = self._readings(start, end)
        first = step.reading
        if not first or not found or found[0] is not first:
            return
        for other in found[1:]:
            if other.cost - first.cost >= _EQUAL:
                break
            if _ARTICLES.sub("", repr(other.clauses)) != _ARTICLES.sub("", repr(first.clauses)):
                said = self.words.source(start, end)
                ways = " or as ".join(sorted({outline(each.clauses) for each in (first, other)}))
                raise ActionRefused(f"“{said}” can be read as {ways}; put names and texts in quotes")

    def _opens(self, at: int) -> bool:
        """Whether a piece certainly begins a step of its own."""
        piece = self.pieces[at]
        found = self._readings(piece.start, piece.end)
        if not found or not isinstance(found[0].clauses[0], _SURE) or found[0].frame in ("how_many",):
            return False
        return (
            self.words.text[found[0].start][:1].islower()
            or found[0].start > piece.start
            or self.words.low[piece.start] == "i"
        )

    def _gapped(self, start: int, end: int, before: _Step) -> ClauseReading | None:
        """“… and B from Y” after “select A from X”: the same verb with other words."""
        reading = before.reading
        if (
            reading
            and isinstance(reading.clauses[-1], c.Verify)
            and self.words.low[end - 2 : end] in (["is", "not"], ["are", "not"])
        ):
            return self._denied(reading, start, end)
        if not reading or (len(reading.fields) < 2 and not isinstance(reading.clauses[-1], c.PressKeys)):
            return None
        if not isinstance(reading.clauses[-1], c.Write | c.Choose | c.PressKeys | c.DragOnto):
            return None
        if isinstance(reading.clauses[-1], c.PressKeys) and end - start > 3:
            return None
        length = (
            2
            if self.words.low[reading.start + 1] in PARTICLES and reading.start + 2 < self.pieces[before.last - 1].end
            else 1
        )
        joined = self.words.joined((reading.start, reading.start + length), (start, end))
        found = [
            each
            for each in read(joined, 0, joined.size)
            if each.frame == reading.frame and each.fields.keys() >= reading.fields.keys() - {"by", "count"}
        ]
        if not found or (isinstance(found[0].clauses[0], c.Write) and not found[0].clauses[0].target):
            return None
        return replace(found[0], start=reading.start)

    def _denied(self, reading: ClauseReading, start: int, end: int) -> ClauseReading | None:
        """“A is ticked and B is not”."""
        last = reading.clauses[-1]
        target = self.words.slot("target", start, end - 2) if end - 2 > start else None
        if not target or not isinstance(last, c.Verify) or not last.statement.target:
            return None
        statement = last.statement
        other = replace(
            statement,
            target=target[1],
            also=(),
            parts=(),
            negated=not statement.negated,
            said=self.words.source(start, end),
        )
        return ClauseReading(target[0], reading.frame, (c.Verify(statement=other),), reading.start, reading.fields)

    def _placed(self, at: int, stop: int, before: list[_Step]) -> Iterator[_Step]:
        """`in the row with "Bob", click "Edit"`: a place before what is done there."""
        piece = self.pieces[at]
        where = self.words.slot("target", piece.start + 1, piece.end) if piece.start + 1 < piece.end else None
        if not where:
            return
        for step in self._steps(at + 1, stop, before):
            target = getattr(step.clauses[0], "target", "")
            if target and not step.clauses[0].parts:
                first = replace(step.clauses[0], target=f"{target} {self.words.low[piece.start]} {where[1]}")  # type: ignore[call-arg]
                yield _Step(at, step.last, step.cost + where[0], (first, *step.clauses[1:]))

    def _if_last(self, piece: _Piece) -> tuple[c.Clause, ...] | None:
        """`click "Later" if the page shows "Update"`."""
        for at in range(piece.start + 1, piece.end - 1):
            kind = CONDITIONS.get(self.words.low[at]) or ("if" if self.words.low[at : at + 2] == ["in", "case"] else "")
            if not kind or (self.words.low[at] in ("once", "after", "should")):
                continue
            start = at + (2 if self.words.low[at] == "in" else 1)
            stop = at - (self.words.low[at - 1] == "only")
            made = self.words.slot("statement", start, piece.end)
            if made and (reading := self._one(piece.start, stop)):
                statement = replace(made[1], negated=made[1].negated != (kind == "unless"))
                then = self._dress(reading.clauses, piece.start, piece.end, [])
                return (c.When(statement=statement, then=tuple(then)),)
        return None

    # results

    def _append(self, step: _Step, found: list[c.Clause]) -> None:
        start, end = self.pieces[step.first].start, self.pieces[step.last - 1].end
        self._refuse_ties(step, start, end)
        clauses = self._after_keys(step, found) or list(step.clauses)
        if isinstance(clauses[0], c.ClickOn) and found and isinstance(found[-1], c.HoldKey):
            clauses[0] = replace(clauses[0], modifiers=(found.pop().key,))  # type: ignore[attr-defined]
        clauses = self._with_marks(clauses, start, end)
        if step.last < len(self.pieces) and self.pieces[step.last].cut == "and":
            clauses = self._maybe_label(clauses, start, end, self.pieces[step.last])
        last = found[-1] if found else None
        if (
            isinstance(last, c.ForEach)
            and last.source.lower().startswith("for ")
            and self.pieces[step.first].cut == "and"
        ):
            more = self._dress(tuple(clauses), start, end, list(last.then))
            found[-1] = replace(last, then=(*last.then, *more))
            return
        found += self._dress(tuple(clauses), start, end, found)

    def _after_keys(self, step: _Step, found: list[c.Clause]) -> list[c.Clause] | None:
        """After "press Ctrl+A", "then Delete" is a key as well, and "delete it" is one after "select all"."""
        last = found[-1] if found else None
        if (
            not isinstance(last, c.PressKeys)
            or last.label not in ("", "Select all")
            or not isinstance(step.clauses[0], c.Operate)
        ):
            return None
        words = self.words.content(self.pieces[step.first].start, self.pieces[step.last - 1].end)
        if last.keys == "ctrl+a" and re.fullmatch(
            r"(?:delete|remove|erase)(?:\s+(?:it|them|everything))?", words, re.I
        ):
            return [c.PressKeys(keys="delete")]
        keys = parse_keys(words) if not last.label else ""
        return [c.PressKeys(keys=keys)] if keys else None

    def _with_marks(self, made: list[c.Clause], start: int, end: int) -> list[c.Clause]:
        """Gives an unquoted value that ends its step the marks back that stand right behind it.

        `!`, `?`, `;` and `:` are a part of the value; so are several periods. One period ends the sentence, except
        after a password, of which nothing is left out.
        """
        last = made[-1]
        name = "password" if isinstance(last, c.LogIn) and last.password else _VALUES.get(type(last), "")
        value = getattr(last, name, "") if name else ""
        text = self.masked.text
        after = text[self.words.spans[end - 1][1] :]
        marks = after[: len(after) - len(after.lstrip(",.!?;:"))]
        if not value or not marks or not self.words.source(start, end).endswith(value):
            return made
        if after[len(marks) :].strip():  # another step follows: what separates the two is no part of the value
            marks = marks.rstrip(",;") if marks != "." else ""
        note = ""
        if marks == ".":
            if not _secret(last):
                return made
            note = (
                "the period at the end was taken as a part of the password; put the password in quotes to leave it out"
            )
        return [*made[:-1], replace(last, note=note, **{name: value + marks})]  # type: ignore[arg-type]

    def _maybe_label(self, made: list[c.Clause], start: int, end: int, following: _Piece) -> list[c.Clause]:
        """“Save and close”: where the next step is a bare verb, both together may be one label."""
        last = made[-1]
        rest = self.words.source(following.start, following.end)
        follows = self._readings(following.start, following.end)
        quoted = any(self.words.quoted(at) for at in (*range(start, end), *range(following.start, following.end)))
        if not follows or not isinstance(follows[0].clauses[0], c.Operate) or quoted or len(rest.split()) > 2:
            return made
        if isinstance(last, c.ClickOn):
            return [*made[:-1], replace(last, joined=f"{last.target} and {rest}")]
        if isinstance(last, c.Operate) and not last.place:
            whole = " ".join(filter(None, (last.verb, last.thing)))
            return [*made[:-1], replace(last, joined=f"{whole} and {rest}")]
        return made

    def _dress(self, made: tuple[c.Clause, ...], start: int, end: int, before: list[c.Clause]) -> list[c.Clause]:
        """Clauses with their source, and with "it" replaced by what was spoken of last."""
        span = self.masked.span(self.words.spans[start][0], self.words.spans[end - 1][1])
        source = self.words.source(start, end)
        dressed: list[c.Clause] = []
        for clause in made:
            changes: dict[str, object] = {} if clause.source else {"source": source, "span": span}
            for name in ("target", "start"):
                if _PRONOUN.match(str(getattr(clause, name, ""))) and (topic := _topic([*before, *dressed])):
                    changes[name] = topic
            if isinstance(clause, c.ForEach):
                changes["then"] = tuple(replace(each, source=source, span=span) for each in clause.then)
            if isinstance(clause, c.Await | c.Verify) and _PRONOUN.match(clause.statement.target):
                topic = _topic([*before, *dressed])
                changes["statement"] = replace(clause.statement, target=topic or clause.statement.target)
            dressed.append(replace(clause, **changes))  # type: ignore[arg-type]
        return dressed

    def _culprit(self, begin: int, stop: int) -> str:
        """The words of the first pieces that nothing can be made of."""
        for at in range(begin, stop):
            steps = self._best(begin, at + 1)
            if steps is None and not any(self._best(begin, later + 1) for later in range(at + 1, min(stop, at + 4))):
                return self.words.source(self.pieces[at].start, self.pieces[at].end)
        return self.words.source(self.pieces[begin].start, self.pieces[stop - 1].end)


def _is_label(reading: ClauseReading) -> bool:
    return isinstance(reading.clauses[0], c.Operate) and not reading.clauses[0].certain


_FOLLOWING = re.compile(
    r"(?:please )?(?:do|follow|carry out|perform)? ?(?:the|these|this)? ?"
    r"(?:following|steps?|tasks?|script|instructions?)(?: (?:steps?|things|tasks?|actions))?"
)

#: Where a clause has its value.
_VALUES: dict[type[c.Clause], str] = {c.Write: "text", c.SearchFor: "text", c.LogIn: "user"}


def outline(clauses: tuple[c.Clause, ...] | list[c.Clause]) -> str:
    """What clauses are, in one line: `ClickOn(target='Save')`."""
    made = []
    for clause in clauses:
        made.append(outlined(clause))
    return "; ".join(made)


def outlined(value: object) -> str:
    """A clause, statement or value in one line, without fields that have their default."""
    from dataclasses import MISSING, fields, is_dataclass

    if is_dataclass(value) and not isinstance(value, type):
        said = []
        for each in fields(value):
            held = getattr(value, each.name)
            if each.compare and (each.default is MISSING or held != each.default):
                said.append(f"{each.name}={outlined(held)}")
        return f"{type(value).__name__}({', '.join(said)})"
    if isinstance(value, tuple) and value and is_dataclass(value[0]):
        return f"({', '.join(map(outlined, value))}{',' if len(value) == 1 else ''})"
    return repr(value)


def _secret(clause: c.Clause) -> bool:
    """Whether its value goes where every letter counts and none is shown."""
    named = isinstance(clause, c.Write) and re.search(
        r"pass|\bpin\b|secret|token|\bkey\b|kennwort", clause.target, re.I
    )
    return bool(named) or (isinstance(clause, c.LogIn) and bool(clause.password))


def _topic(before: list[c.Clause]) -> str:
    """What "it" is: the target or text of the last clause that had one."""
    for clause in reversed(before):
        if isinstance(clause, c.Await | c.Verify):
            if clause.statement.target or clause.statement.texts:
                return clause.statement.target or f'"{clause.statement.texts[0]}"'
        elif target := getattr(clause, "target", "") or getattr(clause, "until", ""):
            return str(target)
    return ""


def _copied(found: list[c.Clause]) -> list[c.Clause]:
    """“copy the total and paste it into Amount”: what is copied so is read off the screen."""
    made = list(found)
    for place, (clause, after) in enumerate(pairwise(found)):
        pasted = isinstance(after, c.Write) and after.fact and after.text.lower() in ("it", "that")
        if pasted and isinstance(clause, c.Operate) and clause.verb.lower() == "copy" and clause.thing:
            what = re.sub(r"^the\s+", "", " ".join(filter(None, (clause.thing, clause.place))), flags=re.IGNORECASE)
            made[place] = c.ReadOff(what=what, source=clause.source, span=clause.span)
    return made


_DESCRIBES = re.compile(r"^(?:the|my|your|an?|some|his|her|their)\s+(?P<what>\S.*)")


def _checked(found: list[c.Clause]) -> list[c.Clause]:
    """Refuses text that describes what to type instead of saying it, unless that was read or asked for before."""
    known: set[str] = set()
    for clause in found:
        if isinstance(clause, c.ReadOff):
            known |= {normal(unquote(clause.what)), normal(clause.name)}
        elif isinstance(clause, c.Keep):
            known.add(normal(clause.name))
        elif isinstance(clause, c.Solve | c.Compute):
            known |= {"answer", "result", "solution"}
        elif isinstance(clause, c.AskPerson):
            known |= {"answer", normal(clause.question.removeprefix("What is the ").rstrip("?"))}
        elif isinstance(clause, c.Write) and clause.fact and (hit := _DESCRIBES.match(clause.text)):
            if normal(hit["what"]) not in known:
                words = (
                    f"“{clause.source}”: “{clause.text}” is not in quotes and nothing was remembered under that name"
                )
                raise ActionRefused(f"I cannot carry out {words}; put the text to type in quotes")
        elif isinstance(clause, c.When):
            _checked([*clause.then])
    return found


def nearest_sentence(words: str) -> str:
    """The example of the grammar that is most like these words."""
    from rapidfuzz import fuzz, process

    known = [example for family in FAMILIES for example in family.examples]
    best = process.extractOne(words, known, scorer=fuzz.token_set_ratio)
    return str(best[0]) if best and best[1] >= 40 else 'click "Save"'


def _refused(words: str) -> ActionRefused:
    short = words if len(words) <= 120 else words[:117] + "…"
    return ActionRefused(
        f"I cannot carry out “{short}”: no rule says which steps that takes; the nearest sentence that I know is "
        f"“{nearest_sentence(words)}”. Say it in steps with labels and texts in quotes, or use a model with --model"
    )
