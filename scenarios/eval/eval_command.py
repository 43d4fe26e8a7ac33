"""`handeye eval`: measures how often a model finds the described element."""

from __future__ import annotations

import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from handeye.agent.cli.console import note_console, print_json, report_errors
from handeye.agent.cli.flags import STDOUT, GivenOptions, NoCache, with_options
from handeye.agent.options import ENGINE
from handeye.tools.errors import SetupError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from handeye.scenarios.eval.evaluation import Evaluation
    from handeye.scenarios.eval.measurements import MeasurementsFile
    from handeye.scenarios.eval.score import Measurement, Score


@with_options("model", "samples", *ENGINE, defaults={"samples": 1})
def command(
    dataset: Annotated[
        Path, typer.Argument(metavar="DATASET", help="A data set's file or folder.", show_default=False)
    ],
    options: GivenOptions,
    format: Annotated[  # noqa: A002 - the flag's name
        str,
        typer.Option(
            envvar="HANDEYE_FORMAT",
            metavar="auto|jsonl|screenspot|screenspot-v2|screenspot-pro|osworld-g|suite",
            help="Format of the data set. [b]auto[/b] recognizes it by the names of the files.",
        ),
    ] = "auto",
    limit: Annotated[
        int | None, typer.Option(min=1, envvar="HANDEYE_LIMIT", help="Only the first N questions.")
    ] = None,
    workers: Annotated[
        int,
        typer.Option(min=1, max=64, envvar="HANDEYE_WORKERS", help="Number of questions sent to the model at a time."),
    ] = 1,
    json_file: Annotated[
        str | None,
        typer.Option(
            "--json", metavar="FILE|-", envvar="HANDEYE_EVAL_JSON", help="File for the result as JSON. - is stdout."
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            envvar="HANDEYE_HTML",
            help="Write a report with a picture of each wrong answer into this folder.",
        ),
    ] = None,
    fresh: Annotated[
        bool,
        typer.Option("--fresh", envvar="HANDEYE_FRESH", help="Start again. Earlier results are set aside."),
    ] = False,
    no_cache: NoCache = False,
) -> None:
    """Measure how often a model locates the right element on labelled screenshots.

    Results are written as they arrive. After an interruption the same command continues.

    [b]Example[/b]: handeye eval ScreenSpot-v2/ --model OpenGVLab/InternVL3-8B-hf --json out.json --html out/
    """
    model = options.values["model"]
    shape = {"model": model, "n": 0, "accuracy": None, "by_type": {}, "results": []}
    with report_errors(json_file == STDOUT, **shape):
        from handeye.scenarios.eval.evaluation import Evaluation
        from handeye.scenarios.suite.ground import read_dataset

        chosen = options.checked()
        console = note_console()
        with console.status(f"reading {dataset}"):
            found = read_dataset(dataset, format)
        for note in found.notes:
            _note(console, note)
        items = found.items[:limit] if limit else found.items
        session = Evaluation(found, items, model, chosen.options, chosen.samples, workers, not no_cache)
        if workers > 1 and not (session.in_process or model.startswith(("http://", "https://"))):
            raise UsageError(
                f"--workers {workers} needs a checkpoint, or a server at an address (http://…, as `handeye serve` "
                f"prints it); {model} answers one question at a time"
            )
        with closing(session):
            _work(session, console, json_file, html, fresh)


def _work(session: Evaluation, console: Console, json_file: str | None, html: Path | None, fresh: bool) -> None:
    from handeye.scenarios.eval.evaluation import counted, to_json
    from handeye.tools.files import write_atomically

    target = Path(json_file) if json_file and json_file != STDOUT else None
    ledger = _ledger(session, console, target, html, fresh)
    began = time.monotonic()
    with _ledger_closed(ledger, len(session.items), console), _progress(console, session, ledger) as listen:
        results = session.measure(ledger, listen)
    score = counted(session, results)
    result = to_json(session, results, score, session.opened[0].name)
    if target:
        try:
            write_atomically(target, _dumped(result))
        except OSError as error:
            raise SetupError(f"{target} cannot be written ({error}); the results are in {ledger.path}") from error
    page = _report(session, results, score, html, time.monotonic() - began) if html else None
    if json_file == STDOUT:
        print_json(result)
    _tell(console if json_file == STDOUT else None, score, [path for path in (target, page) if path])


