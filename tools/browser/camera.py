"""Pictures of the page. One that still shows the page is not taken again."""

from __future__ import annotations

import asyncio
import math
import time
from base64 import b64decode
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image

from handeye.tools.browser.blackout import Blackout
from handeye.tools.browser.scripts import ask

if TYPE_CHECKING:
    from handeye.tools.browser.patience import Tab
    from handeye.tools.browser.session import Session

#: Seconds after which a picture is taken again in any case: some changes leave no trace in the page.
AGE = 1.0

#: Seconds that a picture may take.
DARKROOM = 3.0

#: So many pictures are taken while what must be blacked out moves; then all of its way is.
STILLER = 3


class Camera:
    """Takes the front tab's picture."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.blackout = Blackout(session)
        size = tuple(round(side * session.scale) for side in session.viewport)
        self.last = Image.new("RGB", (size[0], size[1]), "white")
        """The last picture, whatever has happened since."""
        self._tab: Tab | None = None
        self._stamp: list[float] = []
        self._turn = 0
        self._taken = -math.inf
        self._ahead: asyncio.Task[Image.Image] | None = None
        self._ahead_of: Tab | None = None

    async def picture(self) -> Image.Image:
        """The page as it is now, RGB, in the screen's pixels."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            same = self._ahead_of is self.session.front
            await asyncio.wait({ahead}, timeout=DARKROOM if same else 0)
            ahead.cancel()
        return self.last if await self._still_true() else await self._take()

    def forget(self) -> None:
        """Something was done to the page."""
        self._taken = -math.inf
        self._turn += 1  # a picture under way shows what was before

    def take_ahead(self) -> None:
        """Begin a picture that will be wanted soon, if the page stays as it is."""
        if self._ahead is None or self._ahead.done():
            self._ahead_of = self.session.front
            self._ahead = self.session.begin(self._take())
            self.session.keep(self._ahead)

    async def _take(self) -> Image.Image:
        for _ in range(STILLER):
            tab, turn = self.session.front, self._turn
            hidden, stamp = await asyncio.gather(self.blackout.boxes(), ask(tab.page.main_frame, "stamp"))
            started, picture = await self._shoot(tab)
            if await self.blackout.paint(picture, hidden):
                break
        self.last = picture
        if turn == self._turn:
            self._tab, self._stamp, self._taken = tab, stamp, started
        return self.last

    async def _shoot(self, tab: Tab) -> tuple[float, Image.Image]:
        """When, and what; nothing is blacked out yet."""
        line = await tab.ready
        started = time.monotonic()
        try:
            shot = await asyncio.wait_for(line.send("Page.captureScreenshot", {"format": "png"}), DARKROOM)
        except TimeoutError:
            # A tab that went behind another while it was pictured draws nothing more.
            await tab.page.bring_to_front()
            shot = await line.send("Page.captureScreenshot", {"format": "png"})
        return started, Image.open(BytesIO(b64decode(shot["data"]))).convert("RGB")

    async def _still_true(self) -> bool:
        # Somebody at a visible browser can change what no event tells.
        if self.session.headed or self._tab is not self.session.front or time.monotonic() - self._taken > AGE:
            return False
        sign, _, drawn, calm, fields = await ask(self._tab.page.main_frame, "stamp")
        old_sign, then, _, _, old_fields = self._stamp
        return bool(calm and sign == old_sign and drawn < then and fields == old_fields)
