"""JavaScript dialogs: drawn into the screenshot, listed as elements, and answered by actions."""

from __future__ import annotations

import asyncio
import html
import math
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Literal

from PIL import Image

from handeye.tools.actions import Click, Key, Move, Scroll, Type, Wait, targets
from handeye.tools.browser.keys import read_chord
from handeye.tools.browser.playwright_errors import LOST
from handeye.tools.browser.scripts import quickly
from handeye.tools.element import Element
from handeye.tools.errors import ActionRefused
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.async_api import Browser, Dialog

    from handeye.tools.actions import Action
    from handeye.tools.browser.session import Session

Answer = Literal["ok", "cancel"]

#: What a browser asks on behalf of a page that would lose something; no page can choose the words.
LEAVING = "Leave this page? Changes that you made may not be saved."

PAGE = """<!doctype html><meta charset="utf-8"><style>
* {{ box-sizing: border-box; font: 15px/1.45 system-ui, sans-serif; color: #1f1f1f }}
body {{ margin: 0; background: rgb(0 0 0 / 30%); height: 100vh }}
#dialog {{ width: min(460px, 90vw); margin: 48px auto; padding: 22px 24px; background: #fff; border: 1px solid #777;
  border-radius: 10px }}
h1 {{ margin: 0 0 10px; font-weight: 600 }}
#text {{ margin: 0; max-height: 50vh; overflow: hidden; white-space: pre-wrap; overflow-wrap: anywhere }}
#field {{ width: 100%; margin-top: 12px; padding: 7px 9px; border: 1px solid #777; border-radius: 5px }}
#buttons {{ display: flex; gap: 10px; justify-content: flex-end; margin-top: 18px }}
button {{ min-width: 84px; padding: 7px 16px; border: 1px solid #0b57d0; border-radius: 18px; background: #fff;
  color: #0b57d0 }}
#ok {{ background: #0b57d0; color: #fff }}
</style><div id="dialog"><h1>{title}</h1><p id="text">{text}</p>{field}<div id="buttons">{cancel}
<button id="ok">{ok}</button></div></div>"""


@dataclass
class OpenDialog:
    """A dialog that waits for its answer."""

    dialog: Dialog
    kind: str
    """alert, confirm, prompt or beforeunload."""
    text: str
    typed: str = ""
    """What the answer to a prompt is so far."""
    boxes: dict[str, Box] = field(default_factory=dict)
    """Where its parts are on the screen, once it was drawn."""
    picture: tuple[str, Image.Image] | None = None
    redact: Callable[[str], str] = str
    """Puts names for secrets into what is drawn."""

    @classmethod
    def of(cls, dialog: Dialog, redact: Callable[[str], str] = str) -> OpenDialog:
        text = LEAVING if dialog.type == "beforeunload" else dialog.message
        return cls(dialog, dialog.type, text, dialog.default_value, redact=redact)

    @property
    def yes(self) -> str:
        """What its first button says."""
        return "Leave" if self.kind == "beforeunload" else "OK"

    @property
    def choice(self) -> bool:
        """Whether there is anything to choose: an alert has only its OK."""
        return self.kind != "alert"

    def part_at(self, element: str, point: tuple[int, int] | None) -> str:
        """The part that is aimed at: text, field, ok, cancel, or dialog for the space between; empty for none."""
        name = element.removeprefix("dialog-")
        if element and name in self.boxes:
            return name
        if point is None:
            return ""
        hits = [part for part, box in self.boxes.items() if box.holds(point)]
        return min(hits, key=lambda part: self.boxes[part].area, default="")

    def elements(self) -> list[Element]:
        """The dialog and what is in it."""
        roles = {"dialog": "dialog", "text": "text", "field": "textbox", "cancel": "button", "ok": "button"}
        names = {"dialog": "", "text": self.text, "field": self.text, "cancel": "Cancel", "ok": self.yes}
        return [
            Element(
                id="dialog" if part == "dialog" else f"dialog-{part}",
                box=box,
                role=roles[part],
                name=names[part],
                source="dom",
                value=self.typed if part == "field" else "",
                # Who judges a press on OK must know what it agrees to.
                description=self.text if part == "ok" and self.choice else "",
                focused=part == ("field" if self.kind == "prompt" else "ok"),
                parent=None if part == "dialog" else "dialog",
            )
            for part, box in self.boxes.items()
        ]

    async def draw(self, browser: Browser, size: tuple[int, int], scale: float, title: str) -> Image.Image:
        """The dialog on a veil of that size in pixels, with transparency; fills `boxes`."""
        if self.picture and self.picture[0] == self.typed:
            return self.picture[1]
        context = await browser.new_context(
            viewport={"width": math.ceil(size[0] / scale), "height": math.ceil(size[1] / scale)},
            device_scale_factor=scale,
            java_script_enabled=False,
        )
        try:
            page = await context.new_page()
            await page.set_content(self._page(title))
            for part in ("dialog", "text", "field", "cancel", "ok"):
                place = page.locator(f"#{part}")
                if await place.count() and (at := await place.bounding_box()):
                    right, bottom = at["x"] + at["width"], at["y"] + at["height"]
                    self.boxes[part] = Box(*(round(edge * scale) for edge in (at["x"], at["y"], right, bottom)))
            data = await page.screenshot(omit_background=True)
        finally:
            await context.close()
        self.picture = (self.typed, Image.open(BytesIO(data)).convert("RGBA").crop((0, 0, *size)))
        return self.picture[1]

    def _page(self, title: str) -> str:
        title = "" if self.kind == "beforeunload" else title  # these are the browser's words, not the page's
        typed = f'<input id="field" value="{html.escape(self.redact(self.typed))}">' if self.kind == "prompt" else ""
        cancel = '<button id="cancel">Cancel</button>' if self.choice else ""
        return PAGE.format(
            title=html.escape(title), text=html.escape(self.redact(self.text)), field=typed, cancel=cancel, ok=self.yes
        )

    @staticmethod
    def laid_over(page: Image.Image, veil: Image.Image) -> Image.Image:
        """The page's last picture with the dialog on it."""
        return Image.alpha_composite(page.convert("RGBA"), veil).convert("RGB")


