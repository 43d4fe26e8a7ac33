"""The report of a run as Markdown, for an issue tracker or a chat: status, totals, and a table of the steps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from handeye.agent.report.pages import cut_text, format_time
from handeye.agent.report.run_page import follow_up_commands
from handeye.agent.run_view import Resumption, format_duration

if TYPE_CHECKING:
    from handeye.agent.run_view import RunView, StepView

#: GitHub accepts 65,536 characters in a comment; the middle steps of a longer run are left out.
MAX_ROWS = 120
MAX_CELL = 200
_SIGNS = {"good": "✅", "warn": "⚠️", "bad": "❌"}
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~!])")
#: What GitHub and GitLab link: a user, who would be notified, or another issue.
_REFERENCE = re.compile(r"(?<!\w)([@#])(?=\w)")


def run_markdown(view: RunView) -> str:
    """The run as GitHub-flavoured Markdown. Text from pages and models is escaped."""
    sign = _SIGNS.get(view.label.tone, "⏸️")
    lines = [f"## {_escape(view.goal, 300) or 'A run without a goal'}", ""]
    lines += [f"{sign} **{view.label.word}**: {_escape(view.reason, 2000)}", ""]
    if view.ended and view.ended.answer:
        lines += [f"**Answer:** {_escape(view.ended.answer, 2000)}", ""]
    lines += [f"{_totals(view)}", ""]
    rows: list[str] = []
    for entry in view.entries:
        if isinstance(entry, Resumption):
            rows.append(f"| | *resumed {_escape(format_time(entry.started.at))}* | | | |")
        else:
            rows.append(_row(entry))
    if rows:
        if len(rows) > MAX_ROWS:
            half = MAX_ROWS // 2
            rows[half:-half] = [f"| | *{len(rows) - 2 * half} steps are left out here* | | | |"]
        lines += ["| Step | Action | Outcome | Evidence | Duration |", "| ---: | --- | --- | --- | ---: |", *rows, ""]
    lines += [f"- {_escape(note, 500)}" for note in view.notes] + [""] * bool(view.notes)
    if view.folder and (commands := follow_up_commands(view.folder, view.config, view.status)):
        lines += ["```sh", *(f"{command}  # {name}" for name, command in commands.items()), "```", ""]
    return "\n".join(lines)


def _totals(view: RunView) -> str:
    usage, started = view.usage, view.started
    count = view.action_count
    parts = [f"{count} step{'' if count == 1 else 's'}", format_duration(view.seconds)]
    if usage.calls:
        parts.append(f"{usage.calls} model call{'' if usage.calls == 1 else 's'}")
        parts.append(f"{usage.tokens_in + usage.tokens_out:,} tokens")
    if started:
        parts += [_escape(f"on {started.on}"), _escape(f"model {started.model}"), format_time(started.at)]
    return " · ".join(parts)


def _row(step: StepView) -> str:
    label = step.label
    outcome = f"{_SIGNS.get(label.tone, '')} {label.word}".strip()
    evidence = _escape(step.evidence or step.result)
    seconds = format_duration(sum(step.seconds.values()))
    return f"| {step.number} | {_escape(step.description)} | {outcome} | {evidence} | {seconds} |"


def _escape(text: str, limit: int = MAX_CELL) -> str:
    """The text on one line, without characters that Markdown or HTML would interpret."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return _REFERENCE.sub("\\1\u200b", _SPECIAL.sub(r"\\\1", cut_text(line, limit)))
