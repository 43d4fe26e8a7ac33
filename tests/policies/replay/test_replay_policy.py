"""The policy that does steps again: what it does itself, what it leaves to another, and what it never skips."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from PIL import Image

from handeye.perception.embedded import EmbeddedPerception
from handeye.perception.observation import Observation
from handeye.perception.outcome import Outcome
from handeye.perception.usage import Usage
from handeye.policies.decision import Adapting, Decision, Policy, PolicyInput, StepSummary
from handeye.policies.plain_english import PlainEnglish
from handeye.policies.replay.anchor_matching import screen_state
from handeye.policies.replay.anchors import Anchor, ScreenState, action_in_words
from handeye.policies.replay.goal_checks import goal_checks, place_checks
from handeye.policies.replay.policy import ReplayPolicy
from handeye.policies.replay.signatures import target_signatures
from handeye.tools.actions import Action, Click, Done, Drag, Key, Scroll, Target, Type, Wait, describe
from handeye.tools.device import Signals
from handeye.tools.element import Element
from handeye.tools.geometry import Box, Point
from handeye.tools.screenshot import Screenshot


def thing(role: str, name: str, left: int = 10, top: int = 10, **more: Any) -> Element:
    more.setdefault("id", f"{role}-{name}-{top}")
    return Element(role=role, name=name, box=Box(left, top, left + 90, top + 20), source="dom", **more)


TITLE = thing("heading", "Notes", 10, 10)
SAVE, SEND = thing("button", "Save", 10, 100), thing("button", "Send", 200, 100)
CLOSE = thing("button", "Close", 300, 200, parent="pop-up")
POPUP = Element(id="pop-up", role="dialog", name="News", box=Box(100, 50, 395, 250), source="dom")


def observation(*elements: Element, **signals: Any) -> Observation:
    displayed = Screenshot(Image.new("RGB", (400, 300), "white"))
    return Observation(displayed, (TITLE, *elements), Signals(**signals), reader=lambda _: ())


def click(element: Element) -> Click:
    return Click(target=Target(phrase=element.name, point=element.box.centre, element=element.id, box=element.box))


def anchor(action: Action, at: Observation, **more: Any) -> Anchor:
    signatures = target_signatures(action, at)
    more.setdefault("effect", "confirmed")
    return Anchor(
        description=describe(action),
        action=action_in_words(action, signatures),
        targets=signatures,
        before=ScreenState(**screen_state(at.signals)),
        **more,
    )


class Model:
    """Stands in for a policy that costs something, and adapts."""

    name = "model"
    adapts = True

    def __init__(self, *actions: Action) -> None:
        self.usage, self.actions, self.goals = Usage(), list(actions), list[str]()

    def check(self, goal: str) -> None:
        """Any."""

    def choose(self, task: PolicyInput, perception: Any) -> Decision:
        self.usage += Usage(calls=1)
        self.goals.append(task.goal)
        return Decision(reasoning="", action=self.actions.pop(0), by=self.name)


class Play:
    """Asks step by step; the test says what each action came to and what is then on the screen."""

    def __init__(self, policy: Policy, goal: str = "send it") -> None:
        self.policy, self.task = policy, PolicyInput(goal, observation())
        self.notes = ""

    def next(self, now: Observation, kind: Any = "confirmed") -> Action:
        steps = self.task.steps
        if steps:
            steps = (*steps[:-1], steps[-1].model_copy(update={"outcome": Outcome(kind=kind, evidence=kind)}))
        decision = self.policy.choose(replace(self.task, observation=now, steps=steps), EmbeddedPerception())
        past = StepSummary(number=len(steps) + 1, reasoning="", action=decision.action, outcome=Outcome(kind="unknown"))
        self.task = replace(self.task, steps=(*steps, past), memo=json.loads(json.dumps(decision.memo)))
        self.notes, self.by = " ".join(decision.notes), decision.by
        return decision.action


BOTH = observation(SAVE, SEND)
TWO = (anchor(click(SAVE), BOTH), anchor(click(SEND), BOTH), anchor(Done(), BOTH))


def test_steps_are_repeated_in_order_without_the_model() -> None:
    model = Model()
    play = Play(ReplayPolicy(model, TWO))
    moved = thing("button", "Save", 50, 200, id="other")
    first = play.next(observation(moved, SEND))
    assert isinstance(first, Click)
    assert (first.target.element, play.by) == ("other", "replay")
    assert "step 1 of 3: selector and text agree" in play.notes.replace(", not layout", "")
    assert play.next(BOTH) == click(SEND)
    assert play.next(BOTH) == Done()
    assert model.usage.calls == 0
    assert isinstance(ReplayPolicy(model), Adapting)


def test_a_step_that_has_drifted_is_the_models_and_then_it_goes_on_as_before() -> None:
    store = thing("button", "Store", 10, 100)
    model = Model(click(store))
    play = Play(ReplayPolicy(model, TWO))
    for _ in range(3):
        assert isinstance(play.next(observation(store, SEND)), Wait)
    assert play.next(observation(store, SEND)) == click(store)
    assert "click “Save”" in model.goals[0]
    assert model.goals[0].startswith("send it\n")
    assert play.next(observation(store, SEND)) == click(SEND)
    assert play.next(BOTH) == Done()
    assert model.usage.calls == 1


def test_the_model_closes_an_unknown_popup_and_the_step_under_it_is_repeated() -> None:
    model = Model(click(CLOSE))
    play = Play(ReplayPolicy(model, TWO))
    over = observation(thing("button", "Save", 10, 100, covered=True), SEND, POPUP, CLOSE)
    for _ in range(3):
        assert isinstance(play.next(over), Wait)
    assert play.next(over) == click(CLOSE)
    assert "something lies over it" in model.goals[0]
    assert play.next(BOTH) == click(SAVE)
    assert play.next(BOTH) == click(SEND)
    assert model.usage.calls == 1


def test_looking_around_does_not_leave_out_a_step_whose_target_is_gone() -> None:
    model = Model(Scroll(), Done(success=False, answer="there is no Save"))
    play = Play(ReplayPolicy(model, TWO))
    for _ in range(3):
        play.next(observation(SEND))
    assert play.next(observation(SEND)) == Scroll()
    for _ in range(3):
        assert isinstance(play.next(observation(SEND)), Wait)
    assert play.next(observation(SEND)) == Done(success=False, answer="there is no Save")


def test_a_step_without_its_effect_is_the_models_and_its_own_vain_try_is_no_success() -> None:
    model = Model(click(SAVE), Done(success=False, answer="it does nothing"))
    play = Play(ReplayPolicy(model, TWO))
    play.next(BOTH)
    assert play.next(BOTH, "no_effect") == click(SAVE)
    assert play.by == "model"
    assert play.next(BOTH, "no_effect") == Done(success=False, answer="it does nothing")


def test_without_a_model_a_drifted_step_ends_the_run_with_its_reason() -> None:
    play = Play(ReplayPolicy(Model(), TWO, ask=False))
    for _ in range(3):
        play.next(observation(SEND))
    ended = play.next(observation(SEND))
    assert isinstance(ended, Done)
    assert not ended.success
    assert "step 1, click “Save”: nothing of “Save” is there; and --no-model excludes a model" in ended.answer


def test_what_sometimes_comes_is_left_out_and_done_late_where_it_comes_late() -> None:
    over = observation(POPUP, CLOSE, SAVE)
    known = (anchor(click(CLOSE), over, optional=True), *TWO)
    assert Play(ReplayPolicy(Model(), known)).next(over) == click(CLOSE)
    play = Play(ReplayPolicy(Model(), known))
    assert play.next(BOTH) == click(SAVE)
    covered = thing("button", "Send", 200, 100, covered=True)
    assert play.next(observation(SAVE, covered, POPUP, CLOSE)) == click(CLOSE)
    assert play.next(BOTH) == click(SEND)


def test_a_drag_passes_where_it_passed_from_its_start() -> None:
    drag = Drag(start=click(SAVE).target, end=click(SEND).target, via=(Point(100, 150),))
    known = (anchor(drag, BOTH), anchor(Done(), BOTH))
    lower = observation(thing("button", "Save", 10, 180), thing("button", "Send", 200, 180))
    again = Play(ReplayPolicy(Model(), known)).next(lower)
    assert isinstance(again, Drag)
    assert (again.start.point, again.via, again.end.point) == ((55, 190), ((100, 230),), (245, 190))


def test_a_key_goes_only_where_the_keyboard_was() -> None:
    at = observation(SAVE, url="http://x/a", title="Notes", focus="textbox New")
    known = (anchor(Key(keys="enter"), at), anchor(Done(), at))
    again = observation(SAVE, url="http://y:81/a", title="Notes", focus="textbox New")
    assert Play(ReplayPolicy(Model(), known)).next(again) == Key(keys="enter")
    elsewhere = observation(SAVE, url="http://x/a", title="Notes", focus="textbox Password")
    assert isinstance(Play(ReplayPolicy(Model(), known)).next(elsewhere), Wait)


GOAL = 'save it, check that the page shows "Saved", send it'


def test_checks_of_the_goal_are_evaluated_again_at_their_step() -> None:
    saved = observation(SAVE, SEND, thing("text", "Saved", 10, 250))
    check = goal_checks(GOAL).checks[0].description
    known = (TWO[0], TWO[1].model_copy(update={"checks": (check,)}), TWO[2])
    play = Play(ReplayPolicy(Model(), known), GOAL)
    assert play.next(BOTH) == click(SAVE)
    assert isinstance(play.next(BOTH), Wait)
    assert play.next(saved) == click(SEND)
    play = Play(ReplayPolicy(Model(), known), GOAL)
    play.next(BOTH)
    for _ in range(3):
        assert isinstance(play.next(BOTH), Wait)
    ended = play.next(BOTH)
    assert isinstance(ended, Done)
    assert not ended.success
    assert "the window does not show “Saved”" in ended.answer


def test_a_check_that_needs_a_model_is_never_taken_as_passed() -> None:
    model = Model(Done(success=False, answer="it looks sad"))
    play = Play(ReplayPolicy(model, TWO[1:]), "send it and check that the mood is cheerful enough for a Monday")
    play.next(BOTH)
    assert play.next(BOTH) == Done(success=False, answer="it looks sad")


def test_checks_belong_where_they_held_last() -> None:
    checks = goal_checks('check that the page shows "1 item", add, check that the page shows "2 items"').checks
    one, two = (each.description for each in checks)
    assert place_checks(checks, [[], [one], [one], [two], [two]]) == [[], [], [one], [], [two]]
    assert place_checks(checks, [[], [one]]) == [[], [one]]


def test_plain_english_closes_a_pop_up_that_comes_and_leaves_it_out_where_it_does_not() -> None:
    under = thing("button", "Save", 10, 100, covered=True)
    over = observation(under, POPUP, CLOSE)
    known = (
        anchor(click(CLOSE), over, memo={"at": 0}, optional=True),
        anchor(Click(target=click(SAVE).target.model_copy(update={"phrase": '"Save"'})), BOTH, memo={"at": 0}),
    )
    for anchors, looks in ((known, (over, BOTH)), (known, (BOTH,)), (known[1:], (over, BOTH))):
        play = Play(ReplayPolicy(PlainEnglish(), anchors), 'click "Save"')
        done = [(play.next(look), play.by) for look in looks]
        assert isinstance(done[-1][0], Click)
        assert (done[-1][0].target.element, done[-1][1]) == (SAVE.id, "replay")
        assert len(looks) == 1 or done[0][0] == click(CLOSE)


def test_plain_english_says_which_clause_is_next_and_the_anchor_says_where() -> None:
    goal = 'type "milk" into New, if the page shows "News", click Close, click Save, check that the page shows "Saved"'
    new = thing("textbox", "New", 10, 60)
    at = observation(new, SAVE)
    known = (
        anchor(Type(text="milk", target=Target(element=new.id, point=new.box.centre)), at, memo={"at": 0}),
        anchor(click(SAVE), at, memo={"at": 3}),
    )
    play = Play(ReplayPolicy(PlainEnglish(), known), goal)
    assert play.next(at).kind == "type"
    assert play.by == "replay"
    assert play.next(observation(new, SAVE, thing("text", "News"), CLOSE)) == click(CLOSE)
    assert play.by == "plain english"
    assert play.next(at) == click(SAVE)
    assert play.by == "replay"
    for _ in range(2):
        last = play.next(at)
    assert isinstance(last, Done)
    assert not last.success
    assert "Saved" in last.answer
