"""Inputs that only the page in front contains: typed text, ticks and choices that a reload would lose.

A resumed run makes them again, see `resume`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handeye.agent.state import MAX_PAGE_INPUTS, PageInput, State
from handeye.tools.actions import Action, Click, Select, Type, targets

if TYPE_CHECKING:
    from handeye.perception.observation import Observation
    from handeye.tools.element import Element


@dataclass(frozen=True)
class LoadedPage:
    """A page as it was first observed; a reload contains the same again."""

    document: int
    url: str
    names: frozenset[str]
    """The names of its acting elements."""

    def contains(self, name: str) -> bool:
        """Whether an acting element of this name was there when the page had just been loaded."""
        return name in self.names


def update_loaded_page(before: LoadedPage | None, observation: Observation) -> LoadedPage:
    """The page in front as it was first observed; a new one after a load, or when its address has changed."""
    document, url = observation.signals.document, observation.signals.url
    if before and (before.document, before.url) == (document, url):
        return before
    return LoadedPage(document, url, frozenset(element.name for element in observation.elements if element.acts))


def is_page_input(action: Action, observation: Observation) -> bool:
    """Whether the action is an input that a reload of the page would lose."""
    if not observation.signals.url:
        return False
    ticks = action.kind == "click" and checked_after(action, observation) is not None
    return ticks or action.kind in ("select", "upload") or (action.kind == "type" and action.target is not None)


def checked_after(action: Action, observation: Observation) -> bool | None:
    """The state of a checkbox, switch or radio button after a click on it; None if the action is no such click."""
    if not isinstance(action, Click):
        return None
    box = next((each for each in observation.elements if each.id and each.id == action.target.element), None)
    if box is None or box.checked is None:
        return None
    return True if box.role in ("radio", "menuitemradio") else not box.checked


def target_name(action: Action, observation: Observation) -> str:
    """The name of the element that the action aims at; empty if it is not known."""
    ids = {target.element for target in targets(action).values() if target.element}
    return next((element.name for element in observation.elements if element.id in ids), "")


def update_page_inputs(state: State, document: int, made: PageInput | None) -> State:
    """The inputs of the page in front after an action; those of an earlier document are dropped."""
    present = state["page_inputs"] if document == state["document"] else []
    changes = State(document=document, page_inputs=present)
    return changes | append_page_input(changes, made) if made else changes


def append_page_input(state: State, made: PageInput) -> State:
    """The inputs of the page in front with one more."""
    return State(page_inputs=[*state["page_inputs"], made.model_dump(mode="json")][-MAX_PAGE_INPUTS:])


def remaining_inputs(inputs: list[dict[str, Any]], observation: Observation) -> list[dict[str, Any]]:
    """The inputs that the page still contains: a field that was sent or emptied needs no repetition."""
    remaining = []
    for value in inputs:
        made = PageInput.model_validate(value)
        action, under = made.action, elements_of(made, observation)
        typed = action.text if isinstance(action, Type) else None
        fields = [each for each in under if each.takes_text or each.value]
        if (under and typed is None) or any(each.secret or each.value or not typed for each in fields):
            remaining.append(value)
    return remaining


def page_shows(made: PageInput, observation: Observation) -> bool:
    """Whether the page shows an input: the text in its field, the option in its list, the tick in its box."""
    for each in elements_of(made, observation):
        match made.action:
            case Type(text=text) if each.takes_text or each.value:
                if not each.secret and " ".join(text.split()) == " ".join(each.value.split()):
                    return True
            case Select(option=option):
                if option.casefold() in each.value.casefold():
                    return True
            case Click():
                if made.checked is not None and each.checked == made.checked:
                    return True
    return False


def elements_of(made: PageInput, observation: Observation) -> list[Element]:
    """The elements that an input may have been made in: those of its target's name, else those at its point.

    The name comes first: what a page inserts, or loses when it is loaded anew, moves its fields to other points.
    """
    under = elements_under(made.action, observation)
    named = [each for each in observation.elements if made.target_name and each.name == made.target_name]
    return [each for each in named if each in under] or named or under


def find_input(made: PageInput, observation: Observation) -> Element | None:
    """The element in which an input can be made again; None if the page has none there, or several to choose from."""
    fitting = [
        each
        for each in elements_of(made, observation)
        if (not made.target_name or each.name == made.target_name)
        and (made.action.kind != "type" or each.takes_text or each.role == "slider")
        and (made.checked is None or each.checked is not None)
        and (made.action.kind not in ("select", "upload") or each.acts)
    ]
    return fitting[0] if len(fitting) == 1 else None


def elements_under(action: Action, observation: Observation) -> list[Element]:
    """The elements at the points of the action's targets."""
    points = [target.point for target in targets(action).values() if target.point]
    return [element for element in observation.elements if any(element.box.holds(point) for point in points)]
