"""The report of a run: one HTML file that opens from disk, with the run's pictures beside it."""

from __future__ import annotations

from handeye.agent.report.run_page import write_report

__all__ = ["write_report"]
