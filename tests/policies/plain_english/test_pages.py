"""Scripts in plain English over real pages: to-do list, form, table, mail, log-in, settings, wiki."""

# ruff: noqa: E501 - a script is one line, however long

from __future__ import annotations

from typing import Any

import pytest

#: (page, script) of scripts that must end well; what they check is in them.
GOOD = [
    (
        "todo.html",
        'type "Buy milk" into the new task field, press Enter, check that the page shows "Buy milk" and "3 items left"',
    ),
    ("todo.html", 'tick the second task, check that there is "1 item left"'),
    ("todo.html", 'delete the first task, check that the page does not show "Water the plants"'),
    ("todo.html", 'click the Delete button next to "Call Bob", check that the page does not show "Call Bob"'),
    ("todo.html", 'mark "Call Bob" as done, click "Clear completed", check that there is 1 item'),
    (
        "todo.html",
        'write "Grüße, 世界 🌍" in the "What needs to be done?" box and press Enter. Verify that "Grüße, 世界 🌍" is visible.',
    ),
    (
        "form.html",
        'fill in First name with "Ada", Last name with "Lovelace" and E-mail with ada@x.org, select "Österreich" from Country, set Quantity to 3, choose Express, uncheck Newsletter, tick "I agree to the terms", type "Hi, there" into Message, click Send registration, check that the page shows "Registered" and "ada@x.org" and "exp"',
    ),
    (
        "form.html",
        'enter "123" as the Telephone, check that Telephone is "123", check that "Newsletter" is checked, check that the Preview button is disabled, check that "I agree to the terms" is not ticked',
    ),
    ("form.html", 'type "x" into the field below E-mail, check that Telephone contains "x"'),
    ("form.html", 'type "a" in First name, click Reset, check that First name is empty'),
    ("form.html", 'pick Germany from the Country drop-down, check that Country is "Germany"'),
    ("table.html", 'click Edit in the Invoice 12 row, check that the page shows "Edit Invoice 12"'),
    ("table.html", 'delete the third row, check that there are 2 rows, check that the page shows "Delete Invoice 13"'),
    ("table.html", 'click the second Delete button, check that the page shows "Delete Invoice 12"'),
    ("table.html", 'delete Invoice 11, check that the page shows "Delete Invoice 11"'),
    (
        "table.html",
        'go to Settings, check that the title is "Registration", go back, check that the URL contains table',
    ),
    (
        "mail.html",
        'click "Verfassen", type "bob@x.de" into "An", type "Hallo, Bob!" into "Text", click "Senden", check that the page shows "Gesendet an bob@x.de: Hallo, Bob!"',
    ),
    ("mail.html", 'search for "Rechnung", open the first result, check that the page shows "Geöffnet: Rechnung 12"'),
    ("mail.html", 'click "Archiv leeren", check that the page shows "Archiv geleert"'),
    ("mail.html", 'click Einstellungen, check that "Einstellungen offen" is shown'),
    ("mail.html", 'click "Antworten" next to "Eve", check the page shows "Antwort an Eve"'),
    ("mail.html", 'open the second message, check that the page shows "Geöffnet: Rechnung 12"'),
    ("mail.html", 'if "Wir verwenden Cookies" shows, click "Nur notwendige". click Gesendet in the sidebar'),
    (
        "login.html",
        'log in as "ada@x.org" with password "geheim", check that the page shows "Hallo Ada", click "Abmelden"',
    ),
    ("settings.html", 'switch to the Privacy tab, check that the heading is "Privacy"'),
    ("settings.html", 'turn on Dark mode, check that "Dark mode" is on, turn off Sounds, check that Sounds is off'),
    ("settings.html", 'click Save in the Notifications section, check that the page shows "Notifications saved"'),
    ("settings.html", 'click the Save button below "Appearance", check that the page shows "Appearance saved"'),
    ("settings.html", 'hover over More, click "Import data", check that the page shows "Imported"'),
    ("settings.html", 'click Slow, wait until "Slowly done" shows'),
    ("settings.html", 'click Save and continue, check that the page shows "1"'),
    ("settings.html", 'drag "Card one" onto "Trash", check that the page shows "Dropped"'),
    ("settings.html", "click Ask, click OK, click the Advanced tab"),
    ("wiki.html", 'search for lamp, open the second result, check that the page shows "A post with a lamp"'),
    ("wiki.html", "search for lamp, check that there are 2 results"),
    ("form.html", 'type Ada in the First name field and Lovelace in the Last name field, click "Send registration"'),
    ("form.html", "set Newsletter to off, check that Newsletter is off"),
    (
        "form.html",
        'check "I agree to the terms", uncheck "Newsletter", press the "Send registration" button, expect the page to contain "terms"',
    ),
    ("form.html", 'select Express, check that "Express" is selected'),
    ("form.html", 'choose "Germany" in Country and then type "Hello" into the Message box'),
    (
        "table.html",
        'remember the order number as order, click Settings, type order into First name, check that First name is "A-4711"',
    ),
    ("wiki.html", 'find "lamp", click on "Lamp post", check that the heading says "Lamp post"'),
    ("settings.html", 'click the third tab, check the heading is "Advanced"'),
    ("settings.html", "go to form.html"),
    ("table.html", 'edit the first invoice, check that it says "Edit Invoice 11"'),
    ("table.html", "delete the last row. delete the last row. check that there is 1 row"),
    ("table.html", 'open Home in a new tab, close the tab, check that the title is "Invoices"'),
    (
        "soup.html",
        'add the second product to the basket, click the cart, check that the page shows "In the cart: Blue chair"',
    ),
    ("soup.html", 'add "Oak table" to the cart, open the shopping cart, check that it says "In the cart: Oak table"'),
    ("soup.html", 'click Add to basket next to Sofa, check that the page shows "1"'),
    ("soup.html", 'like the third product, check that the page shows "Wished Oak table"'),
    ("soup.html", 'choose "Medium" from "Choose size", check that the page shows "Size Medium"'),
    ("soup.html", 'click "Choose size", click Large, check that "Size Large" is visible'),
    ("soup.html", 'set Volume to 40, check that the page shows "Volume 40"'),
    ("soup.html", 'set Date to 2026-05-03, check that the page shows "Date 2026-05-03"'),
    ("soup.html", 'type "Nice: 5 stars" into Comment, check that Comment contains "5 stars"'),
    ("soup.html", 'click "Delete account", click "Yes, delete", check that the page shows "Deleted"'),
    ("soup.html", 'click Imprint, check that the page shows "Imprint"'),
    ("soup.html", 'scroll to the bottom, click "Back to top"'),
    ("soup.html", 'click the menu icon at the top right, check that the page shows "Menu open"'),
    ("soup.html", 'click the last Add to basket, check that "1" is visible'),
    ("soup.html", 'click My account and check that the URL contains "#acc"'),
    ("soup.html", 'scroll until "Imprint" shows, click it'),
    ("form.html", "untick all boxes, check that Newsletter is not ticked"),
    ("settings.html", "click Ask, accept the dialog"),
]

