"""Names, boxes and visibility of a page's elements."""

# ruff: noqa: E501 - pages read better unbroken

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from handeye.tools.actions import Click, Scroll, Target
from handeye.tools.browser.observe import MAX_ELEMENTS

if TYPE_CHECKING:
    from handeye.tools.browser import Browser
    from handeye.tools.element import Element
    from tests.tools.browser.conftest import Aim, Find, Show, Site


def names(browser: Browser, role: str = "") -> list[str]:
    return [each.name for each in browser.elements() if role in ("", each.role)]


def one(browser: Browser, role: str) -> Element:
    found = [each for each in browser.elements() if each.role == role]
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("html", "role", "name"),
    [
        ("<button>Save <b>all</b></button>", "button", "Save all"),
        ("<button aria-label=Close>x</button>", "button", "Close"),
        ("<button><svg width=9 height=9><title>Trash</title></svg></button>", "button", "Trash"),
        ("<button>Save<svg width=9 height=9><title>disk</title></svg></button>", "button", "Save"),
        ("<a href=/><img alt=Logo width=20 height=20></a>", "link", "Logo"),
        ("<input type=submit>", "button", "Submit"),
        ("<select multiple><option>Olives</select>", "option", "Olives"),
        ("<select size=2><option label=Corn>maize</select>", "option", "Corn"),
        ("<input type=button value=Send>", "button", "Send"),
        ("<label for=a>Email</label><input id=a>", "textbox", "Email"),
        ("<label>City <input></label>", "textbox", "City"),
        ("<p id=l>Street</p><input aria-labelledby=l>", "textbox", "Street"),
        ("<input placeholder='Search shop'>", "textbox", "Search shop"),
        ("<input type=search title=Find>", "searchbox", "Find"),
        ("Zip code: <input>", "textbox", "Zip code"),
        ("<table><tr><td>Phone<td><input></table>", "textbox", "Phone"),
        ("<input type=radio name=r> Express", "radio", "Express"),
        ("<input type=number aria-label=Amount>", "spinbutton", "Amount"),
        ("<input type=range aria-label=Volume>", "slider", "Volume"),
        ("<textarea aria-label=Note></textarea>", "textbox", "Note"),
        ("<div contenteditable aria-label=Body></div><style>div{height:20px}</style>", "textbox", "Body"),
        ("<div role=switch aria-checked=true>Dark</div>", "switch", "Dark"),
        ("<div role=tab>General</div>", "tab", "General"),
        ("<details><summary>More</summary>hidden</details>", "button", "More"),
        ("<h2>Our <i>shop</i></h2>", "heading", "Our shop"),
        ("<img src='data:,' alt='A red lamp' width=20 height=20>", "img", "A red lamp"),
        ("<div onclick='1'>Tile</div>", "clickable", "Tile"),
        ("<div style='cursor:pointer'><span>Card</span></div>", "clickable", "Card"),
        ("<div tabindex=0>Focus me</div>", "clickable", "Focus me"),
        ("<td>", "", ""),
    ],
)
def test_things_are_called_what_a_person_calls_them(show: Show, html: str, role: str, name: str) -> None:
    if role:
        browser = show(html)
        assert one(browser, role).name == name


def test_all_text_is_found_with_words_joined_as_seen(show: Show) -> None:
    browser = show(
        "<div>Total <b>12</b>.50 €</div><p>Hel<i>lo</i>, <a href=/x>reader</a>!</p><div>one<br>two</div>"
        "<div style='display:flex'><span>left</span><span>right</span></div><ul><li>First <b>item</b></ul>"
        "<table><tr><th>Item<tr><td><div>Lamp</div>red</table><p>Ünïcode 世界 🌍"
    )
    found = names(browser)
    for text in ("Total 12.50 €", "Hello, reader!", "one", "two", "left", "right", "First item", "Item", "Lamp red"):
        assert text in found, text
    assert "Ünïcode 世界 🌍" in found
    assert [each.name for each in browser.elements() if each.role == "link"] == ["reader"]


