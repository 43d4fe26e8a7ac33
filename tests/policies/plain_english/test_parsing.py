"""What clauses mean: a goal parses into exactly these steps, or is refused by name."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handeye.perception.phrases.quoting import mask
from handeye.policies.plain_english import PlainEnglish, parse
from handeye.policies.plain_english import clauses as c
from handeye.policies.plain_english.keys import parse_keys
from handeye.policies.plain_english.parsing import parse_statement
from handeye.tools.errors import ActionRefused, UsageError


def shows(*texts: str, negated: bool = False, any_of: bool = False) -> c.Statement:
    return c.Statement(kind="shows", texts=texts, negated=negated, any_of=any_of)


def visible(target: str, negated: bool = False) -> c.Statement:
    return c.Statement(kind="visible", target=target, negated=negated)


def check(statement: c.Statement) -> c.Verify:
    return c.Verify(statement=statement)


SHOP = (
    'log in as "ada" with password "lovelace", search for "lamp", add the first result to the cart, check out, '
    'check that the page shows "Thank you"'
)
GOALS: list[tuple[str, list[c.Clause]]] = [
    # clicking
    ("click Save", [c.ClickOn(target="Save")]),
    ("Please click on the Save button.", [c.ClickOn(target="the Save button")]),
    ("tap 'Don't save'", [c.ClickOn(target="'Don't save'")]),
    ("hit the OK button", [c.ClickOn(target="the OK button")]),
    ("push the red button, then tap OK", [c.ClickOn(target="the red button"), c.ClickOn(target="OK")]),
    ("double-click “notes, old.txt”", [c.ClickOn(target="“notes, old.txt”", count=2)]),
    ("double click on the first file", [c.ClickOn(target="the first file", count=2)]),
    ("right click the second row", [c.ClickOn(target="the second row", button="right")]),
    ("middle-click Docs", [c.ClickOn(target="Docs", button="middle")]),
    ("ctrl-click B", [c.ClickOn(target="B", modifiers=("ctrl",))]),
    ("click B while holding shift", [c.ClickOn(target="B", modifiers=("shift",))]),
    ("click the Delete button next to “Invoice 12”", [c.ClickOn(target="the Delete button next to “Invoice 12”")]),
    ("click Next three times", [c.ClickOn(target="Next")] * 3),
    ("click File > Save As...", [c.ClickOn(target="File"), c.ClickOn(target="Save As...")]),
    ('click "A", "B" and "C"', [c.ClickOn(target='"A"'), c.ClickOn(target='"B"'), c.ClickOn(target='"C"')]),
    ("click at (100, 200)", [c.ClickOn(target="(100, 200)")]),
    ("click Terms and Conditions", [c.ClickOn(target="Terms and Conditions")]),
    ("click Save and close", [c.ClickOn(target="Save"), c.Operate(verb="close")]),
    ("hover over Products", [c.Hover(target="Products")]),
    ("move the mouse to the chart", [c.Hover(target="the chart")]),
    ('drag "Task 1" onto "Done"', [c.DragOnto(start='"Task 1"', end='"Done"')]),
    ("drag the first card to the Done column", [c.DragOnto(start="the first card", end="the Done column")]),
    ("drag A and drop it on B", [c.DragOnto(start="A", end="B")]),
    # typing
    ('type "Grüße, 世界 🌍" and press Enter', [c.Write(text="Grüße, 世界 🌍"), c.PressKeys(keys="enter")]),
    ('type "a; b. c" into "Note"', [c.Write(text="a; b. c", target='"Note"')]),
    ("type hello world", [c.Write(text="hello world", fact=True)]),
    ('enter "ada" as the username', [c.Write(text="ada", target="the username", replace=True)]),
    ("enter a@b.co in the email field", [c.Write(text="a@b.co", target="the email field", replace=True, fact=True)]),
    ('fill in Email with "x"', [c.Write(text="x", target="Email", replace=True)]),
    ('fill the "First name" field with “Ada”', [c.Write(text="Ada", target='the "First name" field', replace=True)]),
    ("fill in Email with a@b.co and Password with {{secret:pw}}", [
        c.Write(text="a@b.co", target="Email", replace=True, fact=True),
        c.Write(text="{{secret:pw}}", target="Password", replace=True, fact=True)]),
    ("set Quantity to 3", [c.Write(text="3", target="Quantity", replace=True, fact=True, any_kind=True)]),
    ('enter username "ada" and password "x"', [
        c.Write(text="ada", target="username", replace=True), c.Write(text="x", target="password", replace=True)]),
    ("type Ada in First name and Lovelace in Last name", [
        c.Write(text="Ada", target="First name", fact=True), c.Write(text="Lovelace", target="Last name", fact=True)]),
    ("put 'it’s ok' in the comment box", [c.Write(text="it’s ok", target="the comment box", replace=True)]),
    ('type "say \\"hi\\"" into Chat', [c.Write(text='say "hi"', target="Chat")]),
    ("clear the Search field", [c.Empty(target="Search field")]),
    # keys
    ("press ctrl+s", [c.PressKeys(keys="ctrl+s")]),
    ("press Ctrl and S", [c.PressKeys(keys="ctrl+s")]),
    ("press ctrl+, and ctrl++", [c.PressKeys(keys="ctrl+,"), c.PressKeys(keys="ctrl++")]),
    ("hit escape twice", [c.PressKeys(keys="escape", count=2)]),
    ("press the down arrow 3 times", [c.PressKeys(keys="down", count=3)]),
    ("press Tab and Enter", [c.PressKeys(keys="tab"), c.PressKeys(keys="enter")]),
    ("press Delete", [c.PressKeys(keys="delete", label="Delete")]),
    ("press the Delete key", [c.PressKeys(keys="delete")]),
    ("press Save", [c.ClickOn(target="Save")]),
    # ticking and choosing
    ("tick Remember me", [c.Tick(target="Remember me")]),
    ('check the box "I agree"', [c.Tick(target='the box "I agree"')]),
    ("uncheck Newsletter", [c.Tick(target="Newsletter", on=False)]),
    ("toggle Dark mode", [c.Tick(target="Dark mode", on=None)]),
    ("turn off Location", [c.Tick(target="Location", on=False)]),
    ("tick A, B and C", [c.Tick(target="A, B and C", parts=("A", "B", "C"))]),
    ('select "Germany" from the Country list', [c.Choose(option='"Germany"', target="the Country list")]),
    ("choose Express in Delivery", [c.Choose(option="Express", target="Delivery")]),
    ("pick Blue", [c.Choose(option="Blue")]),
    # tasks
    ("log in as ada with password {{secret:shop}}", [c.LogIn(user="ada", password="{{secret:shop}}")]),
    ('sign in with username "ada" and password "b, c"', [c.LogIn(user="ada", password="b, c")]),
    ("search for lamp", [c.SearchFor(text="lamp", fact=True)]),
    ('search for "salt and pepper"', [c.SearchFor(text="salt and pepper")]),
    ("search for salt and pepper", [c.SearchFor(text="salt and pepper", fact=True)]),
    ("add the first result to the cart", [c.Operate(verb="add", thing="the first result", place="to the cart")]),
    ("delete the third row", [c.Operate(verb="delete", thing="the third row")]),
    ("check out", [c.Operate(verb="check out")]),
    ("log out", [c.Operate(verb="log out")]),
    ("sign up", [c.Operate(verb="sign up")]),
    ("open the second result", [c.ClickOn(target="the second result")]),
    ("open settings", [c.ClickOn(target="settings")]),
    ("upload /tmp/a.png to the Avatar field", [c.Give(paths=("/tmp/a.png",), target="the Avatar field")]),
    # going
    ("open http://localhost/x?a=1,2 and click A", [c.Visit(url="http://localhost/x?a=1,2"), c.ClickOn(target="A")]),
    ("go to example.com/shop", [c.Visit(url="https://example.com/shop")]),
    ("open note.txt", [c.ClickOn(target="note.txt")]),
    ("go back", [c.Go(way="back")]),
    ("go back to the previous page twice", [c.Go(way="back", count=2)]),
    ("reload the page", [c.Go(way="reload")]),
    ("open a new tab", [c.UseTab(do="new")]),
    ("switch to tab 2", [c.UseTab(do="switch", which="2")]),
    ("close the tab", [c.UseTab(do="close")]),
    ("switch to the Privacy tab", [c.ClickOn(target="the Privacy tab")]),
    ('switch to the window "Notes"', [c.ToWindow(do="focus", title="Notes")]),
    ('bring the "Notes" window to the front', [c.ToWindow(do="focus", title="Notes")]),
    ('close the window titled "Notes"', [c.ToWindow(do="close", title="Notes")]),
    ('in the card with "Tin", click "Buy"', [c.ClickOn(target='"Buy" in the card with "Tin"')]),
    ('Under "Guest", type "x" into "City".', [c.Write(text="x", target='"City" under "Guest"')]),
    ('in the Guest section, clear the City field', [c.Empty(target="City field in the Guest section")]),
    (
        'fill "City" in the "Guest" section with "Bern"',
        [c.Write(text="Bern", target='"City" in the "Guest" section', replace=True)],
    ),
    ('press the "Delete" button', [c.ClickOn(target='the "Delete" button')]),
    ("press the Insert button in the toolbar", [c.ClickOn(target="the Insert button in the toolbar")]),
    ('press "Home" in the row with "Tin"', [c.ClickOn(target='"Home" in the row with "Tin"')]),
    ("press delete in the Name field", [c.PressKeys(keys="delete", target="the Name field")]),
    ("press the Delete key", [c.PressKeys(keys="delete")]),
    ("press the Enter button", [c.PressKeys(keys="enter")]),
    ("scroll down", [c.ScrollBy()]),
    ("scroll up a little", [c.ScrollBy(direction="up", amount=3)]),
    ("scroll to the bottom of the page", [c.ScrollBy(edge=True, amount=100)]),
    ("scroll to the end of the results panel", [c.ScrollBy(edge=True, amount=100, over="the results panel")]),
    ('scroll to the top in "Inbox"', [c.ScrollBy(direction="up", edge=True, amount=100, over='"Inbox"')]),
    ("scroll to the bottom of this page", [c.ScrollBy(edge=True, amount=100)]),
    ('scroll down until "Terms" is visible', [c.ScrollBy(until='"Terms"')]),
    ("zoom in on the chart", [c.LookCloser(target="the chart")]),
    # waiting
    ("wait 3 seconds", [c.Pause(seconds=3)]),
    ("wait for half a second", [c.Pause(seconds=0.5)]),
    ("wait 1.5 s", [c.Pause(seconds=1.5)]),
    ('wait until "Save" shows', [c.Await(statement=shows("Save"))]),
    ('wait for "Done" to appear', [c.Await(statement=shows("Done"))]),
    ("wait until the spinner disappears", [c.Await(statement=visible("the spinner", negated=True))]),
    ('wait up to 5 seconds until "Done" shows', [c.Await(statement=shows("Done"), seconds=5)]),
    ("when the dialog appears, click OK", [c.Await(statement=c.Statement(kind="dialog")), c.ClickOn(target="OK")]),
    # checking
    ('check that the page shows "Thank you"', [check(shows("Thank you"))]),
    ('make sure it does not show "Error"', [check(shows("Error", negated=True))]),
    ('the page should show "A" and "B"', [check(shows("A", "B"))]),
    ('Then I should see "Welcome, ada"', [check(shows("Welcome, ada"))]),
    ('check that "Remember me" is checked', [check(c.Statement(kind="checked", target='"Remember me"'))]),
    ("verify that there are 3 results", [check(c.Statement(kind="count", number=3, noun="results"))]),
    # reading, remembering, asking
    ("read the order number", [c.ReadOff(what="order number")]),
    ("what is the total?", [c.ReadOff(what="total")]),
    ("tell me the price of the lamp", [c.ReadOff(what="price of the lamp")]),
    ("remember the total as sum", [c.ReadOff(what="total", name="sum")]),
    ('remember "42" as answer', [c.Keep(text="42", name="answer")]),
    ("ask me for the code", [c.AskPerson(question="What is the code?")]),
    # conditions
    ('if "Accept all" shows, click it, click "Next"', [
        c.When(statement=shows("Accept all"), then=(c.ClickOn(target='"Accept all"'),)), c.ClickOn(target='"Next"')]),
    ('click "Later" if the page shows "Update"', [
        c.When(statement=shows("Update"), then=(c.ClickOn(target='"Later"'),))]),
    ('unless the page shows "Hi", log in as "a" with password "b"', [
        c.When(statement=shows("Hi", negated=True), then=(c.LogIn(user="a", password="b"),))]),
    ('if "Error" shows, click Retry, otherwise click Go', [
        c.When(statement=shows("Error"), then=(c.ClickOn(target="Retry"),), otherwise=(c.ClickOn(target="Go"),))]),
    # whole scripts
    (SHOP, [
        c.LogIn(user="ada", password="lovelace"), c.SearchFor(text="lamp"),
        c.Operate(verb="add", thing="the first result", place="to the cart"), c.Operate(verb="check out"),
        check(shows("Thank you"))]),
    ('press ctrl+s, wait until "Save" shows, type "/tmp/x/note.txt", press Enter', [
        c.PressKeys(keys="ctrl+s"), c.Await(statement=shows("Save")), c.Write(text="/tmp/x/note.txt"),
        c.PressKeys(keys="enter")]),
    ("1. Click A\n2) type \"x\" into B\n- press Enter\n• check that \"C\" shows", [
        c.ClickOn(target="A"), c.Write(text="x", target="B"), c.PressKeys(keys="enter"), check(shows("C"))]),
    ("First, click A. Next, click B. Finally, click C.", [
        c.ClickOn(target="A"), c.ClickOn(target="B"), c.ClickOn(target="C")]),
    ("I want you to click A and then I'd like you to press Enter", [c.ClickOn(target="A"), c.PressKeys(keys="enter")]),
    ("Given I am on http://localhost/x\nWhen I click Login\nThen I should see \"Hi\"", [
        c.Visit(url="http://localhost/x"), c.ClickOn(target="Login"), check(shows("Hi"))]),
]  # fmt: skip


@pytest.mark.parametrize(("goal", "meaning"), GOALS, ids=[goal[:60] for goal, _ in GOALS])
def test_a_goal_means_these_steps(goal: str, meaning: list[c.Clause]) -> None:
    assert parse(goal) == meaning


@pytest.mark.parametrize(
    ("goal", "culprit"),
    [
        ("book me a nice holiday", "book me a nice holiday"),
        ("click Save, book me a nice holiday", "book me a nice holiday"),
        ('click "Lamps", then contemplate the void', "contemplate the void"),
        ("find the cheapest flight to Rome", "find the cheapest flight to Rome"),
        ("make me rich", "make me rich"),
        ("do not click Save", "do not click Save"),
        ("fill in the form", "fill in the form"),
        ("search for something interesting", "search for something interesting"),
        ("why", "why"),
    ],
)
def test_what_no_rule_understands_is_refused_by_name(goal: str, culprit: str) -> None:
    with pytest.raises(ActionRefused, match="use a model with --model") as refusal:
        PlainEnglish().check(goal)
    assert f"“{culprit}”" in str(refusal.value)


@pytest.mark.parametrize("goal", ["", "   ", "\n\t"])
def test_an_empty_goal_is_a_mistake_of_usage(goal: str) -> None:
    with pytest.raises(UsageError, match="empty"):
        PlainEnglish().check(goal)


def test_each_clause_knows_its_own_words() -> None:
    goal = 'please click "A, B" ; then type "x; y" into Name'
    found = parse(goal)
    assert [clause.source for clause in found] == ['please click "A, B"', 'type "x; y" into Name']
    assert [goal[slice(*clause.span)].strip() for clause in found] == [clause.source for clause in found]


STATEMENTS: list[tuple[str, c.Statement]] = [
    ('the page no longer shows "Loading"', shows("Loading", negated=True)),
    ('"Sold out" is not visible', shows("Sold out", negated=True)),
    ('"Bob" or "Eve" is shown', shows("Bob", "Eve", any_of=True)),
    ('the heading says "Basket"', c.Statement(kind="field", target="the heading", texts=("Basket",), exact=True)),
    ("the page shows Thank you", shows("Thank you")),
    ('the "Buy" button is visible', visible('the "Buy" button')),
    ("there is an error message", visible("an error message")),
    ('there is no "Delete" button', visible('"Delete" button', negated=True)),
    ('the title is "Cart – Shop"', c.Statement(kind="title", texts=("Cart – Shop",), exact=True)),
    ("the URL contains /cart", c.Statement(kind="url", texts=("/cart",))),
    ('Email contains "ada@x.org"', c.Statement(kind="field", target="Email", texts=("ada@x.org",))),
    ("the Email field is empty", c.Statement(kind="field", target="the Email field", texts=("",), exact=True)),
    ("Newsletter is not ticked", c.Statement(kind="checked", target="Newsletter", negated=True)),
    ("the Save button is disabled", c.Statement(kind="enabled", target="the Save button", negated=True)),
    ("there are at least two rows", c.Statement(kind="count", compare=">=", number=2, noun="rows")),
    ("the list has 5 items", c.Statement(kind="count", number=5, noun="items")),
    ("no results are shown", c.Statement(kind="count", number=0, noun="results")),
    ('an alert says "Really?"', c.Statement(kind="dialog", texts=("Really?",))),
]


@pytest.mark.parametrize(("words", "statement"), STATEMENTS, ids=[words for words, _ in STATEMENTS])
def test_a_statement_says_what_must_hold(words: str, statement: c.Statement) -> None:
    assert parse_statement(words) == statement


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        ("Ctrl + Shift + T", "ctrl+shift+t"), ("ctrl-alt-delete", "ctrl+alt+delete"), ("Alt F4", "alt+f4"),
        ("cmd+K", "meta+k"), ("Strg+S", "ctrl+s"), ("page down", "pagedown"), ("the Enter key", "enter"),
        ("ctrl+-", "ctrl+-"), ("spacebar", "space"), ("F12", "f12"), ("Save", ""), ("Sign in", ""), ("", ""),
    ],
)  # fmt: skip
def test_keys_have_many_names(words: str, keys: str) -> None:
    from handeye.tools.keyboard import parse_chord

    assert parse_keys(words) == keys
    if keys:
        parse_chord(keys)


@pytest.mark.parametrize(
    "text",
    ['“a, b; c. d”', "'it's, fine'", "«a; b»", "„x. y“", "`a and b`", "http://a.b/c?d=1,2", "a.b+c@d.org",
     "/tmp/a", "3.14", "1,299.00", "{{secret:a.b}}", "C:\\x\\y.txt", "e.g. this", "ctrl+,"],
)  # fmt: skip
def test_what_must_not_be_cut_survives(text: str) -> None:
    masked = mask(f"type {text} into Name, press Enter")
    assert masked.restore(masked.text) == f"type {text} into Name, press Enter"
    first = parse(f"type {text} into Name, press Enter")
    assert len(first) == 2
    assert isinstance(first[0], c.Write)
    assert first[0].target == "Name"
    assert first[0].text in text


PIECES = """click type press the a in on into and then , ; . if unless check that "x" 'y' “z” Save Enter ctrl+s 3 times
first row search for log in as with password delete scroll wait until shows {{secret:a}} http://a.b select from is not
back"""
WORDS = st.sampled_from([*PIECES.split(), "\n"])


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(max_size=80), st.lists(WORDS, max_size=14).map(" ".join)))
def test_every_goal_parses_or_is_refused(goal: str) -> None:
    with suppress(ActionRefused, UsageError):
        found = parse(goal)
        assert found
        assert all(clause.source for clause in found)


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ('type "Grüße “ok” €" into Name', "Grüße “ok” €"),
        ('type “say "hi" now” into Name', 'say "hi" now'),
        ('type "d “e” f", press Enter', "d “e” f"),
        ('type „Hallo“ into "Name"', "Hallo"),
        ('type “a" into "b"', "a"),
        ('type "“X” is in Done" into Name', "“X” is in Done"),
        ('type "“" into "Name"', "“"),
        (r'type "C:\Temp\" into "Folder"', "C:\\Temp\\"),
        (r'type "say \"hi\" now" into "Name"', 'say "hi" now'),
    ],
)
def test_a_quotation_inside_of_another_is_a_part_of_it(said: str, text: str) -> None:
    assert getattr(parse(said)[0], "text", "") == text


def test_marks_without_end_take_no_time_without_bound() -> None:
    said = ' “x "y' * 150
    masked = mask(said)
    assert masked.restore(masked.text) == said
