"""A trace outlives crashes: what was written whole stays readable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from handeye.agent.event_log import EventLog, Noted, read_events

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("torn", [b'{"event": "noted", "text": "torn', '{"event": "noted", "text": "ü'.encode()[:-1]])
def test_a_line_torn_by_a_crash_does_not_take_the_next_one_with_it(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "trace.jsonl"
    whole = Noted(text="whole")
    path.write_bytes(whole.model_dump_json().encode() + b"\n" + torn)
    assert [event.text for event in read_events(path) if isinstance(event, Noted)] == ["whole"]
    trace = EventLog(path)
    trace.add(Noted(text="after the resume"))
    trace.close()
    assert [event.text for event in read_events(path) if isinstance(event, Noted)] == ["whole", "after the resume"]


def test_an_unreadable_line_is_reported_and_the_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_text('{"event": "of a later version"}\n' + Noted(text="known").model_dump_json() + "\n")
    first, second = read_events(path)
    assert isinstance(first, Noted)
    assert first.text.startswith("line 1 of trace.jsonl cannot be read")
    assert isinstance(second, Noted)
    assert second.text == "known"