def test_invisible_elements_are_not_listed(show: Show) -> None:
    browser = show(
        "<p style='display:none'>a</p><p style='visibility:hidden'>b</p><p style='opacity:0'>c</p><p hidden>d</p>"
        "<p style='position:absolute;left:-5000px'>e</p><details><summary>S</summary><p>f</p></details>"
        "<p style='position:absolute;width:1px;height:1px;overflow:hidden'>g</p><script>'h'</script><input type=hidden value=i>"
        "<div style='height:20px;overflow:hidden'><p style='margin-top:100px'>j</p></div><template>k</template><p>seen"
        "<div style='visibility:hidden'><b style='visibility:visible'>back</b></div>"
    )
    assert names(browser) == ["S", "seen", "back"] or set(names(browser)) == {"", "S", "seen", "back"}


def test_field_states_are_reported_but_never_a_password(show: Show) -> None:
    browser = show(
        "<input aria-label=a value=Ada><input aria-label=b type=password value=lovelace><input aria-label=c type=checkbox checked>"
        "<select aria-label=d><option>Small<option selected>Large</select><button disabled>e</button>"
        "<input aria-label=f autofocus placeholder='you@x'>"
    )
    by = {each.name: each for each in browser.elements()}
    assert by["a"].value == "Ada"
    assert by["b"].value == ""
    assert by["b"].secret
    assert by["c"].checked is True
    assert by["d"].value == "Large"
    assert "Small, Large" in by["d"].description
    assert not by["e"].enabled
    assert by["f"].focused
    assert by["f"].description == "you@x"
    assert "lovelace" not in "".join(each.model_dump_json() for each in browser.elements())


def test_boxes_are_pixels_of_the_screenshot(show: Show, find: Find) -> None:
    browser = show("<body style='margin:0'><button style='position:absolute;left:100px;top:50px;width:80px;height:30px;"
                   "background:#f00;border:0'>Red</button>")  # fmt: skip
    box = find(browser, "Red").box
    assert box == (100, 50, 180, 80)
    image = browser.capture().image
    assert image.getpixel((box.left + 2, box.top + 2)) == (255, 0, 0)
    assert image.getpixel((box.left - 2, box.top + 2)) == (255, 255, 255)


def test_things_beyond_the_fold_have_boxes_off_the_screen_and_can_be_scrolled_to(show: Show, find: Find) -> None:
    browser = show("<div style='height:3000px'>top</div><button>Far</button>")
    far = find(browser, "Far")
    assert far.box.within(1344, 896) is None
    assert not far.covered
    browser.perform(Scroll(amount=30))
    browser.settle()
    assert find(browser, "Far").box.within(1344, 896) is not None
    assert find(browser, "Far").id == far.id


def test_ids_stay_with_their_nodes_and_never_come_again(show: Show, find: Find) -> None:
    page = "<button>A</button><button onclick='this.previousSibling.before(this)'>B</button>"
    browser = show(page)
    first = {each.name: each.id for each in browser.elements()}
    browser.perform(Click(target=Target(point=find(browser, "B").box.centre)))
    assert {each.name: each.id for each in browser.elements()} == first
    assert names(browser, "button") == ["B", "A"]
    show(page)
    assert not {each.id for each in browser.elements()} & set(first.values())


def test_a_covered_thing_is_called_so(show: Show, find: Find) -> None:
    browser = show(
        "<button>Under</button><button style='position:absolute;top:300px'>Free</button>"
        "<div style='position:fixed;inset:0 0 auto 0;height:200px;background:#eee'>banner</div>"
    )
    assert find(browser, "Under").covered
    assert not find(browser, "Free").covered


def test_what_a_scroll_area_hides_is_covered(show: Show, find: Find) -> None:
    browser = show(
        "<div style='height:60px;overflow:auto'><button>In</button><div style='height:300px'></div><button>Out</button></div>"
    )
    assert not find(browser, "In").covered
    assert find(browser, "Out").covered


