"""The demo's shop in a real browser, with the keyboard alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

from handeye.scenarios.demo.shop import Shop
from handeye.tools.browser.launch import flags, need_chromium

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with Shop() as shop:
        yield shop


@pytest.fixture
def page(shop: Shop) -> Iterator[Page]:
    with sync_playwright() as playwright:
        program = need_chromium(headed=False)
        browser = playwright.chromium.launch(executable_path=program, args=flags(headed=False))
        page = browser.new_page(viewport={"width": 1344, "height": 896})
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(shop.url)
        yield page
        browser.close()
        assert complaints == []


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the thing with that visible name has the focus."""
    said = """() => { const e = document.activeElement;
                      return (e.labels?.[0] ?? e).innerText?.replace(/\\s+/g, ' ').trim() ?? '' }"""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate(said).startswith(name):
            return
    raise AssertionError(f"Tab does not lead to {name}")


def test_everything_can_be_bought_without_a_mouse(shop: Shop, page: Page) -> None:
    tab_to(page, "Log in")
    page.keyboard.press("Enter")
    page.wait_for_url("**/login")
    tab_to(page, "User name")
    page.keyboard.type("ada")
    page.keyboard.press("Tab")
    page.keyboard.type("lovelace")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Welcome back")
    tab_to(page, "Search products")
    page.keyboard.type("mug")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=mug")
    tab_to(page, "Add to cart")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cart")
    tab_to(page, "Check out")
    page.keyboard.press("Enter")
    page.wait_for_url("**/order/*")
    page.reload()
    assert [line.slug for order in shop.orders for line in order.items] == ["stoneware-mug"]
    assert page.locator(".number").inner_text() == shop.orders[0].number


def test_every_field_and_picture_has_a_name(page: Page, shop: Shop) -> None:
    for place in ("", "login", "product/oak-stool", "cart"):
        page.goto(shop.url + place)
        unnamed = page.evaluate(
            """() => [...document.querySelectorAll('input:not([type=hidden]), button, a[href], svg[role=img]')]
                 .filter(e => !e.ariaHidden && !(e.labels?.length || e.innerText?.trim() || e.ariaLabel))
                 .map(e => e.outerHTML)"""
        )
        assert unnamed == []
        assert page.locator("h1").count() == 1


@pytest.mark.parametrize("width", [360, 768, 1344])
def test_no_page_is_wider_than_its_window(page: Page, shop: Shop, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 896})
    page.goto(shop.url)
    page.locator("button", has_text="Add to cart").first.click()
    page.wait_for_url("**/cart")
    for place in ("", "cart", "login", "product/oak-stool"):
        page.goto(shop.url + place)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, place
