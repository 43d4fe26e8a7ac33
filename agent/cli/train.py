"""`handeye train`: train a small InternVL to locate elements on screens, or tune an InternVL checkpoint on runs."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from handeye.agent.cli.console import note_console, print_json, report_errors
from handeye.agent.cli.flags import GivenOptions, Json, with_options
from handeye.tools.errors import SetupError, UsageError
from handeye.tools.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from handeye.perception.training.pointing_score import PointingScore
    from handeye.perception.training.trainer import News, Trainer, TrainingPlan

_LAST = 8
#: The preset of the icon encoder, and the file that it writes.
_ICONS, ICONS_FILE = "icons", "icons.npz"
#: Steps of a tuning where none are given.
_TUNED = 200


PresetFlag = Annotated[
    str,
    typer.Option(
        envvar="HANDEYE_PRESET", metavar="tiny-cpu|pocket|icons", help="Size of the model and of its training."
    ),
]
OutFlag = Annotated[
    Path,
    typer.Option(envvar="HANDEYE_OUT", help="Folder of the checkpoint. A training that was stopped continues there."),
]
MinutesFlag = Annotated[
    float, typer.Option(envvar="HANDEYE_MINUTES", help="Duration of the training, without the evaluations.")
]
StepsFlag = Annotated[int, typer.Option(min=0, envvar="HANDEYE_STEPS", help="Number of steps, instead of minutes.")]
SeedFlag = Annotated[
    int, typer.Option(envvar="HANDEYE_SEED", help="Seed of the initial weights and of the drawn screens.")
]
AccumulateFlag = Annotated[
    int,
    typer.Option(
        min=1, envvar="HANDEYE_ACCUMULATE", help="Number of batches whose gradients are accumulated in one step."
    ),
]
ThreadsFlag = Annotated[
    int, typer.Option(min=0, envvar="HANDEYE_THREADS", help="Number of threads of torch. 0: its default.")
]
WorkersFlag = Annotated[
    int,
    typer.Option(
        min=0, envvar="HANDEYE_WORKERS", help="Number of processes that draw screens. 0: a thread draws them."
    ),
]
Bf16Flag = Annotated[
    bool | None, typer.Option(envvar="HANDEYE_BF16", help="Compute in bfloat16. Default: on a GPU that supports it.")
]
CompileFlag = Annotated[
    bool,
    typer.Option("--compile", envvar="HANDEYE_COMPILE", help="Use torch.compile: a slow start, then faster steps."),
]
EveryFlag = Annotated[
    int,
    typer.Option(
        min=1, envvar="HANDEYE_EVERY", help="Number of steps between two saved states, each with an evaluation."
    ),
]
ScreensFlag = Annotated[
    int, typer.Option(min=2, envvar="HANDEYE_SCREENS", help="Number of held-out screens per level in an evaluation.")
]
ShardsFlag = Annotated[
    Path | None,
    typer.Option(envvar="HANDEYE_SHARDS", metavar="DIR", help="Take half of the larger screens from these shards."),
]
WriteShardsFlag = Annotated[
    Path | None,
    typer.Option(
        envvar="HANDEYE_WRITE_SHARDS", metavar="DIR", help="Do not train: write shards of pages rendered by Chromium."
    ),
]
CountFlag = Annotated[int, typer.Option(min=1, envvar="HANDEYE_COUNT", help="Number of samples to write.")]
EvaluateFlag = Annotated[
    Path | None,
    typer.Option(envvar="HANDEYE_EVALUATE", metavar="DIR", help="Do not train: evaluate the model in this folder."),
]
SuiteFlag = Annotated[
    Path | None,
    typer.Option(envvar="HANDEYE_SUITE", metavar="FILE.jsonl", help="With --evaluate: also evaluate on this data set."),
]
BaseFlag = Annotated[
    str,
    typer.Option(
        envvar="HANDEYE_BASE", metavar="HF-ID|DIR", help="Tune this InternVL checkpoint instead of training a preset."
    ),
]
DataFlag = Annotated[
    Path | None,
    typer.Option(
        envvar="HANDEYE_DATA", metavar="DIR", help="Folder of runs to tune on. Default: screens that handeye draws."
    ),
]
StageFlag = Annotated[
    str,
    typer.Option(
        envvar="HANDEYE_STAGE",
        metavar="sft|mpo|critic",
        help="What is tuned: answers, preferences, or scores of a critic.",
    ),
]
RankFlag = Annotated[
    int, typer.Option(min=0, envvar="HANDEYE_RANK", help="Rank of LoRA. 0 tunes the whole language model.")
]
RateFlag = Annotated[float, typer.Option(envvar="HANDEYE_RATE", help="Learning rate of tuning.")]
#: Former name of --max-tiles.
TilesFlag = Annotated[int | None, typer.Option(min=1, max=40, envvar="HANDEYE_TILES", hidden=True)]


@with_options("max_tiles", defaults={"max_tiles": 6})
def train(
    options: GivenOptions,
    preset: PresetFlag = "tiny-cpu",
    out: OutFlag = Path("pocket"),
    minutes: MinutesFlag = 15.0,
    steps: StepsFlag = 0,
    seed: SeedFlag = 0,
    accumulate: AccumulateFlag = 1,
    threads: ThreadsFlag = 0,
    workers: WorkersFlag = 0,
    bf16: Bf16Flag = None,
    compile_: CompileFlag = False,
    every: EveryFlag = 100,
    screens: ScreensFlag = 100,
    shards: ShardsFlag = None,
    write_shards: WriteShardsFlag = None,
    count: CountFlag = 1000,
    evaluate: EvaluateFlag = None,
    suite: SuiteFlag = None,
    base: BaseFlag = "",
    data: DataFlag = None,
    stage: StageFlag = "sft",
    rank: RankFlag = 16,
    rate: RateFlag = 1e-4,
    tiles: TilesFlag = None,
    as_json: Json = False,
) -> None:
    """Train a small InternVL to locate what a phrase means, on screens that handeye draws.

    With [b]--preset icons[/b] the icon encoder of the package is trained on open icon sets from npm.

    Held-out screens are evaluated before the first step and after the last. Each score has a control: the same
    questions about other pictures. A training that was stopped continues exactly from its last state: repeat the
    command. Needs handeye\\[transformers].

    With [b]--base[/b] an InternVL checkpoint is tuned on runs instead: on correct answers (sft), on correct against
    wrong answers (mpo), or as the critic of [b]--best-of[/b] (critic). Needs handeye\\[train].

    [b]Examples[/b]: handeye train --preset tiny-cpu --minutes 15 --out tiny

    handeye train --write-shards pages --count 2000

    handeye train --preset pocket --shards pages --minutes 60 --out mine

    handeye train --preset icons --minutes 55 --out icons

    handeye train --evaluate tiny --suite screens.jsonl

    handeye train --base OpenGVLab/InternVL3-2B-hf --data runs --stage sft --out mine
    """
    with report_errors(as_json):
        _import_transformers()
        if write_shards:
            _write(write_shards, count, seed)
            return
        if preset == _ICONS or (evaluate and (evaluate / ICONS_FILE).is_file()):
            _icons(evaluate or out, not evaluate, minutes, steps, seed, threads, as_json)
            return
        if evaluate:
            _evaluate(evaluate, screens, suite, as_json)
            return
        if base:
            given = {"data": data, "examples": 2 * accumulate, "rate": rate, "rank": rank, "seed": seed, "every": every}
            settings = given | {"steps": steps or _TUNED, "tiles": _max_tiles(options, tiles)}
            _tune(base, out, stage, settings, as_json)
            return
        if suite:
            raise UsageError("--suite is only for an evaluation; name the model with --evaluate DIR")
        if data:
            raise UsageError("--data is only for tuning; name the checkpoint with --base")
        from handeye.perception.training.trainer import Trainer, TrainingPlan

        plan = TrainingPlan(
            out, preset, minutes, steps, seed, accumulate, threads, workers, bf16, compile_, every, screens, shards
        )
        _train(Trainer(plan), plan, as_json)


def _max_tiles(options: GivenOptions, tiles: int | None) -> int:
    """The value of --max-tiles, or of its former name --tiles with a note."""
    if tiles:
        note_console().print("note: --tiles is called --max-tiles now; --tiles works until 0.3", markup=False)
    return tiles or options.checked().options.max_tiles


def _import_transformers() -> None:
    """Turn off progress bars of transformers. Raises SetupError if it or torch is not installed."""
    try:
        import torch  # noqa: F401
        import transformers
    except ImportError as error:
        raise SetupError("training needs torch and transformers; pip install 'handeye[transformers]'") from error
    transformers.utils.logging.disable_progress_bar()


def _train(trainer: Trainer, plan: TrainingPlan, as_json: bool) -> None:
    from rich.live import Live

    console = note_console()
    where = f"on {trainer.device.type}{' in bfloat16' if trainer.bf16 else ''}"
    console.print(
        f"{plan.preset}: {trainer.pocket.count():,} parameters to train, {where}, into {plan.out}", markup=False
    )
    if trainer.resumed:
        console.print(f"continuing after step {trainer.state.step}")
    rows: list[News] = []
    with Live(console=console, auto_refresh=False, transient=False) as live:

        def update(news: News) -> None:
            if rows and not rows[-1].scores:
                rows.pop()
            rows.append(news)
            if console.is_terminal or news.scores:
                live.update(_table(rows[-_LAST:]), refresh=console.is_terminal)

        before, after = trainer.run(update)
    if as_json:
        print_json({"out": str(plan.out), "steps": trainer.state.step, "seconds": round(trainer.state.seconds, 1),
                    "before": _score_json(before), "after": _score_json(after)})  # fmt: skip
        return
    typer.echo(f"{trainer.state.step} steps in {trainer.state.seconds:.0f} s; the model is in {plan.out}")
    typer.echo("held-out screens, points in the right box (in brackets: the same questions about other pictures)")
    for first, last in zip(before, after, strict=True):
        typer.echo(
            f"  level {last.level}: before {first.right:.1%} (other pictures {first.shuffled:.1%}), "
            f"after {last.right:.1%} (other pictures {last.shuffled:.1%}): {100 * last.gain:+.1f} points above them"
        )


def _icons(folder: Path, learn: bool, minutes: float, steps: int, seed: int, threads: int, as_json: bool) -> None:
    """Train the icon encoder into a folder, or only measure it, and print its figures on sets that it never saw."""
    from handeye.perception.training.icon_model import IconTraining

    training = IconTraining(folder, minutes, steps, seed, threads)
    console = note_console()
    error = None
    if learn:
        error = training.run(lambda text: console.print(text, markup=False, highlight=False))
    scores = training.score()
    if as_json:
        print_json(
            {"out": str(training.model), "calibration_error": error, "scores": [asdict(each) for each in scores]}
        )
        return
    typer.echo(f"the named icon out of {training.choices} of one set, on sets that it never saw; inferred names")
    for each in scores:
        typer.echo(
            f"  {each.of}: {each.right:.1%} of {each.questions} (words alone {each.words_alone:.1%}, known icons alone "
            f"{each.known_alone:.1%}); names {each.names:.1%}"
        )
    typer.echo(f"the model is {training.model}")


def _write(folder: Path, count: int, seed: int) -> None:
    from rich.progress import Progress

    from handeye.perception.training.data.pages import write_pages

    with Progress(console=note_console(), transient=True) as progress:
        task = progress.add_task("pages", total=count)
        written = write_pages(folder, count, seed, lambda number: progress.update(task, completed=number))
    size = sum(each.bytes for each in written)
    typer.echo(f"{count} samples in {len(written)} shards, {size / 1e6:.0f} MB, in {folder}")


def _tune(base: str, out: Path, stage: str, settings: dict[str, Any], as_json: bool) -> None:
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from handeye.perception.training.examples import STAGES
    from handeye.perception.training.tuning import Tuner, Tuning

    known = next((each for each in STAGES if each == stage), None)
    if known is None:
        raise UsageError(f"--stage must be one of {', '.join(STAGES)}, got {stage!r}")
    tuner = Tuner(Tuning(base, out, known, **settings))
    console = note_console()
    parameters = sum(each.numel() for each in tuner.learned.values())
    console.print(f"{stage}: {parameters:,} parameters of {base}, {len(tuner.examples)} examples", markup=False)
    if tuner.resumed:
        console.print(f"continuing after step {tuner.step}")
    columns = (TextColumn("{task.completed}/{task.total}"), BarColumn(), TextColumn("{task.fields[losses]}"))
    first: dict[str, float] = {}
    last: dict[str, float] = {}
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress:
        task = progress.add_task("tuning", total=settings["steps"], completed=tuner.step, losses="")

        def update(step: int, losses: dict[str, float]) -> None:
            first.update({name: each for name, each in losses.items() if name not in first})
            last.update(losses)
            text = ", ".join(f"{name} {each:.3f}" for name, each in losses.items())
            progress.update(task, completed=step, losses=text)

        tuner.run(update)
    if as_json:
        print_json({"out": str(out), "stage": stage, "steps": tuner.step, "first": first, "last": last})
        return
    losses = ", ".join(f"{name} {first[name]:.3f} to {last[name]:.3f}" for name in last)
    typer.echo(f"{tuner.step} steps: {losses or 'no step was left'}; the checkpoint is in {out}")


def _evaluate(folder: Path, screens: int, suite: Path | None, as_json: bool) -> None:
    """Evaluate a model; print the scores and write fusion, scores and card into its folder."""
    from handeye.perception.pocket_inference import PhraseReading
    from handeye.perception.training.checkpoint_card import EVALUATION, write_card
    from handeye.perception.training.fusion import CHOOSE, REPORT, WAYS, choose, compare, data_set
    from handeye.perception.training.fusion import screens as drawn_screens
    from handeye.perception.training.pocket import load
    from handeye.perception.training.pointing_score import held_out

    pocket, reading = load(folder), PhraseReading(folder)
    levels = pocket.sizes.drawn
    scores = [held_out(pocket, level, screens) for level in levels]
    few = max(2, screens // 3)  # fewer screens would fit the fusion to chance
    console = note_console()
    with console.status("evaluating on whole screens"):
        chosen = choose([compare(reading, f"level {n}", drawn_screens(n, few, CHOOSE)) for n in levels])
        whole = [compare(reading, f"level {n}", drawn_screens(n, few, REPORT)) for n in levels]
        if suite:
            whole.append(compare(reading, suite.stem, data_set(suite, screens)))
    evaluation: dict[str, Any] = {
        "fusion": {"enough": chosen.enough, "sure": chosen.sure, "icons": chosen.icons},
        "whole": [each.to_json(chosen) for each in whole],
    }
    chosen.write(folder)
    (folder / "training").mkdir(exist_ok=True)
    write_atomically(folder / "training" / EVALUATION, json.dumps(evaluation, indent=1) + "\n")
    card = write_card(folder)
    if as_json:
        print_json({"model": str(folder), "scores": _score_json(scores), "card": str(card), **evaluation})
        return
    typer.echo("tiles of held-out screens: elements without text, points in the right box")
    for score in scores:
        typer.echo(
            f"  level {score.level}: {score.right:.1%} of {score.questions} (other pictures {score.shuffled:.1%})"
        )
        for name, (right, count) in score.parts.items():
            typer.echo(f"    {name}: {right:.1%} of {count}")
    typer.echo(
        "whole screens: text alone, the model alone, and both. Chosen on other screens: the model is used for "
        f"icons where the confidence of text is below {chosen.enough:g} ({chosen.icons:g} for phrases with “icon”), "
        f"and its answer is used from a confidence of {chosen.sure:g}"
    )
    for each in evaluation["whole"]:
        for group, shares in each["groups"].items():
            accuracies = ", ".join(f"{way} {shares[way]:.1%}" for way in WAYS)
            typer.echo(f"  {each['on']}, {group}: {accuracies} of {shares['n']}")
        typer.echo(f"  {each['on']}: the model took {each['seconds']:.2f} s a screen")
    typer.echo(f"the card is {card}")


def _score_json(scores: Sequence[PointingScore]) -> list[dict[str, Any]]:
    """The scores as JSON objects."""
    return [asdict(score) for score in scores]


def _table(rows: Sequence[News]) -> Table:
    from rich.table import Table

    table = Table("step", "of", "minutes", box=None, header_style="bold", padding=(0, 2, 0, 0))
    names = list(dict.fromkeys(name for row in rows for name in row.losses if name != "all"))
    for name in names:
        table.add_column(name, justify="right")
    table.add_column("held out (other pictures)")
    for row in rows:
        scores = "  ".join(f"{score.level}: {score.right:.0%} ({score.shuffled:.0%})" for score in row.scores)
        losses = (f"{row.losses[name]:.3f}" if name in row.losses else "" for name in names)
        planned = str(row.planned) if row.planned else "?"
        table.add_row(str(row.step), planned, f"{row.seconds / 60:.1f}", *losses, scores)
    return table