#: (page, question, what the answer must hold).
ASKED = [
    ("soup.html", "what is the price of the Blue chair?", "$59.00"),
    ("soup.html", "how many products are there?", "6"),
    ("table.html", "read the order number", "A-4711"),
    ("table.html", "what is the total?", "€ 42.00"),
    ("table.html", "tell me the amount of Invoice 12", "€ 25.00"),
    ("wiki.html", 'search for "chair", open the first result, read the last edited date', "3 May 2021"),
    ("table.html", "read the customer of Invoice 12", "Bob"),
    ("table.html", "read the number of rows", "3"),
]


@pytest.mark.parametrize(("page", "goal"), GOOD, ids=[goal[:70] for _, goal in GOOD])
def test_a_script_is_carried_out(follow: Any, page: str, goal: str) -> None:
    followed = follow(page, goal)
    assert followed.done.success, followed.said


@pytest.mark.parametrize(("page", "goal", "answer"), ASKED, ids=[goal for _, goal, _ in ASKED])
def test_what_is_asked_for_becomes_the_answer(follow: Any, page: str, goal: str, answer: str) -> None:
    followed = follow(page, goal)
    assert followed.done.success, followed.said
    assert followed.done.answer == answer


@pytest.mark.parametrize(
    ("page", "goal", "reason"),
    [
        ("form.html", 'click "Submit order"', "Submit order"),
        ("form.html", 'type "x" into First name, check that the page shows "Thank you"', "does not show “Thank you”"),
        ("form.html", "check that Newsletter is not ticked", "“Newsletter” is ticked"),
        ("form.html", "check that there are 7 checkboxes", "there are 2 checkboxes"),
        ("form.html", 'select "Narnia" from Country', "Narnia"),
        ("login.html", 'log in as "ada@x.org" with password "nope"', "Kennwort falsch"),
        ("table.html", "delete the ninth row", "no ninth row"),
        ("table.html", "add the first row to the cart", "no control is called “add”"),
        ("table.html", "delete Invoice 99", "no control on the screen is called “delete Invoice 99”"),
        ("table.html", "edit the invoice of Zoe", "edit the invoice of Zoe"),
        ("soup.html", "add the Green chair to the cart", "add the Green chair to the cart"),
        ("soup.html", "add the tenth product to the basket", "no tenth product"),
        ("wiki.html", 'wait up to 2 seconds until "Never" shows', "after 2 s still"),
        ("index.html", 'search for "lamp"', "no search box"),
        ("index.html", 'log in as "ada" with password "x"', "no log-in form"),
    ],
)
def test_what_cannot_be_done_fails_with_the_reason(follow: Any, page: str, goal: str, reason: str) -> None:
    followed = follow(page, goal)
    assert not followed.done.success, followed.said
    assert reason in followed.done.answer
    assert followed.done.answer.startswith("Clause ")


def test_a_failing_check_names_what_is_nearest(follow: Any) -> None:
    followed = follow("table.html", 'check that the page shows "Invoice 112"')
    assert "“Invoice 11" in followed.done.answer.split("nearest is")[1]


def test_what_lies_in_the_way_is_closed_without_agreeing(follow: Any) -> None:
    followed = follow("mail.html", 'click "Gesendet"')
    assert followed.done.success, followed.said
    clicked = [step.action.target.phrase for step in followed.steps if step.action.kind == "click"]
    assert clicked == ["Nur notwendige", '"Gesendet"']


def test_files_are_given_to_a_file_field(follow: Any, tmp_path: Any) -> None:
    note = tmp_path / "note.txt"
    note.write_text("x")
    for goal in (f"upload {note} to the Portrait field", f"upload {note}"):
        followed = follow("settings.html", f'{goal}, check that the page shows "Got note.txt"')
        assert followed.done.success, followed.said


def test_thoughts_are_short_sentences_that_say_where_the_script_is(follow: Any) -> None:
    followed = follow("todo.html", 'click "Clear completed", type "x" into the new task box')
    assert followed.decisions[0].reasoning == 'Clause 1 of 2: click "Clear completed": click “Clear completed”'
    assert all(len(decision.reasoning) < 250 for decision in followed.decisions)


def test_targets_carry_the_element_and_a_point_inside_it(follow: Any) -> None:
    followed = follow("todo.html", 'click "Clear completed"')
    target = followed.steps[0].action.target
    assert target.element
    assert target.box.holds(target.point)
