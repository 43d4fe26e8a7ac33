"""The journal knows which action was begun and not finished."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from handeye.agent.effect_journal import EffectJournal, find_outcome, find_unfinished_action, read_journal
from handeye.tools.actions import Type, parse_action

if TYPE_CHECKING:
    from pathlib import Path

PAY = parse_action({"kind": "click", "target": {"phrase": "Pay", "point": [1, 2]}})
LOOK = parse_action({"kind": "scroll"})


def test_a_finished_action_leaves_no_doubt(tmp_path: Path) -> None:
    journal = EffectJournal(tmp_path / "journal.jsonl")
    journal.record_intent(1, PAY)
    journal.record_outcome(1, "paid", failed=False)
    entries = read_journal(tmp_path / "journal.jsonl")
    assert find_unfinished_action(entries) is None
    outcome = find_outcome(entries, 1)
    assert outcome is not None
    assert outcome.text == "paid"
    assert find_outcome(entries, 2) is None
    journal.close()


def test_an_unfinished_action_is_in_doubt_with_what_it_sent(tmp_path: Path) -> None:
    journal = EffectJournal(tmp_path / "journal.jsonl")
    journal.record_intent(1, LOOK)
    journal.record_outcome(1, "", failed=False)
    journal.record_intent(2, PAY, target_name="Pay now")
    journal.record_request("POST http://shop/pay")
    uncertain = find_unfinished_action(read_journal(tmp_path / "journal.jsonl"))
    assert uncertain is not None
    assert (uncertain.step, uncertain.action, uncertain.target_name) == (2, PAY, "Pay now")
    assert uncertain.sent == ("POST http://shop/pay",)
    journal.close()


def test_every_entry_is_on_the_disk_when_it_is_made(tmp_path: Path) -> None:
    journal = EffectJournal(tmp_path / "journal.jsonl")
    journal.record_intent(1, PAY)
    assert len((tmp_path / "journal.jsonl").read_text().splitlines()) == 1
    journal.close()


def test_a_last_line_cut_short_by_a_crash_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = EffectJournal(path)
    journal.record_intent(1, LOOK)
    journal.record_outcome(1, "", failed=False)
    journal.close()
    with path.open("a") as file:
        file.write('{"entry": "intent", "step": 2, "acti')
    assert find_unfinished_action(read_journal(path)) is None
    assert read_journal(tmp_path / "nowhere.jsonl") == []


def test_a_line_separator_in_a_text_ends_no_entry(tmp_path: Path) -> None:
    text = "one\u2028two\x85three"
    with closing(EffectJournal(tmp_path / "journal.jsonl")) as journal:
        journal.record_intent(1, Type(text=text), "Note", "http://a.test/")
        journal.record_outcome(1, text, failed=False)
    entries = read_journal(tmp_path / "journal.jsonl")
    assert [entry.entry for entry in entries] == ["intent", "outcome"]
    assert entries[1].text == text
