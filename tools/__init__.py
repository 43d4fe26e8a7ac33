"""Screens and hands. `from handeye.tools import Virtual` loads what it needs, and nothing else."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from handeye.tools.browser.browser import Browser as Browser
    from handeye.tools.custom_tools import tool as tool
    from handeye.tools.desktop.desktop import Desktop as Desktop
    from handeye.tools.desktop.virtual import Virtual as Virtual

#: Dotted path of each name, imported at the first access.
PARTS = {
    "Browser": "handeye.tools.browser.browser",
    "Desktop": "handeye.tools.desktop.desktop",
    "Virtual": "handeye.tools.desktop.virtual",
    "tool": "handeye.tools.custom_tools",
}

__all__ = ["Browser", "Desktop", "Virtual", "tool"]


def __getattr__(name: str) -> Any:
    if name not in PARTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(PARTS)}")
    return getattr(import_module(PARTS[name]), name)
