"""What an action means while a JavaScript dialog is open."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from handeye.tools.actions import Click, Key, Move, Scroll, Type, Wait, targets
from handeye.tools.browser.keys import read_chord
from handeye.tools.browser.scripts import quickly
from handeye.tools.browser.trouble import LOST
from handeye.tools.errors import ActionRefused

if TYPE_CHECKING:
    from handeye.tools.actions import Action
    from handeye.tools.browser.dialog import OpenDialog
    from handeye.tools.browser.session import Session

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
