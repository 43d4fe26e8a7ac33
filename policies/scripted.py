"""A policy that performs a given list of actions: for tests, and for tasks whose steps are all known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handeye.perception.usage import Usage
from handeye.policies.decision import Decision
from handeye.tools.actions import Action, Done, describe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.perception.perception import Perception
    from handeye.policies.decision import PolicyInput


class Scripted:
    """Returns its actions in order, then `done`. Its memo is the position in the list, for a resumed run."""

    name = "scripted"

    def __init__(self, actions: Sequence[Action]) -> None:
        self.actions = list(actions)
        self.usage = Usage()

    def check(self, goal: str) -> None:
        """Accept any goal: the actions are given."""

    def choose(self, task: PolicyInput, perception: Perception) -> Decision:  # noqa: ARG002
        """The next action of the list."""
        place = int(task.memo.get("place", 0))
        action = self.actions[place] if place < len(self.actions) else Done()
        return Decision(reasoning=describe(action), action=action, by=self.name, memo={"place": place + 1})
