"""`handeye test`: runs suites and reports the results."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from handeye.agent.cli.console import INTERRUPTED, note_console, print_json, report_errors
from handeye.agent.cli.flags import GivenOptions, Json, NoModel, Output, Reporters, with_options
from handeye.agent.options import ENGINE
from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handeye.scenarios.distributed import ClusterPool
    from handeye.scenarios.suite_run import SuiteRun

#: The default of `--output`.
OUTPUT = Path("test-results")
#: In the place of a number of workers: as many as a cluster has cores.
EVERY_CORE = 0


PathsArgument = Annotated[
    list[Path], typer.Argument(metavar="PATH…", help="Suites, or folders with suites.", show_default=False)
]
GrepFlag = Annotated[
    str,
    typer.Option("-g", "--grep", envvar="HANDEYE_GREP", metavar="PATTERN", help="Only scenarios whose name matches."),
]
TagsFlag = Annotated[
    list[str] | None,
    typer.Option("--tag", envvar="HANDEYE_TAG", metavar="TAG", help="Only scenarios with one of these tags."),
]
WorkersFlag = Annotated[
    int | None,
    typer.Option(
        "-w",
        "--workers",
        min=1,
        max=1024,
        envvar="HANDEYE_WORKERS",
        help="Number of processes.",
        show_default="1; with --ray the number of its cores",
    ),
]
RayFlag = Annotated[
    str,
    typer.Option(
        envvar="HANDEYE_RAY",
        metavar="ADDRESS|local",
        help="Run on the machines of a Ray cluster, such as 10.0.0.5:6379. [b]local[/b] starts one here.",
        show_default=False,
    ),
]
RetriesFlag = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=20,
        envvar="HANDEYE_RETRIES",
        help="Further attempts after a failure.",
        show_default="as the suite says",
    ),
]
RepeatEachFlag = Annotated[
    int, typer.Option(min=1, max=1000, envvar="HANDEYE_REPEAT_EACH", help="Number of runs of each scenario.")
]
ShardFlag = Annotated[
    str,
    typer.Option(envvar="HANDEYE_SHARD", metavar="N/M", help="Only part N of M, to share work among M machines."),
]
LastFailedFlag = Annotated[
    bool,
    typer.Option("--last-failed", envvar="HANDEYE_LAST_FAILED", help="Only scenarios that failed the last time."),
]
MaxFailuresFlag = Annotated[
    int,
    typer.Option(min=0, envvar="HANDEYE_MAX_FAILURES", help="Stop after this number of failures. 0: never."),
]
ResumeFlag = Annotated[
    bool,
    typer.Option(
        "--resume",
        envvar="HANDEYE_RESUME",
        help="Continue the run in the --output folder: keep its results and run the remaining scenarios.",
    ),
]
ForbidOnlyFlag = Annotated[
    bool,
    typer.Option("--forbid-only", envvar="HANDEYE_FORBID_ONLY", help="Refuse suites with `only`. Use it in CI."),
]
ListingFlag = Annotated[
    bool, typer.Option("--list", envvar="HANDEYE_LIST", help="List the scenarios without running them.")
]
TraceFlag = Annotated[
    str,
    typer.Option(
        envvar="HANDEYE_TRACE",
        metavar="on|retain-on-failure|off",
        help="What to keep: every run, runs of attempts that did not pass, or no pictures.",
    ),
]
UpdateAnchorsFlag = Annotated[
    bool,
    typer.Option(
        "--update-anchors",
        envvar="HANDEYE_UPDATE_ANCHORS",
        help="Store new anchors for steps that were done in another way than recorded.",
    ),
]
UpdatePicturesFlag = Annotated[
    bool,
    typer.Option(
        "--update-pictures",
        envvar="HANDEYE_UPDATE_PICTURES",
        help="Write the reference pictures of checks where they differ or are missing.",
    ),
]
AnchorsFlag = Annotated[
    bool,
    typer.Option(envvar="HANDEYE_ANCHORS", help="Repeat scenarios that passed before by their recorded anchors."),
]


@with_options("model", *ENGINE, "headed", "secrets")
def command(
    paths: PathsArgument,
    options: GivenOptions,
    grep: GrepFlag = "",
    tags: TagsFlag = None,
    workers: WorkersFlag = None,
    ray: RayFlag = "",
    retries: RetriesFlag = None,
    repeat_each: RepeatEachFlag = 1,
    shard: ShardFlag = "",
    last_failed: LastFailedFlag = False,
    max_failures: MaxFailuresFlag = 0,
    resume: ResumeFlag = False,
    forbid_only: ForbidOnlyFlag = False,
    reporter: Reporters = "list",
    output: Output = OUTPUT,
    listing: ListingFlag = False,
    trace: TraceFlag = "on",
    update_anchors: UpdateAnchorsFlag = False,
    update_pictures: UpdatePicturesFlag = False,
    no_model: NoModel = False,
    anchors: AnchorsFlag = True,
    as_json: Json = False,
) -> None:
    """Run scenarios in plain English, and check their results.

    Exit code 1: a scenario failed. 3: a scenario could not be run.

    [b]Example[/b]: handeye test tests/shop.yaml --reporter list,junit --output out/

    handeye test tests/ -w 4 --output out/ --resume
    """
    code = 0
    with report_errors(as_json, counts={}, seconds=0.0, results=[]):
        from handeye.agent.config import rules_here
        from handeye.policies.guard.guard_policy import GuardPolicy
        from handeye.scenarios.loading import find_files, load_scenarios
        from handeye.scenarios.reporters import open_reporters
        from handeye.scenarios.retention import parse_retention
        from handeye.scenarios.runner import Settings
        from handeye.scenarios.suite_run import run_and_report, select_scenarios, select_shard

        run_options = options.checked()
        console = note_console()
        scenarios = [
            scenario for path in find_files(paths) for scenario in load_scenarios(path, pictures=not update_pictures)
        ]
        scenarios = select_scenarios(
            scenarios, grep, tags or [], forbid_only, output if last_failed else None, resume=resume
        )
        scenarios = select_shard(scenarios * repeat_each, shard)
        if not scenarios:
            raise UsageError("no scenario is left to be run; loosen -g, --tag, --last-failed or --shard")
        if listing:
            for scenario in scenarios:
                typer.echo(f"{scenario.file}:{scenario.spec.line}  {scenario.name}")
            return
        secrets = str(Path(run_options.secrets).resolve()) if run_options.secrets else ""
        settings = Settings(
            output=output,
            options=run_options.model_copy(update={"secrets": secrets}),
            rules=rules_here() or GuardPolicy(),
            retries=retries,
            anchors=check_anchor_flags(anchors, update_anchors, no_model),
            update_anchors=update_anchors,
            update_pictures=update_pictures,
            trace=parse_retention(trace),
            no_model=no_model,
        )
        reporters = open_reporters(reporter, console, output)
        with open_cluster(ray, run_options.model, workers) as work:
            count = workers or (1 if work is None else EVERY_CORE)
            done = run_and_report(scenarios, settings, count, reporters, max_failures, resume=resume, work=work)
        code = _print_suite_run(done, len(scenarios), as_json)
    raise typer.Exit(code)


def _print_suite_run(done: SuiteRun, planned: int, as_json: bool) -> int:
    """Print the files that were written, and the results as JSON if wanted. Returns the exit code."""
    from handeye.scenarios.results import exit_code, results_json

    console = note_console()
    for path in done.written:
        console.print(f"  {path}", soft_wrap=True, markup=False)
    if as_json:
        print_json(results_json(done.results, done.seconds))
    if not done.stopped:
        return exit_code(done.results)
    left = planned - len(done.results)
    console.print(f"[yellow]interrupted[/]: {left} scenarios are left; continue with --resume")
    return INTERRUPTED


@contextmanager
def open_cluster(ray: str, model: str, workers: int | None) -> Iterator[ClusterPool | None]:
    """Who runs scenarios on the cluster that `--ray` names; None where it names none."""
    if not ray:
        yield None
        return
    from handeye.scenarios.distributed import ClusterPool, connect

    with connect(ray, model, workers) as cluster:
        yield ClusterPool(cluster)


def check_anchor_flags(anchors: bool, update: bool, no_model: bool) -> bool:
    """Whether anchors are used. Raises UsageError where other flags need them."""
    for flag, given in (("--update-anchors", update), ("--no-model", no_model)):
        if given and not anchors:
            raise UsageError(f"{flag} needs the anchors that --no-anchors leaves alone; leave out one of the two")
    return anchors
