"""Answers an open JavaScript dialog by the actions of a run."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from handeye.tools.actions import Click, Key, Move, Scroll, Type, Wait, targets
from handeye.tools.browser.keys import read_chord
from handeye.tools.browser.playwright_errors import LOST
from handeye.tools.browser.scripts import try_call_script
from handeye.tools.errors import ActionRefused

if TYPE_CHECKING:
    from handeye.tools.actions import Action
    from handeye.tools.browser.dialogs import OpenDialog
    from handeye.tools.browser.session import BrowserSession

#: Seconds for which the page may continue after its dialog was answered.
RESUME_SECONDS = 0.05


async def answer_dialog(session: BrowserSession, action: Action) -> str | None:
    """Perform the action on the dialog and return a remark.

    Returns None when the dialog was an alert, which is then closed, and the action is for the page behind it.
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
                return await _answer(session, dialog, accept=chord != "escape" or not dialog.has_choice)
        case Type(text=text, clear=clear) if dialog.kind == "prompt" and (not aims or parts[0]):
            return await _write(session, dialog, text, clear)
    if not dialog.has_choice:
        session.remarks.append(await _answer(session, dialog, accept=True))
        return None
    raise ActionRefused(f"a dialog waits for an answer (“{dialog.text[:200]}”); click its OK or Cancel first")


async def _write(session: BrowserSession, dialog: OpenDialog, text: str, clear: bool) -> str:
    line, _, rest = text.partition("\n")
    # The default value of a prompt is selected when it opens, so typing replaces it.
    offered = dialog.typed == dialog.dialog.default_value
    dialog.typed = line if clear or offered else dialog.typed + line
    if rest or text.endswith("\n"):
        return await _answer(session, dialog, accept=True)
    return ""


async def _answer(session: BrowserSession, dialog: OpenDialog, *, accept: bool) -> str:
    from playwright.async_api import Error

    session.dialog = None
    session.network.start_action()
    try:
        if accept:
            await dialog.dialog.accept(dialog.typed if dialog.kind == "prompt" else None)
        else:
            await dialog.dialog.dismiss()
    except Error as error:
        # A person has answered the dialog in the visible browser.
        if LOST.search(str(error)):
            raise
    # The page answers once its script has continued.
    await try_call_script(session.front.page.main_frame, "documentInfo", seconds=RESUME_SECONDS)
    who = "the browser asked" if dialog.kind == "beforeunload" else "the page said"
    return f"{who} “{dialog.text[:300]}”: {dialog.accept_label if accept else 'Cancel'}"