#: Seconds that a page gets to go on after its dialog was answered.
GOING_ON = 0.05


async def answer_dialog(session: Session, action: Action) -> str | None:
    """Do the action to the dialog and say what came of it; None when it was an alert, now closed, and the action was
    meant for the page behind it.

    Raises ActionRefused when the dialog must be answered first.
    """
    dialog = session.dialog
    if dialog is None:
        return None
    aims = list(targets(action).values())
    parts = [dialog.part_at(target.element, target.point) for target in aims]
    match action:
        case Wait(seconds=seconds):
            await asyncio.sleep(seconds)
            return ""
        case Click() if parts[0] in ("ok", "cancel"):
            return await _answer(session, dialog, accept=parts[0] == "ok")
        case Click() | Move() | Scroll() if parts and parts[0]:
            return ""
        case Key(keys=keys) if not aims or parts[0]:
            *_, chord = read_chord(keys)
            if chord in ("enter", "space", "escape"):
                return await _answer(session, dialog, accept=chord != "escape" or not dialog.choice)
        case Type(text=text, clear=clear) if dialog.kind == "prompt" and (not aims or parts[0]):
            return await _write(session, dialog, text, clear)
    if not dialog.choice:
        session.said.append(await _answer(session, dialog, accept=True))
        return None
    raise ActionRefused(f"a dialog waits for an answer (“{dialog.text[:200]}”); click its OK or Cancel first")


async def _write(session: Session, dialog: OpenDialog, text: str, clear: bool) -> str:
    line, _, rest = text.partition("\n")
    # What a prompt offers is selected when it opens, so typing replaces it.
    offered = dialog.typed == dialog.dialog.default_value
    dialog.typed = line if clear or offered else dialog.typed + line
    if rest or text.endswith("\n"):
        return await _answer(session, dialog, accept=True)
    return ""


async def _answer(session: Session, dialog: OpenDialog, *, accept: bool) -> str:
    from playwright.async_api import Error

    session.dialog = None
    session.traffic.begin()
    try:
        if accept:
            await dialog.dialog.accept(dialog.typed if dialog.kind == "prompt" else None)
        else:
            await dialog.dialog.dismiss()
    except Error as error:
        # Somebody at the visible browser was quicker.
        if LOST.search(str(error)):
            raise
    await quickly(session.front.page.main_frame, "facts", seconds=GOING_ON)  # it answers when its script has gone on
    who = "the browser asked" if dialog.kind == "beforeunload" else "the page said"
    return f"{who} “{dialog.text[:300]}”: {dialog.yes if accept else 'Cancel'}"
