"""What can be reached and what cannot: through frames and scroll areas, below other elements, by hover and drag."""

# ruff: noqa: E501 - pages read better unbroken

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from handeye.tools.actions import Click, Drag, Move, Navigate, Scroll, Tabs, Target, Type
from handeye.tools.browser import Browser
from handeye.tools.errors import ActionFailed, ActionRefused, UsageError
from handeye.tools.geometry import Point

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tools.browser.conftest import Aim, Find, Show, Site


def test_what_lies_over_a_frame_is_named_when_something_in_it_is_clicked(
    show: Show, site: Site, aim: Aim, find: Find
) -> None:
    site.page("/deep", "<button onclick='top.postMessage(1, \"*\")'>Deep</button>")
    site.page("/in", f"<iframe src={site.other}/deep></iframe>")
    browser = show("<iframe src=/in></iframe><div id=v style='position:fixed;inset:0;background:#fff9'>A veil</div>")
    assert find(browser, "Deep").covered
    with pytest.raises(ActionFailed, match=r"“Deep” is covered by .*A veil"):
        browser.perform(Click(target=aim(browser, "Deep")))


def test_inert_things_are_disabled(show: Show, aim: Aim, find: Find) -> None:
    browser = show("<div inert><button>Later</button></div><fieldset disabled><input aria-label=Name></fieldset>")
    assert not find(browser, "Later").enabled
    assert not find(browser, "Name").enabled
    with pytest.raises(ActionFailed, match="is disabled"):
        browser.perform(Click(target=aim(browser, "Later")))


LISTS = (
    "<style>body{{margin:0;overflow:hidden}} ul{{height:200px;overflow:auto;margin:0}} li{{height:40px}}</style>"
    "<div style='height:500px'>still</div><ul aria-label=First>{first}</ul><ul aria-label=Second>{second}</ul>"
)


def test_the_wheel_moves_what_holds_its_target_and_what_can_move(show: Show, aim: Aim, find: Find) -> None:
    items = {
        name: "".join(f"<li><button>{name} {number}</button>" for number in range(30)) for name in ("first", "second")
    }
    browser = show(LISTS.format(**items))
    assert find(browser, "second 20").covered
    with pytest.raises(ActionRefused, match="“second 20” is scrolled out of sight in list “Second”; scroll down over"):
        browser.perform(
            Click(target=Target(phrase="second 20", element=find(browser, "second 20").id, point=Point(60, 850)))
        )
    browser.perform(Scroll(amount=7, target=aim(browser, "second 3")))
    browser.settle()
    assert not find(browser, "second 20").covered
    first = find(browser, "first 0").box
    browser.perform(Scroll(amount=2, target=Target(element=find(browser, "first 25").id)))  # out of sight itself
    browser.settle()
    assert find(browser, "first 0").box.top == first.top - 200
    browser.perform(Scroll(amount=30, target=aim(browser, "second 20")))
    browser.settle()
    before = find(browser, "first 0").box.top
    browser.perform(Scroll(amount=1))  # nothing scrolls in the middle of the page
    browser.settle()
    assert find(browser, "first 0").box.top == before - 100


def test_menus_inside_menus_open_on_hover(show: Show, aim: Aim, find: Find) -> None:
    browser = show(
        "<style>ul{list-style:none;margin:0;padding:0;width:120px} li{height:24px} li ul{display:none;position:absolute}"
        "li:hover>ul{display:block} ul ul ul{margin-left:120px;margin-top:-24px}</style>"
        "<ul><li>File<ul><li>New</li><li>Export<ul><li onclick='document.title=\"PNG\"'>as PNG</ul></ul></ul>"
    )
    for name in ("File", "Export"):
        browser.perform(Move(target=Target(point=find(browser, name).box.centre)))
        browser.settle()
    browser.perform(Click(target=aim(browser, "as PNG")))
    browser.settle()
    assert browser.signals().title == "PNG"


