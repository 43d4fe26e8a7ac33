"""The measure `secrets`: what it counts as held is held, and a value that is readable breaks it."""

from __future__ import annotations

import pytest

from benchmarks.reliability import secrets
from handeye.tools.hiding import Hider


def test_every_encoding_is_tried_and_held() -> None:
    tried = list(secrets.encodings())
    assert len(tried) == secrets.VALUES * len(secrets.ENCODINGS) > 200
    assert [each for each in tried if not each.held] == []


def test_a_readable_value_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Hider, "spans", lambda self, text: [])
    assert not any(each.held for each in secrets.encodings())


def test_every_picture_shows_the_value_and_every_frame_has_a_field() -> None:
    assert all(secrets.VALUE in secrets.page(name) for name in secrets.SHOWN if "parts" not in name and "char" not in name
               and "marks" not in name)  # fmt: skip
    assert all("oninput" in page + "".join(more.values()) or "/grab" in page or "/sandboxed" in page
               for page, more in secrets.FRAMES.values())  # fmt: skip
