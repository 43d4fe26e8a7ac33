"""Terminal output of a run of suites: a progress bar or a line per scenario, then the failures with their reasons."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn
from rich.text import Text

from handeye.agent.run_view import format_duration

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console
    from rich.progress import Task

    from handeye.scenarios.results import ScenarioResult
    from handeye.scenarios.suite.scenario import Scenario

MARKS = {
    "passed": "[green]✓[/]",
    "flaky": "[yellow]✓[/]",
    "failed": "[red]✗[/]",
    "skipped": "[dim]–[/]",
    "error": "[magenta]![/]",
}


class TimeLeftColumn(ProgressColumn):
    """The remaining time, from the average time per finished scenario."""

    def render(self, task: Task) -> Text:
        """Return the estimated time left."""
        done = task.completed - task.fields["previous"]
        if task.finished or done <= 0 or not task.elapsed:
            return Text("" if task.finished else "…", style="progress.remaining")
        seconds = max(1.0, task.elapsed / done * (task.remaining or 0))
        duration = f"{seconds:.0f} s" if seconds < 60 else format_duration(seconds)
        return Text(f"{duration} left", style="progress.remaining")


class LineReporter:
    """A progress bar with the remaining time on a terminal, and the failures at the end."""

    lists_scenarios = False

    def __init__(self, console: Console, output: Path) -> None:  # noqa: ARG002 - writes no file
        self.console = console
        self._counts: Counter[str] = Counter()
        self._suite = ""
        self._bar = Progress(
            MofNCompleteColumn(),
            BarColumn(),
            TextColumn("{task.fields[counts]}"),
            TimeLeftColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )

    def begin(self, scenarios: Sequence[Scenario], previous: int = 0) -> None:
        """Start the progress bar."""
        self._bar.start()
        self._task = self._bar.add_task("", total=len(scenarios), counts="", previous=previous)

    def add(self, result: ScenarioResult) -> None:
        """Count a result, and print its line if scenarios are listed."""
        self._counts[result.status] += 1
        if self.lists_scenarios:
            self._print_result(result)
        self._bar.update(self._task, advance=1, counts=_format_counts(self._counts))

    def end(self, results: Sequence[ScenarioResult], seconds: float) -> list[Path]:
        """Print the failures and the counts; writes no file."""
        self._bar.stop()
        failures = [each for each in results if each.status in ("failed", "error")]
        for result in failures:
            self.console.print()
            self.console.print(
                f"{MARKS[result.status]} [bold]{escape(result.name)}[/]  [dim]{escape(result.file)}:{result.line}[/]",
                soft_wrap=True,
            )
            self.console.print(f"    {escape(result.reason)}", soft_wrap=True)
            if run := result.attempts[-1].run:
                self.console.print(f"    [dim]report  {escape(run)}/report.html[/]", soft_wrap=True)
        self._print_skipped(
            [] if self.lists_scenarios else [each.reason for each in results if each.status == "skipped"]
        )
        self._print_healed([each for each in results if each.attempts[-1].healed])
        self.console.print()
        self.console.print(f"{_format_counts(self._counts) or 'no scenario was run'}  [dim]{seconds:.1f} s[/]")
        return []

    def stop(self) -> None:
        """Stop the progress bar."""
        self._bar.stop()

    def _print_skipped(self, reasons: Sequence[str]) -> None:
        for reason, count in Counter(reasons).items():
            self.console.print(f"{MARKS['skipped']} {count} skipped  [dim]{escape(reason)}[/]", soft_wrap=True)

    def _print_healed(self, results: Sequence[ScenarioResult]) -> None:
        """Steps that the anchors did not match, and the changes to the anchor files."""
        for result in results:
            last = result.attempts[-1]
            steps = escape(", ".join(last.healed))
            self.console.print()
            self.console.print(
                f"[cyan]↻[/] [bold]{escape(result.name)}[/]  performed in another way: {steps}", soft_wrap=True
            )
            for line in last.anchors.splitlines():
                paint = {"+": "green", "-": "red"}.get(line[:1], "dim")
                self.console.print(f"    [{paint}]{escape(line)}[/]", soft_wrap=True)
        if any(not each.attempts[-1].anchors.startswith("anchors updated") for each in results):
            self.console.print("    use --update-anchors to write these changes")

    def _print_result(self, result: ScenarioResult) -> None:
        if result.suite != self._suite:
            self._suite = result.suite
            self.console.print(f"\n[bold]{escape(result.suite)}[/]  [dim]{escape(result.file)}[/]", soft_wrap=True)
        more = f" [yellow]flaky: attempt {len(result.attempts)}[/]" if result.status == "flaky" else ""
        more += f" [dim]{escape(result.reason[:100])}[/]" if result.status == "skipped" else ""
        if (replayed := result.attempts[-1].replayed) and result.status != "failed":
            more += f" [dim]{replayed} step{'' if replayed == 1 else 's'} replayed[/]"
        self.console.print(
            f"  {MARKS[result.status]} {escape(result.name)} [dim]{result.seconds:.1f} s[/]{more}", soft_wrap=True
        )


class ListReporter(LineReporter):
    """Adds a line for each scenario."""

    lists_scenarios = True


def _format_counts(counts: Counter[str]) -> str:
    paints = {"passed": "green", "flaky": "yellow", "failed": "red", "error": "magenta", "skipped": "dim"}
    return ", ".join(f"[{paint}]{counts[name]} {name}[/]" for name, paint in paints.items() if counts[name])
