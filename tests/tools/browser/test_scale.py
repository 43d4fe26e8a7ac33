"""Boxes and presses are correct for every device scale and zoom, in frames and shadow trees, too."""

# ruff: noqa: E501 - pages read better unbroken

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from handeye.tools.actions import Click, Navigate, Scroll, Target
from handeye.tools.browser import Browser
from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from PIL.Image import Image

    from handeye.tools.element import Element
    from tests.tools.browser.conftest import Show, Site

#: Every button is painted in a colour of its own, and says so in the title of the page when it is pressed.
BUTTON = (
    "<button aria-label='{name}' onclick='top.postMessage(\"{name}\", \"*\")' style='background:{paint};border:0;"
    "margin:11px;width:{width}px;height:33px;padding:0'></button>"
)
HEAR = "<script>onmessage = (e) => document.title = e.data</script>"
NESTED = (
    "<body style='margin:7px;background:#fff'><div id=h></div><script>const s = h.attachShadow({{mode: 'closed'}});"
    "s.innerHTML = `{button}`</script>{more}"
)
PAINTS = {
    "plain": "#ff0000", "closed": "#00ff00", "near": "#0000ff", "far": "#ff00ff", "deep": "#00ffff",
    "zoomed": "#ffff00", "shrunk": "#ff8800",
}  # fmt: skip


def pages(site: Site, style: str) -> str:
    """A page with a button in each sort of place: a closed root, frames near, far, nested, zoomed and shrunk."""

    def button(name: str, width: int = 60) -> str:
        return BUTTON.format(name=name, paint=PAINTS[name], width=width)

    frames = {"near": "", "far": f"<iframe src={site.url}/deep style='border:3px solid;padding:5px;width:200px;height:80px'></iframe>",
              "deep": "", "zoomed": "", "shrunk": ""}  # fmt: skip
    for name, more in frames.items():
        site.page(f"/{name}", NESTED.format(button=button(name), more=more))
    return site.page(
        "/all",
        f"<!doctype html><style>{style}</style>{HEAR}{button('plain', 81)}<div id=r></div>"
        f"<script>const c = r.attachShadow({{mode: 'closed'}}); c.innerHTML = `<p><slot></slot>{button('closed')}`; r.textContent = 'slotted'</script>"
        "<iframe src=/near style='width:150px;height:90px;border:9px solid #999;padding:4px'></iframe>"
        f"<iframe src={site.other}/far style='width:320px;height:190px'></iframe>"
        "<iframe src=/zoomed style='zoom:1.4;width:150px;height:90px;border:5px solid'></iframe>"
        f"<iframe src={site.other}/shrunk style='transform:scale(.7) translate(9px);width:150px;height:90px;padding:6px'></iframe>",
    )


def painted(image: Image, element: Element) -> None:
    """The box of the element is where its paint is: inside its edges, and not beyond them."""
    left, top, right, bottom = element.box
    middle = element.box.centre
    for spot in (middle, (left + 2, top + 2), (right - 3, bottom - 3), (right - 3, top + 2)):
        assert is_painted(image, spot, element.name), (element, spot)
    for spot in ((left - 3, middle.y), (right + 2, middle.y), (middle.x, top - 3), (middle.x, bottom + 2)):
        assert not is_painted(image, spot, element.name), (element, spot)


def is_painted(image: Image, spot: tuple[int, int], name: str) -> bool:
    """Whether a pixel has that paint, but for what smoothing does to edges."""
    pixel, wanted = image.getpixel(spot), bytes.fromhex(PAINTS[name][1:])
    assert isinstance(pixel, tuple)
    return max(abs(one - other) for one, other in zip(pixel, wanted, strict=True)) < 60


def right_everywhere(browser: Browser, address: str, scale: float, pressed: tuple[str, ...]) -> None:
    browser.perform(Navigate(url=address))
    # Frames have two seconds to be there; on a busy machine they come later, and one looks again, as a run does.
    until = time.monotonic() + 20
    found: dict[str, Element] = {}
    while set(found) != set(PAINTS) and time.monotonic() < until:
        browser.settle()
        found = {each.name: each for each in browser.elements() if each.name in PAINTS}
    assert set(found) == set(PAINTS)
    image = browser.capture().image
    assert image.size == (round(1344 * scale), round(896 * scale))
    for element in found.values():
        assert not element.covered, element
        painted(image, element)
    for name in pressed:
        by_hand = name in ("plain", "deep")  # a point alone, as a model gives it
        element = found[name]
        browser.perform(Click(target=Target(point=element.box.centre, element="" if by_hand else element.id)))
        browser.settle()
        assert browser.signals().title == name


def test_boxes_and_presses_are_right_on_zoomed_pages(one_browser: Browser, site: Site) -> None:
    right_everywhere(one_browser, pages(site, "html { zoom: 1.5 }"), 1, ("closed", "far", "deep", "zoomed", "shrunk"))
    right_everywhere(one_browser, pages(site, "body { zoom: .8; margin: 31px }"), 1, ())


def test_boxes_and_presses_are_right_on_a_page_that_is_pinched_larger(show: Show) -> None:
    browser = show(
        HEAR + "<body style='margin:0'><div style='position:absolute;left:500px;top:400px'>"
        + BUTTON.format(name="plain", paint=PAINTS["plain"], width=80) + "</div>"
    )  # fmt: skip

    async def pinch(factor: float) -> None:
        line = await browser._session.front.ready
        await line.send("Emulation.setPageScaleFactor", {"pageScaleFactor": factor})

    try:
        browser._call(pinch(1.5), "pinching")
        browser.perform(Scroll(amount=2))
        browser.settle()
        element = next(each for each in browser.elements() if each.name == "plain")
        assert element.box.top in (416, 417), "enlarged, and moved up by the wheel"
        painted(browser.capture().image, element)
        browser.perform(Click(target=Target(point=element.box.centre, element=element.id)))
        browser.settle()
        assert browser.signals().title == "plain"
    finally:
        browser._call(pinch(1), "pinching")


@pytest.mark.parametrize("scale", [1.25, 2.0])
def test_boxes_and_presses_are_right_at_every_scale(site: Site, scale: float) -> None:
    with Browser(scale=scale) as browser:
        right_everywhere(browser, pages(site, ""), scale, ("plain", "near", "deep", "shrunk"))
        if scale == 2:
            right_everywhere(browser, pages(site, "html { zoom: 1.1 }"), scale, ())
        browser.perform(Navigate(url=site.page("/asks", "<script>title = confirm('Sure?') ? 'Yes' : 'No'</script>")))
        browser.settle()
        ok = next(each for each in browser.elements() if each.name == "OK")
        image = browser.capture().image
        assert image.size == (round(1344 * scale), round(896 * scale))
        assert is_blue(image.getpixel((ok.box.left + ok.box.width // 2, ok.box.top + 4)))
        assert not is_blue(image.getpixel((ok.box.centre.x, ok.box.top - 4)))
        browser.perform(Click(target=Target(point=ok.box.centre)))
        browser.settle()
        assert browser.signals().dialog == ""


def is_blue(pixel: object) -> bool:
    return isinstance(pixel, tuple) and pixel[2] > 150 and pixel[0] < 80


def test_a_scale_that_no_screen_has_is_a_mistake() -> None:
    with pytest.raises(UsageError, match=r"scale must be between 0\.25 and 8, got 0"):
        Browser(scale=0)
