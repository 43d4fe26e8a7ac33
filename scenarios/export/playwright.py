"""A run in a browser as a Python file that needs Playwright and nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from handeye.agent.run_folder import slug
from handeye.scenarios.export.checks import expectations
from handeye.scenarios.export.expressions import WITHIN, locator
from handeye.scenarios.export.suite_writer import in_a_docstring, literal
from handeye.scenarios.export.transcript import PerformedAction
from handeye.tools import actions as a
from handeye.tools.browser.input import NOTCH
from handeye.tools.browser.keys import read_chord
from handeye.tools.errors import UsageError
from handeye.tools.secrets.store import PREFIX

if TYPE_CHECKING:
    from handeye.scenarios.export.transcript import Transcript

_SECRET = re.compile(r"\{\{secret:([^{}]+)\}\}")
_FILE = '''"""{goal}

    python {file}           # CHROMIUM=/usr/bin/chromium for a browser of yours, HEADED=1 to see it
    pytest {file}           # with pytest-playwright
"""

{imports}
{helper}

def test_{name}(page: Page) -> None:
{body}


if __name__ == "__main__":
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM"), headless="HEADED" not in os.environ
        )
        test_{name}(browser.new_page(viewport={{"width": {wide}, "height": {high}}}))
        browser.close()
'''


def to_playwright(story: Transcript, out: Path | None = None) -> str:
    """The file's text. Raises UsageError for a run that was not in a browser."""
    if story.device != "browser":
        raise UsageError(
            f"the run was on {story.config.on}, and Playwright knows browsers alone; export it --to pytest or yaml"
        )
    body = Body()
    body.open(story.config.on)
    answered = False
    told = _with_answers(story.in_order)
    for one in told:
        if isinstance(one, PerformedAction):
            body.do(one)
        else:
            answered = body.check(one.said, expectations(one.statement)) or answered
    if not answered:
        body.end(story.end.title, story.end.url)
    used = "\n".join(body.lines)
    imports = ["import os", *(["import re"] if "re.compile" in used else [])]
    helper = WITHIN if "within(" in used else ""
    names = ["Locator", "Page", "expect"] if helper else ["Page", "expect"]
    imports += ["", f"from playwright.sync_api import {', '.join([*names, 'sync_playwright'])}"]
    wide, high = story.config.viewport
    return _FILE.format(
        goal=in_a_docstring(story.config.goal),
        file=out.name if out else "this_file.py",
        imports="\n".join(imports),
        helper=helper,
        name=slug(story.config.goal).replace("-", "_"),
        body="\n".join(f"    {line}" if line else "" for line in body.lines),
        wide=wide,
        high=high,
    )


def text_of(text: str) -> str:
    """An expression for a text in which secrets come from the environment."""
    parts: list[str] = []
    place = 0
    for hit in _SECRET.finditer(text):
        parts += [literal(text[place : hit.start()])] if hit.start() > place else []
        variable = PREFIX + re.sub(r"\W", "_", hit[1]).upper()
        parts.append(f"os.environ[{literal(variable)}]")
        place = hit.end()
    parts += [literal(text[place:])] if place < len(text) or not parts else []
    return " + ".join(parts)


