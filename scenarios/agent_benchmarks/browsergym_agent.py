"""A BrowserGym agent with handeye's policies: returns the next action as text for an observation."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PIL import Image

from handeye.agent.internal_actions import ground_targets, perform_internal
from handeye.agent.resources import open_perception_and_policy
from handeye.perception.outcome import Outcome, judge
from handeye.policies.decision import PolicyInput, StepSummary
from handeye.scenarios.agent_benchmarks.browsergym import write_action
from handeye.tools.actions import HAND_KINDS, Ask, Done, Wait, targets
from handeye.tools.device import Device, Settled, Signals
from handeye.tools.element import Element
from handeye.tools.errors import ActionRefused
from handeye.tools.geometry import Box
from handeye.tools.screenshot import Screenshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handeye.perception.engines.options import EngineOptions
    from handeye.perception.observation import Observation
    from handeye.policies.decision import Decision
    from handeye.tools.actions import Action

#: Steps in a policy's input, decisions without a device action, and answers that may not be usable.
MAX_STEPS, WITHOUT_HAND, UNUSABLE = 12, 20, 3
#: BrowserGym's roles with another name in handeye.
ROLES = {
    "StaticText": "text",
    "LabelText": "text",
    "image": "img",
    "searchBox": "searchbox",
    "MenuListPopup": "listbox",
}
#: Roles that only group other elements.
HOLDERS = frozenset({"RootWebArea", "generic", "none", "InlineTextBox", "LineBreak", "paragraph", "Section", "form"})
KINDS = frozenset(HAND_KINDS - {"window", "reload"})


class GymAgent:
    """An agent for consecutive episodes; `reset` removes the state of the last one."""

    def __init__(self, model: str = "embedded", policy: str = "auto", options: EngineOptions | None = None) -> None:
        self.perception, self.policy = open_perception_and_policy(model, policy, options)
        self.reset()

    def reset(self) -> None:
        """Begin a new episode."""
        self._steps: list[StepSummary] = []
        self._facts: dict[str, str] = {}
        self._memo: dict[str, Any] = {}
        self._before: Observation | None = None

    def get_action(self, given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Return the next action as text, with its reasoning and its policy.

        An impossible goal is reported as infeasible.
        """
        device = GivenDevice(given)
        observation = self.perception.observe(device)
        self._judge(observation, str(given.get("last_action_error") or ""))
        trouble = ""
        for _ in range(WITHOUT_HAND):
            try:
                self.policy.check(str(given["goal"]))
                decision = self._decide(str(given["goal"]), observation, trouble)
            except ActionRefused as error:
                return write_action(Done(success=False, answer=str(error))), {"think": str(error)}
            try:
                action, _ = ground_targets(decision.action, observation, self.perception)
                if action.kind in HAND_KINDS and not (isinstance(action, Wait) and action.text):
                    call = write_action(_with_bids(action, observation), scale=device.scale)
                    self._keep(decision, action, Outcome(kind="unknown"), "")
                    self._before = observation
                    return call, {"think": decision.reasoning, "by": decision.by}
            except ActionRefused as error:
                trouble = str(error)
                self._keep(decision, decision.action, Outcome(kind="no_effect", evidence=trouble), trouble)
                continue
            if isinstance(action, Done | Ask):
                return write_action(action), {"think": decision.reasoning, "by": decision.by}
            done = perform_internal(action, observation, self.perception, device, self._facts, lambda: False)
            self._facts |= done.facts
            self._keep(decision, action, done.outcome, done.text)
            observation = replace(observation, view=done.view) if done.view else observation
        return write_action(Done(success=False, answer=trouble or "it comes to no action")), {"think": trouble}

    def close(self) -> None:
        """Release the model."""
        self.perception.close()

    def _decide(self, goal: str, observation: Observation, trouble: str) -> Decision:
        for attempt in range(UNUSABLE):
            task = PolicyInput(goal, observation, tuple(self._steps), self._facts, self._memo, KINDS, trouble)
            try:
                return self.policy.choose(task, self.perception)
            except ActionRefused as error:
                if attempt == UNUSABLE - 1:
                    raise
                trouble = str(error)
        raise AssertionError

    def _judge(self, observation: Observation, error: str) -> None:
        """Return the outcome of the last action, from the current observation."""
        if self._before is None or not self._steps:
            return
        last = self._steps[-1]
        outcome = judge(last.action, self._before, observation)
        if error:
            outcome = Outcome(kind="no_effect", evidence=error)
        self._steps[-1] = last.model_copy(update={"outcome": outcome, "result": error})
        self._before = None

    def _keep(self, decision: Decision, action: Action, outcome: Outcome, result: str) -> None:
        number = self._steps[-1].number + 1 if self._steps else 1
        step = StepSummary(number=number, reasoning=decision.reasoning, action=action, outcome=outcome, result=result)
        self._steps = [*self._steps, step][-MAX_STEPS:]
        self._memo = decision.memo


