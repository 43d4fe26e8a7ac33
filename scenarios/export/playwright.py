"""Writes a run in a browser as a Python file that needs only Playwright."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from handeye.agent.run_folder import slug
from handeye.scenarios.export.expressions import WITHIN, expectations, locator
from handeye.scenarios.export.suite_writer import docstring_text, python_literal
from handeye.scenarios.export.transcript import PerformedAction
from handeye.tools import actions as a
from handeye.tools.browser.input import NOTCH, read_chord
from handeye.tools.errors import UsageError
from handeye.tools.secrets.store import PREFIX

if TYPE_CHECKING:
    from handeye.scenarios.export.transcript import StatedCheck, Transcript

_SECRET = re.compile(r"\{\{secret:([^{}]+)\}\}")
_FILE = '''"""{goal}

    python {file}           # CHROMIUM=/usr/bin/chromium uses this browser, HEADED=1 opens a window
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


def to_playwright(transcript: Transcript, out: Path | None = None) -> str:
    """The text of the file. Raises UsageError if the run was not in a browser."""
    if transcript.device != "browser":
        raise UsageError(
            f"the run was on {transcript.config.on}; Playwright supports only browsers: export it --to pytest or yaml"
        )
    body = ScriptBody()
    body.open(transcript.config.on)
    has_check = False
    for entry in _with_dialog_answers(transcript.in_order):
        if isinstance(entry, PerformedAction):
            body.add_action(entry)
        else:
            has_check = body.add_check(entry.text, expectations(entry.statement)) or has_check
    if not has_check:
        body.add_final_check(transcript.end.title, transcript.end.url)
    used = "\n".join(body.lines)
    imports = ["import os", *(["import re"] if "re.compile" in used else [])]
    helper = WITHIN if "within(" in used else ""
    names = ["Locator", "Page", "expect"] if helper else ["Page", "expect"]
    imports += ["", f"from playwright.sync_api import {', '.join([*names, 'sync_playwright'])}"]
    wide, high = transcript.config.viewport
    return _FILE.format(
        goal=docstring_text(transcript.config.goal),
        file=out.name if out else "this_file.py",
        imports="\n".join(imports),
        helper=helper,
        name=slug(transcript.config.goal).replace("-", "_"),
        body="\n".join(f"    {line}" if line else "" for line in body.lines),
        wide=wide,
        high=high,
    )


def text_expression(text: str) -> str:
    """A Python expression for the text, in which secrets are read from environment variables."""
    parts: list[str] = []
    place = 0
    for hit in _SECRET.finditer(text):
        parts += [python_literal(text[place : hit.start()])] if hit.start() > place else []
        variable = PREFIX + re.sub(r"\W", "_", hit[1]).upper()
        parts.append(f"os.environ[{python_literal(variable)}]")
        place = hit.end()
    parts += [python_literal(text[place:])] if place < len(text) or not parts else []
    return " + ".join(parts)


