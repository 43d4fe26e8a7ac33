"""Converts a Midscene YAML file to scenarios: all `tasks` share one page, each of the `cases` has its own."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from handeye.scenarios.formats.midscene_steps import Unmapped, map_step
from handeye.scenarios.suite.file_types import HOOKS, OTHERS, TARGETS
from handeye.scenarios.suite.scenario import Scenario
from handeye.scenarios.suite.schema import ScenarioSpec, ScenarioStep, Suite
from handeye.scenarios.suite.yaml_source import schema_error

if TYPE_CHECKING:
    from collections.abc import Iterable

    from handeye.scenarios.suite.yaml_source import KeyPath, YamlSource

#: Ignored keys: they configure reports, caches and waits of Midscene, which handeye has in another form.
SPARED = frozenset({"agent", "name", "config"})
SPARED_OF_PAGE = frozenset(
    {"output", "unstableLogContent", "waitForNetworkIdle", "forceSameTabNavigation", "autoFollowNewPage", "bridgeMode",
     "downloadPath", "displayId", "headless"}
)  # fmt: skip
SPARED_OF_AGENT = frozenset(
    {"testId", "groupName", "groupDescription", "generateReport", "autoPrintReportMsg", "reportFileName", "cache",
     "cacheId", "replanningCycleLimit", "outputFormat"}
)  # fmt: skip
#: Midscene replaces any name between the braces, such as `${base-url}` or `${api.url}`
#: (https://midscenejs.com/automate-with-scripts-in-yaml, "Use environment variables").
ENVIRONMENT = re.compile(r"\$\{\{?\s*([^{}]+?)\s*\}?\}")


@dataclass(frozen=True)
class FlowTask:
    """One task of a flow."""

    name: str
    steps: tuple[str, ...]
    optional: bool = False
    """Whether the flow continues when it fails."""


@dataclass(frozen=True)
class Flow(Scenario):
    """Tasks that run one after the other on one page."""

    tasks: tuple[FlowTask, ...] = ()
    messages: dict[str, str] = field(default_factory=dict)
    """The flow's error message for a check, by the check's words."""


def read_flow(source: YamlSource) -> list[Scenario]:
    """The scenarios of a Midscene file. Raises UsageError, with file and line, for an unsupported feature."""
    return _Reading(source).scenarios()


class _Reading:
    def __init__(self, source: YamlSource) -> None:
        self.source, self.path = source, source.path
        self.top: dict[str, Any] = source.value
        self.messages: dict[str, str] = {}
        self.goes = False
        """Whether each case opens its page by a step, so that the file needs no address."""

    def scenarios(self) -> list[Scenario]:
        self._list("tasks" if "tasks" in self.top else "cases")
        self.goes = "cases" in self.top and _goes_first(self.top)
        suite = self._suite()
        if "tasks" in self.top:
            tasks = [self._task(number, each) for number, each in enumerate(self._list("tasks"))]
            steps = tuple(step for each in tasks for step in each.steps)
            name = ", ".join(each.name for each in tasks)
            line = self.source.lines.get(("tasks", 0), 1)
            if all(each.optional for each in tasks):  # none of them decides
                raise self.source.error(("tasks",), "every task has `continueOnError`: nothing could fail")
            return [self._case(suite, name, steps, line, tuple(tasks))]
        before = [step for hook in HOOKS[:2] for step in self._steps((hook,), self.top.get(hook) or [])]
        after = [step for hook in HOOKS[2:] for step in self._steps((hook,), self.top.get(hook) or [])]
        suite = suite.model_copy(update={"setup": _steps(before), "teardown": _steps(after)})
        found: list[Scenario] = []
        for number, each in enumerate(self._list("cases")):
            place: KeyPath = ("cases", number)
            self._known(each, place, {"name", "tags", "steps", "flow", "$"})
            key = "steps" if "steps" in each else "flow"
            steps = self._steps((*place, key), each.get(key) or [])
            name = str(each.get("name") or f"case {number + 1}")
            if name in (scenario.name for scenario in found):
                raise self.source.error((*place, "name"), f"two cases are called “{name}”")
            tags = each.get("tags") or []
            if not isinstance(tags, str) and not all(isinstance(tag, str) for tag in tags):
                raise self.source.error((*place, "tags"), "`tags` is a list of texts")
            more = {"tags": tags, **self._settings(each.get("$") or {}, (*place, "$"))}
            found.append(self._case(suite, name, steps, self.source.lines.get(place, 1), (), **more))
        return found

    def _case(
        self, suite: Suite, name: str, steps: tuple[str, ...], line: int, tasks: tuple[FlowTask, ...], **more: Any
    ) -> Scenario:
        try:
            spec = ScenarioSpec(name=name, steps=_steps(steps), unchecked=True, **more)
        except ValidationError as error:
            raise self.source.error((), str(schema_error(self.source, error)).partition(": ")[2]) from error
        return Flow(
            suite=suite,
            file=self.path,
            spec=spec.model_copy(update={"line": line}),
            name=name,
            attempt_runner="handeye.scenarios.formats.midscene_attempt:FlowAttemptRunner",
            tasks=tasks,
            messages=self.messages,
        )

    def _suite(self) -> Suite:
        for key in self.top:
            if key in OTHERS:
                raise self.source.error(
                    (key,), f"`{key}` is a device that handeye does not have; it has web pages and desktops"
                )
            if key not in (*TARGETS, *SPARED, *HOOKS, "tasks", "cases"):
                raise self.source.error((key,), f"`{key}` has no counterpart here")
        self._known(self.top.get("agent") or {}, ("agent",), set(SPARED_OF_AGENT))
        target = next((key for key in TARGETS if key in self.top), "")
        table = self.top.get(target) or {}
        self._known(
            table,
            (target,),
            {"url", "serve", "viewportWidth", "viewportHeight", "type", "cdpEndpoint", *SPARED_OF_PAGE},
        )
        if target == "computer":
            return Suite(name=self.path.stem, device="desktop")
        url = self._text(table.get("url") or "", (target, "url"))
        made: dict[str, Any] = {"name": self.path.stem, "on": url}
        if table.get("cdpEndpoint"):
            made["on"] = "cdp:" + self._text(table["cdpEndpoint"], (target, "cdpEndpoint"))
        if serve := table.get("serve"):
            made["serve"] = {"folder": self._text(serve, (target, "serve"))}
            made["on"] = "${serve}" + ("/" + url.lstrip("/") if url else "")
        elif not made["on"] and self.goes:
            made["on"] = "about:blank"
        elif not made["on"]:
            raise self.source.error(
                (target,) if target else (),
                "it has no address; give `web: {url: …}`, or a first step `gotoUrl` to each case",
            )
        made["viewport"] = f"{table.get('viewportWidth', 1440)}x{table.get('viewportHeight', 800)}"
        try:
            return Suite.model_validate(made)
        except ValidationError as error:
            wrong = "viewportWidth" if "viewportWidth" in table else "viewportHeight"
            raise self.source.error((target, wrong), f"the page's size is {made['viewport']}; give pixels") from error

    def _task(self, number: int, task: Any) -> FlowTask:
        place: KeyPath = ("tasks", number)
        self._known(task, place, {"name", "flow", "continueOnError"})
        steps = self._steps((*place, "flow"), task.get("flow") or [])
        if not steps:
            raise self.source.error(place, "the task has no steps; give it a `flow`")
        return FlowTask(str(task.get("name") or f"task {number + 1}"), steps, bool(task.get("continueOnError")))

    def _steps(self, place: KeyPath, flow: Any) -> tuple[str, ...]:
        if not isinstance(flow, list):
            raise self.source.error(place, f"`{place[-1]}` is a list of steps")
        found: list[str] = []
        for number, step in enumerate(flow):
            at = (*place, number)
            table = {step: None} if isinstance(step, str) else step
            if not isinstance(table, dict) or not table:
                raise self.source.error(at, "a step is a table with a verb: {aiTap: the Save button}")
            try:
                made = map_step(self._filled({key: each for key, each in table.items() if key != "$"}, at))
            except Unmapped as error:
                raise self.source.error((*at, error.key), str(error)) from error
            if made.words:
                found.append(made.words)
            if made.message:
                self.messages[made.words] = made.message
        return tuple(found)

    def _settings(self, table: Any, place: KeyPath) -> dict[str, Any]:
        self._known(table, place, {"timeout"})
        return {"timeout": float(table["timeout"]) / 1000} if table.get("timeout") else {}

    def _known(self, table: Any, place: KeyPath, keys: set[str]) -> None:
        if not isinstance(table, dict):
            what = {"tasks": "a task", "cases": "a case"}.get(str(place[0]), "") if len(place) == 2 else ""
            raise self.source.error(place, f"{what or f'`{place[-1]}`'} is a table")
        for key in table:
            if key not in keys:
                raise self.source.error(
                    (*place, key), f"`{key}` has no counterpart here; there are {', '.join(sorted(keys))}"
                )

    def _list(self, key: str) -> list[Any]:
        value = self.top[key]
        if not isinstance(value, list) or not value:
            raise self.source.error((key,), f"`{key}` is a list of tables, and holds at least one")
        return value

    def _filled(self, value: Any, place: KeyPath) -> Any:
        if isinstance(value, dict):
            return {key: self._filled(each, (*place, key)) for key, each in value.items()}
        if isinstance(value, list):
            return [self._filled(each, place) for each in value]
        return self._text(value, place) if isinstance(value, str) else value

    def _text(self, text: Any, place: KeyPath) -> str:
        def text_of(hit: re.Match[str]) -> str:
            if hit[1] not in os.environ:
                raise self.source.error(place, f"{hit[0]} is not set in the environment; set it")
            return os.environ[hit[1]]

        return ENVIRONMENT.sub(text_of, str(text))


def _goes_first(top: dict[str, Any]) -> bool:
    """Whether the first step of each case, or a hook before it, opens an address."""

    def goes(steps: Any) -> bool:
        first = steps[0] if isinstance(steps, list) and steps else None
        return isinstance(first, dict) and "gotoUrl" in first

    before = next((steps for hook in HOOKS[:2] if (steps := top.get(hook))), None)
    scenarios = [each for each in top["cases"] if isinstance(each, dict)] if isinstance(top["cases"], list) else []
    return goes(before) or (bool(scenarios) and all(goes(each.get("steps") or each.get("flow")) for each in scenarios))


def _steps(sentences: Iterable[str]) -> tuple[ScenarioStep, ...]:
    return tuple(ScenarioStep(step=each) for each in sentences)
