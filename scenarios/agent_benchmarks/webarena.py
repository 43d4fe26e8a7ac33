"""Task files in WebArena's format: an intent, its start page, and the checks of answer, address and pages.

Source: arXiv 2307.13854. A file contains one JSON object, or a list of them. Names such as `__SHOPPING__` stand for
sites, whose addresses are options of the command. `string_match` supports `exact_match` and `must_include`, `url_match`
supports the rule `GOLD in PRED`, and `program_html` supports JavaScript expressions that begin with `document.`.
Scripts of a task file run in the page and nowhere else. Checks by a model (`fuzzy_match`) or by WebArena's functions
(`func:`) are not supported.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast
from urllib.parse import parse_qs, urlsplit

from pydantic import BeforeValidator, Field, model_validator

from handeye.scenarios.agent_benchmarks.benchmark_task import BenchmarkAttempt, BenchmarkTask, TaskLimits
from handeye.scenarios.agent_benchmarks.task_files import (
    Loose,
    Strict,
    Unsupported,
    read_all,
    scenario_of,
    titled,
    validated,
)
from handeye.scenarios.checks.run_check import CheckResult
from handeye.scenarios.suite.schema import Suite
from handeye.tools.actions import Navigate, Tabs
from handeye.tools.errors import ActionFailed, ActionRefused, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.agent.run_folder import RunResult as Run
    from handeye.scenarios.datasets.records import Record
    from handeye.tools.browser import Browser
    from handeye.tools.device import Device

SITE = re.compile(r"__([A-Z][A-Z_]*?)__")
#: Separators of alternative addresses, and of addresses that are opened in tabs.
OR, AND = " |OR| ", " |AND| "
#: A number, a word or a sign: the tokens among which a reference of one letter is searched.
TOKEN = re.compile(r"\w+(?:[.,]\w+)*|[^\w\s]")
WHOLE_PAGE = "() => document.documentElement.outerHTML"
#: The limit of characters of a page's text in a result.
QUOTED_CHARACTERS = 200
#: Allowed beginnings of a locator.
LOCATORS = ("document.", "[...document.")


#: A text that is not empty: every page would contain an empty one.
Words = Annotated[str, Field(min_length=1)]


class Contents(Strict):
    """The required content of a part of a page."""

    exact_match: str | None = None
    must_include: Annotated[tuple[Words, ...], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Contents:
        if (self.exact_match is None) == (self.must_include is None):
            raise ValueError("give either exact_match or must_include")
        return self


class PageCheck(Strict):
    """A part of a page that is checked after the run."""

    url: str
    """The page's address; `last` is the page on which the run ended."""
    locator: str
    """A JavaScript expression; empty for the whole page."""
    required_contents: Contents
    prep_actions: tuple[str, ...] = ()


class ReferenceAnswers(Strict):
    """The required answer."""

    exact_match: Words | None = None
    must_include: tuple[Words, ...] = ()
    fuzzy_match: str | tuple[str, ...] | None = None


class WebArenaEval(Strict):
    """The `eval` object of a task: which checks decide, and their expected values."""

    eval_types: Annotated[tuple[Literal["string_match", "url_match", "program_html"], ...], Field(min_length=1)]
    reference_answers: ReferenceAnswers | None = None
    reference_url: Annotated[str, BeforeValidator(lambda value: value or "")] = ""
    program_html: Annotated[tuple[PageCheck, ...], BeforeValidator(lambda value: value or ())] = ()
    url_note: str = "GOLD in PRED"
    string_note: str | None = None
    reference_answer_raw_annotation: Any = None


class WebArenaSpec(Loose):
    """A task as in its file."""

    task_id: int | str
    intent: str = Field(min_length=1)
    start_url: str = Field(min_length=1)
    sites: tuple[str, ...] = ()
    storage_state: str | None = None
    geolocation: Any = None
    eval: WebArenaEval


@dataclass(frozen=True, kw_only=True)
class WebArenaTask(BenchmarkTask):
    """A task of WebArena, with the addresses of its sites filled in."""

    attempt_runner: str = "handeye.scenarios.agent_benchmarks.webarena:WebArenaAttempt"
    task_spec: WebArenaSpec
    state: Path | None = None
    """Cookies and storage to begin with."""


def tasks(
    paths: Sequence[Path],
    chosen: Sequence[str],
    limits: TaskLimits,
    sites: Sequence[str] = (),
    *,
    skip_unsupported: bool = False,
) -> list[BenchmarkTask]:
    """Return the tasks of some files. `sites` are texts `NAME=URL`.

    Raises UsageError with the file and the key that is wrong.
    """
    addresses = read_sites(sites)

    def read(path: Path, record: Record) -> BenchmarkTask:
        return _task(path, record, addresses, limits)

    return read_all(paths, chosen, read, _name, skip_unsupported=skip_unsupported)


