"""Checks hold, do not hold, or cannot be told; the last never counts as the first."""

from __future__ import annotations

import sqlite3
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from PIL import Image
from pydantic import TypeAdapter

from handeye.perception.scene import Scene
from handeye.scenarios.checks.judging import judge
from handeye.scenarios.checks.kinds import Check, as_check
from handeye.tools.device import Signals
from handeye.tools.element import Element
from handeye.tools.geometry import Box
from handeye.tools.screenshot import Screenshot

CHECK: TypeAdapter[Any] = TypeAdapter(Check)


def element(number: int, role: str, name: str, **more: Any) -> Element:
    return Element(
        id=f"e{number}", box=Box(0, 20 * number, 90, 20 * number + 18), role=role, name=name, source="dom", **more
    )


SCREEN = Screenshot(Image.new("RGB", (100, 100)))
SCENE = Scene(
    SCREEN,
    (
        element(1, "button", "Save", enabled=False),
        element(2, "checkbox", "Agree", checked=True),
        element(3, "textbox", "Email", value="ada@x.org"),
        element(4, "textbox", "Password", secret=True),
        element(5, "text", "3 items in your cart"),
        element(6, "row", "Lamp 3"),
        element(7, "row", "Chair 4"),
    ),
    Signals(url="http://shop.test/cart?x=1", title="Cart – Shop", tabs=("Cart – Shop", "Help")),
)
BLIND = Scene(SCREEN)


def state(written: Any, scene: Scene = SCENE, folder: Path = Path()) -> str:
    check = CHECK.validate_python(as_check(written))
    judged = judge(check, lambda: scene, folder)
    assert judged.expected
    assert judged.seen
    return judged.state


@pytest.mark.parametrize(
    ("written", "holds"),
    [
        ("“Save” is disabled", True),
        ("“Save” is enabled", False),
        ({"text": "3 items"}, True),
        ({"text": "4 items"}, False),
        ({"url": "/cart"}, True),
        ({"url": "http://*/cart?x=*"}, True),
        ({"url": "http://*/order"}, False),
        ({"title": "cart"}, True),
        ({"title": "order"}, False),
        ({"window": "help"}, True),
        ({"window": "mail"}, False),
        ({"element": "Agree"}, True),
        ({"element": {"name": "Agree", "role": "checkbox", "checked": True}}, True),
        ({"element": {"name": "Agree", "checked": False}}, False),
        ({"element": {"name": "Agree", "role": "button"}}, False),
        ({"element": {"name": "Email", "value": "ada@x.org"}}, True),
        ({"element": {"name": "Email", "value": "bob@x.org"}}, False),
        ({"count": {"role": "row", "equals": 2}}, True),
        ({"count": {"role": "row", "least": 3}}, False),
        ({"count": {"text": "chair", "most": 1}}, True),
    ],
)
def test_what_is_on_the_screen_is_told(written: Any, holds: bool) -> None:
    assert state(written) == ("passed" if holds else "failed")


@pytest.mark.parametrize(
    ("written", "scene"),
    [
        ({"url": "/cart"}, BLIND),
        ({"window": "help"}, BLIND),
        ({"element": "Agree"}, BLIND),
        ({"count": {"role": "row", "most": 2}}, BLIND),
        ({"element": {"name": "Email", "checked": True}}, SCENE),
        ({"element": {"name": "Password", "value": "x"}}, SCENE),
    ],
)
def test_what_a_screen_does_not_tell_is_unknown(written: Any, scene: Scene) -> None:
    assert state(written, scene) == "unknown"


def test_files_are_read_below_the_suites_folder(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("Grüße", encoding="utf-8")
    assert state({"file": "note.txt"}, folder=tmp_path) == "passed"
    assert state({"file": {"path": "note.txt", "contains": "Grü"}}, folder=tmp_path) == "passed"
    assert state({"file": {"path": "note.txt", "equals": "Grü"}}, folder=tmp_path) == "failed"
    assert state({"file": {"path": "note.txt", "exists": False}}, folder=tmp_path) == "failed"
    assert state({"file": "other.txt"}, folder=tmp_path) == "failed"
    assert state({"file": {"path": "other.txt", "exists": False}}, folder=tmp_path) == "passed"
    assert state({"file": {"path": ".", "contains": "x"}}, folder=tmp_path) == "unknown"


def test_a_database_is_asked_and_never_changed(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.execute("create table orders (id integer)")
        database.execute("insert into orders values (7)")
    asked = {"database": "shop.db", "query": "select id from orders"}
    assert state({"sql": {**asked, "equals": 7}}, folder=tmp_path) == "passed"
    assert state({"sql": {**asked, "equals": 8}}, folder=tmp_path) == "failed"
    for wrong in ({"query": "delete from orders"}, {"query": "select nothing"}, {"database": "none.db"}):
        assert state({"sql": {**asked, **wrong, "equals": 7}}, folder=tmp_path) == "unknown"
    assert state({"sql": {**asked, "equals": 7}}, folder=tmp_path) == "passed"
    database.close()


def test_a_server_is_asked_for_values(tmp_path: Path) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = b'{"orders": [{"id": "LO-1"}]}'
            self.send_response(200 if self.path == "/" else 404)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/"
    assert state({"http": url}) == "passed"
    assert state({"http": {"url": url, "json": {"orders.0.id": "LO-1"}}}) == "passed"
    assert state({"http": {"url": url, "json": {"orders.0.id": "LO-2"}}}) == "failed"
    assert state({"http": {"url": url, "json": {"orders.1.id": "LO-1"}}}) == "failed"
    assert state({"http": f"{url}none"}) == "failed"
    assert state({"http": {"url": f"{url}none", "status": 404, "contains": "LO"}}) == "passed"
    server.shutdown()
    server.server_close()
    assert state({"http": url}) == "unknown"


def test_functions_of_the_suites_own_are_called_with_the_scene(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "def good(scene): return len(scene.elements) == 7\n"
        "def bad(scene): return 'seven is wrong'\n"
        "def broken(scene): raise ValueError('no')\n"
    )
    assert state({"python": "mine:good"}, folder=tmp_path) == "passed"
    assert state({"python": "mine:bad"}, folder=tmp_path) == "failed"
    assert state({"python": "mine:broken"}, folder=tmp_path) == "unknown"
    assert state({"python": "mine:none"}, folder=tmp_path) == "unknown"


def test_programs_that_run_are_told() -> None:
    assert state({"process": {"name": "no-such-program", "running": False}}) == "passed"
    assert state({"process": "no-such-program"}) == "failed"
