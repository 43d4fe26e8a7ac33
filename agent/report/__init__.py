"""Reports of a run: an HTML file that opens from disk, Markdown and JSON."""

from __future__ import annotations

from handeye.agent.report.run_page import write_report

__all__ = ["write_report"]
