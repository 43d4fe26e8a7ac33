"""A run that gets nowhere is noticed, and one that gets on slowly is left alone."""

from __future__ import annotations

from handeye.policies.limits import (
    MAX_DIGESTS,
    MAX_KEY_REPEATS,
    MAX_SAME_EFFECTS,
    MAX_STEPS_WITHOUT_NEWS,
    ActionRecord,
    add_digests,
    find_no_progress,
)


def turn(
    words: str, screen: str = "s", outcome: str = "no_effect", kind: str = "click", new: bool = False
) -> ActionRecord:
    return ActionRecord(words, kind, screen, outcome, new)


def test_the_same_action_in_vain_three_times_is_stuck() -> None:
    assert "3 times" in find_no_progress([turn("click “Save”")] * 3)
    assert find_no_progress([turn("click “Save”")] * 2) == ""
    assert find_no_progress([turn("click “Save”", "a"), turn("click “Save”", "b"), turn("click “Save”", "c")]) == ""


def test_the_same_effect_again_and_again_is_stuck_later() -> None:
    copying = turn("click “Copy”", outcome="confirmed")
    assert find_no_progress([copying] * (MAX_SAME_EFFECTS - 1)) == ""
    assert "always with the same effect" in find_no_progress([copying] * MAX_SAME_EFFECTS)


def test_circles_of_two_to_four_actions_are_seen() -> None:
    for length in (2, 3, 4):
        round_ = [turn(f"click {number}", f"s{number}", "confirmed") for number in range(length)]
        assert "circles" in find_no_progress(round_ * 3), length
        assert find_no_progress(round_ * 2) == "", length


def test_many_steps_that_bring_nothing_new_are_stuck() -> None:
    wandering = [turn(f"click {number}", f"s{number % 5}", "confirmed") for number in range(MAX_STEPS_WITHOUT_NEWS)]
    assert "nothing" not in find_no_progress(wandering[1:])
    assert str(MAX_STEPS_WITHOUT_NEWS) in find_no_progress(wandering)
    found = [*wandering[:-1], wandering[-1]._replace(news=True)]
    assert find_no_progress(found) == ""


def test_the_same_button_is_progress_while_it_brings_something_new() -> None:
    paging = [turn("click “Next”", f"page {number}", "confirmed", new=True) for number in range(MAX_STEPS_WITHOUT_NEWS)]
    # The number that it increases is off the screen.
    counting = [turn("click “+”", "same", "confirmed", new=True)] * MAX_STEPS_WITHOUT_NEWS
    assert find_no_progress(paging) == find_no_progress(counting) == ""


def test_keys_may_be_pressed_many_times() -> None:
    key = turn("press down", kind="key", outcome="unknown")
    assert find_no_progress([key] * (MAX_KEY_REPEATS - 1)) == ""
    assert find_no_progress([key] * MAX_KEY_REPEATS) != ""


def test_waiting_is_never_stuck() -> None:
    wait, ask = turn("wait 5 s", kind="wait", outcome="confirmed"), turn("click “Refresh”", outcome="confirmed")
    assert find_no_progress([wait] * MAX_STEPS_WITHOUT_NEWS) == ""
    assert find_no_progress([wait, ask] * MAX_STEPS_WITHOUT_NEWS) == ""
    assert find_no_progress([turn("reload", kind="reload", outcome="confirmed")] * MAX_STEPS_WITHOUT_NEWS) == ""


def test_what_was_met_before_is_no_news() -> None:
    met, new = add_digests([], ["a", "b", ""])
    assert new
    assert add_digests(met, ["b", "a"]) == (met, False)
    assert add_digests(met, ["c"])[1]
    assert len(add_digests([str(number) for number in range(MAX_DIGESTS)], ["x"])[0]) == MAX_DIGESTS