def test_frames_of_both_origins_and_shadow_roots_are_read_in_place(
    show: Show, site: Site, find: Find, aim: Aim
) -> None:
    site.page(
        "/in",
        "<body style='margin:0'><button onclick='this.textContent=\"Pressed\"' style='position:absolute;left:30px;top:20px'>Inner</button>",
    )
    browser = show(
        f"<p>before<iframe src=/in style='border:5px solid;padding:3px'></iframe><p>between<iframe src={site.other}/in></iframe>"
        "<div id=h></div><script>h.attachShadow({mode:'open'}).innerHTML='<button>Shadow <slot></slot></button>';h.textContent='light'</script>"
        "<p>after"
    )
    found = [name for name in names(browser) if name]
    assert found == ["before", "Inner", "between", "Inner", "Shadow light", "after"]
    inner = [each for each in browser.elements() if each.name == "Inner"]
    assert inner[0].id != inner[1].id
    for each in inner:
        browser.perform(Click(target=Target(point=each.box.centre, element=each.id)))
    browser.settle()
    assert names(browser).count("Pressed") == 2
    frame = next(each for each in browser.elements() if each.name == "Pressed")
    assert frame.box.left > 30 + 5 + 3


def test_an_inner_frames_button_under_a_banner_is_covered(show: Show, site: Site, find: Find) -> None:
    site.page("/in", "<button>Inner</button>")
    browser = show("<iframe src=/in></iframe><div style='position:fixed;inset:0;background:#fff9'>veil</div>")
    assert find(browser, "Inner").covered


def test_elements_have_parents(show: Show) -> None:
    browser = show(
        "<table><tr><td>Lamp<td><button>Add</button><tr><td>Chair<td><button>Add</button></table>"
        "<ul><li>One <a href=/1>open</a><li>Two <a href=/2>open</a></ul><form aria-label=Log><input aria-label=n></form>"
    )
    elements = browser.elements()
    by = {each.id: each for each in elements}
    rows = [each for each in elements if each.role == "row"]
    adds = [each for each in elements if each.name == "Add" and each.role == "button"]
    assert [each.parent for each in adds] == [row.id for row in rows]
    items = [each for each in elements if each.role == "listitem"]
    assert [each.parent for each in elements if each.role == "link"] == [item.id for item in items]
    assert [item.name for item in items] == ["One open", "Two open"]
    field = next(each for each in elements if each.name == "n")
    assert by[field.parent or ""].name == "Log"


def test_a_control_drawn_by_its_label_is_there(show: Show) -> None:
    browser = show(
        "<input type=checkbox id=a style='opacity:0;position:absolute;width:0;height:0'><label for=a>Fancy</label>"
        "<label style='display:block'>Attach<input type=file style='display:none'></label>"
    )
    by = {each.name: each for each in browser.elements() if each.role != "text"}
    assert by["Fancy"].role == "checkbox"
    assert not by["Fancy"].covered
    assert by["Attach"].role == "button"


def test_a_nameless_icon_is_described_by_what_its_code_says(show: Show) -> None:
    browser = show(
        "<a href=/cart><svg class='icon icon-basket' width=20 height=20><rect width=20 height=20 /></svg></a>"
    )
    link = one(browser, "link")
    assert link.name == ""
    assert "basket" in link.description
    assert "cart" in link.description


def test_a_page_of_thousands_of_things_is_cut_at_the_cap_off_screen_first(show: Show) -> None:
    browser = show("<script>document.write('<p>text</p>'.repeat(5000) + '<button>Last</button>')</script>")
    elements = browser.elements()
    assert len(elements) == MAX_ELEMENTS
    assert elements[-1].name == "Last"
    assert elements[0].box.top < 100


def test_a_page_that_redefines_the_language_is_still_read(show: Show) -> None:
    browser = show(
        "<script>Array.prototype.toJSON = () => 'x'; Object.prototype.extra = 1; window.Node = null</script><button>Go</button>"
    )
    assert "Go" in names(browser)


def test_elements_beyond_the_limit_are_counted(one_browser: Browser, show: Show) -> None:
    show("".join(f"<button>Button {number}</button>" for number in range(MAX_ELEMENTS + 300)))
    assert len(one_browser.elements()) == MAX_ELEMENTS
    assert one_browser.signals().unlisted == 300
    show("<button>Alone</button>")
    one_browser.elements()
    assert one_browser.signals().unlisted == 0
