"""The structure of a page: parents of elements, reachability, and drawn text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from handeye.perception.reading.groups import container_text, items_called
from handeye.tools.actions import Select
from handeye.tools.browser.perform import best_option
from handeye.tools.errors import ActionRefused

if TYPE_CHECKING:
    from tests.tools.browser.conftest import Aim, Show

ROWS = ("Ada", "Ben", "Cleo")
LAYOUTS = {
    "divs without roles": "".join(
        f"<div class='box b{n}'><div><span>{name}</span></div><div><button>Remove</button></div></div>"
        for n, name in enumerate(ROWS)
    ),
    "a table": "<table>" + "".join(f"<tr><td>{name}<td><button>Remove</button>" for name in ROWS) + "</table>",
    "a definition list": "<dl>" + "".join(f"<dt>{name}<dd><button>Remove</button>" for name in ROWS) + "</dl>",
    "headings in a row": "".join(f"<h3>{name}</h3><p>text</p><button>Remove</button>" for name in ROWS),
    "titles below": "<div>" + "".join(f"<button>Remove</button><div>{name}</div>" for name in ROWS) + "</div>",
    "fieldsets": "".join(f"<fieldset><legend>{name}</legend><button>Remove</button></fieldset>" for name in ROWS),
    "toolbars of their own": "".join(
        f"<section><b>{name}</b><div role=group><button>Copy</button><button>Remove</button></div></section>"
        for name in ROWS
    ),
    "closed shadow roots": "".join(f"<x-row data-n={name}></x-row>" for name in ROWS)
    + "<script>customElements.define('x-row', class extends HTMLElement { connectedCallback() {"
    "this.attachShadow({mode: 'closed'}).innerHTML = `<i>${this.dataset.n}</i> <button>Remove</button>` } })</script>",
    "frames": "".join(f"<iframe srcdoc='<p>{name}</p><button>Remove</button>' height=80></iframe>" for name in ROWS),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_container_of_a_control_is_what_tells_it_from_its_like(show: Show, layout: str) -> None:
    elements = tuple(show(LAYOUTS[layout]).elements())
    texts = [container_text(each, elements) for each in elements if each.name == "Remove" and each.acts]
    assert [[name for name in ROWS if name in text] for text in texts] == [[name] for name in ROWS]


def test_a_heading_over_several_rows_belongs_to_none_of_them(show: Show) -> None:
    page = "<div><h3>Team</h3><button>Remove</button><button>Remove</button><h3>Other</h3><button>Remove</button></div>"
    elements = tuple(show(page).elements())
    assert {container_text(each, elements) for each in elements if each.acts} == {""}


def test_a_link_stretched_over_its_card_does_not_cover_the_title_but_covers_another_control(show: Show) -> None:
    elements = show(
        "<style>.c{position:relative;width:9em}.c a::before{content:'';position:absolute;inset:0}</style>"
        "<div class=c><h3>Minutes</h3><button>Share</button><a href='/m'>Read</a></div>"
        "<div style='position:fixed;left:0;top:300px;width:40em;height:80px;z-index:2'></div>"
        "<h3 style='position:absolute;top:320px;margin:0'>Under a plain cover</h3>"
    ).elements()
    covered = {each.name: each.covered for each in elements}
    assert covered == {"Minutes": False, "Share": True, "Read": False, "Under a plain cover": True}


@pytest.mark.parametrize(
    "opened",
    [
        "<dialog id=d><h2>Sure?</h2><button>Save</button></dialog><script>d.showModal()</script>",
        "<div role=dialog aria-modal=true aria-label='Sure?'><button>Save</button></div>",
    ],
)
def test_an_open_modal_dialog_makes_everything_else_inert(show: Show, opened: str) -> None:
    page = "<button>Save</button><iframe srcdoc='<button>Save</button>'></iframe>" + opened
    found = [(each.inert, bool(each.parent)) for each in show(page).elements() if each.name == "Save"]
    assert sorted(found) == [(False, True), (True, False), (True, False)]


def test_what_is_written_on_a_control_counts_where_its_name_differs(show: Show) -> None:
    page = "<button aria-label='Close the list'>Done</button><a href='sub/page?x=1'>Go</a><a href='#here'>Stay</a>"
    browser = show(page, "/at")
    found = {each.name: (each.text, each.href.partition("//")[2].partition("/")[2]) for each in browser.elements()}
    assert found == {"Close the list": ("Done", ""), "Go": ("", "sub/page?x=1"), "Stay": ("", "")}


def test_what_is_scrolled_out_of_an_area_is_clipped(show: Show) -> None:
    page = "<div style='height:100px;overflow:auto'><p style='height:300px'>Long<p>Below</div>"
    found = {each.name: (each.covered, each.clipped) for each in show(page).elements()}
    assert found["Below"] == (True, True)


@pytest.mark.parametrize(
    ("options", "wanted", "chosen"),
    [
        (("Peru/pe", "Chile/cl", "Peru/pe"), "Peru", 0),  # a list that repeats what is often chosen
        (("Georgia/ge", "Chile/cl", "Georgia/us-ga"), "Georgia", None),
        (("georgia/1", "Georgia/2"), "Georgia", 1),
    ],
)
def test_options_of_one_name_that_differ_are_not_chosen_between(
    options: tuple[str, ...], wanted: str, chosen: int | None
) -> None:
    names, values = zip(*(each.split("/") for each in options), strict=True)
    if chosen is not None:
        assert best_option(wanted, names, values) == chosen
    else:
        with pytest.raises(ActionRefused, match="2 options are called"):
            best_option(wanted, names, values)


def test_an_option_is_chosen_by_what_is_written_on_it_though_its_name_differs(show: Show, aim: Aim) -> None:
    browser = show(
        '<div role=combobox tabindex=0 aria-expanded=false aria-label=Size onclick="l.hidden = false">Pick</div>'
        "<div id=l role=listbox hidden><div role=option aria-label='S, in stock' onclick=\"o.textContent='S'\">Small"
        "</div><div role=option aria-label='L, sold out' onclick=\"o.textContent='L'\">Large</div></div><p id=o></p>"
    )
    browser.perform(Select(target=aim(browser, "Size"), option="Large"))
    assert browser.run_script("() => o.textContent") == "L"


def test_a_search_bar_is_no_item_of_the_results_below_it(show: Show) -> None:
    names = ("Oak", "Birch", "Pine")
    found = "".join(f"<div><a href=#>{name}</a><div>about {name}</div></div>" for name in names)
    browser = show(f"<div><div><input aria-label=Words><button>Go</button></div><div>{found}</div></div>")
    items = items_called("result", "item", browser.elements())
    assert [item.members[0].name for item in items] == list(names)
