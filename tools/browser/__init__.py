"""A browser as a device."""

from handeye.tools.browser.browser import Browser
from handeye.tools.browser.launch import find_chromium

__all__ = ["Browser", "find_chromium"]
