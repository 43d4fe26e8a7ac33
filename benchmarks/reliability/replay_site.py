# ruff: noqa: E501 - markup reads better in whole lines
"""A small site of several pages, as it is, in other clothes, and with things gone; and 20 scenarios on it."""

from __future__ import annotations

from typing import Any, NamedTuple


class Plan(NamedTuple):
    """One scenario: what a model would do, what must be so then, and what to take away so that it cannot be done."""

    name: str
    page: str
    actions: tuple[dict[str, Any], ...]
    ensures: str
    gone: str
    """Marked so in the page's source."""


#: Put into every page: fonts, colours, sizes and places change, texts stay.
CLOTHES = """<style>
body{font:21px/1.7 "DejaVu Serif",serif;background:#fdf6e3;margin:30px 40px 30px 210px}
main{display:flex;flex-direction:column;gap:18px} .tools{order:-1} h1{font-size:26px;color:#b03}
button{background:#264653;color:#fff;border:0;border-radius:12px;padding:9px 26px;font-size:20px}
input,select{font-size:20px;padding:9px;border:2px solid #888} a{color:#a30;font-size:22px}
td{padding:12px 40px 12px 4px} li{margin:9px 0} canvas{align-self:flex-start}
</style>"""

BASE = """<!doctype html><meta charset=utf-8><title>{title}</title>
<style>body{{font:16px sans-serif;margin:24px}} button,input,select{{font-size:16px;padding:5px 10px}}
td{{padding:6px 24px 6px 0}} .tools{{margin:12px 0}}</style>
<!--clothes--><h1>{title}</h1><main>{body}</main><p id=said></p>
<script>const say = (text) => {{ said.textContent = text }}</script>{script}"""

PAGES: dict[str, tuple[str, str, str]] = {
    "notes": (
        "Notes",
        """<div><input id=text placeholder="Write a note"></div>
<div class=tools><!--save--><button onclick="say('Saved ' + document.querySelector('#text').value)">Save</button><!--/-->
<!--discard--><button onclick="say('Discarded')">Discard</button><!--/--></div>""",
        "",
    ),
    "shop": (
        "Shop",
        """<ul><!--lamp--><li>Lamp <span>20 euros</span> <button onclick="say('Lamp added')">Add</button></li><!--/-->
<!--chair--><li>Chair <span>45 euros</span> <button onclick="say('Chair added')">Add</button></li><!--/-->
<li>Table <span>90 euros</span> <button onclick="say('Table added')">Add</button></li></ul>
<!--checkout--><div class=tools><button onclick="say('Thank you')">Check out</button></div><!--/-->""",
        "",
    ),
    "people": (
        "People",
        """<table><!--ann--><tr><td>Ann Miller<td>Admin<td><button onclick="say('Ann Miller removed')">Remove</button><!--/-->
<!--bob--><tr><td>Bob Stone<td>Admin<td><button onclick="say('Bob Stone removed')">Remove</button><!--/-->
<tr><td>Cy Young<td>Guest<td><button onclick="say('Cy Young removed')">Remove</button></table>""",
        "",
    ),
    "settings": (
        "Settings",
        """<!--dark--><div><label><input type=checkbox onclick="say('Dark is ' + this.checked)"> Dark colours</label></div><!--/-->
<!--mail--><div><label><input type=checkbox onclick="say('Mail is ' + this.checked)"> Send mail</label></div><!--/-->
<!--apply--><div class=tools><button onclick="say('Applied')">Apply</button></div><!--/-->""",
        "",
    ),
    "login": (
        "Welcome",
        """<div><!--user--><input placeholder="User name" name=user><!--/--></div>
<div><!--code--><input placeholder="Access code" name=code><!--/--></div>
<div class=tools><!--enter--><button onclick="say('Hello ' + document.querySelector('[name=user]').value)">Enter</button><!--/--></div>""",
        "",
    ),
    "help": (
        "Help",
        """<div class=tools><!--first--><a href="#one" onclick="say('Orders take two days')">Orders</a><!--/--> &nbsp;
<!--second--><a href="#two" onclick="say('Returns are free')">Returns</a><!--/--></div>
<!--more--><button onclick="say('Write to us')">Contact</button><!--/-->""",
        "",
    ),
    "cards": (
        "Plans",
        """<div><!--small--><div class=card><b>Small</b> <i>for one</i><br><button onclick="say('Small chosen')">Choose</button></div><!--/-->
<br><!--large--><div class=card><b>Large</b> <i>for ten</i><br><button onclick="say('Large chosen')">Choose</button></div><!--/--></div>""",
        "",
    ),
    "board": (
        "Board",
        "<canvas id=board width=640 height=300></canvas>",
        """<script>
const worn = !!document.querySelector("style ~ style"), x = worn ? 90 : 0, y = worn ? 40 : 0
const pen = board.getContext("2d"), boxes = [/*start*/["Start", 40, 40, "Started"],/*end*//*pause*/["Pause", 260, 40, "Paused"],/*end*/["Finish", 40, 150, "Finished"]]
pen.fillStyle = worn ? "#dde" : "#eee"; pen.fillRect(0, 0, 640, 300)
for (const [name, left, top] of boxes) {
  pen.fillStyle = worn ? "#fff" : "#cde"; pen.fillRect(left + x, top + y, 160, 60)
  pen.fillStyle = "#000"; pen.font = worn ? "26px serif" : "24px sans-serif"; pen.fillText(name, left + x + 30, top + y + 38)
}
board.onclick = (e) => { for (const [name, left, top, told] of boxes)
  if (e.offsetX >= left + x && e.offsetX < left + x + 160 && e.offsetY >= top + y && e.offsetY < top + y + 60) say(told) }
</script>""",
    ),
    "wizard": (
        "Order",
        """<div id=step>Step one</div><div class=tools><!--next--><button onclick="step.textContent='Step two'; this.remove(); send.hidden=false">Continue</button><!--/-->
<button id=send hidden onclick="say('Order sent')">Send order</button></div>""",
        "",
    ),
    "search": (
        "Library",
        """<form onsubmit="say('Found ' + q.value); return false"><!--q--><input id=q name=q placeholder="Title or author"><!--/--></form>
<!--new--><button onclick="say('New books')">Browse new</button><!--/-->""",
        "",
    ),
}


