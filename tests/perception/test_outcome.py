"""An outcome is confirmed only by the effect that its kind of action has, and says what it rests on."""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image, ImageDraw

from handeye.perception.observation import Observation
from handeye.perception.outcome import judge
from handeye.tools.actions import Action, parse_action
from handeye.tools.device import Signals
from handeye.tools.element import Element
from handeye.tools.geometry import Box
from handeye.tools.screenshot import Screenshot

BUTTON = Element(id="e1", box=Box(10, 10, 90, 30), role="button", name="Buy", source="dom")
FIELD = Element(id="e2", box=Box(10, 50, 190, 70), role="textbox", name="Name", source="dom")
TICK = Element(id="e3", box=Box(10, 90, 30, 110), role="checkbox", name="News", source="dom", checked=False)
PLACE = Element(id="e4", box=Box(10, 150, 190, 170), role="combobox", name="Country", source="dom", value="France")
ALL = (BUTTON, FIELD, TICK, PLACE)


def obs(*elements: Element, drawn: tuple[int, int, int, int] | None = None, **signals: Any) -> Observation:
    image = Image.new("RGB", (200, 200), "white")
    if drawn:
        ImageDraw.Draw(image).rectangle(drawn, fill="black")
    return Observation(Screenshot(image), elements or ALL, Signals(**{"url": "http://x/", "document": 1, **signals}))


def changed(element: Element, **fields: Any) -> tuple[Element, ...]:
    return tuple(each.model_copy(update=fields) if each.id == element.id else each for each in ALL)


def act(kind: str, element: Element | None = None, **fields: Any) -> Action:
    if element:
        fields["target"] = {"phrase": element.name, "element": element.id, "point": element.box.centre}
    return parse_action({"kind": kind, **fields})


CLICK, NEW = act("click", BUTTON), Element(id="e9", box=Box(0, 0, 9, 9), role="text", name="Thanks", source="dom")
CASES: list[tuple[Action, Observation, str, str]] = [
    (CLICK, obs(), "no_effect", "nothing changed"),
    (CLICK, obs(url="http://x/cart"), "confirmed", "the address changed to http://x/cart"),
    (CLICK, obs(document=2), "confirmed", "a page was loaded"),
    (CLICK, obs(dialog="Really?"), "confirmed", "a dialog says “Really?”"),
    (CLICK, obs(tabs=("A", "B")), "confirmed", "opened"),
    (CLICK, obs(*ALL, NEW), "confirmed", "“Thanks” appeared"),
    (CLICK, obs(FIELD, TICK, PLACE), "confirmed", "“Buy” went away"),
    (CLICK, obs(focus="button Buy"), "no_effect", "button Buy has the focus; nothing else changed"),
    (CLICK, obs(drawn=(12, 12, 80, 28)), "unknown", "only “Buy” looks different"),
    (CLICK, obs(drawn=(100, 100, 180, 180)), "confirmed", "of the picture changed"),
    (act("click", TICK), obs(*changed(TICK, checked=True)), "confirmed", "“News” is ticked"),
    (act("click", FIELD), obs(*changed(FIELD, focused=True), focus="textbox Name"), "confirmed", "has the focus"),
    (act("type", FIELD, text="Ada"), obs(*changed(FIELD, value="Ada")), "confirmed", "holds “Ada”"),
    (act("type", FIELD, text="Ada"), obs(*changed(FIELD, value="Bob")), "unexpected", "holds “Bob”, not “Ada”"),
    (act("type", FIELD, text="Ada", clear=True), obs(*changed(FIELD, value="xAda")), "unexpected", "more than was"),
    (act("type", FIELD, text="Ada"), obs(), "no_effect", "still empty, not “Ada”"),
    (act("type", FIELD, text="{{secret:a}}"), obs(), "unknown", "cannot be read"),
    (act("select", PLACE, option="Italy"), obs(*changed(PLACE, value="Italy")), "confirmed", "“Country” is “Italy”"),
    (act("select", PLACE, option="Italy"), obs(*changed(PLACE, value="Spain")), "unexpected", "not “Italy”"),
    (act("navigate", url="http://y/"), obs(url="http://y/", document=2), "confirmed", "the address is http://y/"),
    (act("navigate", url="http://y/"), obs(), "no_effect", "still http://x/"),
    (act("back"), obs(), "no_effect", "still"),
    (act("reload"), obs(document=2), "confirmed", "loaded anew"),
    (act("tabs", do="new"), obs(tabs=("A", "B"), tab=1), "confirmed", "opened"),
    (act("scroll"), obs(*[each.model_copy(update={"box": Box(each.box.left, each.box.top - 40, each.box.right,
     each.box.bottom - 40)}) for each in ALL]), "confirmed", "moved by 40 pixels"),
    (act("scroll"), obs(), "no_effect", "this may be its end"),
    (act("key", keys="ctrl+s"), obs(), "unknown", "need not"),
    (act("key", keys="f9"), obs(), "no_effect", "nothing changed"),
    (act("move", BUTTON), obs(), "unknown", "the mouse was moved"),
    (act("wait"), obs(), "confirmed", "nothing changed meanwhile"),
]  # fmt: skip


@pytest.mark.parametrize(("action", "after", "kind", "evidence"), CASES, ids=range(len(CASES)))
def test_an_outcome_follows_from_the_effect_of_the_action(
    action: Action, after: Observation, kind: str, evidence: str
) -> None:
    outcome = judge(action, obs(), after)
    assert (outcome.kind, evidence in outcome.evidence) == (kind, True), outcome


def test_the_changed_region_is_reported() -> None:
    assert judge(CLICK, obs(), obs(drawn=(100, 100, 149, 149))).box == (100, 100, 150, 150)


