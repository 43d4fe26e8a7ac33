"""Answering the dialogs of a page: alert, confirm and prompt."""

# ruff: noqa: E501 - a way of saying something is one line, however long

from __future__ import annotations

from typing import TYPE_CHECKING

import handeye.policies.plain_english.clauses as c
from handeye.policies.plain_english.frames import Family

if TYPE_CHECKING:
    from handeye.policies.plain_english.frames import Made

family = Family("Answer dialogs")

_BOX = "[the|this|an|a|that] [javascript|js|confirm|confirmation|browser|prompt]* alert|confirm|prompt|confirmation [alert|box|dialog|popup|window|pop-up|message]*"


@family.frame(
    f"accept|confirm|ok|acknowledge {_BOX} {{yes=1}}",
    f"dismiss|cancel|decline|reject {_BOX}",
    f"close {_BOX} {{yes=1}}",
)
def answer(yes: str = "") -> Made:
    """Accept or dismiss a dialog."""
    return c.ClickOn(target='"OK" in the dialog' if yes else '"Cancel" in the dialog')


family.examples.update({
    "I accept the alert": "ClickOn(target='\"OK\" in the dialog')",
    "the user dismisses the confirm dialog": "ClickOn(target='\"Cancel\" in the dialog')",
})  # fmt: skip