def read_sites(given: Sequence[str]) -> dict[str, str]:
    """Return addresses by site names in lower case. Raises UsageError for a text other than NAME=URL."""
    found: dict[str, str] = {}
    for each in given:
        name, equals, url = each.partition("=")
        if not (equals and name.strip() and re.match(r"https?://", url)):
            raise UsageError(f"--site {each!r} is none; write NAME=URL, such as shopping=http://127.0.0.1:7770")
        found[name.strip().lower()] = url.rstrip("/")
    return found


def _name(record: Record) -> str:
    if not isinstance(record.fields.get("task_id"), int | str):
        raise UsageError(f"{record.place}: there is no task_id among {', '.join(record.fields) or 'nothing'}; add it")
    return str(record.fields["task_id"])


def _task(path: Path, record: Record, addresses: dict[str, str], limits: TaskLimits) -> BenchmarkTask:
    spec = validated(WebArenaSpec, record)
    _check(spec, record.place)
    spec = _with_sites(spec, record.place, addresses)
    state = _state(spec, path, record.place)
    first = spec.start_url.split(AND)[0]
    name = str(spec.task_id)
    return WebArenaTask(
        suite=Suite(name=f"WebArena {path.stem}"),
        file=path,
        spec=scenario_of(spec, path, "task_id", name, spec.intent, limits, first),
        name=titled(name, spec.intent),
        group=" ".join(spec.sites) or path.stem,
        task_spec=spec,
        state=state,
    )


def _check(spec: WebArenaSpec, place: str) -> None:
    """Raise Unsupported for a check that handeye lacks, and UsageError for one without its expected value."""
    evaluation, kinds = spec.eval, spec.eval.eval_types
    if "string_match" in kinds:
        answers = evaluation.reference_answers
        if answers is None or not any(answers.model_dump().values()):
            raise UsageError(f"{place}: eval.reference_answers is missing, which string_match needs; add it")
        if answers.fuzzy_match is not None:
            raise Unsupported(
                f"{place}: eval.reference_answers.fuzzy_match needs a model as judge, which handeye does not use"
            )
    if "url_match" in kinds:
        if not evaluation.reference_url:
            raise UsageError(f"{place}: eval.reference_url is missing, which url_match needs; add it")
        if evaluation.url_note not in ("GOLD in PRED", "EXACT"):
            raise Unsupported(f"{place}: eval.url_note {evaluation.url_note!r} is neither GOLD in PRED nor EXACT")
    if "program_html" in kinds:
        if not evaluation.program_html:
            raise UsageError(f"{place}: eval.program_html is missing, which program_html needs; add it")
        for number, each in enumerate(evaluation.program_html):
            key = f"{place}: eval.program_html.{number}"
            if each.url.startswith("func:"):
                raise Unsupported(f"{key}.url {each.url[:60]!r} calls a function of WebArena's own")
            if each.locator.strip() and not each.locator.startswith(LOCATORS):
                raise Unsupported(f"{key}.locator {each.locator[:60]!r} is no expression that begins with document.")
    if spec.geolocation is not None:
        raise Unsupported(f"{place}: geolocation is set, and browsers here have none")


def _with_sites(spec: WebArenaSpec, place: str, addresses: dict[str, str]) -> WebArenaSpec:
    def fill(text: str, key: str) -> str:
        def address(hit: re.Match[str]) -> str:
            name = hit[1].lower()
            if name not in addresses:
                raise UsageError(f"{place}: {key} names the site {hit[0]}; say where it is: --site {name}=URL")
            return addresses[name]

        return SITE.sub(address, text)

    programs = tuple(
        each.model_copy(update={"url": fill(each.url, f"eval.program_html.{number}.url")})
        for number, each in enumerate(spec.eval.program_html)
    )
    changes = {"reference_url": fill(spec.eval.reference_url, "eval.reference_url"), "program_html": programs}
    start = fill(spec.start_url, "start_url")
    return spec.model_copy(update={"start_url": start, "eval": spec.eval.model_copy(update=changes)})


def _state(spec: WebArenaSpec, path: Path, place: str) -> Path | None:
    if not spec.storage_state:
        return None
    for folder in (path.parent, Path()):
        if (found := folder / spec.storage_state).is_file():
            return found
    raise UsageError(f"{place}: storage_state {spec.storage_state} is no file; log in once and save it there")


