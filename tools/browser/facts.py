"""The cheap facts about what the browser shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handeye.tools.browser.patience import DialogOpened
from handeye.tools.browser.scripts import ask, quickly
from handeye.tools.device import Signals

if TYPE_CHECKING:
    from handeye.tools.browser.elements import Reader
    from handeye.tools.browser.session import Session
    from handeye.tools.browser.wake import Wake

#: Seconds that a frame or a tab behind may take to answer.
BRIEFLY = 0.5


class Facts:
    """Reads one session's signals."""

    def __init__(self, session: Session, wake: Wake, reader: Reader) -> None:
        self.session, self.wake, self.reader = session, wake, reader
        self.documents = 0
        """So many have been loaded."""
        self._last = Signals()

    async def signals(self) -> Signals:
        """The signals now; while a dialog is open the page's last ones, and the dialog's."""
        session = self.session
        try:
            self._last = await session.steady(self._read)
        except DialogOpened:
            dialog = session.dialog
            if dialog is None:
                return await self.signals()
            tab = session.tabs.index(session.front)
            focus = f"textbox {dialog.text}" if dialog.kind == "prompt" else f"button {dialog.yes}"
            changed = {"url": session.front.page.url, "dialog": dialog.text or dialog.kind, "tab": tab}
            return self._last.model_copy(update={**changed, "focus": focus, "value": dialog.typed})
        return self._last

    async def _read(self) -> Signals:
        session, tab = self.session, self.session.front
        facts = await ask(tab.page.main_frame, "facts")
        tab.title = facts["title"]
        if facts["sign"] != tab.sign:
            tab.sign = facts["sign"]
            self.documents += 1
        focus, value = facts["focus"], facts["value"]
        for frame in tab.page.frames[1:] if facts["inside"] else ():
            inner = await quickly(frame, "facts", seconds=BRIEFLY)
            if inner and inner["has"] and inner["focus"]:
                focus, value = inner["focus"], inner["value"]
        for other in session.tabs:
            if other is not tab:
                seen = await quickly(other.page.main_frame, "facts", seconds=BRIEFLY)
                other.title = seen["title"] if seen else other.title
        return Signals(
            url=facts["url"],
            title=facts["title"],
            focus=focus,
            value=value,
            tabs=tuple(each.title or each.page.url for each in session.tabs),
            tab=session.tabs.index(session.front),
            document=self.documents,
            downloads=session.downloads.count,
            unanswered=tuple(f"frame {name}" for name in self.reader.silent),
            page_changes=await self.wake.told(),
        )
