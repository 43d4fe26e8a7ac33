"""Verbs that are themselves the labels of controls: “check out”, “delete the third row”, “add X to the cart”."""

from __future__ import annotations

from typing import TYPE_CHECKING

import handeye.policies.plain_english.clauses as c
from handeye.policies.plain_english.frames import Family

if TYPE_CHECKING:
    from handeye.policies.plain_english.frames import Made
    from handeye.policies.plain_english.slots import VerbLabel

family = Family("Verbs that are labels")


@family.frame("<label>", cost=0.12)
def operate(label: VerbLabel) -> Made:
    """Press the control that is called like the verb, at the thing that is named."""
    return c.Operate(verb=label.verb, thing=label.thing, place=label.place, certain=label.certain)


family.examples.update({
    "check out": "Operate(verb='check out')",
    "delete the third row": "Operate(verb='delete', thing='the third row')",
    "add the first result to the cart": "Operate(verb='add', thing='the first result', place='to the cart')",
})  # fmt: skip
