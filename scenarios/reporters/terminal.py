"""For people at a terminal: a line for each scenario, or one line that changes; then what failed, and why."""

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
    """The time left, by what those that are done have taken; workers end side by side, so moments say nothing."""

    def render(self, task: Task) -> Text:
        """Return the estimated time left."""
        done = task.completed - task.fields["kept"]
        if task.finished or done <= 0 or not task.elapsed:
            return Text("" if task.finished else "…", style="progress.remaining")
        seconds = max(1.0, task.elapsed / done * (task.remaining or 0))
        told = f"{seconds:.0f} s" if seconds < 60 else format_duration(seconds)
        return Text(f"{told} left", style="progress.remaining")


class LineReporter:
    """A bar with the time left, where there is a terminal, and what is wrong at the end."""

    listed = False

    def __init__(self, console: Console, output: Path) -> None:  # noqa: ARG002 - writes no file
        self.console = console
        self._counts: Counter[str] = Counter()
        self._suite = ""
        self._bar = Progress(
            MofNCompleteColumn(),
            BarColumn(),
            TextColumn("{task.fields[told]}"),
            TimeLeftColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )

    def begin(self, scenarios: Sequence[Scenario], kept: int = 0) -> None:
        self._bar.start()
        self._task = self._bar.add_task("", total=len(scenarios), told="", kept=kept)

    def add(self, result: ScenarioResult) -> None:
        self._counts[result.status] += 1
        if self.listed:
            self._tell(result)
        self._bar.update(self._task, advance=1, told=_counted(self._counts))

    def end(self, results: Sequence[ScenarioResult], seconds: float) -> list[Path]:
        self._bar.stop()
        wrong = [each for each in results if each.status in ("failed", "error")]
        for result in wrong:
            self.console.print()
            self.console.print(
                f"{MARKS[result.status]} [bold]{escape(result.name)}[/]  [dim]{escape(result.file)}:{result.line}[/]",
                soft_wrap=True,
            )
            self.console.print(f"    {escape(result.reason)}", soft_wrap=True)
            if run := result.attempts[-1].run:
                self.console.print(f"    [dim]report  {escape(run)}/report.html[/]", soft_wrap=True)
        self._skipped([] if self.listed else [each.reason for each in results if each.status == "skipped"])
        self._healed([each for each in results if each.attempts[-1].healed])
        self.console.print()
        self.console.print(f"{_counted(self._counts) or 'nothing was run'}  [dim]{seconds:.1f} s[/]")
        return []

    def stop(self) -> None:
        self._bar.stop()

    def _skipped(self, reasons: Sequence[str]) -> None:
        for reason, count in Counter(reasons).items():
            self.console.print(f"{MARKS['skipped']} {count} skipped  [dim]{escape(reason)}[/]", soft_wrap=True)

    def _healed(self, results: Sequence[ScenarioResult]) -> None:
        """What could not be done by its anchors, and how their files would change."""
        for result in results:
            last = result.attempts[-1]
            steps = escape(", ".join(last.healed))
            self.console.print()
            self.console.print(f"[cyan]↻[/] [bold]{escape(result.name)}[/]  done another way: {steps}", soft_wrap=True)
            for line in last.anchors.splitlines():
                paint = {"+": "green", "-": "red"}.get(line[:1], "dim")
                self.console.print(f"    [{paint}]{escape(line)}[/]", soft_wrap=True)
        if any(not each.attempts[-1].anchors.startswith("anchors updated") for each in results):
            self.console.print("    --update-anchors writes what was healed")

    def _tell(self, result: ScenarioResult) -> None:
        if result.suite != self._suite:
            self._suite = result.suite
            self.console.print(f"\n[bold]{escape(result.suite)}[/]  [dim]{escape(result.file)}[/]", soft_wrap=True)
        more = f" [yellow]flaky: attempt {len(result.attempts)}[/]" if result.status == "flaky" else ""
        more += f" [dim]{escape(result.reason[:100])}[/]" if result.status == "skipped" else ""
        if (again := result.attempts[-1].replayed) and result.status != "failed":
            more += f" [dim]{again} step{'' if again == 1 else 's'} as before[/]"
        self.console.print(
            f"  {MARKS[result.status]} {escape(result.name)} [dim]{result.seconds:.1f} s[/]{more}", soft_wrap=True
        )


class ListReporter(LineReporter):
    """A line for each scenario as well."""

    listed = True


def _counted(counts: Counter[str]) -> str:
    paints = {"passed": "green", "flaky": "yellow", "failed": "red", "error": "magenta", "skipped": "dim"}
    return ", ".join(f"[{paint}]{counts[name]} {name}[/]" for name, paint in paints.items() if counts[name])
