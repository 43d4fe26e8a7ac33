"""A press is stopped when its target differs from the last observation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from handeye.tools.actions import Click, Drag, Key, Select, Target, Type
from handeye.tools.errors import TargetChanged
from handeye.tools.geometry import Point

if TYPE_CHECKING:
    from handeye.tools.browser import Browser

LOG = "<p id=n>did:</p><script>const did = (what) => { n.textContent += ` ${what}` }</script>"


def at(browser: Browser, name: str) -> Target:
    """The element called so, as the page shows it now: from here on presses are compared with this look."""
    found = next(each for each in browser.elements() if each.name == name and each.role != "text")
    return Target(phrase=name, element=found.id, point=found.box.centre)


def done(browser: Browser) -> str:
    return str(browser.run_script("() => n.textContent"))


@pytest.mark.parametrize(
    ("page", "change", "now"),
    [
        ("<button id=b onclick=did(1)>Back</button>", "b.textContent = 'Wipe'", "button “Wipe”"),
        ("<button id=b onclick=did(1)>Back</button>", "b.outerHTML = b.outerHTML.replace('Back', 'Wipe')", "“Wipe”"),
        ("<button id=b onclick=did(1)>Back</button>", "b.setAttribute('role', 'switch')", "switch “Back”"),
        ("<a id=b href='#one'>Back</a>", "b.href = '#two'", "leads to"),
        (
            "<form id=f action=#one><button>Back</button></form>",
            "f.setAttribute('action', '#two')",
            "leads to GET",
        ),
        (
            "<button id=b onclick=did(1)>Back</button>",
            (
                "const o = document.createElement('button'); o.style = 'position:fixed;inset:0';"
                " o.textContent = 'Wipe';"
                "o.onclick = () => did(2); document.body.append(o)"
            ),
            "button “Wipe”",
        ),
    ],
)
def test_what_changes_as_the_mouse_comes_is_not_pressed(show: Any, page: str, change: str, now: str) -> None:
    browser = show(f"{LOG}{page}<script>addEventListener('mousemove', () => {{ {change} }}, {{ once: true }})</script>")
    browser.settle()
    target = at(browser, "Back")
    with pytest.raises(TargetChanged, match="changed before it was pressed") as error:
        browser.perform(Click(target=target))
    assert now in str(error.value)
    assert done(browser) == "did:"
    assert "#" not in browser.signals().url


@pytest.mark.parametrize("careful", [True, False])
def test_the_text_around_is_compared_before_what_cannot_be_undone(show: Any, careful: bool) -> None:
    browser = show(f"{LOG}<ul><li><b id=x>Ann</b> <button onclick=did(x.textContent)>Open</button></ul>")
    target = at(browser, "Open")
    browser.run_script("() => { x.textContent = 'Bea' }")
    browser.careful = careful
    if careful:
        with pytest.raises(TargetChanged, match="Bea"):
            browser.perform(Click(target=target))
    else:
        browser.perform(Click(target=target))
    assert not browser.careful
    assert done(browser) == ("did:" if careful else "did: Bea")


def test_a_row_that_was_drawn_anew_is_the_same_only_with_the_same_text(show: Any) -> None:
    page = """<ul id=l></ul><script>const draw = (all) => { l.innerHTML = all.map((each) =>
    `<li>${each} <button onclick="did('${each}')">Open</button>`).join("") }; draw(["Ann", "Bea"])</script>"""
    browser = show(LOG + page)
    target = at(browser, "Open")
    browser.run_script("() => draw(['Ann', 'Bea'])")
    browser.perform(Click(target=target))
    assert done(browser) == "did: Ann"
    target = at(browser, "Open")
    browser.run_script("() => draw(['Bea', 'Ann'])")
    with pytest.raises(TargetChanged):
        browser.perform(Click(target=target))
    assert done(browser) == "did: Ann"


def test_enter_presses_what_had_the_keyboard_when_the_page_was_looked_at(show: Any) -> None:
    page = (
        "<button id=a onclick=did(1)>Keep</button><button id=b onclick=did(2)>Erase</button><script>a.focus()</script>"
    )
    browser = show(LOG + page)
    browser.elements()
    browser.perform(Key(keys="enter"))
    assert done(browser) == "did: 1"
    browser.elements()
    browser.run_script("() => b.focus()")
    with pytest.raises(TargetChanged, match="Erase"):
        browser.perform(Key(keys="enter"))
    browser.elements()
    browser.run_script("() => { b.textContent = 'Erase all' }")
    with pytest.raises(TargetChanged, match="Erase all"):
        browser.perform(Key(keys="space"))
    assert done(browser) == "did: 1"


def test_a_line_feed_sends_no_form_that_leads_elsewhere_by_now(show: Any) -> None:
    page = """<form id=f action=/one onsubmit='did(f.action); return false'><label>City <input id=i></label></form>
    <script>i.onkeydown = () => { f.action = "/two" }</script>"""
    browser = show(LOG + page)
    with pytest.raises(TargetChanged, match="leads to GET"):
        browser.perform(Type(text="Rome\n", target=at(browser, "City")))
    assert done(browser) == "did:"


def test_what_is_dragged_is_not_let_go_on_something_else(show: Any) -> None:
    page = """<div id=a draggable=true style="width:90px;height:40px;background:#ccc" aria-label=Note>note</div>
    <div id=t role=button style="position:fixed;left:300px;top:200px;width:90px;height:60px">Keep</div>
    <script>t.ondragover = (e) => e.preventDefault(); t.ondrop = () => did(t.textContent)
    let swap = false; a.ondragstart = () => { if (swap) t.textContent = "Shred" }</script>"""
    browser = show(LOG + page)
    start = Target(point=Point(60, 60))
    browser.perform(Drag(start=start, end=at(browser, "Keep")))
    assert done(browser) == "did: Keep"
    end = at(browser, "Keep")
    browser.run_script("() => { swap = true }")
    with pytest.raises(TargetChanged, match="Shred"):
        browser.perform(Drag(start=start, end=end))
    assert done(browser) == "did: Keep"


def test_a_drawn_label_is_compared_by_its_pixels(show: Any) -> None:
    page = """<canvas id=c width=300 height=80></canvas><script>let now; const draw = (words) => { now = words
    const d = c.getContext("2d"); d.fillStyle = "#fff"; d.fillRect(0, 0, 300, 80); d.fillStyle = "#000"
    d.font = "24px sans-serif"; d.fillText(words, 20, 48) }; draw("Later"); c.onclick = () => did(now)
    let swap = false; c.onmousemove = () => { if (swap) draw("Wipe") }</script>"""
    browser = show(LOG + page)
    box = next(each.box for each in browser.elements() if each.role == "img")
    target = Target(phrase="Later", point=Point(box.left + 50, box.top + 40))
    browser.capture()
    browser.elements()
    browser.perform(Click(target=target))
    assert done(browser) == "did: Later"
    browser.run_script("() => { swap = true }")
    browser.capture()
    browser.elements()
    with pytest.raises(TargetChanged, match="draws something else"):
        browser.perform(Click(target=target))
    assert done(browser) == "did: Later"


def test_presses_without_a_look_and_after_an_own_change_are_not_compared(show: Any) -> None:
    browser = show(f"{LOG}<button id=b onclick='did(1); b.textContent = \"On\"'>Off</button>")
    target = at(browser, "Off")
    browser.perform(Click(target=target))
    browser.perform(Click(target=target))
    assert done(browser) == "did: 1 1"


def test_a_list_that_means_something_else_by_now_is_left_alone(show: Any) -> None:
    page = "<label><b id=l>Show</b> <select onchange='did(value)'><option>Some<option>All</select></label>"
    browser = show(LOG + page)
    target = at(browser, "Show")
    browser.run_script("() => { l.textContent = 'Erase' }")
    with pytest.raises(TargetChanged, match="Erase"):
        browser.perform(Select(target=target, option="All"))
    assert done(browser) == "did:"
    browser.perform(Select(target=at(browser, "Erase"), option="All"))
    assert done(browser) == "did: All"
