# ruff: noqa: E501  (a table of cases, one a line)
"""What the guard finds on a real page: it judges what a press, keys or a drag would set off, not what is listed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from handeye.perception.embedded import EmbeddedPerception
from handeye.policies.guard.guard import Guard, GuardDecision
from handeye.tools import Browser
from handeye.tools.actions import Navigate, parse_action

SVG = '<svg width="30" height="30" viewBox="0 0 9 9"><path d="M1 2h7M2 3l1 5h3l1-5"/></svg>'
FORM = '<form method="post" action="/x">{}</form>'


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser("about:blank", viewport=(700, 500)) as browser:
        yield browser


def checked(browser: Browser, html: str, action: dict[str, Any], goal: str = "do it") -> GuardDecision:
    """The ruling on an action; its targets may be CSS selectors, whose centres are aimed at."""
    browser.perform(Navigate(url="about:blank"))
    browser.run_script(
        """html => { const made = document.open(); made.write('<!doctype html><meta charset=utf-8>' + html); made.close() }""",
        html,
    )
    where = """([css]) => { const box = document.querySelector(css).getBoundingClientRect();
        return [Math.round(box.x + box.width / 2), Math.round(box.y + box.height / 2)] }"""
    for name in ("target", "start", "end"):
        if isinstance(action.get(name), str):
            action = action | {name: {"phrase": "it", "point": browser.run_script(where, [action[name]])}}
    observation = EmbeddedPerception().observe(browser)
    return Guard().judge(parse_action(action), observation, goal)


def click(css: str) -> dict[str, Any]:
    return {"kind": "click", "target": css}


def key(keys: str) -> dict[str, Any]:
    return {"kind": "key", "keys": keys}


FOCUS = "<script>document.querySelector('#f').focus()</script>"

ASKED: dict[str, tuple[str, dict[str, Any], str]] = {
    # What is on a control, around it, and in the code that makes it.
    "alt in a link": ("<a id=b href=# onclick=1><img alt='Kaufen' src='data:,' width=60 height=30></a>", click("#b img"), "buy"),
    "title of a sign": ("<button id=b title='Erase' onclick=1>×</button>", click("#b"), "delete"),
    "emoji": ("<span id=b onclick=1>🗑️</span>", click("#b"), "delete"),
    "class of an icon": (f"<button id=b class='btn js-row-delete'>{SVG}</button>", click("#b"), "delete"),
    "svg title": ("<button id=b><svg width=30 height=30><title>Trash</title></svg></button>", click("#b"), "delete"),
    "href": (f"<a id=b href='/items/7/destroy'>{SVG}</a>", click("#b"), "delete"),
    "written by a style": ("<style>#b::after{content:' bezahlen'}</style><button id=b>30 €</button>", click("#b"), "pay"),
    "letters apart": ("<style>i{display:inline-block}</style><button id=b><i>S</i><i>e</i><i>n</i><i>d</i></button>", click("#b"), "send"),
    "turned around": ("<button id=b><bdo dir=rtl>wonyuB yuB</bdo></button>", click("#b"), "buy"),
    "through a shadow root": ("<div id=b></div><script>b.attachShadow({mode:'closed'}).innerHTML='<button>Publier maintenant, publiez</button>'</script>", click("#b"), "publish"),
    "in a frame": ("<iframe id=b srcdoc=\"<button style='position:fixed;inset:0'>Löschen</button>\"></iframe>", click("#b"), "delete"),
    "amount to confirm": ("<button id=b>Confirm € 49.90</button>", click("#b"), "pay"),
    "row of a sign": ("<table><tr><th>File<th>Delete<tr><td>a.txt<td><button id=b>×</button></table>", click("#b"), "delete"),
    # What is agreed to.
    "ARIA dialog": ("<div role=alertdialog aria-label='Supprimer le dossier ?'><button id=b>Oui</button></div>", click("#b"), "delete"),
    "open dialog": ("<dialog open><h2>Wirklich 40 € überweisen?</h2><button id=b>Weiter</button></dialog>", click("#b"), "transfer"),
    "sign in a dialog": ("<dialog open><h2>Erase the disk?</h2><button id=b>✓</button></dialog>", click("#b"), "delete"),
    "overlay": ("<div style='position:fixed;inset:40px'><p>All messages will be deleted.</p><a id=b href=# onclick=1>Continue</a></div>", click("#b"), "delete"),
    "question beside it": ("<section><p>¿Eliminar la cuenta?</p><div><button id=b>Sí</button></div></section>", click("#b"), "delete"),
    "heading of a form": (FORM.format("<h2>Close account</h2><input><button id=b>Submit</button>"), click("#b"), "account"),
    "action of a form": ("<form method=post action=/user/delete><button id=b>Continue</button></form>", click("#b"), "delete"),
    # Enter, other keys, and settings that act at once.
    "enter, image button": (FORM.format("<input id=f><input type=image alt='Comprar' src='data:,'>") + FOCUS, key("return"), "buy"),
    "enter, button elsewhere": ("<form id=g method=post><fieldset><input id=f></fieldset></form><button form=g>Paga ora</button>" + FOCUS, key("newline"), "pay"),
    "enter, no button": ("<form method=post><h3>Send money</h3><input id=f></form>" + FOCUS, key("numpadenter"), "send"),
    "enter, from a checkbox": (FORM.format("<input id=f type=checkbox><button>Löschen</button>") + FOCUS, key("enter"), "delete"),
    "enter, script": ("<div><input id=f><b role=button>Wyślij</b></div><script>f.addEventListener('keydown', () => 0)</script>" + FOCUS, key("enter"), "send"),
    "enter, script around it": ("<main><input id=f><button>Оплатить</button></main><script>document.querySelector('main').onkeyup = () => 0</script>" + FOCUS, key("kp_enter"), "pay"),
    "ctrl and enter": ("<textarea id=f></textarea><button>投稿する</button><script>addEventListener('keydown', () => 0)</script>" + FOCUS, key("cmd+enter"), "publish"),
    "typed line feed": (FORM.format("<input id=f><button>Order now</button>"), {"kind": "type", "text": "4\n", "target": "#f"}, "buy"),
    "typed tab and line feed": (FORM.format("<input id=f><button type=button>Erase</button><button>Find</button>"), {"kind": "type", "text": "4\t\n", "target": "#f"}, "delete"),
    "space": ("<button id=f>Uninstall</button>" + FOCUS, key("spacebar"), "install"),
    "access key": ("<button accesskey=q>Delete it</button>", key("alt+q"), "delete"),
    "delete in a tree": ("<div id=f role=tree tabindex=0><div role=treeitem>a</div></div>" + FOCUS, key("shift+del"), "delete"),
    "backspace that a script hears": ("<div id=f tabindex=0>a</div><script>f.addEventListener('keyup', () => 0)</script>" + FOCUS, key("backspace"), "delete"),
    "box that acts at once": ("<label><input id=b type=checkbox onchange=1> Publish my profile</label>", click("#b"), "publish"),
    "list that acts at once": ("<select id=b onchange=1><option>Keep<option>Supprimer</select>", {"kind": "select", "target": "#b", "option": "Supprimer"}, "delete"),
    "drag to a bin": ("<p id=a draggable=true>a</p><div id=b aria-label='Papierkorb'>□</div>", {"kind": "drag", "start": "#a", "end": "#b"}, "delete"),
    # Buttons that are links, fields that hear Enter, dialogs that are answered by it, and labels of hidden fields.
    "enter, link that runs a script": ("<div><input id=f></div><a href=# onclick=1>Bestellung abschicken</a><script>onkeydown = () => 0</script>" + FOCUS, key("enter"), "send"),
    "enter in a list that a script hears": ("<form onkeydown=1><select id=f><option>1</select><button type=button>Paga</button></form>" + FOCUS, key("enter"), "pay"),
    "enter in a dialog": ("<div role=dialog aria-label='Erase the workspace'><input id=f onkeydown=1><button>I understand</button></div>" + FOCUS, key("enter"), "delete"),
    "label of a hidden box": ("<label id=b><input type=checkbox onchange=1 hidden> Supprimer mes données</label>", click("#b"), "delete"),
    # What a press is bound to send, and what its description says.
    "request of a link": ("<a id=b href='/cards/4' data-method=delete>Remove</a>", click("#b"), "delete"),
    "request by an attribute": ("<button id=b hx-delete='/cards/4'>Tidy up</button>", click("#b"), "delete"),
    "request of a form": (FORM.format("<input type=hidden name=_method value=DELETE><button id=b>Go on</button>"), click("#b"), "delete"),
    "description elsewhere": ("<button id=b aria-describedby=d>Next</button><p id=d hidden>Removes nothing, but publishes the page. This cannot be undone.", click("#b"), "delete"),
    "description in a title": ("<button id=b title='Pays the invoice from your balance'>Next</button>", click("#b"), "pay"),
    # Words of code, and of another order.
    "name of an icon in a font": ("<button id=b><span>remove_forever delete_sweep</span></button>", click("#b"), "delete"),
    "class in another language": ("<span id=b onclick=1 class='ico ico-corbeille' style='display:inline-block;width:30px;height:30px'></span>", click("#b"), "delete"),
    "order of a style": ("<button id=b style='display:flex;flex-direction:row-reverse'><i>lish</i><i>Pub</i></button>", click("#b"), "publish"),
    "drag to a bin by its class": ("<p id=a draggable=true>a</p><div id=b class='zone-cestino' style='width:60px;height:60px'></div>", {"kind": "drag", "start": "#a", "end": "#b"}, "delete"),
    "slide to a place": ("<div>Slide to pay <b id=a onpointerdown=1 style='display:inline-block;width:30px;height:30px'></b></div><p id=b>.</p>", {"kind": "drag", "start": "#a", "end": "#b"}, "pay"),
    "moved to the bin": ("<button id=b>In den Papierkorb legen</button>", click("#b"), "delete"),
    "moved to the bin, without spaces": ("<button id=b>移至回收站</button>", click("#b"), "delete"),
    "between letters that nobody sees": ("<button id=b><span style='font-size:0'>x</span>Publish</button>", click("#b"), "publish"),
    "dialog with an amount and a choice": ("<div role=dialog><h2>Summary</h2><p>Total: 129,00 €</p><button id=b>Confirm</button><button>Back</button></div>", click("#b"), "pay"),
    "permission without spaces": ("<button id=b>允许</button>", click("#b"), "grant"),
}  # fmt: skip

ALLOWED: dict[str, tuple[str, dict[str, Any]]] = {
    "cancel in a dialog": ("<dialog open><h2>Erase the disk?</h2><button id=b>Cancel</button></dialog>", click("#b")),
    "no in a dialog": ("<dialog open><h2>Konto löschen?</h2><button id=b>Nein, behalten</button></dialog>", click("#b")),
    "OK of a harmless dialog": ("<dialog open><p>We use cookies to send you offers.</p><button id=b>OK</button></dialog>", click("#b")),
    "harmless button next to a risky one": ("<button id=b>Details</button><button>Delete</button>", click("#b")),
    "button that sends nothing": (FORM.format("<h2>Delete account</h2><button id=b type=button>Show card</button>"), click("#b")),
    "link that explains": ("<a id=b href='https://example.com/help'>How to delete your account</a>", click("#b")),
    "setting of a form": (FORM.format("<label><input id=b type=checkbox> Delete old mail</label><button>Save</button>"), click("#b")),
    "choice of a form": (FORM.format("<select id=b><option>Keep<option>Delete</select><button>Save</button>"), {"kind": "select", "target": "#b", "option": "Delete"}),
    "field named so": ("<input id=b aria-label='Send to'>", click("#b")),
    "enter in a search": ("<form><input id=f><button>Search</button></form><button>Delete</button>" + FOCUS, key("enter")),
    "enter in a form whose button is off": (FORM.format("<input id=f><button disabled>Pay</button>") + FOCUS, key("enter")),
    "line feed in a text area": (FORM.format("<textarea id=f></textarea><button>Publish</button>"), {"kind": "type", "text": "a\nb", "target": "#f"}),
    "delete in a field": ("<div role=grid><input id=f value=a></div>" + FOCUS, key("delete")),
    "arrow in a list": ("<div id=f role=listbox tabindex=0>a</div>" + FOCUS, key("down")),
    "close icon": (f"<button id=b class='icon-close'>{SVG}</button>", click("#b")),
    "menu icon": (f"<button id=b aria-expanded=false>{SVG}</button>", click("#b")),
    "drag between lists": ("<p id=a draggable=true>a</p><div id=b aria-label=Done>x</div>", {"kind": "drag", "start": "#a", "end": "#b"}),
    "card with a long text": ("<a id=b href=/lamp>Brass lamp with a warm light for long evenings at home, which we send within two days</a>", click("#b")),
    "icon in a row with a risky button": (f"<ul><li>a <button id=b class=icon-edit>{SVG}</button> <button>Delete</button></ul>", click("#b")),
    "question that opens": ("<button id=b aria-expanded=false>How do I pay?</button>", click("#b")),
    "part that only opens": ("<details><summary id=b>Delete account</summary>x</details>", click("#b")),
    "enter in a list": ("<form><select id=f><option>1</select><button type=button>Paga</button></form>" + FOCUS, key("enter")),
    "dialog that tells an amount": ("<div role=dialog><h2>Summary</h2><p>Balance: 129,00 €</p><button id=b>OK</button></div>", click("#b")),
    "enter above a list of things": ("<input id=f onkeydown=1><ul><li>Milk <button>Delete</button></ul>" + FOCUS, key("enter")),
    "drag of a card called like a verb": ("<p id=a draggable=true>Send invoice</p><div id=b>Done</div>", {"kind": "drag", "start": "#a", "end": "#b"}),
    "drag along a scale": ("<div>Price to pay: <b id=a onpointerdown=1 style='display:inline-block;width:30px;height:30px'></b></div><p id=b>.</p>", {"kind": "drag", "start": "#a", "end": "#b"}),
    "list of permissions": ("<button id=b>許可リスト</button>", click("#b")),
    "request of another kind": ("<a id=b href='/cards/4' data-method=get>Remove</a>", click("#b")),
    "class that begins like a verb": (f"<button id=b class='format-bold'>{SVG}</button>", click("#b")),
    "plural in a title": ("<button id=b title='Posts per page'>10</button>", click("#b")),
}  # fmt: skip


@pytest.mark.parametrize("case", ASKED)
def test_a_risky_effect_needs_approval(browser: Browser, case: str) -> None:
    html, action, kind = ASKED[case]
    guard_decision = checked(browser, html, action)
    assert (guard_decision.kind, guard_decision.verb) == ("ask", kind), guard_decision


@pytest.mark.parametrize("case", ALLOWED)
def test_what_sets_nothing_off_is_not(browser: Browser, case: str) -> None:
    html, action = ALLOWED[case]
    guard_decision = checked(browser, html, action)
    assert guard_decision.kind == "allow", guard_decision


def test_a_page_of_many_elements_is_hit_tested_too(browser: Browser) -> None:
    html = "<i>x</i>" * 4000 + "<button id=b style='position:fixed;left:9px;top:9px'>Delete</button>"
    assert checked(browser, html, click("#b")).kind == "ask"
