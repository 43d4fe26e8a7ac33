"""Scripts that set up or check a page."""

from __future__ import annotations

import pytest

from handeye.tools.browser import Browser
from handeye.tools.errors import ActionFailed


def test_a_script_returns_its_value_and_its_errors_are_reported() -> None:
    with Browser("about:blank") as browser:
        assert browser.run_script("([a, b]) => ({sum: a + b, none: null})", [1, 2]) == {"sum": 3, "none": None}
        with pytest.raises(ActionFailed, match="nowhere is not defined"):
            browser.run_script("() => nowhere.to.be.found")
        with pytest.raises(ActionFailed, match="a dialog keeps the page from running a script"):
            browser.run_script("() => alert('wait')")
