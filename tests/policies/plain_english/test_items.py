"""One more of it, sorting, a new one, moving one, stars: what is done to the items of a list, on real pages."""

# ruff: noqa: E501 - a page is one line, however long

from __future__ import annotations

from typing import Any

import pytest

from handeye.policies.plain_english import clauses as c
from handeye.policies.plain_english import parse

BASKET = "<ul>" + "".join(
    f"<li>{name} <button {less}>{minus}</button> <span id={name}>1</span> <button {more} onclick='{name}.textContent=+{name}.textContent+1'>{plus}</button></li>"
    for name, less, minus, more, plus in (("Figs", "", "−", "", "+"), ("Nuts", "aria-label='Remove one'", "", "aria-label='Add one'", ""))
) + "</ul><label>Guests <input type=number value=2></label>"  # fmt: skip
SORTED = "<table id=t><thead><tr><th><button onclick=s(0)>Town</button><th onclick=s(1) style=cursor:pointer>People</thead><tbody><tr><td>Zell<td>31<tr><td>Bonn<td>44<tr><td>Aal<td>52</table><script>const s=(i)=>[...t.tBodies[0].rows].sort((a,b)=>a.cells[i].textContent<b.cells[i].textContent?-1:1).forEach((r)=>t.tBodies[0].append(r))</script>"
BY_LIST = "<label>Sort by <select onchange=\"o.textContent='By '+this.value\"><option>Name<option>Price</select></label><p id=o></p>"
NOTES = "<style>li button{visibility:hidden}li:hover button{visibility:visible}</style><input placeholder='Search'><input id=n placeholder='What is on?' onkeydown=\"if(event.key=='Enter'){u.insertAdjacentHTML('beforeend','<li>'+n.value);n.value=''}\"><ul id=u><li>Feed cat <button onclick=this.parentNode.remove()>Delete</button><li>Wash car <button onclick=this.parentNode.remove()>Delete</button></ul>"
BOARD = "<style>section{float:left;width:200px;min-height:250px;margin:9px;background:#eef}div{margin:5px;padding:9px;background:#fff}</style>" + "".join(
    f"<section><h2>{name}</h2>{''.join(f'<div draggable=true>{card}</div>' for card in cards)}</section>" for name, cards in (("Open", ("Roof", "Door")), ("Ready", ()))
) + "<script>let d;for(const e of document.querySelectorAll('div'))e.ondragstart=(v)=>{d=e;v.dataTransfer.setData('text','')};for(const s of document.querySelectorAll('section')){s.ondragover=(v)=>v.preventDefault();s.ondrop=(v)=>{v.preventDefault();s.append(d);document.title=d.textContent+' in '+s.firstChild.textContent}}</script>"  # fmt: skip
TASKS = "<style>li i{visibility:hidden;font-style:normal}li:hover i{visibility:visible}i::after{content:'✖'}</style><ul>" + "".join(
    f"<li><input type=checkbox><label ondblclick=\"this.outerHTML='<input value={name}2>'\">{name}</label><i role=button onclick=this.parentNode.remove()></i>" for name in ("Iron", "Bake")
) + "</ul><p><b>2</b><span style='margin-left:9px'>items</span> left</p>"  # fmt: skip
PLANS = "".join(f"<div style='display:inline-block;padding:20px;border:1px solid'><h3>{name}</h3><button onclick=\"o.textContent='{name} it is'\">Select</button></div>" for name in ("Small", "Large")) + "<select><option>EUR<option>USD</select><p id=o></p>"  # fmt: skip
ICONS = "<button id=topAlerts onclick=o.textContent='Rang'><svg width=20 height=20></svg></button><button id=mail onclick=o.textContent='Mailed'>3+</button><p id=o></p><label>Show <select onchange=o.textContent=this.value+'shown'><option>10<option>25</select> entries</label>"
BY_LINK = "<form id=f>" + "<input placeholder=User><input type=password placeholder=Password>" + "<a href=# onclick=\"f.outerHTML='Welcome'\">Login</a> <a href=#>Login with Google</a></form>"  # fmt: skip
STARS = "".join(f"<button aria-label='{n} star{'s' * (n > 1)}' onclick=o.textContent='Got'+{n}>★</button>" for n in range(1, 6)) + "<p id=o></p>"  # fmt: skip
KEEPS = "<button onmousedown=event.preventDefault()>Note</button><textarea autofocus oninput=o.textContent='Typed'></textarea><p id=o></p>"
MANY = '<label>Toppings <select multiple onchange="o.textContent=[...this.selectedOptions].map(x=>x.text).join()"><option>Ham<option>Corn<option>Dill</select></label><b id=o></b>'
BOXES = "<label><input type=checkbox>q4</label><label><input type=checkbox>7z</label><label><input type=checkbox>Salt and oil</label><button onclick=\"o.textContent=document.querySelectorAll(':checked').length+' sent'\">Submit</button><p id=o></p>"
SPOTS = "<body style=margin:0><div draggable=true style='width:50px;height:50px;background:red'></div><div ondragover=event.preventDefault() ondrop=\"this.textContent='Here'\" style='position:absolute;left:200px;top:200px;width:80px;height:80px;background:#ddd'></div>"
TWICE = "<input type=search aria-label=Search><button onclick=\"o.textContent='Pressed'\">Search</button><p id=o></p>"
SPOKEN = "<p>Delete your account, or leave it be.</p><p onclick=\"o.textContent='Pressed'\">Leave</p><p id=o></p>"
REFUSES = "<form onsubmit=\"event.preventDefault();o.textContent='Sent'\"><label>Mail <input type=email></label><button>Send it</button></form><p id=o></p>"


