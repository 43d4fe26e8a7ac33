"""`handeye bench`: measures how many tasks of a benchmark an agent carries out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from handeye.agent.cli.console import note_console, print_json, report_errors
from handeye.agent.cli.flags import STDOUT, GivenOptions, Output, Reporters, with_options
from handeye.agent.options import ENGINE
from handeye.tools.errors import SetupError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from handeye.scenarios.agent_benchmarks.benchmark_task import BenchmarkTask, TaskLimits
    from handeye.scenarios.agent_benchmarks.tally import Tally

#: The default of `--output`.
OUTPUT = Path("bench-results")
#: Time limit of one task.
DEFAULT_SECONDS = 300.0
BENCHMARKS = ("miniwob", "webarena", "osworld")


BenchmarkArgument = Annotated[
    str, typer.Argument(metavar="miniwob|webarena|osworld", help="The benchmark.", show_default=False)
]
FilesArgument = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[FILE…]", help="Task files, or folders with them. MiniWoB++ needs none."),
]
TasksFlag = Annotated[
    str,
    typer.Option(
        envvar="HANDEYE_TASKS", metavar="NAME,…", help="Names or ids of tasks, separated by commas, or [b]all[/b]."
    ),
]
SeedsFlag = Annotated[
    int,
    typer.Option(min=1, max=10_000, envvar="HANDEYE_SEEDS", help="MiniWoB++: number of episodes of each task."),
]
FirstSeedFlag = Annotated[
    int, typer.Option(min=0, envvar="HANDEYE_FIRST_SEED", help="MiniWoB++: seed of the first episode.")
]
SiteFlag = Annotated[
    list[str] | None,
    typer.Option(
        "--site",
        envvar="HANDEYE_SITE",
        metavar="NAME=URL",
        help="WebArena: address of a site, such as shopping=http://… Repeat the flag for several sites.",
    ),
]
AllowExecuteFlag = Annotated[
    bool,
    typer.Option(
        "--allow-execute",
        envvar="HANDEYE_ALLOW_EXECUTE",
        help="OSWorld: let task files run commands on this machine, with your rights.",
    ),
]
SkipUnsupportedFlag = Annotated[
    bool,
    typer.Option(
        "--skip-unsupported",
        envvar="HANDEYE_SKIP_UNSUPPORTED",
        help="Leave out tasks that handeye cannot do or judge. They are listed, and count nowhere.",
    ),
]
LimitFlag = Annotated[int | None, typer.Option(min=1, envvar="HANDEYE_LIMIT", help="Only the first N tasks.")]
WorkersFlag = Annotated[
    int, typer.Option("-w", "--workers", min=1, max=64, envvar="HANDEYE_WORKERS", help="Number of processes.")
]
AtLeastFlag = Annotated[
    float | None,
    typer.Option(
        min=0, max=1, envvar="HANDEYE_AT_LEAST", help="Exit with code 1 when a smaller share of tasks succeeds."
    ),
]
ResumeFlag = Annotated[
    bool, typer.Option("--resume", envvar="HANDEYE_RESUME", help="Continue the run in the --output folder.")
]
JsonFile = Annotated[
    str | None,
    typer.Option(
        "--json", metavar="FILE|-", envvar="HANDEYE_BENCH_JSON", help="File for the result as JSON. - is stdout."
    ),
]


@with_options(
    "model",
    *ENGINE,
    "headed",
    "max_steps",
    "budget_seconds",
    defaults={"max_steps": 30, "budget_seconds": DEFAULT_SECONDS},
)
def command(
    benchmark: BenchmarkArgument,
    options: GivenOptions,
    files: FilesArgument = None,
    tasks: TasksFlag = "all",
    seeds: SeedsFlag = 1,
    first_seed: FirstSeedFlag = 0,
    site: SiteFlag = None,
    allow_execute: AllowExecuteFlag = False,
    skip_unsupported: SkipUnsupportedFlag = False,
    limit: LimitFlag = None,
    workers: WorkersFlag = 1,
    at_least: AtLeastFlag = None,
    reporter: Reporters = "",
    output: Output = OUTPUT,
    resume: ResumeFlag = False,
    json_file: JsonFile = None,
) -> None:
    """Measure the share of a benchmark's tasks that the agent completes.

    The benchmark's own checks decide. Exit code 3: a task could not be tried.

    [b]Examples[/b]: handeye bench miniwob --tasks click-button,enter-text --seeds 3 --json out.json

    handeye bench webarena tasks.json --site shopping=http://127.0.0.1:7770 --model OpenGVLab/InternVL3-8B-hf
    """
    code = 0
    model = options.values["model"]
    with report_errors(
        json_file == STDOUT, model=model, n=0, accuracy=None, by_type={}, results=[], benchmark=benchmark
    ):
        from handeye.agent.config import rules_here
        from handeye.policies.guard.guard_policy import GuardPolicy
        from handeye.scenarios.agent_benchmarks.benchmark_task import TaskLimits
        from handeye.scenarios.agent_benchmarks.tally import BenchmarkProgress, tally, to_json
        from handeye.scenarios.reporters import open_reporters
        from handeye.scenarios.runner import Settings
        from handeye.scenarios.suite_run import run_and_report

        _check_flags(benchmark, files, seeds != 1 or first_seed != 0, bool(site), allow_execute)
        names = [name for each in tasks.split(",") if (name := each.strip())]
        chosen = options.checked()
        limits = TaskLimits(chosen.max_steps, chosen.budget_seconds or DEFAULT_SECONDS)
        found = read_tasks(
            benchmark,
            files or [],
            names,
            range(first_seed, first_seed + seeds),
            limits,
            sites=site or [],
            allow_execute=allow_execute,
            skip_unsupported=skip_unsupported,
        )[:limit]
        console = note_console()
        _print_skipped(console, found)
        settings = Settings(
            output=output,
            options=chosen,
            rules=rules_here() or GuardPolicy(),
            retries=0,
        )
        reporters = open_reporters(reporter, console, output) or [BenchmarkProgress(console, output)]
        results, seconds, stopped, written = run_and_report(found, settings, workers, reporters, resume=resume)
        counted = tally(found, results)
        result = to_json(benchmark, model, found, results, counted, seconds)
        if json_file == STDOUT:
            print_json(result)
        elif json_file:
            written.append(_write(Path(json_file), result, output))
        _tell(console if json_file == STDOUT else None, counted, written)
        if stopped:
            left = len(found) - len(results)
            console.print(f"[yellow]interrupted[/]: {left} left to be tried; --resume goes on with them")
        short = at_least is not None and counted.overall.share.accuracy < at_least
        code = 130 if stopped else 1 if short else 3 if counted.errors else 0
    raise typer.Exit(code)


def _print_skipped(console: Console, tasks: Sequence[BenchmarkTask]) -> None:
    for task in tasks:
        if task.spec.skip:
            console.print(f"[yellow]left out[/] {escape(str(task.spec.skip))}", soft_wrap=True)


def read_tasks(
    benchmark: str,
    files: Sequence[Path],
    names: Sequence[str],
    seeds: Sequence[int],
    limits: TaskLimits,
    *,
    sites: Sequence[str] = (),
    allow_execute: bool = False,
    skip_unsupported: bool = False,
) -> list[BenchmarkTask]:
    """The selected tasks. Raises UsageError with the file and the key of a task that cannot be run."""
    from handeye.scenarios.agent_benchmarks import miniwob, osworld, webarena

    if benchmark == "miniwob":
        return miniwob.tasks(names, seeds, limits)
    if benchmark == "webarena":
        return webarena.tasks(files, names, limits, sites, skip_unsupported=skip_unsupported)
    return osworld.tasks(files, names, limits, allow_execute=allow_execute, skip_unsupported=skip_unsupported)


def _check_flags(benchmark: str, files: list[Path] | None, seeded: bool, sites: bool, execute: bool) -> None:
    """Raise UsageError for an unknown benchmark, and for what means nothing to this one."""
    if benchmark not in BENCHMARKS:
        raise UsageError(f"there is no benchmark {benchmark!r}; choose one of {', '.join(BENCHMARKS)}")
    if benchmark == "miniwob" and files:
        raise UsageError(f"MiniWoB++ brings its own tasks; leave out {files[0]}, and choose with --tasks")
    if benchmark != "miniwob" and not files:
        raise UsageError(f"{benchmark} needs task files; give one, such as tasks.json, or a folder of them")
    for flag, given, meant in (
        ("--seeds", seeded, "miniwob"),
        ("--site", sites, "webarena"),
        ("--allow-execute", execute, "osworld"),
    ):
        if given and benchmark != meant:
            raise UsageError(f"{flag} means nothing to {benchmark}; it is for {meant}")


def _write(path: Path, result: dict[str, Any], output: Path) -> Path:
    from handeye.tools.files import write_atomically

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(result, ensure_ascii=False, indent=1) + "\n")
    except OSError as error:
        raise SetupError(f"{path} cannot be written ({error}); the results are in {output}") from error
    return path


def _tell(console: Console | None, counted: Tally, written: list[Path]) -> None:
    """The result in a few lines and a table, on stdout unless that is taken."""
    from rich.console import Console
    from rich.table import Table

    console = console or Console(highlight=False)
    share = counted.overall.share
    low, high = share.interval
    console.print(
        f"[bold]{share.accuracy:.1%}[/] carried out: {share.correct} of {share.n}, "
        f"with 95 % certainty between {low:.1%} and {high:.1%}"
    )
    if counted.errors:
        console.print(f"[yellow]{counted.errors} could not be tried, and count as failed[/]", end=": ")
        console.print(f"the first since {counted.trouble}", soft_wrap=True, markup=False)
    if counted.skipped:
        console.print(f"[yellow]{counted.skipped} were left out, and count nowhere[/]")
    rewarded = counted.overall.reward is not None
    table = Table(box=None, padding=(0, 2, 0, 2), header_style="dim")
    for title in ("", "carried out", "", *(["reward"] if rewarded else []), "steps", "seconds"):
        table.add_column(title, justify="left" if not table.columns else "right")
    for row in (*counted.groups, *([counted.overall] if len(counted.groups) > 1 else [])):
        reward = [f"{row.reward or 0:.2f}"] if rewarded else []
        cells = [f"{row.share.accuracy:.1%}", f"{row.share.correct} of {row.share.n}"]
        table.add_row(row.name, *cells, *reward, f"{row.steps:.1f}", f"{row.seconds:.1f}")
    console.print(table)
    for path in written:
        console.print(f"  {path}", soft_wrap=True, markup=False)
