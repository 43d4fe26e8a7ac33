"""Items by their values, loops over items, arithmetic, closed parts and long lists, on pages in a real browser."""

# ruff: noqa: E501 - a page is one line, however long

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import handeye.policies.plain_english.clauses as c
from handeye.policies.plain_english import acts_looking, english_policy, reaching, searching
from handeye.policies.plain_english.quantities import calculate, number_of, quantities

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def act(on: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Carry clauses out on a page given as HTML; nothing on it is late."""
    monkeypatch.setattr(acts_looking, "CHECK_WAITS", (0.05,))
    monkeypatch.setattr(reaching, "WAIT_SECONDS", 0.05)
    monkeypatch.setattr(searching, "WAIT_SECONDS", 0.05)
    monkeypatch.setattr(english_policy.PlainEnglish, "check", lambda *_: None)

    def run(html: str, *clauses: c.Clause) -> Any:
        monkeypatch.setattr(english_policy, "program_of", lambda _: tuple(english_policy.flat(clauses)))
        return on(f"{html}<p id=o role=status>", "what the clauses say")

    return run


def log(label: str, says: str) -> str:
    return f"<button onclick=\"o.textContent+='{says} '\">{label}</button>"


def table(head: str, *rows: str) -> str:
    heads = "".join(f"<th>{each}" for each in head.split("|"))
    lines = ("".join(f"<td>{each}" for each in row.split("|")) for row in rows)
    return f"<table><tr>{heads}<th></tr>" + "".join(
        f"<tr>{line}<td>{log('Pack', str(n))}{log('Drop', f'd{n}')}" for n, line in enumerate(lines)
    ) + "</table>"  # fmt: skip


CREW = table(
    "First|Last|State|Debt", "Una|Poe|Ashore|$30", "Vic|Lee|Aboard|$9", "Una|Lee|Ashore|$1,120", "Ashore|Poe|Aboard|$40"
)
GOING = CREW.replace("o.textContent+=", "this.closest('tr').remove();o.textContent+=")
TRIPS = "<style>.c{border:1px solid;width:200px;display:inline-block}</style>" + "".join(
    f"<div class=c><h3>{name}</h3><p>{price}</p><p>{berths} berths</p>{log('Book', name)}</div>"
    for name, price, berths in (("Fjord", "$1,200", "12"), ("Skerry", "$300", "9"), ("Sound", "$450", "7"))
)
KEYS = "<input id=d readonly aria-label=Display>" + "".join(
    f"<button onclick=\"{'d.value=eval(d.value)' if key == '=' else 'd.value+=this.title' if key != 'C' else 'd.value=String()'}\" title='{sign}'>{key}</button>"
    for key, sign in (*((digit, digit) for digit in "0123456789."), ("×", "*"), ("+", "+"), ("=", ""), ("C", ""))
)
FOLDS = f"<details><summary>Ropes</summary>hemp</details><details><summary>Sails</summary>{log('Hoist', 'hoisted')}</details>"
LIST = "<div style='height:150px;overflow:auto' id=v><div style='height:90000px;position:relative' id=w></div></div><script>v.onscroll=()=>{let s=Math.floor(v.scrollTop/30);w.innerHTML='';for(let i=s;i<s+6;i++){let b=document.createElement('button');b.style='position:absolute;top:'+i*30+'px';b.textContent='Buoy '+i;b.onclick=()=>o.textContent=i;w.append(b)}};v.onscroll()</script>"
ICONS = "<style>.i{display:inline-block;width:20px;height:20px;background:#888}</style>" + "".join(
    f"<div class=card style='border:1px solid'><p>{name}</p><span class='i trash'></span><span class=i></span></div>" for name in ("Una", "Vic")
) + "<script>document.querySelectorAll('.trash').forEach((e,n)=>{e.className='trash';e.style='display:inline-block;width:20px;height:20px';e.addEventListener('click',()=>o.textContent=n)})</script>"  # fmt: skip


def each(items: str, *then: c.Clause, count: int = 0) -> c.ForEach:
    return c.ForEach(items=items, then=then, count=count)


@pytest.mark.parametrize(
    ("html", "clauses", "says"),
    [
        (CREW, [each("row with state Ashore", c.ClickOn(target="Pack"))], "0 2"),
        (GOING, [each("row with state Ashore", c.ClickOn(target="Pack"))], "0 2"),
        (CREW, [each("rows whose debt is over 35", c.Operate(verb="drop"))], "d2 d3"),
        (CREW, [c.ClickOn(target="Drop in the row with the highest debt")], "d2"),
        (CREW, [c.ClickOn(target="Pack in the row of Una Lee")], "2"),
        (CREW, [c.ClickOn(target="Pack in the row with state Aboard")], None),
        (TRIPS, [c.Choose(option="the cheapest trip")], None),
        (TRIPS, [c.Choose(option="the cheapest")], "Skerry"),
        (TRIPS, [c.ClickOn(target="Book in the card with the most berths")], "Fjord"),
        (FOLDS, [c.Expand(target="the Sails section"), c.ClickOn(target="Hoist")], "hoisted"),
        (FOLDS, [c.Expand(target="the section below")], None),
        (FOLDS, [c.Locate(target='the "Hoist" button'), c.ClickOn(target="Hoist")], "hoisted"),
        (LIST, [c.ClickOn(target="Buoy 110")], "110"),
        (ICONS, [c.Locate(target="Vic"), c.ClickOn(target="the trash icon")], "1"),
        (f"<p>Click Hoist in the big menu now</p>{log('Hoist', 'up')}", [c.ClickOn(target="Hoist", source="Click Hoist in the big menu")], "up"),
    ],
)  # fmt: skip
def test_the_item_that_is_described_is_used(act: Any, html: str, clauses: list[c.Clause], says: str | None) -> None:
    followed = act(html, *clauses)
    texts = {element.name.strip() for element in followed.observation.elements}
    assert followed.done.success == (says is not None), followed.said
    assert says in texts if says else not any(step.action.kind == "click" for step in followed.steps), followed.said


@pytest.mark.parametrize(
    ("html", "clauses", "values"),
    [
        ("<p>7 x 6 = ?</p><input>", [c.Solve(), c.Write(text="your answer", fact=True, target="the field")], ["42"]),
        ("<input type=password><input type=password>", [each("text field", c.Write(text="ahoy"), count=2)], None),
        ("<input><input><input>", [each("text field", c.Write(text="ahoy"), count=3)], ["ahoy"] * 3),
        ("<input><input><input>", [each("text field", c.Write(text="ahoy"), count=2)], ["", "", ""]),
        (KEYS, [c.Compute(expression="12 × 34 + 0.5")], ["408.5"]),
        (CREW + "<input>", [c.ReadOff(what="the debt of Una Lee", aside=True), c.Write(text="it", fact=True, target="the field")], ["$1,120"]),
        (CREW + "<input>", [c.ReadOff(what="the sum of the Debt column", aside=True), c.Write(text="it", fact=True, target="the field")], ["1199"]),
    ],
)  # fmt: skip
def test_what_is_computed_or_read_is_typed(
    act: Any, html: str, clauses: list[c.Clause], values: list[str] | None
) -> None:
    followed = act(html, *clauses)
    fields = [element.value for element in followed.observation.elements if element.takes_text]
    assert followed.done.success == (values != ["", "", ""]), followed.said
    assert values is None or fields == values, followed.said


def test_a_control_that_is_nowhere_is_given_up_on_evidence(act: Any) -> None:
    followed = act(
        f"<p>Hoist the flag of the harbour</p>{log('Hoist it', 'x')}", c.ClickOn(target='the "Hoisting" button')
    )
    assert not followed.done.success
    assert len(followed.steps) <= 6, followed.said
    assert "read as: a button called “Hoisting”" in followed.done.answer
    assert "“Hoist it”" in followed.done.answer
    assert "harbour" not in followed.done.answer


def test_amounts_dates_and_sums() -> None:
    assert [number_of(text) for text in ("1,299.00", "1.299,00 €", "1 299 kr", "3/4", "-7")] == [
        1299,
        1299,
        1299,
        None,
        -7,
    ]
    assert quantities("was $30, now $20", "money") == [30, 20]
    assert quantities("2h 15m", "duration") == [8100]
    assert quantities("3/4/2025", "date") == []
    assert quantities("3.5 GB", "size") == [3.5e9]
    assert quantities("2024-03-01", "date") < quantities("5 May 2024", "date") == quantities("05/05/2024", "date")
    sums = {"0 - 1 =": "-1", "3 x 4": "12", "(2+3)*4": "20", "10 ÷ 4": "2.5", "7/0": None, "9**9**9": None, "1+": None}
    assert {text: calculate(text) for text in sums} == sums
