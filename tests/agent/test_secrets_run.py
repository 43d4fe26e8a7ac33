"""A run that types a secret leaves it nowhere: not in any file, in any encoding, nor in any picture."""

from __future__ import annotations

import base64
import re
import shutil
import sqlite3
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from PIL import Image, ImageChops
from rapidfuzz import fuzz

from handeye.agent import Agent, RunOptions
from handeye.agent.event_log import Decided, Noted, read_events
from handeye.agent.run_folder import RunFolder
from handeye.perception.embedded import EmbeddedPerception
from handeye.perception.reading import ocr
from handeye.policies.plain_english import PlainEnglish
from handeye.policies.scripted import Scripted
from handeye.tools import Browser
from handeye.tools.actions import parse_action
from handeye.tools.errors import UsageError
from handeye.tools.screenshot import Screenshot
from handeye.tools.secrets.store import Secret, Secrets
from tests.requirements import unavailable

VALUE = "Zebra&quartz 8461"

LOGIN = """<h1>Sign in</h1>
<form id=door onsubmit="event.preventDefault(); entered(this.pass.value)">
  <label>User name <input name=user></label>
  <p><label>Password <input type=password name=pass autocomplete=off></label> <button>Log in</button></form>
<form id=room hidden onsubmit="event.preventDefault()"><label>New one <input type=password name=fresh></label>
  <button type=button onclick="fresh.type = 'text'; alert('Keep ' + fresh.value + ' safe')">Reveal</button>
  <p><label>Note <input name=note></label></form>
<button id=more hidden onclick="room.hidden = false">Change it</button><p id=out><p id=jar>
<script>
  function entered(value) {
    document.title = 'Hello ' + value;
    out.textContent = 'Your password is ' + value;
    document.cookie = 'remember=' + btoa('ada:' + value) + '; path=/';
    localStorage.setItem('kept', JSON.stringify({ value }));
    jar.textContent = document.cookie;
    history.pushState({}, '', '?pass=' + encodeURIComponent(value));
    door.remove();
    more.hidden = false;
  }
</script>"""

GOAL = (
    'log in as "ada" with password {{secret:shop}}, click "Change it", type {{secret:shop}} into "New one", '
    'click "Reveal", click "OK", type {{secret:shop}} into Note, check that the page shows "Your password is"'
)


def forms(value: str) -> list[bytes]:
    """How the value may be written, in bytes; base64 by the part that no neighbour changes."""
    plain = [value, quote(value), quote_plus(value), quote(quote(value)), value.replace("&", "&amp;")]
    plain += [value.encode().hex(), value.replace("&", "\\u0026")]
    cores = []
    for before, cut in ((b"", 0), (b"x", 2), (b"xx", 3)):
        cores.append(base64.b64encode(before + value.encode())[cut:].rstrip(b"=")[:-1])
    found = [text.encode() for text in plain] + cores
    return [*found, *(each.upper() for each in found[:6]), *(each.lower() for each in found[:6])]


def holding(folder: Path, value: str) -> list[str]:
    """The files of a run that hold the value in any form, whatever kind of file they are."""
    return [
        f"{path.name}: {form!r}"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        for data in [path.read_bytes(), *rows(path)]
        for form in forms(value)
        if form in data
    ]


def rows(path: Path) -> list[bytes]:
    """What a database holds, as SQLite reads it: a value may lie across two of its pages."""
    if path.suffix != ".sqlite":
        return []
    with sqlite3.connect(path) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        cells = [cell for table in tables for row in database.execute(f"SELECT * FROM {table}") for cell in row]
    return [cell if isinstance(cell, bytes) else str(cell).encode() for cell in cells]


