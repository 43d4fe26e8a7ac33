"""Actions on a page or in a program are recorded as a suite, which repeats them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from handeye.agent.cli import app
from handeye.perception.embedded import EmbeddedPerception
from handeye.scenarios.environment import serve_suite
from handeye.scenarios.loading import load_scenarios
from handeye.scenarios.record.browser_recorder import BrowserRecorder
from handeye.scenarios.record.recording import Recording
from handeye.scenarios.runner import Settings
from handeye.scenarios.suite.schema import Serve
from handeye.scenarios.suite_run import run_all
from handeye.tools import Virtual
from handeye.tools.actions import Click, Key, Target, Type
from handeye.tools.geometry import Point

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import TypeVar

    from playwright.async_api import Locator, Page

    T = TypeVar("T")

pytestmark = [pytest.mark.timeout(300), pytest.mark.skipif(sys.platform != "linux", reason="a virtual display")]

PAGE = """<!doctype html><meta charset=utf-8><title>Board</title>
<style>.col{display:inline-block;vertical-align:top;width:200px;min-height:90px;border:1px solid;margin:5px}
.line .x{display:none} .line:hover .x{display:inline}</style>
<a href="other.html">Other page</a> <a href="other.html" target=_blank>In a new tab</a>
<section class=col aria-label="To do"><h2>To do</h2><div class=card draggable=true>Write</div></section>
<section class=col aria-label="Done"><h2>Done</h2></section>
<p><button>Save</button> <button>Save</button>
<button onclick="said.textContent='icon'"><svg width=16 height=16><rect width=16 height=16 /></svg></button></p>
<ul><li>Milk <button>Remove</button><li>Tea <button>Remove</button></ul>
<div class=line>Sugar <button class=x onclick="this.parentElement.remove()">Drop</button></div>
<label>Volume <input type=range value=20></label> <label>How many <input type=number value=1></label>
<label>Text <textarea></textarea></label> <label>PIN <input type=password></label>
<label><input type=checkbox> Agree</label> <label><input type=radio name=s> Large</label>
<label>Colour <select><option>Red<option>Blue "sky"</select></label>
<p id=file ondblclick="said.textContent='opened'" style="cursor:pointer">report.txt</p>
<iframe srcdoc="<button onclick='this.textContent=`Pressed`'>Inner</button>" width=200 height=40></iframe>
<button onclick="said.textContent=confirm('Really?')?'agreed':'declined'">Ask</button><p id=said>&nbsp;</p>
<script>
let held
document.querySelector(".card").ondragstart = (e) => held = e.target
for (const c of document.querySelectorAll(".col")) {
  c.ondragover = (e) => e.preventDefault()
  c.ondrop = (e) => { e.preventDefault(); c.append(held); said.textContent = "moved" }
}
const [one, two] = document.querySelectorAll("p button")
one.onclick = () => said.textContent = "first"; two.onclick = () => said.textContent = "second"
for (const r of document.querySelectorAll("li button")) r.onclick = () => r.parentElement.remove()
onkeydown = (e) => { if (e.ctrlKey && e.key == "k") { e.preventDefault(); said.textContent = "shortcut" } }
</script>"""
OTHER = "<!doctype html><title>Other</title><h1>Other</h1><button onclick='this.textContent=`Thanks`'>Thank</button>"
WANTED = [
    'drag "Write" onto the "Done" heading',
    'click the second "Save" button',
    'click "Remove" in the row with "Tea"',
    'hover over "Sugar"',
    'click "Drop"',
    'set "Volume" to "22"',
    'fill in "How many" with "7"',
    'type "one\ntwo" into "Text"',
    'type {{secret:pin}} into "PIN"',
    'tick "Agree"',
    'click "Large"',
    'choose “Blue "sky"” from "Colour"',
    'double-click "report.txt"',
    'check that the page shows "opened"',
    "press ctrl+k",
    'click "Inner"',
    'click "Ask"',
    'click "OK"',
    'click "Other page"',
    'click "Thank"',
    "go back",
    'click "In a new tab"',
    'click "Thank"',
    "switch to tab 1",
    'click the first "Save" button',
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A folder, and where its pages are served."""
    folder = tmp_path_factory.mktemp("record")
    (folder / "pages").mkdir()
    (folder / "pages" / "index.html").write_text(PAGE, encoding="utf-8")
    (folder / "pages" / "other.html").write_text(OTHER, encoding="utf-8")
    with serve_suite(Serve(folder="pages"), folder) as url:
        yield folder, url