class ScriptBody:
    """The body of the test function: builds its lines in order."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._url = ""

    def open(self, on: str) -> None:
        """Add the line that opens the start page."""
        self._url = Path(on).resolve().as_uri() if Path(on).is_file() else on
        if not urlsplit(self._url).scheme or re.match(r"[\w.-]+:\d", self._url):
            self._url = f"http://{self._url}"
        if on.startswith("cdp:"):
            self._note(f"the run started in a browser at {on[4:]}; this test starts with an empty page")
        else:
            self.lines.append(f"page.goto({python_literal(self._url)})")

    def add_action(self, performed: PerformedAction) -> None:
        """Add the lines of an action, after its description as a comment."""
        self._note(performed.description.replace('“"', "“").replace('"”', "”"))
        lines = self._lines(performed)
        if performed.opened_tab and len(lines) == 1:
            lines = ["with page.context.expect_page() as opened:", f"    {lines[0]}", "page = opened.value"]
        self.lines += lines
        self._url = performed.after.url or self._url

    def add_check(self, text: str, lines: list[str]) -> bool:
        """Add the lines of a check; returns whether there are any."""
        if not lines:
            self._note(f"not expressed in Playwright: check that {text}")
        self.lines += lines
        return bool(lines)

    def add_final_check(self, title: str, url: str) -> None:
        """Check the final page, in a test without checks."""
        self._note("nothing was checked: this is the page at the end")
        if title:
            self.lines.append(f"expect(page).to_have_title({python_literal(title)})")
        else:
            self.lines.append(f"expect(page).to_have_url({python_literal(url)})")

    def answer_dialog(self, accept: bool, text: str) -> None:
        """Answer the dialog that the next line opens."""
        how = f"accept({text_expression(text) if text else ''})" if accept else "dismiss()"
        self.lines.append(f'page.once("dialog", lambda dialog: dialog.{how})')

    def _note(self, text: str) -> None:
        line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
        self.lines.append(f"# {line[:110]}")

    def _lines(self, performed: PerformedAction) -> list[str]:
        if performed.dialog:
            self.answer_dialog(*performed.dialog)
        action, places = (
            performed.action,
            {name: locator(signature) for name, signature in performed.signatures.items()},
        )
        place = places.get("target")
        match action:
            case a.Click():
                return self._click(action, performed, place)
            case a.Move(target=target):
                return [f"{place}.hover()"] if place else self._pixels("move", target)
            case a.Drag(start=start, end=end):
                if places.get("start") and places.get("end"):
                    return [f"{places['start']}.drag_to({places['end']})"]
                moved = [*self._pixels("move", start), "page.mouse.down()"]
                return [*moved, *self._pixels("move", end, ", steps=10"), "page.mouse.up()"]
            case a.Type():
                return self._type(action, place, performed)
            case a.Key(keys=keys, count=count, target=target):
                held, key, _ = read_chord(keys)
                chord = python_literal("+".join((*held, key)))
                first = [f"{place}.focus()"] if place else self._pixels("click", target) if target else []
                return first + [f"page.keyboard.press({chord})"] * count
            case a.Scroll(direction=direction, amount=amount, target=target):
                length = amount * NOTCH * (1 if direction in ("down", "right") else -1)
                wheel = (0, length) if direction in ("up", "down") else (length, 0)
                over = [f"{place}.hover()"] if place else self._pixels("move", target) if target else []
                return [*over, f"page.mouse.wheel({wheel[0]}, {wheel[1]})"]
            case a.Select(option=option) if place:
                return [f"{place}.select_option(label={python_literal(option)})"]
            case a.Upload(paths=paths) if place:
                files = ", ".join(python_literal(path) for path in paths)
                opened = ["with page.expect_file_chooser() as chooser:", f"    {place}.click()"]
                return [*opened, f"chooser.value.set_files([{files}])"]
            case _:
                return self._navigate(performed)

    def _navigate(self, performed: PerformedAction) -> list[str]:
        match performed.action:
            case a.Wait(text=text, seconds=seconds):
                if not text:
                    return [f"page.wait_for_timeout({round(seconds * 1000)})"]
                locator = f"page.get_by_text({text_expression(text)}).first"
                return [f"expect({locator}).to_be_visible(timeout={round(seconds * 1000)})"]
            case a.Navigate(url=url):
                whole = url if re.match(r"[a-z]+:", url) and not re.match(r"[\w.-]+:\d", url) else ""
                return [f"page.goto({python_literal(whole or performed.after.url or urljoin(self._url, url))})"]
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
                self._note("Playwright has no equivalent for this; it is left out")
                return []

    def _click(self, action: a.Click, performed: PerformedAction, place: str | None) -> list[str]:
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
        signature = performed.signatures["target"]
        if signature.spot:
            at = (round(signature.at[0] * signature.size[0]), round(signature.at[1] * signature.size[1]))
            given.append(f'position={{"x": {at[0]}, "y": {at[1]}}}')
        return [f"{place}.click({', '.join(given)})"]

    def _type(self, action: a.Type, place: str | None, performed: PerformedAction) -> list[str]:
        text = text_expression(action.text)
        whole = (
            action.clear or _SECRET.search(action.text) or performed.after.value == action.text
        )  # the field then has only this text
        if place and whole:
            return [f"{place}.fill({text})"]
        first = self._pixels("click", action.target) if action.target and not place else []
        if not action.clear and place:
            return [f'{place}.press("End")', f"{place}.press_sequentially({text})"]
        cleared = ['page.keyboard.press("Control+A")'] if action.clear else []
        return [*first, *cleared, f"page.keyboard.type({text})"]

    def _pixels(self, how: str, target: a.Target, more: str = "") -> list[str]:
        """Lines that use the mouse at a point, for a target without role and name."""
        if target.point is None:
            self._note(f"the run has no point for {target}; this is left out")
            return []
        self._note("no element there has a role or a name: a point in pixels")
        return [f"page.mouse.{how}({target.point.x}, {target.point.y}{more})"]


def _with_dialog_answers(entries: list[PerformedAction | StatedCheck]) -> list[PerformedAction | StatedCheck]:
    """Move the answer to a dialog into the action that opened it: Playwright needs it before.

    See https://playwright.dev/python/docs/dialogs.
    """
    result: list[PerformedAction | StatedCheck] = []
    text = ""
    for entry in entries:
        opener = next((index for index in range(len(result) - 1, -1, -1) if _is_action(result[index])), None)
        if not isinstance(entry, PerformedAction) or not entry.before.dialog or opener is None:
            result.append(entry)
            continue
        accept: bool | None
        match entry.action:
            case a.Type():
                text = entry.action.text
                accept = None
            case a.Key(keys=keys):
                accept = keys != "escape"
            case _:
                name = next((signature.name for signature in entry.signatures.values()), "")
                accept = name != "Cancel"
        opening = result[opener]
        if accept is not None and isinstance(opening, PerformedAction):
            result[opener] = replace(opening, dialog=(accept, text), after=entry.after)
            text = ""
    return result


def _is_action(entry: PerformedAction | StatedCheck) -> bool:
    return isinstance(entry, PerformedAction)
