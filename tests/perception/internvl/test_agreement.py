"""Several answers, one place."""

from __future__ import annotations

import pytest

from handeye.perception.internvl.agreement import agree, confidence, majority
from handeye.perception.snapping import Place
from handeye.tools.geometry import Box, Point

REACH = (30.0, 20.0)


def at(x: int, y: int, drawn: Box | None = None, element: str = "", known: bool = False) -> Place:
    return Place(Point(x, y), drawn, drawn, element, known)


def test_places_agree_within_reach_which_may_differ_across_and_down() -> None:
    assert agree(at(100, 100), at(130, 120), REACH)
    assert not agree(at(100, 100), at(131, 100), REACH)
    assert not agree(at(100, 100), at(100, 121), REACH)


def test_places_agree_when_their_boxes_are_alike() -> None:
    wide = Box(0, 0, 400, 40)
    assert agree(at(100, 20, wide), at(300, 20, Box(0, 0, 380, 44)), REACH)
    assert not agree(at(100, 20, wide), at(300, 20, Box(280, 0, 320, 40)), REACH)


def test_places_agree_on_an_element_only_when_it_confirms_them() -> None:
    assert agree(at(0, 0, None, "e1", True), at(500, 0, None, "e1", True), REACH)
    assert not agree(at(0, 0, None, "e1", True), at(500, 0, None, "e2", True), REACH)
    assert not agree(at(0, 0, None, "page"), at(500, 0, None, "page"), REACH)


def test_the_largest_group_wins_and_the_first_of_equal_ones() -> None:
    one, two, three, four = at(0, 0), at(500, 0), at(510, 0), None
    vote = majority([one, two, three, four], REACH)
    assert vote is not None
    assert (vote.place, vote.votes) == (two, 2)
    vote = majority([one, two], REACH)
    assert vote is not None
    assert (vote.place, vote.votes) == (one, 1)
    assert majority([None, None], REACH) is None
    assert majority([], REACH) is None


def test_the_place_is_the_member_in_the_middle_of_its_group() -> None:
    vote = majority([at(0, 0), at(28, 0), at(14, 0)], REACH)
    assert vote is not None
    assert (vote.place.point, vote.votes) == ((14, 0), 3)


@pytest.mark.parametrize(
    ("votes", "answers", "known", "sure"),
    [(1, 1, False, 0.5), (1, 1, True, 0.9), (3, 3, False, 0.75), (3, 3, True, 0.95), (1, 3, False, 0.25)],
)
def test_one_answer_is_worth_a_half_and_agreement_and_elements_add_to_it(
    votes: int, answers: int, known: bool, sure: float
) -> None:
    assert confidence(votes, answers, known) == pytest.approx(sure)
