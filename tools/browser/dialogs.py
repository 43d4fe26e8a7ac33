"""JavaScript dialogs: drawn into the screenshot, and listed as elements.

A dialog blocks its page, and Chromium then captures no screenshot of it. So the dialog is rendered as a page of a
separate browser context and composited over the last screenshot.

https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#simple-dialogs
"""

from __future__ import annotations

import html
import math
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Literal

from PIL import Image

from handeye.tools.element import Element
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.async_api import Browser, Dialog


Answer = Literal["ok", "cancel"]

#: Text of a `beforeunload` dialog; browsers ignore the text of the page.
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
    """A dialog that waits for an answer."""

    dialog: Dialog
    kind: str
    """alert, confirm, prompt or beforeunload."""
    text: str
    typed: str = ""
    """The current text in a prompt's field."""
    boxes: dict[str, Box] = field(default_factory=dict)
    """Boxes of its parts in screenshot pixels, once it was drawn."""
    image: tuple[str, Image.Image] | None = None
    redact: Callable[[str], str] = str
    """Redacts secrets in the drawn text."""

    @classmethod
    def of(cls, dialog: Dialog, redact: Callable[[str], str] = str) -> OpenDialog:
        """Return the open dialog for one of Playwright's."""
        text = LEAVING if dialog.type == "beforeunload" else dialog.message
        return cls(dialog, dialog.type, text, dialog.default_value, redact=redact)

    @property
    def accept_label(self) -> str:
        """The label of the accepting button."""
        return "Leave" if self.kind == "beforeunload" else "OK"

    @property
    def has_choice(self) -> bool:
        """Whether it can be dismissed: an alert has only OK."""
        return self.kind != "alert"

    def part_at(self, element: str, point: tuple[int, int] | None) -> str:
        """Return the targeted part: text, field, ok, cancel, dialog (the space between them); empty for none."""
        name = element.removeprefix("dialog-")
        if element and name in self.boxes:
            return name
        if point is None:
            return ""
        hits = [part for part, box in self.boxes.items() if box.holds(point)]
        return min(hits, key=lambda part: self.boxes[part].area, default="")

    def elements(self) -> list[Element]:
        """Return the dialog and its parts as elements."""
        roles = {"dialog": "dialog", "text": "text", "field": "textbox", "cancel": "button", "ok": "button"}
        names = {"dialog": "", "text": self.text, "field": self.text, "cancel": "Cancel", "ok": self.accept_label}
        return [
            Element(
                id="dialog" if part == "dialog" else f"dialog-{part}",
                box=box,
                role=roles[part],
                name=names[part],
                source="dom",
                value=self.typed if part == "field" else "",
                # The guard must know what a press on OK confirms.
                description=self.text if part == "ok" and self.has_choice else "",
                focused=part == ("field" if self.kind == "prompt" else "ok"),
                parent=None if part == "dialog" else "dialog",
            )
            for part, box in self.boxes.items()
        ]

    async def draw(self, browser: Browser, size: tuple[int, int], scale: float, title: str) -> Image.Image:
        """Render the dialog on a transparent overlay of `size` pixels and set `boxes`."""
        if self.image and self.image[0] == self.typed:
            return self.image[1]
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
        self.image = (self.typed, Image.open(BytesIO(data)).convert("RGBA").crop((0, 0, *size)))
        return self.image[1]

    def _page(self, title: str) -> str:
        title = "" if self.kind == "beforeunload" else title  # its text comes from the browser, not from the page
        typed = f'<input id="field" value="{html.escape(self.redact(self.typed))}">' if self.kind == "prompt" else ""
        cancel = '<button id="cancel">Cancel</button>' if self.has_choice else ""
        return PAGE.format(
            title=html.escape(title),
            text=html.escape(self.redact(self.text)),
            field=typed,
            cancel=cancel,
            ok=self.accept_label,
        )

    @staticmethod
    def composite(page: Image.Image, overlay: Image.Image) -> Image.Image:
        """Return the page's last screenshot with the overlay on it."""
        return Image.alpha_composite(page.convert("RGBA"), overlay).convert("RGB")
