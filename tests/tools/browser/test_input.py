"""Mouse and keyboard: the events that a page receives."""

# ruff: noqa: E501 - pages read better unbroken

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from handeye.tools.actions import Click, Drag, Key, Move, Scroll, Select, Target, Type, Upload, Wait, Zoom
from handeye.tools.errors import ActionFailed, ActionRefused
from handeye.tools.geometry import Point

if TYPE_CHECKING:
    from pathlib import Path

    from handeye.tools.browser import Browser
    from tests.tools.browser.conftest import Aim, Find, Show

LOG = "<p id=log style='height:40px'></p><script>const say = (text) => { log.textContent += text + ';' }</script>"


def log(browser: Browser) -> str:
    return next((each.name for each in browser.elements() if each.role == "text" and ";" in each.name), "")


def test_buttons_counts_and_modifiers_arrive(show: Show, aim: Aim) -> None:
    browser = show(
        f"{LOG}<button>B</button><script>for (const kind of ['click', 'dblclick', 'contextmenu', 'mouseup'])"
        "document.querySelector('button').addEventListener(kind, (e) => { e.preventDefault();"
        "say(kind + e.button + e.detail + (e.shiftKey ? 'S' : '') + (e.ctrlKey ? 'C' : '')) })</script>"
    )
    target = aim(browser, "B")
    browser.perform(Click(target=target, count=2))
    browser.perform(Click(target=target, button="right"))
    browser.perform(Click(target=target, button="middle"))
    browser.perform(Click(target=target, modifiers=("shift", "ctrl")))
    message = log(browser)
    assert message.startswith("mouseup01;click01;mouseup02;click02;dblclick02;")
    assert "contextmenu20;mouseup21;mouseup11;mouseup01SC;click01SC;" in message


def test_a_click_off_the_screen_is_refused(show: Show) -> None:
    browser = show("<p>x")
    with pytest.raises(ActionRefused, match=r"click at \(2100, 40\) is off the screen \(1344x896\); ask for a point"):
        browser.perform(Click(target=Target(point=Point(2100, 40))))
    with pytest.raises(ActionRefused, match="has no point yet"):
        browser.perform(Click(target=Target(phrase="Save")))


def test_hovering_opens_what_opens_on_hover(show: Show, aim: Aim, find: Find) -> None:
    browser = show("<style>b{display:none}div:hover b{display:block}</style><div>Menu<b>Entry</b></div>")
    browser.perform(Move(target=aim(browser, "Menu")))
    assert find(browser, "Entry")


@pytest.mark.parametrize("draggable", ["true", "false"])
def test_dragging_works_for_html5_and_for_pointer_events(show: Show, aim: Aim, find: Find, draggable: str) -> None:
    browser = show(
        f"<div id=a draggable={draggable} style='width:60px;height:40px;background:#ccc;user-select:none'>Thing</div>"
        "<div id=b style='margin-top:200px;width:200px;height:80px;background:#eee'>Basket</div><script>let held;"
        "a.ondragstart = (e) => e.dataTransfer.setData('text/plain', 'x'); b.ondragover = (e) => e.preventDefault();"
        "b.ondrop = (e) => { e.preventDefault(); b.textContent = 'Dropped ' + e.dataTransfer.getData('text/plain') };"
        "a.onpointerdown = () => { held = a.draggable ? null : 1 };"
        "document.onpointerup = (e) => { if (held && b.contains(document.elementFromPoint(e.clientX, e.clientY)))"
        "b.textContent = 'Dropped x' }</script>"
    )
    browser.perform(Drag(start=aim(browser, "Thing"), end=aim(browser, "Basket")))
    assert find(browser, "Dropped x")


@pytest.mark.parametrize("text", ["plain", "Grüße, 世界 🌍 👩‍👩‍👧 é", "a\tb'\"<>&\\{}", "x" * 3000])
def test_any_text_is_typed_exactly(show: Show, find: Find, text: str) -> None:
    browser = show("<textarea aria-label=Note rows=5></textarea>")
    note = find(browser, "Note")
    browser.perform(Type(text=text, target=Target(point=note.box.centre, element=note.id)))
    assert find(browser, "Note").value == text[:2000]


