"""The measure `secrets`: what it counts as held is held, and a value that is readable breaks it."""

from __future__ import annotations

import pytest

from benchmarks.reliability import secrets
from handeye.tools.secrets.redact import Redactor


def test_every_encoding_is_tried_and_held() -> None:
    tried = list(secrets.encodings())
    assert len(tried) == secrets.VALUES * len(secrets.ENCODINGS) > 200
    assert [each for each in tried if not each.held] == []


def test_a_readable_value_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Redactor, "spans", lambda self, text: [])
    assert not any(each.held for each in secrets.encodings())


def test_every_picture_shows_the_value_and_every_frame_has_a_field() -> None:
    split = {"parts of a text", "combining marks", "invisible characters"}
    assert all(secrets.VALUE in secrets.page(name) for name in secrets.SHOWN if name not in split)
    for page, more in secrets.FRAMES.values():
        assert "oninput" in page + "".join(more.values()) or "/grab" in page or "/sandboxed" in page
