"""Several controls that answer equally well are refused; a container, a number or a place tells them apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.policies.plain_english.conftest import Followed

    On = Callable[[str, str], Followed]

PEOPLE = ("Nora Weiss", "Ivo Petrov", "Li Na")
DID = "<p id=o>nothing yet</p><script>const did = (what) => { o.textContent = 'did ' + what }</script>"


def act(label: str, name: str, tag: str = "button") -> str:
    return f"<{tag} onclick=\"did('{label} {name}')\">{label}</{tag}>"


LAYOUTS = {
    "table": "<table>"
    + "".join(f"<tr><td>7<td>{n}<td>{act('Löschen', n)}{act('Edit', n)}" for n in PEOPLE)
    + "</table>",
    "flex": "<style>.f{display:flex;gap:9px}</style><div class=f>"
    + "".join(
        f"<div class='k x{i}'><div>{act('Löschen', n)}</div><div><div>{n}</div></div><i>{act('Edit', n)}</i></div>"
        for i, n in enumerate(PEOPLE)
    )
    + "</div>",
    "definitions": "<dl>" + "".join(f"<dt>{n}<dd>{act('Löschen', n)} {act('Edit', n)}" for n in PEOPLE) + "</dl>",
    "nested": "<main><section><h2>Team</h2>"
    + "".join(f"<article><header><h3>{n}</h3></header>{act('Löschen', n)}{act('Edit', n)}</article>" for n in PEOPLE)
    + "</section></main>",
    "long": "".join(
        f"<div class=card style='height:900px'><h3>{n}</h3><p>x</p>{act('Löschen', n)}{act('Edit', n)}</div>"
        for n in PEOPLE
    ),
    "scrolled": "<div style='height:120px;overflow:auto'>"
    + "".join(f"<div class=r style='height:90px'><b>{n}</b> {act('Löschen', n)}{act('Edit', n)}</div>" for n in PEOPLE)
    + "</div>",
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_label_that_repeats_is_refused_by_itself_and_found_by_what_it_stands_with(on: On, layout: str) -> None:
    page = LAYOUTS[layout] + DID
    alone = on(page, 'click "Löschen"')
    assert not alone.done.success
    assert not alone.steps
    assert "3 controls answer to “Löschen”" in alone.done.answer
    assert all(name in alone.done.answer for name in PEOPLE)
    for goal in ('click "Löschen" in the row with "Ivo Petrov"', 'click the second "Löschen"'):
        assert on(page, f'{goal}, check that the page shows "did Löschen Ivo Petrov"').done.success
    missing = on(page, 'click "Löschen" in the card with "Ivo Petersen"')
    assert not missing.done.success
    assert not any(step.action.kind == "click" for step in missing.steps)


CART = (
    "<a href='#basket' id=trolley onclick=\"did('open')\" style='display:block;width:30px;height:30px'></a>"
    + "".join(f"<div class=c><a href=#>{n}</a><div>{act('Add to trolley', n)}</div></div>" for n in ("Ink", "Pen"))
    + DID
)
SIGNS = (  # one is called by its tooltip, for it shows only a sign, the other by its text
    "<div class=r><b>Ilse</b> <button title=Umbenennen onclick=\"did('rename Ilse')\">⟳</button></div>"
    f"<div class=r><b>Jörg</b> {act('Umbenennen', 'Jörg')}</div>" + DID
)
MUTE = "<p><b>K</b> <button title=Mute>♫</button><p><b>L</b> <button aria-label=Mute>♪</button>"
DIALOG = (
    "<button onclick=\"did('page')\">Yes</button><div role=dialog aria-label='Leave the group'><p>Sure?</p>"
    "<button onclick=\"did('no')\">No</button><button onclick=\"did('yes')\">Yes</button></div>" + DID
)
STRETCHED = (
    "<style>.c{position:relative;width:20em}.c a::before{content:'';position:absolute;inset:0}</style>"
    + "".join(
        f"<div class=c><h3>{n}</h3><p>text</p><a onclick=\"did('{n}')\" href='#{n}'>More</a></div>" for n in "KLM"
    )
    + DID
)
VISIBLE = "<div role=button tabindex=0 aria-label='Sort, by date' onclick=\"did('sort')\">Newest first</div>" + DID
PARTS = "".join(
    f"<div class=b><div><b>{n}</b></div><div><label>Zip <input></label></div></div>" for n in ("Home", "Work")
)


@pytest.mark.parametrize(
    ("page", "goal", "shows"),
    [
        (CART, "add the Pen to the trolley", "did Add to trolley Pen"),
        (CART, 'click "Add to trolley" in the card "Ink"', "did Add to trolley Ink"),
        (CART, "open the trolley", "did open"),
        (DIALOG, 'click the button in the dialog labelled "No"', "did no"),
        (DIALOG, 'click the button in the dialog box called "Yes"', "did yes"),
        (DIALOG.replace("<button onclick=\"did('yes')\">Yes</button>", "<a href='#y' onclick=\"did('yes')\">Yes</a>"),
         'click the button in the dialog labelled "Yes"', "did yes"),
        (DIALOG, 'click "Yes" in the dialog "Leave the group"', "did yes"),
        (SIGNS, 'click "Umbenennen" in the row with "Jörg"', "did Umbenennen Jörg"),
        (SIGNS, 'click "Umbenennen" in the row with "Ilse"', "did rename Ilse"),
        ("<button title='Show the archive' onclick=\"did('show')\">Open</button>" + act("Show the archive", "it") + DID,
         'click "Show the archive"', "did Show the archive it"),
        (STRETCHED, "click the heading L", "did L"),
        (STRETCHED, 'click "More" in the card with "M"', "did M"),
        (VISIBLE, 'click "Newest first"', "did sort"),
        (VISIBLE, 'click "Sort, by date"', "did sort"),
        ("<p>You may Print at any time.</p><h2>Print</h2>" + act("Print", "it") + DID, "click Print", "did Print it"),
        ("<a href='/x'>Help</a><footer><a href='/x'>Help</a></footer>", "click Help, wait 0 seconds", ""),
        ("<dialog id=d><p>Sure?</p>" + act("Go", "inside") + "</dialog>" + act("Go", "behind") + DID
         + "<script>d.showModal()</script>", "click Go", "did Go inside"),
    ],
)  # fmt: skip
def test_what_tells_controls_apart_is_followed(on: On, page: str, goal: str, shows: str) -> None:
    followed = on(page, f'{goal}, check that the page shows "{shows}"' if shows else goal)
    assert followed.done.success or (not shows and followed.steps[0].action.kind == "click"), followed.said


@pytest.mark.parametrize(
    ("page", "goal", "says"),
    [
        ("<button>Delete all photos</button>", "click photos", "“Delete all photos” has the words"),
        ("<button title='Erase all notes'>▦</button>", "click notes", "“Erase all notes” has the words"),
        (SIGNS, 'click "Umbenennen"', "2 controls answer to “Umbenennen”: in the card “Ilse”; in the card “Jörg”"),
        (SIGNS, "click Umbenennen", "2 controls answer"),
        (MUTE, 'click "Mute"', "2 controls answer"),
        ("<button>Alle Bilder löschen</button>", 'click "Bilder"', "löschen"),
        ("<button>カートに追加</button>", 'click "カート"', "追加"),
        ("<button>Remove all</button>", "click Remove", "all"),
        (DIALOG, "click the button in the dialog", "“No” in the dialog"),
        (DIALOG, 'click "No" in the dialog "Leave the page"', "nothing on the screen"),
        (PARTS, 'fill "Zip" with "1010"', "in the card “Home”; in the card “Work”"),
        ("<div role=dialog aria-label='Yes'><button>No</button></div><div role=dialog><button>Yes</button></div>",
         'click the button in the dialog labelled "Yes"', "2 controls answer"),
        ("<div class=r><b>Ada</b> <button>Edit</button></div><div class=r><b>Bo</b> no rights</div>",
         'click "Edit" in the row with "Bo"', "nothing on the screen"),
        ("<div class=r><b>Ann</b> <button>Edit</button></div><div class=r><b>Anne</b> <button>Edit</button></div>",
         'click "Edit" in the row with "Anna"', "nothing on the screen"),
        ("<h3>Team</h3><button>Edit</button><button>Edit</button><h3>Shop</h3><button>Edit</button>",
         'click "Edit" under "Team"', "2 controls answer"),
    ],
)  # fmt: skip
def test_what_would_be_a_guess_is_refused(on: On, page: str, goal: str, says: str) -> None:
    followed = on(page, goal)
    assert not followed.done.success
    assert says in followed.done.answer
    assert not any(step.action.kind in ("click", "type") for step in followed.steps)


def test_a_container_that_had_to_be_found_is_less_than_certain(on: On) -> None:
    followed = on(LAYOUTS["table"] + DID, 'click "Löschen" in the row with "Li Na"')
    assert followed.done.success
    assert 0.9 < followed.decisions[0].confidence < 0.995
