"""The results as JSON, and as a page of the documentation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.measuring import machine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.measuring import Row

ROOT = Path(__file__).parent.parent
RESULTS, PAGE = ROOT / "benchmarks" / "results.json", ROOT / "docs" / "benchmarks.md"
#: Where the text of the page ends and the measured part begins.
MARK = "<!-- What follows is written by `make bench`. -->"


def kept(path: Path = RESULTS) -> dict[str, dict[str, Any]]:
    """Earlier results by name."""
    found: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def write(
    rows: Mapping[str, Row],
    before: Mapping[str, dict[str, Any]],
    arguments: Sequence[str],
    results: Path = RESULTS,
    page: Path = PAGE,
) -> None:
    """Write both; rows that were not run keep their earlier numbers."""
    measured = {
        name: {"ours": row.ours, "reference": row.reference, "ratio": row.ratio, "unit": row.unit}
        for name, row in rows.items()
    }
    merged = {**before, **measured}
    results.write_text(json.dumps(merged, indent=2) + "\n", encoding="utf-8")
    text = page.read_text(encoding="utf-8").partition(MARK)[0] if page.exists() else "# Benchmarks\n\n"
    page.parent.mkdir(exist_ok=True)
    page.write_text(f"{text}{MARK}\n\n{_measured(rows, merged, arguments)}", encoding="utf-8")


def _measured(rows: Mapping[str, Row], merged: Mapping[str, dict[str, Any]], arguments: Sequence[str]) -> str:
    command = " ".join(["python -m benchmarks", *arguments])
    lines = [f"Measured by `{command}` on: {machine()}.", ""]
    lines += ["| name | what | handeye | reference | times as fast | aim |", "| --- | --- | --- | --- | --- | --- |"]
    for name, each in merged.items():
        row = rows.get(name)
        aim = f"{row.least:g}" + ("" if each["ratio"] >= row.least else " (missed)") if row else ""
        told = row.what if row else "measured in an earlier run"
        figures = f"{each['ours']:.3g} {each['unit']} | {each['reference']:.3g} {each['unit']} | {each['ratio']:.2f}"
        lines.append(f"| `{name}` | {told} | {figures} | {aim} |")
    for name, row in rows.items():
        if row.details:
            lines += ["", f"## {name}", "", *row.details]
    return "\n".join(lines) + "\n"