def _ledger(
    session: Evaluation, console: Console, target: Path | None, html: Path | None, fresh: bool
) -> MeasurementsFile:
    """Return the file of results, with the earlier ones of the same evaluation."""
    from handeye.scenarios.eval.measurements import MeasurementsFile, set_aside

    path = target.with_name(f"{target.stem}.items.jsonl") if target else html / "items.jsonl" if html else None
    with console.status(f"opening {session.model}"):
        settings = session.settings()
    # A script gives its answers in order, for any question: a second run cannot continue it.
    ledger = MeasurementsFile.open(path, settings, fresh=fresh or session.model.startswith("scripted:"))
    notes = [*ledger.notes, *session.opened[0].notes]
    if target and target.exists() and not ledger.done:
        notes.append(f"{target} was set aside as {set_aside(target)}")
    if measured := sum(number < len(session.items) for number in ledger.done):
        notes.append(f"{measured} of {len(session.items)} results are taken from {path}; --fresh asks anew")
    for note in notes:
        _note(console, note)
    return ledger


@contextmanager
def _ledger_closed(ledger: MeasurementsFile, total: int, console: Console) -> Iterator[None]:
    """Report where the results are when the evaluation is stopped."""
    try:
        yield
    except BaseException:
        if ledger.path and ledger.done:
            done = f"{len(ledger.done)} of {total} results are in {ledger.path}; the same command continues"
            _note(console, done)
        raise


@contextmanager
def _progress(
    console: Console, session: Evaluation, ledger: MeasurementsFile
) -> Iterator[Callable[[Measurement], None]]:
    """Show a line with the current share and the remaining time, if stderr is a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        MofNCompleteColumn(),
        BarColumn(),
        TextColumn("{task.fields[share]}"),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=console,
        disable=not console.is_terminal,
        transient=True,
        speed_estimate_period=600,
    )
    before = [result for number, result in ledger.done.items() if number < len(session.items)]
    right, done = sum(result.correct for result in before), len(before)
    with bar:
        task = bar.add_task("", total=len(session.items), completed=done, share="")

        def listen(result: Measurement) -> None:
            nonlocal right, done
            right, done = right + result.correct, done + 1
            bar.update(task, completed=done, share=f"{100 * right / done:.1f} % found")

        yield listen


def _report(session: Evaluation, results: list[Measurement], score: Score, html: Path, seconds: float) -> Path:
    from importlib.metadata import version

    from handeye.scenarios.eval.report import write_report

    spent = sum(result.seconds for result in results)
    facts = [
        ("data set", session.dataset.path),
        ("format", session.dataset.format),
        ("model", session.model),
        ("perception", session.opened[0].name),
        ("answers a question", session.samples),
        ("seconds a question", f"{spent / len(results):.2f}"),
        ("this time", f"{seconds:.0f} s"),
        ("handeye", version("handeye")),
    ]
    return write_report(html, session.items, results, score, facts)


def _tell(console: Console | None, score: Score, written: list[Path]) -> None:
    """Print the result in a few lines, on stdout unless the JSON is written there."""
    from rich.console import Console
    from rich.table import Table

    console = console or Console(highlight=False)
    low, high = score.overall.interval
    console.print(
        f"[bold]{score.overall.accuracy:.1%}[/] found: {score.overall.correct} of {score.overall.n}, "
        f"with 95 % certainty between {low:.1%} and {high:.1%}"
    )
    if score.errors:
        console.print(f"[yellow]{score.errors} questions got no answer, and count as wrong[/]")
    rows = [*score.by_type.items()]
    rows += [(f"{group} {kind}", share) for group, shares in score.table.items() for kind, share in shares.items()]
    rows += [
        (f"{field} {value}", part.whole) for field, parts in score.by_field.items() for value, part in parts.items()
    ]
    table = Table(box=None, padding=(0, 2, 0, 2), show_header=False)
    for name, share in rows:
        table.add_row(name, f"{share.accuracy:.1%}", f"{share.correct} of {share.n}")
    if rows:
        console.print(table)
    for path in written:
        console.print(f"  {path}", soft_wrap=True, markup=False)


def _note(console: Console, text: str) -> None:
    from rich.markup import escape

    console.print(f"[yellow]note[/] {escape(text)}", soft_wrap=True)


def _dumped(result: dict[str, Any]) -> str:
    import json

    return json.dumps(result, ensure_ascii=False, indent=1) + "\n"
