"""Reports of a suite contain no value of a secret, wherever a check read it."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

from rich.console import Console

from handeye.agent.options import RunOptions
from handeye.scenarios.loading import load_scenarios
from handeye.scenarios.reporters.html import HtmlReporter
from handeye.scenarios.reporters.junit import JUnitReporter
from handeye.scenarios.reporters.terminal import ListReporter
from handeye.scenarios.runner import Settings
from handeye.scenarios.suite_run import run_all

VALUE = "tulip-4711-quartz"
SUITE = """serve: {folder: pages}
scenarios:
  - name: required text
    requires: the page shows "Welcome"
    steps: click "Save"
    unchecked: true
  - name: file
    steps: click "Save"
    ensures: {file: {path: note.txt, contains: nothing of the kind}}
  - name: step
    steps: check that the page shows "PIN 1"
"""


def test_requires_checks_and_reports_are_redacted(folder: Path) -> None:
    page = f"<!doctype html><title>T</title><p>PIN {VALUE}</p><button onclick='this.textContent=1'>Save</button>"
    (folder / "pages" / "index.html").write_text(page, encoding="utf-8")
    (folder / "note.txt").write_text(f"it is {VALUE}", encoding="utf-8")
    (folder / "secrets.toml").write_text(f'pin = "{VALUE}"\n', encoding="utf-8")
    (folder / "secrets.toml").chmod(0o600)
    (folder / "todos.yaml").write_text(SUITE, encoding="utf-8")
    out, console = folder / "out", StringIO()
    settings = Settings(output=out, options=RunOptions(secrets=str(folder / "secrets.toml")))
    reporters = (
        JUnitReporter(Console(file=console), out),
        HtmlReporter(Console(file=console), out),
        ListReporter(Console(file=console), out),
    )
    results = run_all(load_scenarios(folder / "todos.yaml"), settings, 1, 0, reporters)
    assert [result.status for result in results] == ["skipped", "failed", "failed"]
    told = [result.model_dump_json() for result in results]
    assert all("{{secret:pin}}" in each for each in told), told
    for reporter in reporters:
        reporter.end(results, 1.0)
    written = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert {path.suffix for path in written} >= {".xml", ".html", ".jsonl"}
    assert [path for path, content in written.items() if VALUE.encode() in content] == []
    assert "{{secret:pin}}" in console.getvalue()
    assert VALUE not in console.getvalue()
