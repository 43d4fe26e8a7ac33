"""A secret is inserted only into a field of a document to which it is bound; screenshots mask it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from handeye.tools import Browser
from handeye.tools.actions import Click, Key, Navigate, Select, Target, Type
from handeye.tools.errors import ActionFailed, ActionRefused
from handeye.tools.secrets.store import Secret, Secrets
from tests.agent.conftest import Site

VALUE = "Ünïcode & 東京 7"

PAGE = """<title>Top</title><p><label>Name <input id=name></label> <label>Pass <input id=pass type=password></label>
<label>List <select id=list><option>other<option>Ünïcode &amp; 東京 7</select></label>
<label>Short <input id=short maxlength=3></label></p>
<iframe id=far src="OTHER/inner" style="width: 300px; height: 60px; transform: scale(.8)"></iframe>
<iframe id=near srcdoc="<label>Inner <input></label>" style="width: 300px; height: 60px"></iframe><deep-one></deep-one>
<script>
  customElements.define('deep-one', class extends HTMLElement { connectedCallback() {
    this.attachShadow({ mode: 'closed' }).innerHTML = '<input type=password value=unknown style="height: 30px">' } });
  window.heard = [];
  addEventListener('input', (event) => heard.push([event.isTrusted, event.target.value]));
</script>"""


@pytest.fixture(scope="module")
def sites() -> Iterator[tuple[Site, Site]]:
    here, other = Site(), Site()
    here.pages["/"] = PAGE.replace("OTHER", other.url.replace("127.0.0.1", "localhost"))
    other.pages["/inner"] = (
        "<label>Far <input></label><input type=password value=filled style='width: 120px; height: 24px'>"
    )
    yield here, other
    for site in (here, other):
        site.server.shutdown()
        site.server.server_close()


@pytest.fixture(scope="module")
def made(sites: tuple[Site, Site]) -> Iterator[Browser]:
    with Browser(sites[0].url, scale=1.25, viewport=(900, 400)) as browser:
        yield browser


@pytest.fixture
def browser(made: Browser) -> Browser:
    made.perform(Key(keys="f5"))
    made.settle()
    made.secrets = Secrets([Secret("shop", VALUE), Secret("bank", "abcdefg", ("bank.example",)), Secret("pin", "12")])
    return made


def at(browser: Browser, name: str) -> Target:
    found = next(element for element in browser.elements() if element.name == name and element.acts)
    return Target(phrase=name, element=found.id, point=found.box.centre)


def value(browser: Browser, script: str) -> Any:
    return browser._worker.call(browser._session.front.page.evaluate(script))


def black(browser: Browser, box: Any) -> bool:
    """Whether all of a box is black in a new picture."""
    browser._page_capture.invalidate()
    return browser.capture().image.crop(box).getextrema() == ((0, 0), (0, 0), (0, 0))


def test_the_page_gets_the_value_and_everybody_else_its_name(browser: Browser) -> None:
    browser.perform(Type(text="my {{secret:shop}}!", target=at(browser, "Name")))
    assert value(browser, "document.getElementById('name').value") == f"my {VALUE}!"
    assert [True, f"my {VALUE}"] in value(browser, "heard")
    field = next(element for element in browser.elements() if element.name == "Name" and element.acts)
    assert (field.secret, field.value, browser.signals().value) == (True, "", "")
    assert black(browser, field.box)


def test_a_secret_does_not_go_into_a_frame_of_another_site(browser: Browser) -> None:
    far = at(browser, "Far")
    with pytest.raises(ActionRefused, match=r"shop.* is bound to the place where the run began .* of http://localhost"):
        browser.perform(Type(text="{{secret:shop}}", target=far))
    browser.perform(Click(target=far))
    with pytest.raises(ActionRefused, match=r"is bound to|no field has the keyboard"):
        browser.perform(Type(text="{{secret:shop}}"))
    with pytest.raises(ActionRefused, match=r"bank.* is bound to bank\.example"):
        browser.perform(Type(text="{{secret:bank}}", target=at(browser, "Name")))
    with pytest.raises(ActionRefused, match="whose origin the browser does not confirm"):
        browser.perform(Type(text="{{secret:shop}}", target=at(browser, "Inner")))
    assert browser.secrets.given == set()


def test_the_keyboard_cannot_be_moved_away_under_a_secret(browser: Browser) -> None:
    value(browser, "document.getElementById('pass').addEventListener('focus', () => far.focus())")
    with pytest.raises(ActionRefused, match="no field has the keyboard"):
        browser.perform(Type(text="{{secret:shop}}", target=at(browser, "Pass")))
    assert value(browser, "heard") == []


def test_password_fields_are_black_in_frames_and_closed_shadow_trees(browser: Browser) -> None:
    browser.secrets = Secrets()
    empty, far, deep = [element for element in browser.elements() if element.secret]
    assert black(browser, far.box)
    assert black(browser, deep.box)
    assert not black(browser, empty.box), "an empty field has nothing to hide"


def test_a_list_accepts_a_secret_and_a_field_that_truncates_it_is_reported(browser: Browser) -> None:
    browser.perform(Select(target=at(browser, "List"), option="{{secret:shop}}"))
    assert value(browser, "document.getElementById('list').value") == VALUE
    with pytest.raises(ActionFailed, match=r"\{\{secret:shop\}\} could not be filled in.*cut long texts off"):
        browser.perform(Type(text="{{secret:shop}}", target=at(browser, "Short")))


def test_a_short_secret_is_hidden_in_its_field_alone(browser: Browser) -> None:
    assert any("pin has fewer than 4" in note for note in browser.secrets.notes)
    browser.perform(Type(text="{{secret:pin}}", target=at(browser, "Name")))
    value(browser, "document.title = 'room 12'")
    assert browser.signals().title == "room 12"
    assert black(browser, next(each.box for each in browser.elements() if each.name == "Name" and each.acts))


def test_text_that_shows_the_value_is_black_wherever_it_stands(browser: Browser) -> None:
    text = "<p>It is <b>ünï</b><i>code &amp; 東京</i> 7, really</p><p>safe</p>"
    value(browser, f"document.body.insertAdjacentHTML('beforeend', '{text}')")
    browser._page_capture.invalidate()
    boxes = {element.name: element.box for element in browser.elements() if element.role == "text"}
    hidden = next(box for name, box in boxes.items() if "{{secret:shop}}" in name)
    picture = browser.capture().image
    middle = hidden.centre
    assert picture.getpixel((middle.x, middle.y)) == (0, 0, 0)
    assert picture.crop(boxes["safe"]).getextrema() != ((0, 0), (0, 0), (0, 0))


def test_a_dialog_is_given_no_secret(browser: Browser) -> None:
    value(browser, "void setTimeout(() => prompt('Which one?'), 0)")
    browser.settle()
    with pytest.raises(ActionRefused, match="a secret cannot be typed into a dialog"):
        browser.perform(Type(text="{{secret:shop}}"))
    browser.perform(Key(keys="escape"))


def test_a_browser_that_begins_on_no_page_is_bound_to_the_first_that_it_opens(sites: tuple[Site, Site]) -> None:
    other = sites[1].url.replace("127.0.0.1", "localhost") + "/inner"
    with Browser(viewport=(400, 300)) as browser:
        browser.secrets = Secrets([Secret("shop", VALUE)])
        browser.perform(Navigate(url=sites[0].url))
        browser.perform(Type(text="{{secret:shop}}", target=at(browser, "Name")))
        assert value(browser, "document.getElementById('name').value") == VALUE
        browser.perform(Navigate(url=other))
        with pytest.raises(ActionRefused):
            browser.perform(Type(text="{{secret:shop}}", target=at(browser, "Far")))
        device_state = browser.device_state()
    with Browser(viewport=(400, 300)) as browser:
        browser.secrets = Secrets([Secret("shop", VALUE)])
        browser.restore(device_state)  # where it goes on is not where it began
        with pytest.raises(ActionRefused):
            browser.perform(Type(text="{{secret:shop}}", target=at(browser, "Far")))


def test_a_secret_goes_to_a_page_of_the_disk_and_not_to_one_without_an_origin(tmp_path: Path) -> None:
    field = "<label>Pass <input type=password></label>"
    page = tmp_path / "page.html"
    page.write_text(f"<!doctype html>{field}<iframe sandbox=allow-scripts src=inner.html></iframe>", encoding="utf-8")
    (tmp_path / "inner.html").write_text(field.replace("Pass", "Far"), encoding="utf-8")
    with Browser(str(page)) as browser:
        browser.secrets = Secrets([Secret("shop", VALUE)])
        browser.perform(Type(text="{{secret:shop}}", target=at(browser, "Pass")))
        assert value(browser, "document.querySelector('input').value") == VALUE
        with pytest.raises(ActionRefused, match="whose origin the browser does not confirm"):
            browser.perform(Type(text="{{secret:shop}}", target=at(browser, "Far")))