def test_typing_adds_at_the_end_and_clear_replaces(show: Show, aim: Aim, find: Find) -> None:
    browser = show("<input aria-label=Name value='Ada Lovelace' style='width:80px'>")
    browser.perform(Type(text="!", target=aim(browser, "Name")))
    assert find(browser, "Name").value == "Ada Lovelace!"
    browser.perform(Type(text="Bob", target=aim(browser, "Name"), clear=True))
    assert find(browser, "Name").value == "Bob"
    browser.perform(Type(text="by", target=None))
    assert find(browser, "Name").value == "Bobby"
    browser.perform(Type(text="", target=aim(browser, "Name"), clear=True))
    assert find(browser, "Name").value == ""


def test_a_line_feed_is_enter_in_a_field_and_a_line_feed_in_a_text_area(show: Show, aim: Aim, find: Find) -> None:
    browser = show(
        f"{LOG}<form onsubmit='say(\"sent\");return false'><input aria-label=One></form>"
        '<textarea aria-label=Many onkeydown=\'if(event.key=="Enter")say("enter")\'></textarea>'
    )
    browser.perform(Type(text="a\n", target=aim(browser, "One")))
    browser.perform(Type(text="a\nb", target=aim(browser, "Many")))
    assert find(browser, "Many").value == "a\nb"
    assert log(browser) == "sent;"


def test_pages_hear_every_key_of_plain_text(show: Show, aim: Aim) -> None:
    browser = show(f"{LOG}<input aria-label=Q onkeydown='say(event.key)'>")
    browser.perform(Type(text="aB", target=aim(browser, "Q")))
    assert log(browser).replace("Shift;", "") == "a;B;"


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("date", "2026-01-31", "2026-01-31"),
        ("time", "14:30", "14:30"),
        ("color", "#ff8800", "#ff8800"),
        ("range", "70", "70"),
    ],
)
def test_fields_with_a_format_take_their_value(
    show: Show, aim: Aim, find: Find, kind: str, text: str, value: str
) -> None:
    browser = show(f"<input type={kind} aria-label=When>")
    browser.perform(Type(text=text, target=aim(browser, "When")))
    assert find(browser, "When").value == value


def test_a_date_in_another_form_fails_with_the_form_to_use(show: Show, aim: Aim) -> None:
    browser = show("<input type=date aria-label=When>")
    with pytest.raises(
        ActionRefused, match=r"does not take '31 January': it is no date or it is ambiguous; write it as 2026-01-31"
    ):
        browser.perform(Type(text="31 January", target=aim(browser, "When")))


@pytest.mark.parametrize(
    ("keys", "received"),
    [
        ("enter", "Enter"), ("esc", "Escape"), ("pagedown", "PageDown"), ("ctrl+s", "C:s"), ("F2", "F2"), ("ArrowLeft", "ArrowLeft"),
        ("ctrl+shift+ArrowRight", "CS:ArrowRight"), ("a", "a"), ("?", "?"), ("space", " "),
    ],
)  # fmt: skip
def test_keys_arrive_under_their_names(show: Show, keys: str, received: str) -> None:
    browser = show(
        f"{LOG}<script>addEventListener('keydown', (e) => {{ e.preventDefault(); const held = (e.ctrlKey ? 'C' : '') +"
        "(e.shiftKey && e.key.length > 1 ? 'S' : ''); if (!/Control|Shift/.test(e.key)) say((held && held + ':') + e.key) }})</script>".replace(
            "}}", "}"
        )
    )
    browser.perform(Key(keys=keys))
    assert received.strip() + ";" in log(browser) or received == " "


def test_an_unknown_key_is_refused_with_near_names(show: Show) -> None:
    browser = show("<p>x")
    with pytest.raises(ActionRefused, match=r"no key is called 'entre'.*enter"):
        browser.perform(Key(keys="entre"))


