"""How a clause is carried out when things do not go smoothly, over scenes made by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from PIL import Image

from handeye.perception.embedded import EmbeddedPerception
from handeye.perception.observation import Observation
from handeye.perception.outcome import Outcome
from handeye.policies.decision import PolicyInput, StepSummary
from handeye.policies.plain_english import PlainEnglish
from handeye.tools.device import Signals
from handeye.tools.element import Element
from handeye.tools.geometry import Box
from handeye.tools.screenshot import Screenshot


def thing(role: str, name: str, left: int = 10, top: int = 10, **more: Any) -> Element:
    more.setdefault("id", f"{role}-{name}-{top}")
    return Element(role=role, name=name, box=Box(left, top, left + 90, top + 20), source="dom", **more)


class Play:
    """Asks the policy step by step; the test says what each action came to and what is then on the screen."""

    def __init__(self, goal: str, *elements: Element, **signals: Any) -> None:
        self.goal, self.policy, self.perception = goal, PlainEnglish(), EmbeddedPerception()
        self.memo: dict[str, Any] = {}
        self.steps: list[StepSummary] = []
        self.facts: dict[str, str] = {}
        self.show(*elements, **signals)

    def show(self, *elements: Element, **signals: Any) -> None:
        image = Screenshot(Image.new("RGB", (400, 300), "white"))
        self.observation = Observation(image, elements, Signals(**signals), reader=lambda _: ())

    def next(self, kind: str = "confirmed", result: str = "", evidence: str = "") -> Any:
        """The next action, after the one before came to this."""
        if self.steps:
            outcome = Outcome(kind=kind, evidence=evidence or result)  # type: ignore[arg-type]
            self.steps[-1] = self.steps[-1].model_copy(update={"outcome": outcome, "result": result})
        decision = self.policy.choose(
            PolicyInput(self.goal, self.observation, tuple(self.steps), self.facts, self.memo), self.perception
        )
        self.memo = json.loads(json.dumps(decision.memo))
        self.decision: Any = decision
        action = decision.action
        self.steps.append(
            StepSummary(
                number=len(self.steps) + 1, reasoning=decision.reasoning, action=action, outcome=Outcome(kind="unknown")
            )
        )
        return action


def test_a_click_that_takes_is_followed_by_the_next_clause() -> None:
    play = Play("click A, click B", thing("button", "A"), thing("button", "B", 200))
    assert play.next().target.element == "button-A-10"
    assert play.next("confirmed").target.element == "button-B-10"
    done = play.next("unknown")
    assert (done.kind, done.success) == ("done", True)


def test_a_click_without_effect_is_waited_for_tried_again_then_with_enter_then_given_up() -> None:
    play = Play("click A", thing("button", "A"))
    kinds = [play.next().kind]
    for _ in range(4):
        kinds.append(play.next("no_effect", evidence="nothing changed").kind)
    assert kinds == ["click", "wait", "click", "key", "done"]
    assert not play.decision.action.success
    assert "clicked twice" in play.decision.action.answer


def test_a_late_effect_of_a_click_is_no_reason_to_click_again() -> None:
    play = Play("click A", thing("button", "A"))
    play.next()
    assert play.next("no_effect", evidence="nothing changed").kind == "wait"
    assert play.next("confirmed", evidence="12% of the picture changed").kind == "done"


def test_what_is_refused_is_asked_for_again_so_that_the_run_ends_as_refused() -> None:
    play = Play("click A, click B", thing("button", "A"), thing("button", "B", 200))
    first = play.next()
    assert play.next("no_effect", "refused: the person refused it") == first


@pytest.mark.parametrize(("top", "way"), [(900, "down"), (-500, "up")])
def test_what_is_off_the_screen_is_scrolled_to(top: int, way: str) -> None:
    play = Play("click A", thing("button", "A", 10, top))
    scroll = play.next()
    assert (scroll.kind, scroll.direction) == ("scroll", way)
    play.show(thing("button", "A", 10, 150))
    assert play.next().kind == "click"


def test_scrolling_that_brings_nothing_ends_with_the_place() -> None:
    play = Play("click A", thing("button", "A", 10, 900))
    kinds = [play.next("no_effect", evidence="nothing moved").kind for _ in range(5)]
    assert kinds[-1] == "done"
    assert "off the screen (400x300)" in play.decision.action.answer


def test_what_is_not_there_is_waited_for_then_named_with_its_neighbours() -> None:
    play = Play('click "Sabe"', thing("button", "Open"), thing("button", "Close", 200))
    kinds = [play.next("no_effect").kind for _ in range(4)]
    assert kinds == ["wait", "wait", "scroll", "done"]
    assert "“Sabe”" in play.decision.action.answer


def test_what_appears_late_is_clicked() -> None:
    play = Play("click Save", thing("button", "Open"))
    assert play.next().kind == "wait"
    play.show(thing("button", "Open"), thing("button", "Save", 200))
    assert play.next().target.element == "button-Save-10"


def test_a_dialog_over_the_target_is_closed_once_and_never_agreed_to() -> None:
    banner = thing("dialog", "Cookies", 0, 100, id="d")
    parts = (thing("button", "Accept all", 10, 120, parent="d"), thing("button", "Reject all", 110, 120, parent="d"))
    play = Play("click A", thing("button", "A", covered=True), banner, *parts)
    assert play.next().target.phrase == "Reject all"
    assert "closed what lay over “A”" in play.decision.notes
    play.show(thing("button", "A"))
    assert play.next().target.element == "button-A-10"


def test_secrets_pass_through_as_they_are_written() -> None:
    play = Play(
        "log in as ada with password {{secret:shop}}",
        thing("textbox", "User"),
        thing("textbox", "Password", top=50, secret=True),
    )
    assert play.next().text == "ada"
    assert play.next().text == "{{secret:shop}}"


def test_what_was_remembered_can_be_typed_by_its_name() -> None:
    goal = 'remember "42" as answer, type answer into Code, type "{{answer}}!" into Note'
    play = Play(goal, thing("textbox", "Code"), thing("textbox", "Note", top=60))
    remember = play.next()
    assert (remember.name, remember.text) == ("answer", "42")
    play.facts = {"answer": "42"}
    assert play.next().text == "42"
    assert play.next().text == "42!"


def test_an_answer_of_a_person_is_it() -> None:
    play = Play("ask me for the code, type it into Code", thing("textbox", "Code"))
    assert play.next().question == "What is the code?"
    assert play.next("confirmed", "4711").text == "4711"


@pytest.mark.parametrize(("name", "clicked"), [("Error", "Retry"), ("Fine", "Go")])
def test_a_condition_chooses_between_its_clauses(name: str, clicked: str) -> None:
    buttons = (thing("button", "Retry", 200), thing("button", "Go", 300), thing("button", "End", top=90))
    play = Play('if "Error" shows, click Retry, otherwise click Go. Click End', thing("text", name), *buttons)
    assert play.next().target.element == f"button-{clicked}-10"
    assert play.next().target.element == "button-End-90"
    assert play.next().kind == "done"


def test_a_box_that_is_ticked_already_is_left_alone() -> None:
    play = Play(
        "tick News, untick Ads", thing("checkbox", "News", checked=True), thing("checkbox", "Ads", top=60, checked=True)
    )
    assert play.next().target.element == "checkbox-Ads-60"
    play.show(thing("checkbox", "News", checked=True), thing("checkbox", "Ads", top=60, checked=False))
    assert play.next("unknown").success


def test_text_that_arrives_wrong_is_typed_again_once() -> None:
    play = Play('type "Ada" into Name', thing("textbox", "Name"))
    play.next()
    again = play.next("unexpected", evidence="the field holds “A”, not what was typed")
    assert (again.kind, again.clear) == ("type", True)
    assert not play.next("unexpected", evidence="the field holds “A”, not what was typed").success


@pytest.mark.parametrize(
    ("kind", "evidence", "success"),
    [
        ("confirmed", "the field holds “555-1234”, its own way to write “5551234”", True),
        ("unknown", "the picture changed; what the field holds cannot be read", False),
    ],
)
def test_text_is_typed_once_the_field_holds_it(kind: str, evidence: str, success: bool) -> None:
    play = Play('type "5551234" into Phone', thing("textbox", "Phone"))
    play.next()
    assert play.next(kind, evidence=evidence).success is success


@pytest.mark.parametrize(
    ("fields", "success"),
    [
        ([{"value": "Ada"}], True),
        ([{"value": "Bob"}], False),
        ([{"secret": True}], True),
        ([{"value": "Ada"}, {"value": "Ada", "top": 90}], False),
    ],
)
def test_typed_text_is_decided_by_its_field_after_the_page_was_loaded_anew(
    fields: list[dict[str, Any]], success: bool
) -> None:
    play = Play('type "Ada" into Name', thing("textbox", "Name"))
    play.next()
    play.show(*(thing("textbox", "Name", id=f"new-{number}", **each) for number, each in enumerate(fields)))
    assert play.next("unknown").success is success


def test_words_joined_by_and_are_one_label_where_a_control_is_called_so() -> None:
    both = (thing("button", "Save"), thing("button", "Close", 200))
    assert Play("click Save and close", *both).next().target.element == "button-Save-10"
    play = Play("click Save and close", *both, thing("button", "Save and close", top=90))
    assert play.next().target.element == "button-Save and close-90"
    assert play.next().kind == "done"


def test_press_means_the_button_where_one_is_called_like_the_key() -> None:
    assert Play("press Delete", thing("button", "Delete")).next().kind == "click"
    assert Play("press the Delete key", thing("button", "Delete")).next().kind == "key"
    assert Play("press Delete", thing("button", "Remove")).next().kind == "key"


def test_several_controls_of_the_same_name_are_refused_with_the_candidates() -> None:
    play = Play("click Edit", thing("button", "Edit"), thing("button", "Edit", top=90))
    done = play.next()
    assert (done.kind, done.success) == ("done", False)
    assert "2 controls answer to “Edit”" in done.answer
    assert "(55, 20)" in done.answer
    assert "(55, 100)" in done.answer


FORMS = [
    each
    for place, name in enumerate(("Billing", "Shipping"))
    for each in (
        thing("form", name, top=120 * place, id=name),
        thing("textbox", f"{name} street", top=20 + 120 * place, parent=name),
        thing("checkbox", f"{name} default", top=40 + 120 * place, parent=name, checked=False),
        thing("button", "Save", top=60 + 120 * place, parent=name),
    )
]


def test_the_form_that_the_step_before_filled_in_decides_between_its_button_and_others() -> None:
    play = Play('fill "Shipping street" with "Elm Road 1", click Save', *FORMS)
    assert play.next().kind == "type"
    assert play.next().target.element == "button-Save-180"
    assert "where the step before was done" in " ".join(play.decision.notes)


@pytest.mark.parametrize(
    ("goal", "more"),
    [
        ("click Save", ()),  # no step before
        ('click "Shipping street", click Save', ()),  # nothing was filled in
        ('fill "Shipping street" with "Elm Road 1", click Save', (thing("button", "Save", top=270),)),  # saves all
    ],
)
def test_otherwise_the_step_before_decides_nothing(goal: str, more: tuple[Element, ...]) -> None:
    play = Play(goal, *FORMS, *more)
    action = play.next()
    if goal.count(","):
        action = play.next()
    assert (action.kind, action.success) == ("done", False)


def test_a_check_that_fails_says_what_is_there_instead() -> None:
    play = Play('check that the page shows "Thank you"', thing("heading", "Basket is empty"))
    wait = play.next()
    assert (wait.kind, wait.text) == ("wait", "Thank you")
    done = play.next("no_effect")
    assert not done.success
    assert "“Thank you”" in done.answer


def test_a_secret_field_is_never_read() -> None:
    play = Play('check that Password is "x"', thing("textbox", "Password", secret=True, value=""))
    for _ in range(4):
        action = play.next()
    assert "never read" in action.answer


def test_a_device_without_pages_says_so() -> None:
    play = Play("open http://x.y/", thing("button", "A"))
    task = PolicyInput(play.goal, play.observation, kinds=frozenset({"click", "type", "wait", "done"}))
    done: Any = play.policy.choose(task, play.perception).action
    assert done.kind == "done"
    assert "--on http://x.y/" in done.answer
