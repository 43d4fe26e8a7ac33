"""A small shop to work in, served over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from handeye.scenarios.environment import serve_suite
from handeye.scenarios.suite.schema import Serve

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGES = {
    "index.html": """<!doctype html><meta charset=utf-8><title>Shop</title><h1>Shop</h1>
<form action=results.html><label>Search <input name=q></label><button>Find</button></form>
<p>Order number: <b>1047</b></p><p>Order total: <b>$3.50</b></p>
<label>Note <input id=note></label>
<button onclick="localStorage.note = note.value; said.textContent = 'Saved'">Save</button><p id=said></p>""",
    "results.html": """<!doctype html><meta charset=utf-8><title>Results</title><h1>Results</h1><p id=n></p>
<script>n.textContent = "Results for " + new URLSearchParams(location.search).get("q")</script>""",
    "orders.html": """<!doctype html><meta charset=utf-8><title>Orders</title><h1>Orders</h1><p id=note></p>
<script>note.textContent = localStorage.note || "no note"</script>""",
    "controls.html": """<!doctype html><meta charset=utf-8><title>Controls</title>
<label>Name <input id=name value=old></label><label><input type=checkbox id=news checked> News</label>
<label><input type=checkbox id=terms> Terms</label>
<label>Colour <select id=colour><option>blue<option>red</select></label>
<div id=pad style="width: 200px; height: 80px; background: #cde">pad</div>
<div style="height: 3000px"></div><button id=far onclick="this.textContent = 'Reached'">Far away</button>
<script>
window.seen = []
for (const kind of ["mousedown", "mouseup", "dblclick", "contextmenu"])
  pad.addEventListener(kind, (event) => { seen.push(kind); event.preventDefault() })
</script>""",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the shop."""
    folder = tmp_path_factory.mktemp("shop")
    for name, text in PAGES.items():
        (folder / name).write_text(text, encoding="utf-8")
    with serve_suite(Serve(folder="."), folder) as url:
        yield url