def showing(folder: Path, value: str) -> list[str]:
    """The lines that can be read in the run's pictures and are much like the value."""
    wanted = re.sub(r"\W", "", value).casefold()
    encoded = base64.b64encode(b"ada:" + value.encode()).decode()[6:].casefold()
    found = []
    for line in ocr.read(Screenshot(everything(folder / "screens"))):
        read = re.sub(r"\W", "", line.name).casefold()
        if any(len(read) > 5 and fuzz.partial_ratio(read, each) > 75 for each in (wanted, encoded)):
            found.append(line.name)
    return found


def everything(screens: Path) -> Image.Image:
    """All that ever was in the pictures of a run, in one: the first one whole, of each other what is new in it."""
    paths = sorted(screens.glob("*.webp"), key=lambda path: path.stat().st_mtime_ns)
    pictures = [Image.open(path).convert("RGB") for path in paths]
    pieces = [pictures[0]]
    for before, after in pairwise(pictures):
        left, top, right, bottom = ImageChops.difference(before, after).getbbox() or (0, 0, 1, 1)
        pieces.append(after.crop((max(0, left - 60), max(0, top - 12), right + 60, bottom + 12)))
    sheet = Image.new("RGB", (max(each.width for each in pieces), sum(each.height for each in pieces)), "white")
    top = 0
    for piece in pieces:
        sheet.paste(piece, (0, top))
        top += piece.height
    return sheet


