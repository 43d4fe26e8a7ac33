"""A verb that changes a state changes it or fails; a list is done whole; a value is typed as it was written."""

# ruff: noqa: E501 - a page is one line, however long

from __future__ import annotations

from typing import Any

import pytest

from handeye.policies.plain_english import acts_looking, parse, reaching, searching
from handeye.policies.plain_english import clauses as c
from handeye.tools.errors import ActionRefused

CONSENT = "<h2>Digest</h2><p>Once a week.</p><label><input type=checkbox id=a>Digest by post</label> <label><input type=checkbox id=b checked>Salt and pepper</label><p>Saved drafts</p><button onclick=\"o.textContent='sent'\">Ship</button><label><input type=checkbox id=d>Salt</label><p id=o>"
SWITCHES = "<div role=switch id=w aria-checked=false tabindex=0 onclick=\"this.setAttribute('aria-checked', this.getAttribute('aria-checked')!='true')\">Night mode</div><div role=switch aria-checked=true tabindex=0>Stuck</div><button aria-pressed=false onclick=\"this.ariaPressed=this.ariaPressed!='true'\">Italic</button><table><tr><td><input type=checkbox><td>Rowan</tr><tr><td><input type=checkbox><td>Hazel</tr></table>"
FIELDS = "<label>Street <input value=Elm></label><label>Floor <input value=2></label><label>Bell <input value=b></label><label>User name <input></label><label>Token <input></label><dl><dt>Gate<dd>North 7</dl>"
LISTS = "<ul><li><a href=#x>figs</a><li><a href=#y>dates</a></ul><ol><li>limes</ol><select aria-label=Kind><option>none<option>figs</select><br><select aria-label=Nuts><option>none<option>figs<option>limes</select>"
CARDS = (
    "".join(
        f"<section style='display:inline-block;width:150px'><h3>{name}</h3><p>Nice.</p><button onclick=\"o.textContent='took {name}'\">Add to bag</button></section>"
        for name in ("Grey Vase", "Tin Lamp", "Oak Tray")
    )
    + "<p id=o>"
)
BUTTONS = "<button onclick=\"o.textContent+=' one'\">Pack</button><button onclick=\"o.textContent+=' two'\">Weigh</button><button onclick=\"o.textContent+=' both'\">Lift and turn</button><button onclick=\"o.textContent+=' verified'\">Verify</button><p id=o>Log:"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing on these pages is late."""
    monkeypatch.setattr(acts_looking, "CHECK_WAITS", (0.05,))
    monkeypatch.setattr(reaching, "WAIT_SECONDS", 0.05)
    monkeypatch.setattr(searching, "WAIT_SECONDS", 0.05)


def state_of(followed: Any, name: str) -> Any:
    return next(each for each in followed.observation.elements if each.name == name and each.role != "text")


@pytest.mark.parametrize(
    ("html", "goal", "name", "checked"),
    [
        (CONSENT, 'check "Digest by post"', "Digest by post", True),
        (CONSENT, "check the Digest by post box", "Digest by post", True),
        (CONSENT, "uncheck Salt and pepper", "Salt and pepper", False),
        (CONSENT, "tick Salt and pepper", "Salt", False),
        (CONSENT, "select the Salt and pepper checkbox", "Salt and pepper", True),
        (SWITCHES, "switch on Night mode", "Night mode", True),
        (SWITCHES, 'check "Hazel"', "Hazel", True),
        (SWITCHES, 'check "Hazel"', "Rowan", False),
    ],
)
def test_what_can_be_ticked_is_ticked(on: Any, html: str, goal: str, name: str, checked: bool) -> None:
    followed = on(html, goal)
    assert followed.done.success, followed.said
    assert state_of(followed, name).checked is checked, followed.said


def test_a_button_that_stays_pressed_is_turned_on(on: Any) -> None:
    followed = on(SWITCHES, "turn on Italic, turn on Italic")
    assert followed.done.success, followed.said
    assert state_of(followed, "Italic").pressed is True
    assert len([step for step in followed.steps if step.action.kind == "click"]) == 1


@pytest.mark.parametrize(
    ("html", "goal", "reason"),
    [
        (CONSENT, 'check "Saved drafts"', 'say: check that the page shows "Saved drafts"'),
        (CONSENT, 'check "Digest"', "may be “Digest by post”, which can be ticked, or the text “Digest”"),
        (CONSENT, "check Ship", 'to press it, say: click "Ship"'),
        (CONSENT, "tick Salt and vinegar", "vinegar"),
        (CONSENT, "tick all the spices", "spices"),
        (SWITCHES, "turn off Stuck", "“Stuck” stays ticked"),
        (FIELDS, "clear Street and Cellar", "Cellar"),
        (FIELDS, "enter the value of Postcode into Floor", "Postcode"),
        (FIELDS, "copy the value of North 7 into Bell", "no value next to it"),
        (CARDS, "add the Steel Pot to the bag", "Steel Pot"),
        (BUTTONS, "verify user waits at the gate", "verify user waits at the gate"),
    ],
)
def test_what_cannot_be_changed_fails_with_the_reason(on: Any, html: str, goal: str, reason: str) -> None:
    followed = on(html, goal)
    assert not followed.done.success, followed.said
    assert reason in followed.done.answer
    touched = [step for step in followed.steps if step.action.kind in ("click", "type")]
    assert not touched or "Stuck" in goal, followed.said


@pytest.mark.parametrize(
    ("html", "goal", "shown"),
    [
        (BUTTONS, "click Pack and Weigh", "Log: one two"),
        (BUTTONS, "click Lift and turn", "Log: both"),
        (BUTTONS, "click the Weigh and Pack buttons", "Log: two one"),
        (CARDS, "add the Tin Lamp to the bag", "took Tin Lamp"),
        (CARDS, 'put "Oak Tray" into the bag', "took Oak Tray"),
    ],
)
def test_every_thing_of_a_list_is_done_and_the_right_one(on: Any, html: str, goal: str, shown: str) -> None:
    followed = on(html, goal)
    assert followed.done.success, followed.said
    assert shown in [each.name for each in followed.observation.elements], followed.said


@pytest.mark.parametrize(
    ("goal", "values"),
    [
        ("clear the Street, the Floor and the Bell", {"Street": "", "Floor": "", "Bell": ""}),
        ("clear the Street and Bell fields", {"Street": "", "Floor": "2", "Bell": ""}),
        (
            "fill Street with Old Mill Lane, Floor with 3 and Bell with x",
            {"Street": "Old Mill Lane", "Floor": "3", "Bell": "x"},
        ),
        ("enter the value of Gate into the third text field", {"Bell": "North 7"}),
        ("copy Street's text into Bell", {"Bell": "Elm"}),
        ('Enter user name "kim" in the user name field', {"User name": "kim", "Street": "Elm"}),
        ("type in the bell field the text ring twice", {"Bell": "bring twice"}),
        ("fill Token with a.b?c!", {"Token": "a.b?c!"}),
        ("fill Bell with Really?!", {"Bell": "Really?!"}),
        ("fill Bell with done.", {"Bell": "done"}),
        ("fill Token with k9.", {"Token": "k9."}),
    ],
)
def test_fields_hold_what_was_said(on: Any, goal: str, values: dict[str, str]) -> None:
    followed = on(FIELDS, goal)
    assert followed.done.success, followed.said
    assert {name: state_of(followed, name).value for name in values} == values


@pytest.mark.parametrize(
    ("goal", "kind", "nuts"),
    [
        ("select figs in the second dropdown", "none", "figs"),
        ("select limes in the second list", "none", "limes"),
        ("select figs in the first list", "figs", "none"),
    ],
)
def test_only_lists_of_options_count_among_lists(on: Any, goal: str, kind: str, nuts: str) -> None:
    followed = on(LISTS, goal)
    assert followed.done.success, followed.said
    assert (state_of(followed, "Kind").value, state_of(followed, "Nuts").value) == (kind, nuts)


@pytest.mark.parametrize(
    "goal",
    [
        'check that the field "Fax" does not contain "x"',
        "check that Fax is not empty",
        'check that "Fax" is not checked',
        "check that the Fax button is not enabled",
        'check that the page shows no "North 7"',
        'check that the heading "Gate" is shown',
        'check that the "Gate" button is visible',
        'check that Street is "Elm" and Floor is "3"',
        "check that Street and Floor are empty",
        'check that the page shows "Gate" and "Nowhere"',
        'I should see "Elm" in the Floor field',
        'check that the title shows "Gate"',
        "check that I am on the P# page",
    ],
)
def test_a_check_of_what_is_not_there_fails_denied_or_not(on: Any, goal: str) -> None:
    followed = on(FIELDS, goal)
    assert not followed.done.success, followed.said


@pytest.mark.parametrize(
    "goal",
    [
        'check that the page shows "Gate" and "North 7", check that Street is not empty',
        'I should not see "Elm" in the Floor field',
        'I should not see the title "Gate", I should see the title "Page"',
        'check that Street and Floor are not empty, check that the "Gate" button is not visible',
        'check that Street is "Elm" and that Floor is "2"',
    ],
)
def test_a_check_of_what_is_so_holds(on: Any, goal: str) -> None:
    followed = on(FIELDS, goal)
    assert followed.done.success, followed.said


@pytest.mark.parametrize(
    ("goal", "meaning"),
    [
        ("log in as kim with password Hush? and click Go", [c.LogIn(user="kim", password="Hush?"), c.ClickOn(target="Go")]),
        ("log in as kim with password Hush!", [c.LogIn(user="kim", password="Hush!")]),
        ("enter passcode 12:", [c.Write(text="12:", target="passcode", replace=True, fact=True)]),
        ("type 100%; click Go", [c.Write(text="100%", fact=True), c.ClickOn(target="Go")]),
        ("type wait... what?", [c.Write(text="wait... what?", fact=True)]),
        ("write \" a, then b; and 'c' \" into Note", [c.Write(text=" a, then b; and 'c' ", target="Note")]),
        ("clear name, email and message", [c.Empty(target="name, email and message")]),
        ('check "Extra" and "Bonus"', [c.Tick(target='"Extra"'), c.Tick(target='"Bonus"')]),
        ('verify "Extra"', [c.Verify(statement=c.Statement(kind="shows", texts=("Extra",)))]),
        ('change mood to "calm" mode', [c.Write(text="calm", target="mood", replace=True, any_kind=True)]),
        ('select the option with the text "No. 4" for Plan', [c.Choose(option='"No. 4"', target="Plan")]),
        ("the print button should not be clickable", [c.Verify(statement=c.Statement(kind="enabled", target="the print button", negated=True))]),
        ("I expect the url to not contain \"draft\"", [c.Verify(statement=c.Statement(kind="url", texts=("draft",), negated=True))]),
        ("you should be taken to the receipt page", [c.Verify(statement=c.Statement(kind="open", texts=("receipt",)))]),
        ('I should see alert text as "Sure?"', [c.Verify(statement=c.Statement(kind="dialog", texts=("Sure?",)))]),
        ("print button appears", [c.Verify(statement=c.Statement(kind="visible", target="print button"))]),
    ],
)  # fmt: skip
def test_nothing_of_a_step_is_left_out(goal: str, meaning: list[c.Clause]) -> None:
    assert parse(goal) == meaning


@pytest.mark.parametrize(
    "goal",
    [
        'fill "Street" with "Elm" and "Floor"',
        'type "a" near "b" into Note',
        'check the text "Saved"',
        "check that the page loads without errors",
        'check that neither "A" nor "B" is shown, or so',
        'check that the "Late" message is not displayed next to "Field"',
        'check that the page shows ""',
        'check that the URL contains ""',
        "verify that it is not true that Save is not enabled",
    ],
)
def test_what_would_be_read_in_part_is_refused_before_anything_is_done(goal: str) -> None:
    with pytest.raises(ActionRefused):
        parse(goal)


def test_a_period_that_may_belong_to_a_password_is_noted(on: Any) -> None:
    followed = on("<label>Password <input type=password></label>", "fill Password with Hush.")
    assert followed.done.success, followed.said
    assert any("period at the end" in note for decision in followed.decisions for note in decision.notes)
