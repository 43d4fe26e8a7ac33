"""Checks of texts, addresses, windows, elements and tables on the screen."""

from __future__ import annotations

import re
from dataclasses import replace
from fnmatch import translate
from typing import TYPE_CHECKING

from handeye.perception.phrases.matching import nearest, shows
from handeye.perception.reading.groups import descendants
from handeye.perception.reading.structure import ITEM_ROLES
from handeye.policies.plain_english import clauses
from handeye.policies.plain_english.checks import evaluate
from handeye.policies.plain_english.parsing import parse
from handeye.scenarios.checks import tables
from handeye.scenarios.checks.kinds import (
    CellCheck,
    CountCheck,
    ElementCheck,
    StatementCheck,
    TextCheck,
    TitleCheck,
    UrlCheck,
    WindowCheck,
)
from handeye.tools.errors import ActionRefused, UsageError
from handeye.tools.text_equality import contains, loose

if TYPE_CHECKING:
    from handeye.perception.observation import Observation
    from handeye.scenarios.checks.kinds import Check
    from handeye.tools.element import Element

Found = tuple[bool | None, str]


def check_screen(check: Check, observation: Observation) -> Found:
    """Return whether the check passes on this observation, and why; None when the platform does not report it."""
    match check:
        case StatementCheck(says=says):
            return _statement(says, observation)
        case TextCheck(value=value):
            return _text(value, observation)
        case UrlCheck(value=value):
            return _url(value, observation.signals.url)
        case TitleCheck(value=value):
            title = observation.signals.title
            return contains(title, value, case=False), f"the title is “{title}”"
        case WindowCheck(value=value):
            return _window(value, observation)
        case ElementCheck():
            return _element(check, observation)
        case CountCheck():
            return _count(check, observation)
        case CellCheck():
            return tables.cell(check, observation)
    raise AssertionError(check.kind)


def parse_statement(says: str) -> clauses.Statement:
    """Return the statement of a sentence. Raises UsageError when no rule parses it."""
    try:
        read = parse(f"check that {says}")
    except (UsageError, ActionRefused) as error:
        raise UsageError(f"the check “{says}” is not understood: {error}") from error
    if len(read) != 1 or not isinstance(read[0], clauses.Verify):
        raise UsageError(
            f'the check “{says}” is not understood; say what is so, such as: the page shows "Thank you", '
            "“Save” is disabled, there are 3 rows; or use a kind of check, such as {text: …}"
        )
    return read[0].statement


def _statement(says: str, observation: Observation) -> Found:
    finding = evaluate(parse_statement(says), observation)
    return (finding.holds if finding.known else None), finding.says


def _text(value: str, observation: Observation) -> Found:
    if shows(observation, value):
        return True, f"it shows “{value}”"
    if observation.elements and observation.reader is not None and shows(replace(observation, elements=()), value):
        return True, f"the picture shows “{value}”"
    close = nearest(value, (*observation.elements, *observation.read), 3)
    return False, f"it does not show “{value}”" + (f"; nearest is {_quoted(close)}" if close else "")


def _url(value: str, url: str) -> Found:
    if not url:
        return None, "this screen has no address"
    fits = re.fullmatch(translate(value), url) is not None if "*" in value else value in url
    return fits, f"the address is {url}"


def _window(value: str, observation: Observation) -> Found:
    titles = observation.signals.tabs
    if not titles:
        return None, "this screen does not tell which windows are open"
    return any(contains(title, value, case=False) for title in titles), f"open are {_quoted(titles[:6])}"


def _element(check: ElementCheck, observation: Observation) -> Found:
    if not observation.elements:
        return None, "this screen tells no elements; check a `text` instead"
    called = [
        each for each in observation.elements if loose(each.name) == loose(check.name) and check.role in ("", each.role)
    ]
    if not called:
        close = nearest(check.name, observation.elements, 3)
        return False, f"there is none of that name{f'; nearest is {_quoted(close)}' if close else ''}"
    found = [_differences(each, check) for each in called]
    best = min(found, key=lambda each: (len(each[0]), len(each[1])))
    wrong, untold = best
    if wrong:
        return False, "it is " + ", ".join(wrong)
    return (None, f"it does not tell whether it is {', '.join(untold)}") if untold else (True, "it is")


def _differences(element: Element, check: ElementCheck) -> tuple[list[str], list[str]]:
    """Return in which states an element differs, and which it does not report."""
    wrong, untold = list[str](), list[str]()
    for name, wanted in check.states.items():
        is_so = getattr(element, name)
        if is_so is None:
            untold.append(name)
        elif is_so != wanted:
            wrong.append(f"not {name}" if wanted else name)
    if check.value is not None:
        if element.secret:
            untold.append("holding that, for it is a secret field")
        elif loose(check.value) != loose(element.value):
            wrong.append(f"holding “{element.value[:80]}”")
    return wrong, untold


def _written_in(element: Element, observation: Observation) -> str:
    """Return all text of an element; for a row or an item, with the texts inside of it."""
    inside = descendants(element, observation.elements) if element.role in ITEM_ROLES else ()
    return " ".join(part for each in (element, *inside) for part in (each.name, each.value) if part)


def _count(check: CountCheck, observation: Observation) -> Found:
    if not observation.elements:
        return None, "this screen tells no elements"
    number = sum(
        check.role in ("", each.role)
        and (not check.text or contains(_written_in(each, observation), check.text, case=False))
        for each in observation.elements
    )
    holds = (
        (check.equals is None or number == check.equals)
        and (check.least is None or number >= check.least)
        and (check.most is None or number <= check.most)
    )
    return holds, f"there {'is' if number == 1 else 'are'} {number}"


def _quoted(texts: object) -> str:
    return ", ".join(f"“{text}”" for text in texts)  # type: ignore[attr-defined]