def test_dragging_crosses_frames_and_moves_sliders(show: Show, site: Site, aim: Aim, find: Find) -> None:
    site.page(
        "/in", "<div id=b style='height:80px;background:#eee'>Basket</div><script>b.ondragover = (e) => e.preventDefault();"
        "b.ondrop = (e) => { e.preventDefault(); b.textContent = 'Got ' + e.dataTransfer.getData('text/plain') }</script>",
    )  # fmt: skip
    browser = show(
        "<div id=a draggable=true style='width:90px;height:40px;background:#ccc'>Thing</div><iframe src=/in></iframe>"
        "<input type=range aria-label=Volume value=0 style='width:300px;margin:0'>"
        "<script>a.ondragstart = (e) => e.dataTransfer.setData('text/plain', 'it')</script>"
    )
    browser.perform(Drag(start=aim(browser, "Thing"), end=aim(browser, "Basket")))
    browser.settle()
    assert find(browser, "Got it")
    box = find(browser, "Volume").box
    start, end = Point(box.left + 8, box.centre.y), box.centre
    browser.perform(Drag(start=Target(point=start), end=Target(point=end)))
    browser.settle()
    assert 45 <= int(find(browser, "Volume").value) <= 55


def test_a_canvas_is_worked_by_its_pixels(show: Show) -> None:
    browser = show(
        "<canvas id=c width=300 height=200 style='position:absolute;left:50px;top:60px'></canvas><script>const g = c.getContext('2d');"
        "g.fillStyle = '#00f'; g.fillRect(100, 50, 40, 40); c.onclick = (e) => { const [r, , b] = g.getImageData(e.offsetX, e.offsetY, 1, 1).data;"
        "document.title = b > 200 ? 'hit' : 'miss' }</script>"
    )
    image = browser.capture().image
    spot = next((x, y) for y in range(60, 260, 5) for x in range(50, 350, 5) if image.getpixel((x, y)) == (0, 0, 255))
    browser.perform(Click(target=Target(point=Point(spot[0] + 10, spot[1] + 10))))
    assert browser.signals().title == "hit"


def test_a_field_with_a_form_of_its_own_takes_it_without_a_target_too(show: Show, aim: Aim, find: Find) -> None:
    browser = show(
        "<input type=date aria-label=When><input type=time aria-label=At><input type=color aria-label=Paint>"
    )
    browser.perform(
        Click(target=Target(point=Point(find(browser, "When").box.left + 6, find(browser, "When").box.centre.y)))
    )
    browser.perform(Type(text="2026-01-31"))
    assert find(browser, "When").value == "2026-01-31"
    browser.perform(Type(text="14:30", target=aim(browser, "At"), clear=True))
    assert find(browser, "At").value == "14:30"


def test_cookies_and_storage_are_carried_to_another_browser(one_browser: Browser, site: Site, tmp_path: Path) -> None:
    home = site.page(
        "/",
        "<script>document.title = [localStorage.who, document.cookie]; localStorage.who = 'ada'; document.cookie = 'seen=1; max-age=999'</script>",
    )
    stored = tmp_path / "state.json"
    one_browser.perform(Tabs(do="new"))
    one_browser.perform(Navigate(url=home))
    one_browser.settle()
    one_browser.save_state(stored)
    one_browser.perform(Tabs(do="close"))
    assert stored.stat().st_mode & 0o777 == 0o600
    with Browser(home, storage_state=stored) as browser:
        assert browser.signals().title == "ada,seen=1"
        browser.perform(Navigate(url=site.other))
        browser.settle()
        origins = browser.device_state()["storage_state"]["origins"]
    assert [each["origin"] for each in origins].count(site.url) == 1, "it survives a crash from the first moment on"
    stored.write_text(json.dumps({"cookies": 1}))
    with pytest.raises(UsageError, match="contains no storage state"):
        Browser(home, storage_state=stored)