def test_without_elements_the_pixels_decide() -> None:
    before = Observation(Screenshot(Image.new("RGB", (200, 200), "white")))
    after = Image.new("RGB", (200, 200), "white")
    ImageDraw.Draw(after).rectangle((20, 20, 60, 40), fill="black")
    click = parse_action({"kind": "click", "target": [30, 30]})
    assert judge(click, before, before).kind == "no_effect"
    assert judge(click, before, Observation(Screenshot(after))).kind == "confirmed"
    assert judge(parse_action({"kind": "type", "text": "a"}), before, Observation(Screenshot(after))).kind == "unknown"


LABEL = Element(id="e5", box=Box(10, 32, 60, 48), role="text", name="Name", source="dom")
LATE = Element(id="e6", box=Box(100, 90, 190, 110), role="text", name="Ready", source="accessibility")


@pytest.mark.parametrize(
    ("action", "before", "after", "kind", "evidence"),
    [
        # The focus of a neighbour is no effect; that of the field whose label was clicked is one.
        (CLICK, obs(), obs(*changed(FIELD, focused=True), focus="textbox Name"), "unknown", "which is not what"),
        (
            act("click", LABEL), obs(*ALL, LABEL), obs(*changed(FIELD, focused=True), LABEL, focus="textbox Name"),
            "confirmed", "textbox Name has the focus",
        ),
        # What does not answer has not gone away, nor come.
        (CLICK, obs(*ALL, LATE), obs(unanswered=("editor",)), "unknown", "“editor” did not say in time"),
        (CLICK, obs(unanswered=("editor",)), obs(*ALL, LATE), "unknown", "“editor” did not say in time"),
        (CLICK, obs(*ALL, LATE), obs(), "confirmed", "“Ready” went away"),
        # A tick that stays as it was.
        (act("click", TICK), obs(), obs(drawn=(100, 100, 180, 180)), "no_effect", "still not ticked"),
        (act("click", TICK), obs(), obs(*ALL, NEW), "unexpected", "still not ticked; “Thanks” appeared"),
        # Choices are read, signs included.
        (
            act("select", PLACE, option="C"), obs(), obs(*changed(PLACE, value="C++")),
            "unexpected", "“Country” is “C++”, not “C”",
        ),
        (
            act("select", PLACE, option="Oman"), obs(), obs(*changed(PLACE, value="Romania, Oman")),
            "confirmed", "“Country” is “Romania, Oman”",
        ),
        (act("select", PLACE, option="Oman"), obs(), obs(), "no_effect", "is still “France”, not “Oman”"),
        (
            act("select", BUTTON, option="Red"), obs(), obs(drawn=(100, 100, 180, 180)),
            "unknown", "nothing tells that “Red” is chosen",
        ),
        # Typing that adds to what is there, or replaces what is selected in it.
        (
            act("type", FIELD, text="da"), obs(*changed(FIELD, value="A")), obs(*changed(FIELD, value="Ada")),
            "confirmed", "holds “Ada”",
        ),
        (
            act("type", FIELD, text="x"), obs(*changed(FIELD, value="Axa")), obs(*changed(FIELD, value="Axa")),
            "no_effect", "still holds “Axa”, not “x”",
        ),
        (
            act("type", FIELD, text="b"), obs(*changed(FIELD, value="aaa")), obs(*changed(FIELD, value="abc")),
            "unexpected", "holds “abc”, not “b”",
        ),
        (act("type", FIELD, text="", clear=True), obs(*changed(FIELD, value="A")), obs(), "confirmed", "is empty"),
        (
            act("type", FIELD, text="", clear=True),
            obs(*changed(FIELD, value="A")), obs(*changed(FIELD, value="B")),
            "unexpected", "still holds “B”",
        ),
        (
            act("type", FIELD, text="Hi all\n"), obs(), obs(*ALL, NEW.model_copy(update={"name": "Me: Hi all"})),
            "confirmed", "“Me: Hi all” appeared",
        ),
        # A text that is longer than can be read of a field.
        (
            act("type", FIELD, text="ab" * 1500), obs(), obs(*changed(FIELD, value="ab" * 1000)),
            "unknown", "more than the 2000 characters",
        ),
    ],
)  # fmt: skip
def test_the_requested_effect_decides(
    action: Action, before: Observation, after: Observation, kind: str, evidence: str
) -> None:
    outcome = judge(action, before, after)
    assert (outcome.kind, evidence in outcome.evidence) == (kind, True), outcome


def drawn(*shapes: tuple[int, int, int, int], outline: bool = False) -> Observation:
    image = Image.new("RGB", (1000, 800), "white")
    for shape in shapes:
        ImageDraw.Draw(image).rectangle(shape, **({"outline": "blue", "width": 2} if outline else {"fill": "black"}))
    return Observation(Screenshot(image))


@pytest.mark.parametrize(
    ("after", "kind", "evidence"),
    [
        (drawn((90, 80, 130, 120)), "confirmed", "by the picture alone: "),
        (drawn((700, 600, 760, 630)), "unknown", "far from what was aimed at"),
        (drawn((300, 200, 990, 790)), "confirmed", "of the picture changed"),
        (drawn((60, 80, 300, 120), outline=True), "unknown", "only a frame around something"),
        (drawn((600, 80, 900, 120), outline=True), "unknown", "only a frame around something"),
    ],
)
def test_by_pixels_alone_a_frame_or_a_small_change_far_away_confirms_nothing(
    after: Observation, kind: str, evidence: str
) -> None:
    outcome = judge(parse_action({"kind": "click", "target": [100, 100]}), drawn(), after)
    assert (outcome.kind, evidence in outcome.evidence) == (kind, True), outcome
