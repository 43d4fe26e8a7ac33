"""On a screen of pixels alone, effects of the pointer's motion are distinguished from effects of a press."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from handeye.perception.embedded import EmbeddedPerception
from handeye.perception.outcome import judge
from handeye.tools import Virtual
from handeye.tools.actions import Click, Target
from handeye.tools.browser.launch import flags, need_chromium

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handeye.perception.outcome import Outcome

PAGE = """<title>Pressed</title><body style='margin:0'><style>
button { position: absolute; left: 40px; width: 300px; height: 60px; transition: background .15s }
button:hover { background: #fc6 } button:focus { outline: none }</style>
<button style='top:40px'>Dead</button>
<button style='top:140px' onclick='out.textContent = "It was pressed"'>Live</button>
<p id=out style='padding-top:240px'>"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Virtual]:
    folder = tmp_path_factory.mktemp("poised")
    (folder / "page.html").write_text(PAGE)
    words = [str(need_chromium(headed=True)), *flags(headed=True), f"--user-data-dir={folder / 'profile'}"]
    with Virtual(" ".join([*words, "--kiosk", f"file://{folder / 'page.html'}"]), timeout=60) as virtual:
        yield virtual


def pressed(virtual: Virtual, top: int) -> Outcome:
    perception = EmbeddedPerception()
    before = perception.observe(virtual)
    action = Click(target=Target.model_validate((150, top)))
    virtual.perform(action)
    happened = virtual.settle().happened
    return judge(action, before, perception.observe(virtual), virtual.before_press, happened)


def test_a_button_that_only_lights_up_under_the_pointer_did_nothing(page: Virtual) -> None:
    assert pressed(page, 170).kind == "confirmed"
    outcome = pressed(page, 70)
    assert outcome.kind == "no_effect", outcome
