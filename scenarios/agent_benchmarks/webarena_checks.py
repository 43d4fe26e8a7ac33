"""How WebArena judges: answers, addresses and parts of pages, as its published rules say."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from handeye.scenarios.checks.run_check import CheckResult
from handeye.tools.actions import Navigate
from handeye.tools.errors import ActionFailed, ActionRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.scenarios.agent_benchmarks.webarena import PageCheck, ReferenceAnswers
    from handeye.tools.browser import Browser

#: Between texts of which one will do.
OR = " |OR| "
#: A number, a word or a sign: what one reference of a single letter is looked for among.
TOKEN = re.compile(r"\w+(?:[.,]\w+)*|[^\w\s]")
WHOLE_PAGE = "() => document.documentElement.outerHTML"
#: Characters of a page's part that a report shows.
SHOWN = 200


def answer(wanted: ReferenceAnswers, given: str) -> list[CheckResult]:
    """Whether an answer is what it should be."""
    found: list[CheckResult] = []
    seen = f"the answer is “{given[:SHOWN]}”" if given else "there is no answer"
    if wanted.exact_match is not None:
        same = clean(given) == clean(wanted.exact_match)
        found.append(_judged(same, f"the answer is “{wanted.exact_match}”", seen, "answer"))
    for each in wanted.must_include:
        alone = len(wanted.must_include) == 1
        found.append(_judged(includes(each, given, alone), f"the answer holds “{each}”", seen, "answer"))
    return found


def address(wanted: Sequence[str], url: str, rule: str) -> CheckResult:
    """Whether the address is one of those: `EXACT` the whole of it, else each holds its host and path, and what it
    says of the query."""
    if rule == "EXACT":
        holds = url.rstrip("/") in [each.rstrip("/") for each in wanted]
    else:
        place, query = _parted(url)
        places, queries = zip(*(_parted(each) for each in wanted), strict=True)
        allowed: dict[str, set[str]] = {}
        for each in queries:
            for key, values in each.items():
                allowed.setdefault(key, set()).update(values)
        holds = any(each in place for each in places)
        holds = holds and all(values & set(query.get(key, ())) for key, values in allowed.items())
    return _judged(holds, f"the address is {' or '.join(wanted)}", f"it is {url}", "url")


def contents(wanted: PageCheck, browser: Browser) -> list[CheckResult]:
    """Whether a part of a page holds what it should; opens the page unless it is the last one."""
    part = wanted.locator.strip() or "the page"
    where = part if wanted.url == "last" else f"{part} of {wanted.url}"
    try:
        if wanted.url != "last":
            browser.perform(Navigate(url=wanted.url))
            browser.settle()
        for script in wanted.prep_actions:
            browser.run_script(f"() => {script}")
        held = html.unescape(str(browser.run_script(f"() => {part}" if wanted.locator.strip() else WHOLE_PAGE)))
    except (ActionFailed, ActionRefused) as error:
        return [_judged(False, f"{where} can be read", str(error), "program_html")]
    seen = f"it holds “{held[:SHOWN]}”" if wanted.locator.strip() else "it does not"
    if wanted.required_contents.exact_match is not None:
        text = wanted.required_contents.exact_match
        return [_judged(clean(held) == clean(text), f"{where} is “{text}”", seen, "program_html")]
    return [
        _judged(any(includes(one, held) for one in each.split(OR)), f"{where} holds “{each}”", seen, "program_html")
        for each in wanted.required_contents.must_include or ()
    ]


def clean(text: str) -> str:
    """In small letters, without quotes around it."""
    text = text.strip()
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
    return (text[1:-1] if quoted else text).lower()


def includes(wanted: str, text: str, alone: bool = False) -> bool:
    """Whether a text holds another; a single letter or digit, where nothing else is wanted, as a word of its own."""
    wanted, text = clean(wanted), clean(text)
    return wanted in TOKEN.findall(text) if alone and len(wanted) == 1 else wanted in text


def _parted(url: str) -> tuple[str, dict[str, list[str]]]:
    parts = urlsplit(url.rstrip("/"))
    return f"{parts.netloc}{parts.path}".rstrip("/"), parse_qs(parts.query)


def _judged(holds: bool, expected: str, seen: str, kind: str) -> CheckResult:
    state: Any = "passed" if holds else "failed"
    return CheckResult(expected=expected, status=state, actual="it is" if holds and kind != "url" else seen, kind=kind)