class WebArenaAttempt(BenchmarkAttempt[WebArenaTask]):
    """An attempt at a task in a separate browser."""

    def open(self) -> Browser:
        """Open the page where the task starts."""
        from handeye.tools.browser import Browser

        rules = self.settings.rules
        return Browser(
            self.place,
            headed=self.settings.options.headed,
            allow_domains=rules.allow_domains,
            deny_domains=rules.deny_domains,
            storage_state=self.task.state,
        )

    def begin(self, device: Device) -> str:
        """Open further start pages in tabs, and return the intent."""
        for url in self.task.task_spec.start_url.split(AND)[1:]:
            device.perform(Tabs(do="new"))
            device.perform(Navigate(url=url))
        device.settle()
        return self.task.task_spec.intent

    def judge(self, device: Device, run: Run) -> list[CheckResult]:
        """Return the results of the task's `eval` object."""
        evaluation = self.task.task_spec.eval
        found: list[CheckResult] = []
        if "string_match" in evaluation.eval_types and evaluation.reference_answers:
            found += check_answer(evaluation.reference_answers, _answer(run))
        if "url_match" in evaluation.eval_types:
            found.append(check_address(evaluation.reference_url.split(OR), device.signals().url, evaluation.url_note))
        if "program_html" in evaluation.eval_types:  # last, because it may leave the page
            for each in evaluation.program_html:
                found += check_contents(each, cast("Browser", device))
        return found


def _answer(run: Run) -> str:
    """Return the agent's answer; empty when the agent gave up, except for WebArena's `N/A`."""
    return run.answer if run.status == "succeeded" or run.answer.strip().upper() == "N/A" else ""


# The rules by which WebArena checks answers, addresses and pages


def check_answer(wanted: ReferenceAnswers, given: str) -> list[CheckResult]:
    """Return whether an answer equals or contains the reference answers."""
    found: list[CheckResult] = []
    seen = f"the answer is “{given[:QUOTED_CHARACTERS]}”" if given else "there is no answer"
    if wanted.exact_match is not None:
        same = clean(given) == clean(wanted.exact_match)
        found.append(_result(same, f"the answer is “{wanted.exact_match}”", seen, "answer"))
    for each in wanted.must_include:
        alone = len(wanted.must_include) == 1
        found.append(_result(includes(each, given, alone), f"the answer holds “{each}”", seen, "answer"))
    return found


def check_address(wanted: Sequence[str], url: str, rule: str) -> CheckResult:
    """Return whether an address matches one of the reference addresses.

    With the rule `EXACT` the whole address is equal. Otherwise host and path contain those of a reference, and the
    query has the references' values.
    """
    if rule == "EXACT":
        holds = url.rstrip("/") in [each.rstrip("/") for each in wanted]
    else:
        place, query = _split_address(url)
        places, queries = zip(*(_split_address(each) for each in wanted), strict=True)
        allowed: dict[str, set[str]] = {}
        for each in queries:
            for key, values in each.items():
                allowed.setdefault(key, set()).update(values)
        holds = any(each in place for each in places)
        holds = holds and all(values & set(query.get(key, ())) for key, values in allowed.items())
    return _result(holds, f"the address is {' or '.join(wanted)}", f"it is {url}", "url")


def check_contents(wanted: PageCheck, browser: Browser) -> list[CheckResult]:
    """Return whether a part of a page has the required content; opens the page unless it is the last one."""
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
        return [_result(False, f"{where} can be read", str(error), "program_html")]
    seen = f"it holds “{held[:QUOTED_CHARACTERS]}”" if wanted.locator.strip() else "it does not"
    if wanted.required_contents.exact_match is not None:
        text = wanted.required_contents.exact_match
        return [_result(clean(held) == clean(text), f"{where} is “{text}”", seen, "program_html")]
    return [
        _result(any(includes(one, held) for one in each.split(OR)), f"{where} holds “{each}”", seen, "program_html")
        for each in wanted.required_contents.must_include or ()
    ]


def clean(text: str) -> str:
    """Return a text in lower case without quotation marks around it."""
    text = text.strip()
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
    return (text[1:-1] if quoted else text).lower()


def includes(wanted: str, text: str, alone: bool = False) -> bool:
    """Return whether a text contains another one.

    With `alone`, a single letter or digit must be a word of its own.
    """
    wanted, text = clean(wanted), clean(text)
    return wanted in TOKEN.findall(text) if alone and len(wanted) == 1 else wanted in text


def _split_address(url: str) -> tuple[str, dict[str, list[str]]]:
    parts = urlsplit(url.rstrip("/"))
    return f"{parts.netloc}{parts.path}".rstrip("/"), parse_qs(parts.query)


def _result(holds: bool, expected: str, seen: str, kind: str) -> CheckResult:
    return CheckResult.of(holds, expected, "it is" if holds and kind != "url" else seen, kind)