@pytest.mark.parametrize(
    ("html", "goal"),
    [
        (BASKET, 'increase Figs twice, check that the page shows "Figs − 3"'),
        (BASKET, 'increase the quantity of Nuts by 2, check that the second item contains "3"'),
        (BASKET, "increase Guests three times, check that Guests is 5"),
        (SORTED, 'sort by People, sort the table by Town, check that the first row contains "Aal"'),
        (BY_LIST, 'sort by Price, check that the page shows "By Price"'),
        (NOTES, 'add a note "Buy ink", check that the third item contains "Buy ink"'),
        (NOTES, 'delete "Wash car", check that "Wash car" is not visible, check that "Feed cat" is visible'),
        (TASKS, 'delete "Bake", check that "Bake" is not visible, check that "Iron" is visible'),
        (TASKS, 'double-click "Iron", check that the page shows "Iron2"'),
        (TASKS, 'check that the page shows "2 items left"'),
        (ICONS, 'open the alerts menu, check that the page shows "Rang"'),
        (ICONS, 'show 25 entries, check that the page shows "25shown"'),
        (BY_LINK, 'log in as "kim" with password "x", check that the page shows "Welcome"'),
        (BOARD, 'drag the second card to Ready, check that the title is "Door in Ready"'),
        (BOARD, 'move the card "Roof" to the Ready column, check that the title is "Roof in Ready"'),
        (BOARD, 'move Roof to Ready, check that the title is "Roof in Ready"'),
        (PLANS, 'choose the Large plan, check that the page shows "Large it is"'),
        (MANY, 'choose "Ham" and "Dill" from Toppings, check that the page shows "Ham,Dill"'),
        (MANY, 'select Ham, Corn from Toppings, check that the page shows "Ham,Corn"'),
        (BOXES, 'select q4, 7z and "Salt and oil", click Submit, check that the page shows "3 sent"'),
        (BOXES, 'select q4 and 7z and click Submit, check that the page shows "2 sent"'),
        (SPOTS, 'drag (20, 20) onto (230, 230), check that the page shows "Here"'),
        (TWICE, 'click "Search", check that the page shows "Pressed"'),
        (TWICE, 'type "x" into Search, check that Search is "x"'),
        (SPOKEN, 'click "Leave", check that the page shows "Pressed"'),
        (STARS, 'give it 4 stars, check that the page shows "Got4"'),
    ],
)
def test_items_are_worked_on(on: Any, html: str, goal: str) -> None:
    followed = on(html, goal)
    assert followed.done.success, followed.said


@pytest.mark.parametrize(
    ("html", "goal", "why"),
    [
        (BASKET, "increase Plums", "no button to increase it"),
        (SORTED, "sort by Size", "sorts by “Size”"),
        (KEEPS, 'click "Note"', "nothing came of it"),
        (BASKET, 'add a song "La"', "no field here is for a new song"),
        (REFUSES, 'type "x" into Mail, click "Send it", check that the page shows "Sent"', "the form was not sent"),
    ],
)
def test_what_is_not_there_is_told(on: Any, html: str, goal: str, why: str) -> None:
    followed = on(html, goal)
    assert not followed.done.success, followed.said
    assert why in followed.done.answer


@pytest.mark.parametrize(
    ("goal", "clauses"),
    [
        ("decrease Figs twice", [c.Adjust(thing="Figs", up=False)] * 2),
        ("increase the volume to 5", [c.Write(text="5", target="the volume", replace=True, fact=True, any_kind=True)]),
        ("sort the list by Name", [c.SortBy(column="Name")]),
        ('add a new task called "Rest"', [c.AddNew(text="Rest", noun="task", whole='add a new task called "Rest"')]),
        ('put "Roof" into the Ready column', [c.DragOnto(start='"Roof"', end="the Ready column")]),
    ],
)
def test_what_is_meant(goal: str, clauses: list[c.Clause]) -> None:
    assert parse(goal) == clauses
