"""`handeye run`, `resume`, `replay` and `report`: the commands about runs."""

from __future__ import annotations

import select
import sys
from contextlib import ExitStack, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer
from rich.markup import escape

from handeye.agent.cli.console import note_console, print_json, report_errors
from handeye.agent.cli.flags import GivenOptions, Json, NoModel, RunDir, RunName, with_options
from handeye.agent.config import rules_of
from handeye.agent.options import OPTIONS, Approve
from handeye.tools.errors import HandeyeError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import Image
    from rich.console import Console

    from handeye.agent.live import LiveView
    from handeye.agent.run_folder import RunConfig, RunResult
    from handeye.policies.decision import Policy
    from handeye.policies.guard.guard_policy import GuardPolicy
    from handeye.policies.replay.anchors import RunAnchors

#: The JSON of a run that did not begin.
NO_RESULT: dict[str, Any] = {
    "status": None,
    "steps": 0,
    "run": None,
    "report": None,
    "answer": "",
    "reason": "",
    "seconds": 0.0,
    "model_calls": 0,
    "tokens": 0,
}

EXIT_CODES_HELP = (
    "Exit codes: 0 succeeded, 1 failed, 2 wrong usage, 3 model or infrastructure, 4 stuck, refused or waiting for a "
    "person, 5 out of budget, 130 interrupted."
)


@with_options(*OPTIONS)
def run(
    goal: Annotated[str, typer.Argument(help="What to do, in plain English.", metavar="GOAL", show_default=False)],
    options: GivenOptions,
    run_dir: RunDir = None,
    as_json: Json = False,
) -> None:
    """Carry out a goal, and verify every step.

    [b]Example[/b]: handeye run 'search for "lamp" and open the second result' --on http://localhost:8000

    handeye run 'type "hello" and save as notes.txt' --on app:mousepad --headed
    """
    with report_errors(as_json, **NO_RESULT):
        from handeye.agent.run_folder import RunConfig
        from handeye.policies.guard.guard_policy import GuardPolicy

        if not goal.strip():
            raise UsageError("the goal is empty; say what to do, such as: handeye run 'click \"Save\"' --on URL")
        chosen = options.checked()
        config = RunConfig.from_options(chosen, goal, rules_of(chosen.guard) or GuardPolicy())
        result = carry_out(config, run_dir=run_dir)
    print_result(result, as_json)


@with_options("max_steps", "budget_seconds", "approve", "allow_domains", "guard", changes="as the run has it")
def resume(
    options: GivenOptions,
    name: RunName = "latest",
    answer: Annotated[
        str | None,
        typer.Option(
            envvar="HANDEYE_ANSWER",
            help="Answer to the question that the run waits for: [b]yes[/b], [b]always[/b], [b]always: WORD[/b], "
            "[b]no: REASON[/b], [b]edit: WORDS[/b] or [b]edit: {…}[/b], [b]done by hand[/b], or the text it asks for.",
        ),
    ] = None,
    question: Annotated[
        str,
        typer.Option(metavar="ID", help="Id of the question to answer. The answer is used for no other question."),
    ] = "",
    as_json: Json = False,
) -> None:
    """Continue a run that stopped or waits for an answer.

    No action is done twice. Limits count what was done and used before.

    [b]Example[/b]: handeye resume latest --answer yes

    handeye resume latest --max-steps 100
    """
    with report_errors(as_json, **NO_RESULT):
        from handeye.agent.run_folder import RunFolder, find_run

        path = find_run(name)
        config = RunFolder(path).config
        changes = options.changes()
        guard, domains = changes.pop("guard", ""), changes.pop("allow_domains", ())
        if not options.typed("approve") and not _is_stricter(changes.get("approve", "never"), config.approve):
            changes.pop("approve", None)
        if options.typed("allow_domains"):
            changes["allow_domains"] = (*config.allow_domains, *domains)
        changes["rules"] = _rules_now(config.rules, guard, widen=options.typed("guard"))
        result = carry_out(config.model_copy(update=changes), resumed=path, answer=answer, question=question)
    print_result(result, as_json)


