"""What a click came to is right, for controls that do something and for those that do not."""

from __future__ import annotations

import pytest

from benchmarks.reliability.effects import DEAD, LIVE, try_all

#: One for each way of telling; `make reliability` tries all thirty, at both scales.
NEAR = ("Count up", "Switch light", "Come later", "Copy link", "Speak inside", "Drawn switch")
NOTHING = ("Do nothing", "Ripple only", "Say again", "Drawn fake")


@pytest.mark.long
@pytest.mark.timeout(300)
def test_effects_are_distinguished_from_the_style_of_a_pressed_button() -> None:
    tried = list(try_all((*NEAR, *NOTHING), 1.0))
    assert not [each for each in tried if each.wrong]
    # On a busy machine something else may change at the same moment; `make reliability` wants each told exactly.
    assert len([each for each in tried if not each.exact]) <= 1
    assert all(each.outcome.evidence for each in tried)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_bare_point_on_a_finer_screen_has_an_outcome_too() -> None:
    tried = {each.name: each for each in try_all(("Bold", "Send in vain", "Drawn fake"), 2.0)}
    assert not any(each.wrong for each in tried.values()), tried
    assert sum(each.exact for each in tried.values()) >= 2, tried


def test_ten_of_thirty_controls_do_nothing() -> None:
    assert (len(set(LIVE)), len(set(DEAD)), len({*LIVE, *DEAD})) == (20, 10, 30)
