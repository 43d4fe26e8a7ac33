"""A run that gets nowhere is noticed, and one that gets on slowly is left alone."""

from __future__ import annotations

from handeye.policies.stuck import BARREN, KEYS, MET, SAME, Turn, news, stuck


def turn(words: str, screen: str = "s", outcome: str = "no_effect", kind: str = "click", new: bool = False) -> Turn:
    return Turn(words, kind, screen, outcome, new)


def test_the_same_action_in_vain_three_times_is_stuck() -> None:
    assert "3 times" in stuck([turn("click “Save”")] * 3)
    assert stuck([turn("click “Save”")] * 2) == ""
    assert stuck([turn("click “Save”", "a"), turn("click “Save”", "b"), turn("click “Save”", "c")]) == ""


def test_the_same_effect_again_and_again_is_stuck_later() -> None:
    copying = turn("click “Copy”", outcome="confirmed")
    assert stuck([copying] * (SAME - 1)) == ""
    assert "always with the same effect" in stuck([copying] * SAME)


def test_circles_of_two_to_four_actions_are_seen() -> None:
    for length in (2, 3, 4):
        round_ = [turn(f"click {number}", f"s{number}", "confirmed") for number in range(length)]
        assert "circles" in stuck(round_ * 3), length
        assert stuck(round_ * 2) == "", length


def test_many_steps_that_bring_nothing_new_are_stuck() -> None:
    wandering = [turn(f"click {number}", f"s{number % 5}", "confirmed") for number in range(BARREN)]
    assert "nothing" not in stuck(wandering[1:])
    assert str(BARREN) in stuck(wandering)
    found = [*wandering[:-1], wandering[-1]._replace(news=True)]
    assert stuck(found) == ""


def test_the_same_button_is_progress_while_it_brings_something_new() -> None:
    paging = [turn("click “Next”", f"page {number}", "confirmed", new=True) for number in range(BARREN)]
    counting = [turn("click “+”", "same", "confirmed", new=True)] * BARREN  # what it says counts up, off the screen
    assert stuck(paging) == stuck(counting) == ""


def test_keys_may_be_pressed_many_times() -> None:
    key = turn("press down", kind="key", outcome="unknown")
    assert stuck([key] * (KEYS - 1)) == ""
    assert stuck([key] * KEYS) != ""


def test_waiting_is_never_stuck() -> None:
    wait, ask = turn("wait 5 s", kind="wait", outcome="confirmed"), turn("click “Refresh”", outcome="confirmed")
    assert stuck([wait] * BARREN) == ""
    assert stuck([wait, ask] * BARREN) == ""
    assert stuck([turn("reload", kind="reload", outcome="confirmed")] * BARREN) == ""


def test_what_was_met_before_is_no_news() -> None:
    met, new = news([], ["a", "b", ""])
    assert new
    assert news(met, ["b", "a"]) == (met, False)
    assert news(met, ["c"])[1]
    assert len(news([str(number) for number in range(MET)], ["x"])[0]) == MET