def _is_stricter(one: str, other: str) -> bool:
    """Whether `--approve one` asks about more actions than `--approve other`."""
    order = get_args(Approve)
    return order.index(one) > order.index(other)


def _rules_now(stored: GuardPolicy, guard: str, *, widen: bool) -> GuardPolicy:
    """The rules of a resumed run: the stored ones tightened by today's; with `widen` today's alone."""
    now = rules_of(guard)
    if now is None:
        return stored
    return now if widen else stored.tightened(now)


@with_options("on", "approve", "headed", changes="as the run had it")
def replay(
    options: GivenOptions,
    name: RunName = "latest",
    no_model: NoModel = False,
    run_dir: RunDir = None,
    as_json: Json = False,
) -> None:
    """Repeat the steps of a run without a model.

    A step is repeated where at least two signals agree on its target. For any other step the policy of the run decides:
    its model, or plain English.

    [b]Example[/b]: handeye replay latest --no-model
    """
    with report_errors(as_json, **NO_RESULT):
        from handeye.agent.anchors_from_run import anchors_from_run
        from handeye.agent.resources import EMBEDDED
        from handeye.agent.run_folder import RunFolder, find_run

        path = find_run(name)
        folder = RunFolder(path)
        status, config = folder.read().get("status"), folder.config
        if status != "succeeded":
            raise UsageError(f"{path} {f'ended as {status}' if status else 'has no end'}; replay one that succeeded")
        past = anchors_from_run(path)
        if not past.anchors:
            raise UsageError(f"{path} has no steps to repeat; start a new run")
        changes = options.changes()
        if no_model:
            changes |= {"model": EMBEDDED, "policy": "auto", "best_of": 1, "critic": ""}
        config = config.model_copy(update=changes)
        result = carry_out(config, run_dir=run_dir, around=lambda policy: _replay_policy(policy, past, no_model))
    print_result(result, as_json)


def _replay_policy(policy: Policy, past: RunAnchors, no_model: bool) -> Policy:
    """A policy that repeats the steps of a run, and passes the others on to `policy` where that may decide."""
    from handeye.policies.plain_english import PlainEnglish
    from handeye.policies.replay.policy import NoPolicy, ReplayPolicy
    from handeye.tools.screenshot import decode_image

    def patch(digest: str) -> Image.Image | None:
        return decode_image(past.patches[digest]) if digest in past.patches else None

    clauses = any(each.clause is not None for each in past.anchors)
    if isinstance(policy, PlainEnglish) and not clauses:
        policy = NoPolicy()  # a model made the steps, so the goal may be no plain English
    return ReplayPolicy(policy, past.anchors, patch, ask=not no_model and not isinstance(policy, NoPolicy))


def report(
    name: RunName = "latest",
    show: Annotated[bool, typer.Option("--open", envvar="HANDEYE_OPEN", help="Open it in the web browser.")] = False,
    output_format: Annotated[
        str,
        typer.Option(
            "--format",
            envvar="HANDEYE_FORMAT",
            metavar="html|markdown|json",
            help="Write [b]report.html[/b], or print Markdown for an issue tracker, or the run as JSON.",
        ),
    ] = "html",
    as_json: Json = False,
) -> None:
    """Write the report of a run again and print its path, or print the run as Markdown or JSON.

    [b]Example[/b]: handeye report latest --format markdown
    """
    with report_errors(as_json, report=None):
        from handeye.agent.report.run_page import write_report
        from handeye.agent.run_folder import disk, find_run

        if output_format not in ("html", "markdown", "json"):
            raise UsageError(f"--format must be one of html, markdown, json, got {output_format!r}")
        folder = find_run(name)
        if output_format != "html":
            _print_run(folder, output_format, as_json)
            return
        with disk(folder):
            path = write_report(folder).resolve()
        if show:
            typer.launch(path.as_uri())
    if as_json:
        print_json({"report": str(path)})
    else:
        typer.echo(str(path))