class Body:
    """The lines of the test."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._url = ""

    def open(self, on: str) -> None:
        self._url = Path(on).resolve().as_uri() if Path(on).is_file() else on
        if not urlsplit(self._url).scheme or re.match(r"[\w.-]+:\d", self._url):
            self._url = f"http://{self._url}"
        if on.startswith("cdp:"):
            self._note(f"the run began in a browser at {on[4:]}; this one begins empty")
        else:
            self.lines.append(f"page.goto({literal(self._url)})")

    def do(self, deed: PerformedAction) -> None:
        """Its lines, with what it was in words."""
        self._note(deed.said.replace('“"', "“").replace('"”', "”"))
        lines = self._lines(deed)
        if deed.opened_tab and len(lines) == 1:
            lines = ["with page.context.expect_page() as opened:", f"    {lines[0]}", "page = opened.value"]
        self.lines += lines
        self._url = deed.after.url or self._url

    def check(self, said: str, lines: list[str]) -> bool:
        """Whether it could be expressed."""
        if not lines:
            self._note(f"not expressed in Playwright: check that {said}")
        self.lines += lines
        return bool(lines)

    def end(self, title: str, url: str) -> None:
        """Something to check where nothing was."""
        self._note("nothing was checked: this is where it ended")
        if title:
            self.lines.append(f"expect(page).to_have_title({literal(title)})")
        else:
            self.lines.append(f"expect(page).to_have_url({literal(url)})")

    def answer(self, accept: bool, text: str) -> None:
        """To the dialog that the next line opens."""
        how = f"accept({text_of(text) if text else ''})" if accept else "dismiss()"
        self.lines.append(f'page.once("dialog", lambda dialog: dialog.{how})')

    def _note(self, text: str) -> None:
        shown = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
        self.lines.append(f"# {shown[:110]}")

    def _lines(self, deed: PerformedAction) -> list[str]:
        if deed.dialog:
            self.answer(*deed.dialog)
        action, places = deed.action, {name: locator(signature) for name, signature in deed.signatures.items()}
        place = places.get("target")
        match action:
            case a.Click():
                return self._click(action, deed, place)
            case a.Move(target=target):
                return [f"{place}.hover()"] if place else self._pixels("move", target)
            case a.Drag(start=start, end=end):
                if places.get("start") and places.get("end"):
                    return [f"{places['start']}.drag_to({places['end']})"]
                moved = [*self._pixels("move", start), "page.mouse.down()"]
                return [*moved, *self._pixels("move", end, ", steps=10"), "page.mouse.up()"]
            case a.Type():
                return self._type(action, place, deed)
            case a.Key(keys=keys, count=count, target=target):
                held, key, _ = read_chord(keys)
                chord = literal("+".join((*held, key)))
                first = [f"{place}.focus()"] if place else self._pixels("click", target) if target else []
                return first + [f"page.keyboard.press({chord})"] * count
            case a.Scroll(direction=direction, amount=amount, target=target):
                length = amount * NOTCH * (1 if direction in ("down", "right") else -1)
                wheel = (0, length) if direction in ("up", "down") else (length, 0)
                over = [f"{place}.hover()"] if place else self._pixels("move", target) if target else []
                return [*over, f"page.mouse.wheel({wheel[0]}, {wheel[1]})"]
            case a.Select(option=option) if place:
                return [f"{place}.select_option(label={literal(option)})"]
            case a.Upload(paths=paths) if place:
                files = ", ".join(literal(path) for path in paths)
                opened = ["with page.expect_file_chooser() as chooser:", f"    {place}.click()"]
                return [*opened, f"chooser.value.set_files([{files}])"]
            case _:
                return self._travel(deed)

    def _travel(self, deed: PerformedAction) -> list[str]:
        match deed.action:
            case a.Wait(text=text, seconds=seconds):
                if not text:
                    return [f"page.wait_for_timeout({round(seconds * 1000)})"]
                shown = f"page.get_by_text({text_of(text)}).first"
                return [f"expect({shown}).to_be_visible(timeout={round(seconds * 1000)})"]
            case a.Navigate(url=url):
                whole = url if re.match(r"[a-z]+:", url) and not re.match(r"[\w.-]+:\d", url) else ""
                return [f"page.goto({literal(whole or deed.after.url or urljoin(self._url, url))})"]
            case a.Back():
                return ["page.go_back()"]
            case a.Forward():
                return ["page.go_forward()"]
            case a.Reload():
                return ["page.reload()"]
            case a.Tabs(do="new"):
                return ["page = page.context.new_page()"]
            case a.Tabs(do="switch", index=index):
                return [f"page = page.context.pages[{index}]", "page.bring_to_front()"]
            case a.Tabs(index=index):
                return [f"page.context.pages[{index}].close()", "page = page.context.pages[-1]"]
            case _:
                self._note("Playwright has no word for this; it is left out")
                return []

    def _click(self, action: a.Click, deed: PerformedAction, place: str | None) -> list[str]:
        given: list[str] = []
        if action.button != "left":
            given.append(f'button="{action.button}"')
        if action.count > 1:
            given.append(f"click_count={action.count}")
        if action.modifiers:
            names = {"ctrl": "Control", "shift": "Shift", "alt": "Alt", "meta": "Meta"}
            given.append(f"modifiers={[names[each] for each in action.modifiers]!r}".replace("'", '"'))
        if not place:
            return self._pixels("click", action.target, "".join(f", {each}" for each in given if "mod" not in each))
        signature = deed.signatures["target"]
        if signature.spot:
            at = (round(signature.at[0] * signature.size[0]), round(signature.at[1] * signature.size[1]))
            given.append(f'position={{"x": {at[0]}, "y": {at[1]}}}')
        return [f"{place}.click({', '.join(given)})"]

    def _type(self, action: a.Type, place: str | None, deed: PerformedAction) -> list[str]:
        text = text_of(action.text)
        whole = action.clear or _SECRET.search(action.text) or deed.after.value == action.text  # nothing else is in it
        if place and whole:
            return [f"{place}.fill({text})"]
        first = self._pixels("click", action.target) if action.target and not place else []
        if not action.clear and place:
            return [f'{place}.press("End")', f"{place}.press_sequentially({text})"]
        cleared = ['page.keyboard.press("Control+A")'] if action.clear else []
        return [*first, *cleared, f"page.keyboard.type({text})"]

    def _pixels(self, how: str, target: a.Target, more: str = "") -> list[str]:
        """With the mouse, where nothing there has a name."""
        if target.point is None:
            self._note(f"where {target} is, the run does not say; this is left out")
            return []
        self._note("nothing there has a role or a name, so this goes by its place")
        return [f"page.mouse.{how}({target.point.x}, {target.point.y}{more})"]


def _with_answers(told: list[Any]) -> list[Any]:
    """What answered a dialog goes to the action that opened it: Playwright has to know before."""
    made: list[Any] = []
    text = ""
    for one in told:
        opener = next(
            (place for place in range(len(made) - 1, -1, -1) if isinstance(made[place], PerformedAction)), None
        )
        if not isinstance(one, PerformedAction) or not one.before.dialog or opener is None:
            made.append(one)
            continue
        match one.action:
            case a.Type():
                text = one.action.text
                accept = None
            case a.Key(keys=keys):
                accept = keys != "escape"
            case _:
                name = next((signature.name for signature in one.signatures.values()), "")
                accept = name != "Cancel"
        if accept is not None:
            made[opener] = replace(made[opener], dialog=(accept, text), after=one.after)
            text = ""
    return made
