"""What a page does not say must not pass, what it says must not fail, and nothing is done to a thing's neighbour."""

# ruff: noqa: E501 - a page is one line, however long

from __future__ import annotations

from typing import Any

import pytest

from handeye.policies.plain_english import parse
from handeye.tools.errors import ActionRefused

TABS = "<div role=tablist><button role=tab aria-selected=true>Facts</button><button role=tab aria-selected=false>Prices</button></div><button aria-pressed=false>Bold</button><p>Open</p><select><option>Red<option>Blue</select>"
ROWS = "<table><tr><th>Who<th>Age<th>Rank</tr>" + "".join(
    f"<tr><td>{who}<td>{age}<td><select onchange=\"o.textContent='{who} is '+this.value\"><option>Low<option>High</select> <button onclick=\"o.textContent='Asked {who}'\">Ask</button></tr>"
    for who, age in (("Tim Moor", 41), ("Kim Dale", 36))
) + "</table><p id=o></p>"  # fmt: skip
TOTALS = "<div>Sum <b>$8.00</b></div><label for=c>Coupon</label> <input id=c><p>Contact <b>kim@x.org</b> <a href=#>Change</a></p><p>Fax <b>none</b> <a href=#>Add</a></p><p>Saldo: <b>7,50 €</b></p><label>Tone <select><option>Soft<option>Loud</select></label><label>Bass <input type=range value=40></label>"
POSTS = "<article><h3>Post 1</h3><button>Like</button> <span>0 likes</span></article><article><h3>Post 2</h3><button>Like</button> <span>1 like</span></article>"
TASKS = "<ul>" + "".join(
    f"<li><input type=checkbox aria-label='{name}' onchange=\"o.textContent='Done '+this.ariaLabel\"> <span>{name}</span></li>" for name in ("Sweep", "Iron", "Bake")
) + "</ul><label><input type=checkbox onchange=\"o.textContent='All read'\"> Mark all as read</label><p id=o></p>"  # fmt: skip
GROUPS = "<fieldset><legend>Cut</legend><label><input type=radio name=s checked>A</label><label><input type=radio name=s>B</label></fieldset><button onclick=\"o.textContent='Praised'\">Good</button><p id=o>Signed in as kim</p><p>Not found</p>"
LATE = "<label>Town <input role=combobox oninput=\"setTimeout(()=>l.innerHTML='<li role=option onclick=&quot;o.textContent=this.textContent&quot;>Bergen',400)\"></label><label>Via <input role=combobox></label><ul role=listbox id=l></ul><p id=o>"

CARDS = "".join(f"<div style='display:inline-block;width:140px'><h3>{name}</h3><button {off}>Take</button></div>" for name, off in (("Mini", ""), ("Midi", ""), ("Maxi", "disabled")))  # fmt: skip


@pytest.mark.parametrize(
    ("html", "goal"),
    [
        (CARDS, "check that the Take button below Maxi is disabled, check that the Take button below Midi is enabled"),
        (TABS, "check that the Facts tab is selected, check that the Prices tab is not selected, check that Blue is not selected"),
        (TABS, "check that no dialog is open"),
        (ROWS, "check that the age of Kim Dale is 36"),
        (ROWS, 'check that the second row contains "Kim Dale"'),
        (ROWS, 'set the rank of Kim Dale to High, check that the page shows "Kim Dale is High"'),
        (TOTALS, 'check that the sum is "$8.00", check that the contact is "kim@x.org", check that the fax is "none"'),
        (TOTALS, 'check that the Saldo is "7,50 €", check that Bass is 40'),
        (POSTS, 'check that the second post shows "1 like"'),
        (TASKS, 'tick the checkbox next to "Bake", check that the page shows "Done Bake"'),
        (TASKS, 'mark all as read, check that the page shows "All read"'),
        (GROUPS, "choose the cut B, check that B is selected and A is not"),
        (GROUPS, 'click Good, check that the page shows "Praised"'),
        (GROUPS, 'check that I am signed in as "kim", check that an error "Not found" is shown'),
        (LATE, 'type "Ber" into Town, choose "Bergen", check that the page shows "Bergen"'),
    ],
)  # fmt: skip
def test_what_the_page_says_holds(on: Any, html: str, goal: str) -> None:
    followed = on(html, goal)
    assert followed.done.success, followed.said


@pytest.mark.parametrize(
    ("html", "goal"),
    [
        (TABS, "check that the Facts tab is not selected"),
        (TABS, "check that the Prices tab is selected"),
        (TABS, "check that Bold is selected"),
        (TABS, "check that Green is not selected"),
        (TOTALS, "check that the sum is not $8.00"),
        (TOTALS, "check that the sum is empty"),
        (TOTALS, 'check that the contact is not "kim@x.org"'),
        (POSTS, 'check that the first post shows "1 like"'),
        (ROWS, "click Ask in the row of Tim Moores"),
        (GROUPS, "check that A is selected and B is selected"),
    ],
)
def test_what_the_page_does_not_say_fails(on: Any, html: str, goal: str) -> None:
    followed = on(html, goal)
    assert not followed.done.success, followed.said
    assert not [step for step in followed.steps if step.action.kind == "click"]


def test_a_statement_that_no_rule_understands_is_refused_before_anything_is_done() -> None:
    with pytest.raises(ActionRefused, match="check that nobody minds"):
        parse('click "Save", check that nobody minds')


def test_a_step_that_no_rule_understands_is_not_taken_for_more_of_a_label() -> None:
    with pytest.raises(ActionRefused, match="“wobble the thing”"):
        parse('double-click "Bake", wobble the thing')


def test_text_is_replaced_where_the_keyboard_is(on: Any) -> None:
    html = "<p ondblclick=\"this.outerHTML='<input value=Bake autofocus>';document.querySelector('input').focus()\">Bake</p>"
    followed = on(html, 'double-click "Bake", replace the text with "Fry", check that the page shows "Fry"')
    assert followed.done.success, followed.said
    assert not [each for each in followed.observation.elements if "Bake" in each.value]