class GivenDevice(Device):
    """A BrowserGym observation as a read-only device; BrowserGym performs the actions."""

    name = "an observation of BrowserGym's"
    kinds = KINDS

    def __init__(self, given: dict[str, Any]) -> None:
        self._fields = given
        self.scale = float(given.get("scale") or 1.0)
        """Pixels of the screenshot per CSS pixel; 1 in BrowserGym."""

    def capture(self) -> Screenshot:
        """Return the screenshot of the observation."""
        return Screenshot(Image.fromarray(self._fields["screenshot"]).convert("RGB"), scale=self.scale)

    def elements(self) -> list[Element]:
        """Return the elements of the accessibility tree that have a box, in its order."""
        tree, places = self._fields.get("axtree_object") or {}, self._fields.get("extra_element_properties") or {}
        return list(_elements(tree, places, self.scale))

    def signals(self) -> Signals:
        """Return address, titles and tab, as far as the observation contains them."""
        titles = tuple(str(title) for title in self._fields.get("open_pages_titles") or ())
        active = self._fields.get("active_page_index")
        tab = int(active[0]) if active is not None and len(active) else 0
        title = titles[tab] if tab < len(titles) else ""
        return Signals(url=str(self._fields.get("url") or ""), title=title, tabs=titles, tab=tab)

    def perform(self, action: Action) -> str:
        """Raise ActionRefused: the device is read-only."""
        raise ActionRefused(f"{action.kind} is done by BrowserGym; take the text of `get_action` there")

    def settle(self, cap: float = 10.0) -> Settled:  # noqa: ARG002
        """Return at once: an observation does not change."""
        return Settled(by="quiet", seconds=0)


def _with_bids(action: Action, observation: Observation) -> Action:
    """Return the action with elements that BrowserGym knows, and points for elements from OCR."""
    bids = {element.id for element in observation.elements}
    read = {name: each for name, each in targets(action).items() if each.element and each.element not in bids}
    return action.model_copy(update={name: each.model_copy(update={"element": ""}) for name, each in read.items()})


def _elements(tree: dict[str, Any], properties: dict[str, Any], scale: float) -> Iterator[Element]:
    nodes = {node.get("nodeId"): node for node in tree.get("nodes", ())}
    record = set[str]()
    for node in nodes.values():
        role, name = str(_value(node.get("role")) or ""), str(_value(node.get("name")) or "").strip()
        # A text has no bid: it is what its holder says.
        holder = nodes.get(node.get("parentId"), {}) if role == "StaticText" and "browsergym_id" not in node else node
        bid = str(holder.get("browsergym_id") or "")
        place = (properties.get(bid) or {}).get("bbox")
        if not place or bid in record or (role in HOLDERS and not name):
            continue
        record.add(bid)
        states = {each.get("name"): _value(each.get("value")) for each in node.get("properties", ())}
        left, top, width, height = (round(side * scale) for side in place)
        yield Element(
            id=bid,
            box=Box(left, top, left + width, top + height),
            role="text" if role in HOLDERS else ROLES.get(role, role),
            name=name,
            source="dom",
            value=str(_value(node.get("value")) or ""),
            enabled=not _true(states.get("disabled")),
            focused=bool(_true(states.get("focused"))),
            checked=_true(states.get("checked")),
            expanded=_true(states.get("expanded")),
            selected=_true(states.get("selected")),
            pressed=_true(states.get("pressed")),
        )


def _value(record: Any) -> Any:
    return record.get("value") if isinstance(record, dict) else None


def _true(value: Any) -> bool | None:
    return None if value is None else str(value).lower() == "true"