class Visitor:
    """Somebody with a mouse and a keyboard, and no hurry."""

    def __init__(self, recorder: BrowserRecorder) -> None:
        self.recorder, self.page = recorder, recorder.page

    async def rest(self, seconds: float = 0.15) -> None:
        await asyncio.sleep(seconds)
        await self.recorder.take()

    async def at(self, place: Locator) -> tuple[float, float]:
        await place.scroll_into_view_if_needed()
        box = await place.bounding_box()
        assert box
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    async def click(self, place: Locator, *, page: Page | None = None, count: int = 1) -> None:
        await (page or self.page).mouse.click(*await self.at(place), click_count=count)
        await self.rest()

    async def write(self, place: Locator, text: str) -> None:
        await self.click(place)
        await self.page.keyboard.type(text)
        await self.rest()

    async def press(self, keys: str) -> None:
        await self.page.keyboard.press(keys)
        await self.rest()

    async def check(self, place: Locator) -> None:
        for key in ("Control", "Shift"):
            await self.page.keyboard.down(key)
        await self.click(place)
        for key in ("Control", "Shift"):
            await self.page.keyboard.up(key)


async def visit(visitor: Visitor) -> None:
    page = visitor.page
    button = page.locator("p button")
    await page.mouse.move(*await visitor.at(page.get_by_text("Write")))
    await page.mouse.down()
    await page.mouse.move(*await visitor.at(page.get_by_label("Done")), steps=5)
    await page.mouse.up()
    await visitor.rest()
    await visitor.click(button.nth(1))
    await visitor.click(page.locator("li button").nth(1))
    await page.mouse.move(*await visitor.at(page.get_by_text("Sugar")))
    await visitor.click(page.locator(".x"))
    await page.locator("[type=range]").focus()
    for _ in range(2):
        await visitor.press("ArrowRight")
    await visitor.click(page.locator("[type=number]"))
    await visitor.press("Control+a")
    await page.keyboard.type("7")
    await visitor.press("Tab")
    await visitor.write(page.locator("textarea"), "one")
    await visitor.press("Enter")
    await page.keyboard.type("two")
    await visitor.write(page.locator("[type=password]"), "9876")
    await visitor.click(page.get_by_text("Agree"))
    await visitor.click(page.get_by_text("Large"))
    await page.locator("select").focus()
    await visitor.press("ArrowDown")
    await visitor.click(page.locator("#file"), count=2)
    await visitor.check(page.locator("#said"))
    await visitor.press("Control+k")
    await visitor.click(page.frame_locator("iframe").get_by_role("button"))
    page.once("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
    await visitor.click(page.get_by_text("Ask"))
    await visitor.click(page.get_by_text("Other page"))
    await page.wait_for_url("**/other.html")
    await visitor.click(page.get_by_text("Thank"))
    await visitor.rest(1.6)  # else it would count as coming of the click
    await page.go_back()
    await visitor.rest()
    async with page.context.expect_page() as opened:
        await visitor.click(page.get_by_text("In a new tab"))
    other = await opened.value
    await other.wait_for_load_state()
    await visitor.click(other.get_by_text("Thank"), page=other)
    await visitor.click(button.nth(0))
    await visitor.check(page.locator("#said"))


def test_a_visit_becomes_a_suite_that_does_the_same_again(
    served: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, url = served
    recording = Recording(url)

    async def record() -> None:
        async with BrowserRecorder(url, recording, lambda _: None, headed=False) as recorder:
            await visit(Visitor(recorder))
            await recorder.page.context.close()  # as its person closes the window
            await asyncio.wait_for(recorder.wait(), 30)

    asyncio.run(record())
    suite = folder / "board.yaml"
    suite.write_text(recording.draft().render(), encoding="utf-8")
    assert "9876" not in suite.read_text(encoding="utf-8")
    (scenario,) = load_scenarios(suite)
    assert [each.step for each in scenario.spec.steps] == WANTED
    assert [check.words() for check in scenario.spec.ensures] == ['the page shows "first"']
    assert "# HANDEYE" not in suite.read_text(encoding="utf-8")

    monkeypatch.setenv("HANDEYE_SECRET_PIN", "9876")
    (result,) = run_all([scenario], Settings(output=folder / "out", anchors=False), 1, 0, [])
    assert result.status == "passed", result.reason


def test_a_target_without_words_becomes_a_comment(served: tuple[Path, str], tmp_path: Path) -> None:
    page = tmp_path / "canvas.html"
    page.write_text(
        "<!doctype html><title>Paint</title><canvas width=600 height=300 style='border:1px solid'></canvas>"
        "<div aria-hidden=true tabindex=0 style='width:40px;height:40px;background:red'></div>"
    )
    recording = Recording(str(page))

    async def record() -> None:
        async with BrowserRecorder(str(page), recording, lambda _: None, headed=False) as recorder:
            visitor = Visitor(recorder)
            await recorder.page.mouse.click(100, 100)
            await visitor.rest()
            await recorder.page.mouse.move(100, 100)
            await recorder.page.mouse.down()
            await recorder.page.mouse.move(200, 150, steps=4)
            await recorder.page.mouse.up()
            await visitor.rest()

    asyncio.run(record())
    text = recording.draft().render()
    assert "- click (100, 100)" in text
    assert "# a place in" in text
    assert "# the mouse was dragged from (100, 100) to (200, 150)" in text
    assert '- the title is "Paint"' in text  # suggested, since nothing was checked


@pytest.mark.long
def test_actions_in_a_visible_browser_are_recorded(tmp_path: Path) -> None:
    """The command itself, on a screen of its own: its person sees pictures, and has a mouse and a keyboard."""
    page = tmp_path / "page.html"
    page.write_text(
        "<!doctype html><title>Greeting</title><style>*{font:24px Arial}</style><p>Name <input aria-label=Name></p>"
        "<button onclick='said.textContent=`Hello ${document.querySelector(`input`).value}`'>Greet</button><p id=said>"
    )
    out, perception = tmp_path / "greeting.yaml", EmbeddedPerception()
    with Virtual() as screen:
        words = ["record", str(page), "--out", str(out), "--viewport", "900x500"]
        env = {**os.environ, "DISPLAY": screen.display}
        with subprocess.Popen(
            [sys.executable, "-m", "handeye.agent", *words], env=env, stderr=subprocess.PIPE
        ) as command:
            try:
                point = _until(lambda: _seen(screen, perception, '"Greet"'))
                name = _until(lambda: _seen(screen, perception, '"Name"'))
                screen.perform(Type(text="Ada", target=Target(point=Point(name.x + 120, name.y))))
                screen.perform(Key(keys="tab"))
                screen.perform(Click(target=Target(point=point)))
                told = _until(lambda: _seen(screen, perception, '"Hello Ada"'))
                screen.perform(Click(target=Target(point=told), modifiers=("ctrl", "shift")))
                _until(lambda: out.exists() and "Hello Ada" in out.read_text(encoding="utf-8"))
                command.send_signal(signal.SIGINT)
                assert command.wait(60) == 0, command.stderr and command.stderr.read()
            finally:
                command.kill()
    (scenario,) = load_scenarios(out)
    assert [each.step for each in scenario.spec.steps] == ['type "Ada" into "Name"', 'click "Greet"']
    assert [check.words() for check in scenario.spec.ensures] == ['the page shows "Hello Ada"']
    assert scenario.suite.on == "page.html"  # beside the suite

    kept = CliRunner().invoke(app, ["record", str(page), "--out", str(out)])
    assert kept.exit_code == 2
    assert "--force" in kept.output


def _holds(file: Path, text: str, seconds: float = 6) -> bool:
    """Whether it comes to hold this soon."""
    deadline = time.monotonic() + seconds
    while text not in file.read_text(encoding="utf-8"):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _seen(screen: Virtual, perception: EmbeddedPerception, phrase: str) -> Point | None:
    found = perception.ground(perception.observe(screen), phrase)
    return found.point if found else None


def _until(what: Callable[[], T | None], seconds: float = 60) -> T:
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.3)
    return found


def test_actions_in_a_program_are_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from handeye.scenarios.record.desktop_recorder import DesktopRecorder
    from handeye.tools.desktop.backends.x11 import X11Backend

    program = "zenity --forms --add-entry=Name --add-password=Password"
    recording = Recording(program, device="virtual")
    with Virtual(program) as screen, closing(X11Backend(screen.display)) as backend:
        recorder = DesktopRecorder(screen, recording, lambda _: None)
        ok = next(each for each in screen.elements() if each.name == "OK")

        def work() -> None:
            for text, last in (("Ada", "tab"), ("sesame7", "")):
                for letter in text:
                    backend.key("shift", True) if letter.isupper() else None
                    backend.key(letter.lower(), True)
                    backend.key(letter.lower(), False)
                    backend.key("shift", False) if letter.isupper() else None
                time.sleep(1.5)
                if last:
                    backend.key(last, True)
                    backend.key(last, False)
                    time.sleep(1.5)
            backend.move(*ok.box.centre)
            backend.button("left", True)
            backend.button("left", False)

        with ThreadPoolExecutor(1) as hand, closing(recorder):
            working = hand.submit(work)
            recorder.wait()  # the program ends with its OK
            working.result()
    text = recording.draft().render()
    assert "sesame" not in text
    out = tmp_path / "form.yaml"
    out.write_text(text, encoding="utf-8")
    (scenario,) = load_scenarios(out)
    assert (scenario.suite.device, scenario.suite.on) == ("virtual", program)
    # On a busy machine the recorder does not see in time where the key has led: then the key itself is the step.
    steps = [each.step.removesuffix(' into "Password"') for each in scenario.spec.steps if each.step != "press Tab"]
    assert steps == ['type "Ada" into "Name"', "type {{secret:password}}", 'click "OK"']
    assert len(scenario.spec.steps) == (3 if 'into "Password"' in text else 4)
    monkeypatch.setenv("HANDEYE_SECRET_PASSWORD", "sesame7")
    (result,) = run_all([scenario], Settings(output=tmp_path / "out", anchors=False), 1, 0, [])
    assert result.status == "passed", result.reason
