"""A field that its page writes anew as soon as it is left was not filled, whatever it held before that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from handeye.agent import Agent
from handeye.perception.embedded import EmbeddedPerception
from handeye.policies.plain_english import PlainEnglish
from handeye.tools import Browser

if TYPE_CHECKING:
    from pathlib import Path

PAGE = """<!doctype html><label>Amount <input id=a></label> <label>Note <input id=n></label>
<button onclick="document.title = 'Saved ' + a.value + '|' + n.value">Save</button>
<script>a.onblur = () => {{ {blur} }}; a.onchange = () => {{ {change} }}</script>"""


@pytest.mark.parametrize(
    ("blur", "change", "text", "status", "saved"),
    [
        ("a.value = a.value.replace(',', '')", "", "2,5", "failed", "2,5"),
        ("", "a.value = parseInt(a.value)", "7.9", "failed", "7.9"),
        ("a.value = (+a.value).toFixed(2)", "", "8.5", "succeeded", "8.50"),
        ("a.value = a.value.trim()", "", "as it is", "succeeded", "as it is"),
    ],
)
def test_a_value_that_changes_when_its_field_is_left_is_noticed(
    tmp_path: Path, blur: str, change: str, text: str, status: str, saved: str
) -> None:
    page = tmp_path / "page.html"
    page.write_text(PAGE.format(blur=blur, change=change))
    with Browser(str(page)) as browser:
        goal = f'fill "Amount" with "{text}", fill "Note" with "x", click "Save"'
        result = Agent(browser, perception=EmbeddedPerception(), policy=PlainEnglish(), run_dir=tmp_path / "run").run(
            goal
        )
        assert result.status == status, result
        if status == "succeeded":
            assert browser.signals().title == f"Saved {saved}|x"
        else:
            assert f"the field held “{saved}”" in result.reason