def _print_run(folder: Path, output_format: str, as_json: bool) -> None:
    """Print the run in a folder as Markdown or JSON; Markdown is a value of the JSON object with `--json`."""
    from handeye.agent.report.markdown import run_markdown
    from handeye.agent.report.run_data import run_data
    from handeye.agent.run_view import read_run_view

    view = read_run_view(folder)
    if output_format == "json":
        print_json(run_data(view).model_dump(mode="json"))
    elif as_json:
        print_json({"report": None, "markdown": run_markdown(view)})
    else:
        typer.echo(run_markdown(view))


def carry_out(
    config: RunConfig,
    *,
    resumed: Path | None = None,
    run_dir: Path | None = None,
    answer: str | None = None,
    question: str = "",
    around: Callable[[Policy], Policy] | None = None,
) -> RunResult:
    """Carry out a run at the terminal, or continue the one in the folder `resumed`, and return its result.

    `around` wraps the policy that the settings name.
    """
    from handeye.agent.agent import Agent
    from handeye.agent.live import LiveView
    from handeye.agent.resources import open_resources
    from handeye.agent.run_folder import RunFolder, refuse_used
    from handeye.policies.decision import Writing
    from handeye.tools.secrets.store import Secrets

    console = note_console()
    secrets = Secrets.read(Path(config.secrets) if config.secrets else None)
    secrets.check(config.goal)
    if run_dir:  # before anything is opened
        refuse_used(run_dir)
    folder = RunFolder.open(resumed) if resumed else None
    if folder:  # later resumes start from the tightened rules
        stored = folder.config.model_copy(update={"rules": config.rules, "allow_domains": config.allow_domains})
        folder.note(config=stored.model_dump(mode="json"))
    with ExitStack() as stack:
        with console.status(f"opening {config.on} and {config.model}"):
            toolbox, perception, policy, device = stack.enter_context(open_resources(config, around))
        view = LiveView(console, goal=config.goal, device=device.name, model=config.model)
        if isinstance(policy, Writing):
            policy.on_text = view.writing
        stack.enter_context(view)
        if toolbox.tools:  # output of tools is for people: stdout has only results
            stack.enter_context(redirect_stdout(sys.stderr))
        agent = Agent(
            device,
            perception=perception,
            policy=policy,
            tools=toolbox,
            options=config,
            run_dir=run_dir,
            secrets=secrets,
            ask=_terminal_prompt(console, view) if sys.stdin.isatty() else None,
            listen=view.add,
        )
        result = agent.resume(folder, answer, question) if folder else agent.run(config.goal)
        view.report = result.report
        if config.storage_state:
            try:
                device.save_state(Path(config.storage_state))
            except HandeyeError as error:
                console.print(f"[yellow]the storage state was not saved[/]: {escape(str(error))}")
        return result


def print_result(result: RunResult, as_json: bool) -> None:
    """Print the result as JSON if wanted, and exit with the code of its status."""
    from handeye.agent.event_log import EXIT_CODES

    if as_json:
        print_json(result.to_json())
    raise typer.Exit(EXIT_CODES[result.status])


def _terminal_prompt(console: Console, view: LiveView) -> Callable[[str], str | None]:
    """A function that puts a question to the person at the terminal; it returns None at the end of the input."""
    from handeye.agent.approval import ALLOW_THIS, ANSWERS

    def ask(question: str) -> str | None:
        with view.paused():
            console.print(f"[bold yellow]?[/] {escape(question)}")
            try:
                return _read_line(console, f"  [dim]{ANSWERS if ALLOW_THIS in question else 'your words'} ›[/] ")
            except EOFError:
                return None

    return ask


def _read_line(console: Console, prompt: str) -> str:
    """A line from the terminal. Raises Stopped when the run is stopped meanwhile, EOFError at the end of the input."""
    from handeye.tools import cancellation

    if sys.platform == "win32":  # where select() does not work on a console
        return console.input(prompt)
    console.print(prompt, end="")
    while not select.select([sys.stdin], [], [], cancellation.POLL_SECONDS)[0]:
        cancellation.check()
    if not (line := sys.stdin.readline()):
        raise EOFError
    return line.rstrip("\n")