def test_a_key_goes_to_its_target_and_repeats(show: Show, aim: Aim, find: Find) -> None:
    browser = show("<input aria-label=One value=abcdef><input aria-label=Two autofocus>")
    browser.perform(Key(keys="backspace", count=2, target=aim(browser, "Two")))
    browser.perform(Click(target=aim(browser, "One")))
    browser.perform(Key(keys="end"))
    browser.perform(Key(keys="backspace", count=2, target=aim(browser, "One")))
    assert find(browser, "One").value == "abcd"


def test_a_key_for_a_button_presses_it_once(show: Show, aim: Aim, find: Find) -> None:
    browser = show("<button onclick='this.textContent = \"n\" + (window.n = (window.n || 0) + 1)'>Go</button>")
    browser.perform(Key(keys="enter", target=aim(browser, "Go")))
    assert find(browser, "n1")


def test_what_is_drawn_over_a_field_is_part_of_it(show: Show, aim: Aim, find: Find) -> None:
    browser = show(
        "<div style='position:relative;width:200px' onclick='this.firstChild.focus()'><input aria-label=Country style='width:190px'>"
        "<div style='position:absolute;inset:0'>Choose…</div></div><div style='position:relative'><input type=checkbox id=t>"
        "<i style='position:absolute;inset:0;width:30px' onclick='t.click()'></i></div>"
    )
    browser.perform(Type(text="Peru", target=aim(browser, "Country", "textbox")))
    assert find(browser, "Country", "textbox").value == "Peru"
    box = next(each for each in browser.elements() if each.role == "checkbox")
    browser.perform(Click(target=Target(point=box.box.centre, element=box.id)))
    assert next(each for each in browser.elements() if each.role == "checkbox").checked


def test_the_wheel_turns_a_hundred_pixels_a_notch_over_its_target(show: Show, find: Find, aim: Aim) -> None:
    browser = show(
        "<div id=d style='height:200px;overflow:auto'>Box<div style='height:2000px'></div></div><div style='height:3000px'>page</div>"
    )
    browser.perform(Scroll(amount=2, target=Target(point=Point(50, 100))))
    browser.settle()
    assert find(browser, "Box").covered
    before = find(browser, "page").box.top
    browser.perform(Scroll(amount=3))
    browser.settle()
    assert find(browser, "page").box.top == before - 300
    browser.perform(Scroll(direction="up", amount=2))
    browser.settle()
    assert find(browser, "page").box.top == before - 100


def test_a_disabled_or_covered_thing_fails_and_says_why(show: Show, aim: Aim) -> None:
    browser = show(
        "<button disabled>Pay</button><button>Under</button>"
        "<div role=dialog aria-label='Cookie banner' style='position:fixed;left:0;top:0;width:100%;height:60px;background:#eee'></div>"
        "<button disabled style='position:absolute;top:200px'>Off</button>"
    )
    with pytest.raises(ActionFailed, match="“Under” is covered by dialog “Cookie banner”"):
        browser.perform(Click(target=aim(browser, "Under")))
    with pytest.raises(ActionFailed, match="“Off” is disabled"):
        browser.perform(Click(target=aim(browser, "Off")))


def test_a_thing_that_has_moved_is_followed(show: Show, aim: Aim, find: Find) -> None:
    browser = show("<div id=gap></div><button onclick='this.textContent=\"Hit\"'>Go</button>"
                   "<button onclick='gap.style.height=\"300px\"' style='position:fixed;bottom:0'>Shift</button>")  # fmt: skip
    target = aim(browser, "Go")
    browser.perform(Click(target=aim(browser, "Shift")))
    assert "had moved" in browser.perform(Click(target=target))
    assert find(browser, "Hit")


def test_an_element_without_a_point_is_found_by_its_id(show: Show, find: Find) -> None:
    browser = show("<button onclick='this.textContent=\"Hit\"'>Go</button>")
    browser.perform(Click(target=Target(element=find(browser, "Go").id)))
    assert find(browser, "Hit")