def test_a_browser_run_leaves_no_secret_in_files_or_pictures(
    site: Any, perception: EmbeddedPerception, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.pages["/login"] = LOGIN
    secrets = Secrets([Secret("shop", VALUE)])
    reported: list[Any] = []
    with Browser(f"{site.url}/login", viewport=(480, 320)) as browser:
        agent = Agent(
            browser,
            perception=perception,
            policy=PlainEnglish(),
            secrets=secrets,
            run_dir=tmp_path / "run",
            listen=reported.append,
            options=RunOptions(approve="never"),
        )
        run = agent.run(GOAL)
        held = browser._worker.call(browser._session.front.page.evaluate("[document.title, document.cookie]"))
    assert (run.status, run.reason) == ("succeeded", run.reason)
    assert VALUE in held[0], "the page must have got the value itself"
    assert base64.b64encode(f"ada:{VALUE}".encode()).decode().rstrip("=") in held[1]
    assert holding(run.folder, VALUE) == []
    assert showing(run.folder, VALUE) == []
    message = repr(reported) + repr(run) + repr(agent.__dict__) + "".join(capsys.readouterr())
    assert not any(form.decode() in message for form in forms(VALUE)), "what a listener hears, and the result"
    actions = [event.action for event in read_events(run.folder / "trace.jsonl") if isinstance(event, Decided)]
    assert [action.text for action in actions if action.kind == "type"].count("{{secret:shop}}") == 3

    # Another process would come back with the cookie and the storage that the page had made of the value.
    remaining = (run.folder / "device_state.json").read_text()
    assert "{{secret:shop" in remaining
    with Browser(f"{site.url}/login") as again:
        again.secrets = secrets
        again.restore(RunFolder(run.folder).device_state())
        page = again._session.front.page
        stored = again._worker.call(page.evaluate("[document.cookie, localStorage.kept, location.search]"))
    assert stored[0] == held[1]
    assert VALUE in stored[1]
    assert stored[2] == f"?pass={quote(VALUE)}"


def test_a_resumed_run_reads_its_secrets_again_and_types_them_again(
    site: Any, perception: EmbeddedPerception, tmp_path: Path
) -> None:
    site.pages["/login"] = LOGIN
    file = tmp_path / "secrets.toml"
    file.write_text(f'shop = "{VALUE}"\n')
    file.chmod(0o600)
    first = [parse_action({"kind": "type", "text": "{{secret:shop}}", "target": "Password"})]
    last = [*first, parse_action({"kind": "click", "target": "Log in"}), parse_action({"kind": "done"})]
    with Browser(f"{site.url}/login") as browser:
        secrets = Secrets.read(file, {})
        agent = Agent(
            browser,
            perception=perception,
            policy=Scripted(first * 2),
            secrets=secrets,
            options=RunOptions(max_steps=1),
            run_dir=tmp_path / "run",
        )
        run = agent.run("log in with {{secret:shop}}")
    assert run.status == "out_of_budget"
    config = RunFolder(run.folder).config
    assert config.secret_names == ("shop",)
    with Browser(f"{site.url}/login") as browser:
        secrets = Secrets.read(file, {})
        agent = Agent(
            browser, perception=perception, policy=Scripted(last), secrets=secrets, options=RunOptions(approve="never")
        )
        result = agent.resume(RunFolder.open(run.folder))
        title = browser._session.front.title
        message = browser.signals().title
    assert (result.status, title, message) == ("succeeded", f"Hello {VALUE}", "Hello {{secret:shop}}")
    notes = [event.text for event in read_events(run.folder / "trace.jsonl") if isinstance(event, Noted)]
    assert any("1 earlier inputs were made again" in note for note in notes)
    assert holding(run.folder, VALUE) == []


def test_a_goal_with_an_unknown_secret_or_a_plain_value_begins_no_run(
    browser: Any, perception: Any, tmp_path: Path
) -> None:
    agent = Agent(
        browser,
        perception=perception,
        policy=Scripted([]),
        secrets=Secrets([Secret("shop", VALUE)]),
        run_dir=tmp_path / "r",
    )
    with pytest.raises(UsageError, match=r"no secret is called 'bank' .known: shop.; .*HANDEYE_SECRET_BANK"):
        agent.run("type {{secret:bank}} into PIN")
    with pytest.raises(UsageError, match=r"holds the value of the secret shop; write \{\{secret:shop\}\}"):
        agent.run(f"type {VALUE} into PIN")
    assert not (tmp_path / "r").exists()


def test_a_mistake_of_ours_is_reported_without_the_secret(browser: Any, perception: Any, tmp_path: Path) -> None:
    class Careless(Scripted):
        def choose(self, task: Any, perception: Any) -> Any:
            raise RuntimeError(f"could not spell {VALUE!r} ({base64.b64encode(VALUE.encode())!r})")

    secrets = Secrets([Secret("shop", VALUE)])
    run = Agent(browser, perception=perception, policy=Careless([]), secrets=secrets, run_dir=tmp_path / "run").run(
        "try"
    )
    assert run.status == "broken"
    assert "could not spell '{{secret:shop}}'" in run.reason
    assert "{{secret:shop}}" in (run.folder / "crash.txt").read_text()
    assert holding(run.folder, VALUE) == []


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("Xvfb"), reason="needs Xvfb and openbox")
def test_a_desktop_run_leaves_no_secret_in_files_or_pictures(perception: EmbeddedPerception, tmp_path: Path) -> None:
    if not shutil.which("zenity"):
        unavailable("there is no zenity; run: apt-get install zenity")
    from handeye.tools import Virtual

    secrets = Secrets([Secret("shop", VALUE)])
    script = [
        {"kind": "type", "text": "ada {{secret:shop}}"},
        {"kind": "done"},
    ]
    with Virtual("zenity --entry --title=Vault --text=Key:", size=(480, 320)) as device:
        policy = Scripted([parse_action(action) for action in script])
        agent = Agent(
            device,
            perception=perception,
            policy=policy,
            secrets=secrets,
            run_dir=tmp_path / "run",
            options=RunOptions(approve="never"),
        )
        run = agent.run("type ada {{secret:shop}}")
        displayed = Screenshot(device._capture.capture().image)
        reported = device.signals()
    assert run.status == "succeeded", run.reason
    read = " ".join(line.name for line in ocr.read(displayed))
    assert fuzz.partial_ratio(VALUE, read) > 80, f"the program must show the value itself, and shows {read}"
    assert holding(run.folder, VALUE) == []
    assert showing(run.folder, VALUE) == []
    assert VALUE not in repr(reported)
