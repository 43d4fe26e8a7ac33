"""From an action to what does it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from handeye.tools.actions import (
    Back,
    Click,
    Drag,
    Forward,
    Key,
    Move,
    Navigate,
    Reload,
    Scroll,
    Select,
    Tabs,
    Type,
    Upload,
    Wait,
)
from handeye.tools.browser.aim import Aim
from handeye.tools.browser.choose import Chooser
from handeye.tools.browser.hands import Hands
from handeye.tools.browser.keys import BROWSERS_OWN, read_chord
from handeye.tools.browser.patience import DialogOpened
from handeye.tools.browser.press import Press
from handeye.tools.browser.travel import Travel
from handeye.tools.browser.trouble import LOST
from handeye.tools.errors import ActionFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from handeye.tools.actions import Action
    from handeye.tools.browser.elements import Reader
    from handeye.tools.browser.session import Session
    from handeye.tools.browser.wake import Wake
    from handeye.tools.element import Element

#: Typing may take so many seconds beyond the browser's time-out for each character.
PER_CHARACTER = 0.02

#: Seconds until the news that a tab has closed is in.
PARTING = 0.1


class Acting:
    """Performs actions on the page in front."""

    def __init__(self, session: Session, reader: Reader, wake: Wake, careful: Callable[[], bool]) -> None:
        self.session, self.reader, self.wake = session, reader, wake
        self.aim = Aim(session, reader)
        self.press_guard = Press(session, reader, careful, lambda: wake.before_press)
        self.hands = Hands(session, self.aim, self.press_guard, wake.begin)
        self.chooser = Chooser(session, self.aim, self.hands)
        self.travel = Travel(session)

    async def perform(self, action: Action) -> str:
        """Do it; raises DialogOpened when a dialog holds it up."""
        if not isinstance(action, Click | Drag):  # those begin when the mouse is in its place
            await self.wake.begin()
        from playwright.async_api import Error

        if isinstance(action, Wait):
            return await self._wait(action.seconds)
        seconds = self.session.timeout + 5
        if isinstance(action, Type):
            seconds += len(action.text) * PER_CHARACTER
        tab = self.session.front
        try:
            return await self.session.until(self._do(action), seconds)
        except Error as error:
            if not LOST.search(str(error)):
                raise
            until = time.monotonic() + PARTING
            while not tab.page.is_closed() and time.monotonic() < until:
                await asyncio.sleep(0.01)
            if tab.page.is_closed() and self.session.tabs and not self.session.lost:
                return "the tab closed"
            raise

    async def press(self, action: Click) -> str:
        """Click the target's element by the page's own means; raises like `perform`."""
        await self.wake.begin()
        frame = self.reader.frames.get(action.target.element)
        if frame is None or frame.is_detached():
            raise ActionFailed(f"{action.target} is not on the page any more; look again")
        await self.session.until(self.press_guard.itself(action, frame))
        return ""

    def _do(self, action: Action) -> Coroutine[Any, Any, str]:
        match action:
            case Click():
                return self.hands.click(action)
            case Move():
                return self.hands.move(action)
            case Drag():
                return self.hands.drag(action)
            case Scroll():
                return self.hands.scroll(action)
            case Type():
                return self.hands.type(action)
            case Key():
                return self._key(action)
            case Select():
                return self.chooser.select(action, self._read)
            case Upload():
                return self.chooser.upload(action)
            case Navigate(url=url):
                return self.travel.go(url)
            case Back():
                return self.travel.history(-1)
            case Forward():
                return self.travel.history(1)
            case Reload():
                return self.travel.reload()
            case Tabs():
                return self.travel.tabs(action)
        raise AssertionError(action.kind)

    async def _key(self, action: Key) -> str:
        own = BROWSERS_OWN.get(read_chord(action.keys)[2])
        if own == "reload":
            return await self.travel.reload()
        if own:
            return await self.travel.history(-1 if own == "back" else 1)
        return await self.hands.key(action)

    async def _read(self) -> list[Element]:
        return await self.reader.read(self.session.front.page, await self.session.view())

    async def _wait(self, seconds: float) -> str:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.session.check()
            if self.session.dialog:
                raise DialogOpened
            await asyncio.sleep(min(left, 0.1))
        return ""