def test_options_are_chosen_by_their_text(show: Show, aim: Aim, find: Find) -> None:
    browser = show(
        f"{LOG}<select aria-label=Size onchange='say(this.value)'><option value=s>Small<option value=m>Medium<option value=x disabled>Huge"
        "<option value=l>Large size</select>"
    )
    assert browser.perform(Select(target=aim(browser, "Size"), option="Medium")) == ""
    assert browser.perform(Select(target=aim(browser, "Size"), option="large")) == "chose “Large size”"
    assert find(browser, "Size").value == "Large size"
    assert log(browser) == "m;l;"
    with pytest.raises(ActionRefused, match="no option is called “Tiny”; choose one of “Small”, “Medium”"):
        browser.perform(Select(target=aim(browser, "Size"), option="Tiny"))
    with pytest.raises(ActionRefused, match="“Huge” is disabled"):
        browser.perform(Select(target=aim(browser, "Size"), option="Huge"))


def test_options_of_a_list_that_the_page_draws_are_chosen(show: Show, aim: Aim, find: Find) -> None:
    browser = show(
        "<div role=combobox tabindex=0 id=c aria-label=Fruit onclick='setTimeout(() => l.hidden = false, 150)'>pick</div>"
        "<ul role=listbox id=l hidden><li role=option onclick='pick(this)'>Apple<li role=option onclick='pick(this)'>Pear</ul>"
        "<script>const pick = (o) => { c.textContent = o.textContent; l.hidden = true }</script>"
    )
    browser.perform(Select(target=aim(browser, "Fruit"), option="pear"))
    assert find(browser, "Fruit").value == "Pear"
    with pytest.raises(ActionRefused, match="“Apple”, “Pear”"):
        browser.perform(Select(target=aim(browser, "Fruit"), option="Plum"))


def test_selecting_where_there_is_no_list_fails(show: Show, aim: Aim) -> None:
    browser = show("<button>Plain</button>")
    with pytest.raises(ActionFailed, match="“Plain” opened no list of options"):
        browser.perform(Select(target=aim(browser, "Plain"), option="x"))


def test_files_are_given_to_fields_labels_and_buttons(show: Show, aim: Aim, find: Find, tmp_path: Path) -> None:
    path = tmp_path / "päper.txt"
    path.write_text("hello")
    browser = show(
        "<input type=file aria-label=One onchange='o.textContent=this.files[0].name'><p id=o>-</p>"
        "<label>Attach<input type=file hidden onchange='o.textContent=\"label \"+this.files[0].name'></label>"
        "<button onclick='f.click()'>Choose</button><input type=file id=f hidden onchange='o.textContent=\"button \"+this.files[0].name'>"
        "<button>Nothing</button>"
    )
    browser.perform(Upload(target=aim(browser, "One"), paths=(str(path),)))
    assert find(browser, "päper.txt")
    browser.perform(Upload(target=aim(browser, "Attach", "button"), paths=(str(path),)))
    assert find(browser, "label päper.txt")
    browser.perform(Upload(target=aim(browser, "Choose"), paths=(str(path),)))
    assert find(browser, "button päper.txt")
    with pytest.raises(ActionRefused, match=r"no file .*missing\.txt"):
        browser.perform(Upload(target=aim(browser, "One"), paths=(str(tmp_path / "missing.txt"),)))
    with pytest.raises(ActionRefused, match="takes one file and was given 2"):
        browser.perform(Upload(target=aim(browser, "One"), paths=(str(path), str(path))))
    with pytest.raises(ActionFailed, match="does not ask for files"):
        browser.perform(Upload(target=aim(browser, "Nothing"), paths=(str(path),)))


def test_waiting_and_what_is_no_work_for_hands(show: Show) -> None:
    browser = show("<p>x")
    assert browser.perform(Wait(seconds=0.05)) == ""
    with pytest.raises(ActionRefused, match="is no action of a device"):
        browser.perform(Zoom(target=Target(point=Point(1, 1))))