def _click(target: str) -> dict[str, Any]:
    return {"kind": "click", "target": target}


def _type(text: str, target: str) -> dict[str, Any]:
    return {"kind": "type", "text": text, "target": target}


PLANS = (
    Plan("saves a note", "notes", (_type("milk", "Write a note"), _click("Save")), "Saved milk", "save"),
    Plan("discards a note", "notes", (_click("Discard"),), "Discarded", "discard"),
    Plan("buys a lamp", "shop", (_click("Lamp > Add"), _click("Check out")), "Thank you", "lamp"),
    Plan("buys a chair", "shop", (_click("Chair > Add"),), "Chair added", "chair"),
    Plan("checks out", "shop", (_click("Check out"),), "Thank you", "checkout"),
    Plan("removes Ann", "people", (_click("Ann Miller > Remove"),), "Ann Miller removed", "ann"),
    Plan("removes Bob", "people", (_click("Bob Stone > Remove"),), "Bob Stone removed", "bob"),
    Plan("goes dark", "settings", (_click("Dark colours"), _click("Apply")), "Applied", "dark"),
    Plan("wants mail", "settings", (_click("Send mail"),), "Mail is true", "mail"),
    Plan("applies", "settings", (_click("Apply"),), "Applied", "apply"),
    Plan("logs in", "login", (_type("ada", "User name"), _click("Enter")), "Hello ada", "enter"),
    Plan("gives a code", "login", (_type("4711", "Access code"), _click("Enter")), "Hello", "code"),
    Plan("asks about orders", "help", (_click("Orders"),), "Orders take two days", "first"),
    Plan("asks about returns", "help", (_click("Returns"),), "Returns are free", "second"),
    Plan("chooses small", "cards", (_click("Small > Choose"),), "Small chosen", "small"),
    Plan("chooses large", "cards", (_click("Large > Choose"),), "Large chosen", "large"),
    Plan("starts", "board", (_click("Start"),), "Started", "start"),
    Plan("pauses", "board", (_click("Pause"),), "Paused", "pause"),
    Plan("orders", "wizard", (_click("Continue"), _click("Send order")), "Order sent", "next"),
    Plan(
        "searches",
        "search",
        (_type("Dune", "Title or author"), {"kind": "key", "keys": "enter"}),
        "Found Dune",
        "q",
    ),
)


def page(name: str, *, clothes: bool = False, gone: str = "") -> str:
    """A page as HTML; `gone` names what is left out of it."""
    title, body, script = PAGES[name]
    whole = BASE.format(title=title, body=body, script=script)
    if gone:
        for start, end in ((f"<!--{gone}-->", "<!--/-->"), (f"/*{gone}*/", "/*end*/")):
            before, there, rest = whole.partition(start)
            if there:
                whole = before + rest.partition(end)[2]
    return whole.replace("<!--clothes-->", CLOTHES) if clothes else whole
