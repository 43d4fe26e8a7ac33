"""What tests need from the machine: absent on a developer's machine a test is skipped, in CI it fails."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def unavailable(reason: str) -> NoReturn:
    """Skip the test or module with this reason. If the environment variable CI is set, fail it instead."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason, allow_module_level=True)
