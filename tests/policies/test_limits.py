"""A run is bounded in steps and in time."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from handeye.policies.limits import Limits


def test_a_limit_that_is_used_up_is_named_with_its_remedy() -> None:
    assert Limits(steps=3).exceeded(2, 1e6) == ""
    assert "--max-steps" in Limits(steps=3).exceeded(3, 0)
    assert "--budget-seconds" in Limits(steps=3, seconds=10).exceeded(1, 10.0)


def test_limits_must_leave_room_for_a_step() -> None:
    with pytest.raises(ValidationError):
        Limits(steps=0)
    with pytest.raises(ValidationError):
        Limits(seconds=0)
