"""`handeye run` and `handeye resume`."""

from __future__ import annotations

import select
import sys
from contextlib import ExitStack, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer
from rich.markup import escape

from handeye.agent.cli.console import Json, Model, note_console, print_json, report_errors
from handeye.agent.cli.flags import PANEL, Samples, ToolNames, ToolSources, model_flags, read_options
from handeye.agent.config import rules_here
from handeye.agent.run_folder import Approve, RunConfig, RunFolder, find_run, refuse_used
from handeye.policies.guard.guard_policy import GuardPolicy, rules_file
from handeye.tools import cancellation
from handeye.tools.errors import HandeyeError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from handeye.agent.run_folder import RunResult
    from handeye.policies.decision import Policy

NOTHING: dict[str, Any] = {
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

Guard = Annotated[
    Path | None,
    typer.Option(
        "--guard",
        envvar="HANDEYE_GUARD",
        metavar="FILE",
        help="The rules of this run, from the table \\[guard] of a TOML file.",
        show_default="\\[guard] of handeye.toml",
    ),
]

EXIT_CODES_HELP = (
    "Exit codes: 0 succeeded, 1 failed, 2 usage, 3 model or infrastructure, 4 stuck, refused or waiting for a person, "
    "5 out of budget, 130 interrupted."
)


@model_flags
def run(
    goal: Annotated[str, typer.Argument(help="What to do, in plain English.", metavar="GOAL", show_default=False)],
    on: Annotated[
        str,
        typer.Option(
            envvar="HANDEYE_ON",
            metavar="desktop[:MONITOR]|virtual|URL|app:COMMAND|cdp:ADDRESS",
            help="Where: your desktop, a virtual display of its own, a web page, or a program on a virtual display.",
        ),
    ] = "desktop",
    model: Model = "embedded",
    policy: Annotated[
        str,
        typer.Option(
            envvar="HANDEYE_POLICY",
            metavar="auto|plain-english|internvl|MODULE:CLASS",
            help="Who decides; [b]auto[/b] follows from the model.",
        ),
    ] = "auto",
    max_steps: Annotated[int, typer.Option(min=1, envvar="HANDEYE_MAX_STEPS", help="Stop after so many actions.")] = 50,
    budget_seconds: Annotated[
        float | None, typer.Option(min=1, envvar="HANDEYE_BUDGET_SECONDS", help="Stop after so much time.")
    ] = None,
    approve: Annotated[
        str,
        typer.Option(
            envvar="HANDEYE_APPROVE",
            metavar="never|risky|always",
            help="Which actions you are asked about first: none, risky ones (buy, send, delete, …), or every one.",
        ),
    ] = "risky",
    allow_domains: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-domain",
            envvar="HANDEYE_ALLOW_DOMAIN",
            metavar="DOMAIN",
            help="The browser may reach this domain and its subdomains only; may be given several times.",
        ),
    ] = None,
    guard: Guard = None,
    secrets: Annotated[
        Path | None,
        typer.Option(
            envvar="HANDEYE_SECRETS",
            metavar="FILE",
            help="TOML or dotenv with what {{secret:NAME}} in the goal stands for; else HANDEYE_SECRET_NAME, or the "
            "system's keyring. Only the device sees the values.",
        ),
    ] = None,
    tools: ToolNames = None,
    tools_from: ToolSources = None,
    headed: Annotated[bool, typer.Option(envvar="HANDEYE_HEADED", help="Show the browser or program.")] = False,
    storage_state: Annotated[
        str,
        typer.Option(
            envvar="HANDEYE_STORAGE_STATE",
            metavar="FILE",
            help="Cookies and storage for the browser: read where the file is there, written back at the end.",
            show_default=False,
        ),
    ] = "",
    viewport: Annotated[
        str, typer.Option(envvar="HANDEYE_VIEWPORT", metavar="WxH", help="Size of the browser's page in pixels.")
    ] = "1344x896",
    samples: Samples = 3,
    best_of: Annotated[
        int,
        typer.Option(
            min=1,
            max=32,
            envvar="HANDEYE_BEST_OF",
            rich_help_panel=PANEL,
            help="Decisions that are made at each step; a critic has the best of them chosen.",
        ),
    ] = 1,
    critic: Annotated[
        str,
        typer.Option(
            envvar="HANDEYE_CRITIC",
            metavar="HF-ID|DIR|URL",
            rich_help_panel=PANEL,
            help="The model that judges them, such as a VisualPRM.",
            show_default="the same model",
        ),
    ] = "",
    options: Any = None,
    run_dir: Annotated[
        Path | None,
        typer.Option(envvar="HANDEYE_RUN_DIR", help="This run's own folder.", show_default="runs/<when>-<goal>"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Carry out a goal, and verify every step.

    [b]Example[/b]: handeye run 'search for "lamp" and open the second result' --on http://localhost:8000
    """
    with report_errors(as_json, **NOTHING):
        if not goal.strip():
            raise UsageError("the goal is empty; say what to do, such as: handeye run 'click \"Save\"' --on URL")
        config = RunConfig(
            goal=goal,
            on=on,
            model=model,
            policy=policy,
            max_steps=max_steps,
            budget_seconds=budget_seconds,
            approve=approval_setting(approve),
            allow_domains=tuple(allow_domains or ()),
            rules=(rules_file(guard) if guard else rules_here()) or GuardPolicy(),
            secrets=str(secrets.resolve()) if secrets else "",
            tools=tuple(tools or ()),
            tools_from=whole_paths(tools_from),
            headed=headed,
            viewport=viewport_size(viewport),
            storage_state=str(Path(storage_state).absolute()) if storage_state else "",
            options=read_options(options),
            samples=samples,
            best_of=best_of,
            critic=critic,
        )
        result = work(config, None, run_dir, None)
    leave(result, as_json)


def resume(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="RUN", help="A run's folder, its name, or [b]latest[/b].")] = "latest",
    answer: Annotated[
        str | None,
        typer.Option(
            envvar="HANDEYE_ANSWER",
            help="The reply to the question the run waits on: [b]yes[/b], [b]always[/b], [b]always: WORD[/b], "
            "[b]no: REASON[/b], [b]edit: WORDS[/b] or [b]edit: {…}[/b], [b]done by hand[/b], or what it asks for.",
        ),
    ] = None,
    question: Annotated[
        str,
        typer.Option(
            metavar="ID", help="The id of the question that is answered: an answer to an earlier question is not used."
        ),
    ] = "",
    max_steps: Annotated[
        int | None, typer.Option(min=1, envvar="HANDEYE_MAX_STEPS", help="A new limit, counting the steps done.")
    ] = None,
    budget_seconds: Annotated[
        float | None, typer.Option(min=1, envvar="HANDEYE_BUDGET_SECONDS", help="A new limit, counting the time used.")
    ] = None,
    approve: Annotated[
        str | None, typer.Option(envvar="HANDEYE_APPROVE", metavar="never|risky|always", help="Ask differently now.")
    ] = None,
    allow_domains: Annotated[
        list[str] | None,
        typer.Option("--allow-domain", envvar="HANDEYE_ALLOW_DOMAIN", metavar="DOMAIN", help="Allow this one as well."),
    ] = None,
    guard: Guard = None,
    as_json: Json = False,
) -> None:
    """Go on with a run that stopped, was interrupted, or waits for an answer. No action is done twice.

    [b]Example[/b]: handeye resume latest --answer yes
    """
    with report_errors(as_json, **NOTHING):
        path = find_run(name)
        config = RunFolder(path).config
        new: dict[str, Any] = {"max_steps": max_steps, "budget_seconds": budget_seconds}
        typed = {each for each in ("approve", "allow_domains", "guard") if _typed(ctx, each)}
        if approve and ("approve" in typed or _stricter(approve, config.approve)):
            new["approve"] = approval_setting(approve)
        if "allow_domains" in typed:
            new["allow_domains"] = (*config.allow_domains, *(allow_domains or ()))
        new["rules"] = _rules_now(config.rules, guard, widen="guard" in typed)
        config = config.model_copy(update={key: value for key, value in new.items() if value is not None})
        result = work(config, path, None, answer, question=question)
    leave(result, as_json)


def _typed(ctx: typer.Context, name: str) -> bool:
    """Whether the person typed this flag just now: what stands in a file or the environment widens no rules."""
    source = ctx.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _stricter(one: str, other: str) -> bool:
    order = get_args(Approve)
    return one in order and order.index(one) > order.index(other)


def _rules_now(kept: GuardPolicy, guard: Path | None, *, widen: bool) -> GuardPolicy:
    """The rules a resumed run goes on with: those it had, tightened by today's, or what the person named instead."""
    now = rules_file(guard) if guard else rules_here()
    if now is None:
        return kept
    return now if widen else kept.tightened(now)


def work(
    config: RunConfig,
    resumed: Path | None,
    run_dir: Path | None,
    answer: str | None,
    around: Callable[[Policy], Policy] | None = None,
    *,
    question: str = "",
) -> RunResult:
    """Carry out a run at the terminal; `around` puts another policy in front of the one that is configured."""
    from handeye.agent.agent import Agent
    from handeye.agent.live import LiveView
    from handeye.agent.resources import open_resources
    from handeye.policies.decision import Writing
    from handeye.tools.secrets.store import Secrets

    console = note_console()
    secrets = Secrets.read(Path(config.secrets) if config.secrets else None)
    secrets.check(config.goal)
    if run_dir:  # before anything is opened
        refuse_used(run_dir)
    folder = RunFolder.open(resumed) if resumed else None
    if folder:  # what was tightened stays so
        kept = folder.config.model_copy(update={"rules": config.rules, "allow_domains": config.allow_domains})
        folder.note(config=kept.model_dump(mode="json"))
    with ExitStack() as up:
        with console.status(f"getting ready: {config.on}, {config.model}"):
            toolbox, perception, policy, device = up.enter_context(open_resources(config, around))
        view = LiveView(console, goal=config.goal, device=device.name, model=config.model)
        if isinstance(policy, Writing):
            policy.on_text = view.writing
        up.enter_context(view)
        if toolbox.tools:  # what a tool prints is for people: stdout holds results alone
            up.enter_context(redirect_stdout(sys.stderr))
        agent = Agent(
            device,
            perception=perception,
            policy=policy,
            tools=toolbox,
            config=config,
            run_dir=run_dir,
            secrets=secrets,
            ask=_at_terminal(console, view) if sys.stdin.isatty() else None,
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


def whole_paths(sources: list[str] | None) -> tuple[str, ...]:
    """Files by their whole paths, so that a run can be resumed from another folder; modules by their names."""
    return tuple(str(Path(each).resolve()) if each.endswith(".py") else each for each in sources or ())


def _at_terminal(console: Console, view: Any) -> Any:
    from handeye.agent.approval import ALLOW_THIS, ANSWERS

    def ask(question: str) -> str | None:
        with view.paused():
            console.print(f"[bold yellow]?[/] {escape(question)}")
            try:
                return _line(console, f"  [dim]{ANSWERS if ALLOW_THIS in question else 'your words'} ›[/] ")
            except EOFError:
                return None

    return ask


def _line(console: Console, prompt: str) -> str:
    """What somebody types; raises Stopped when the run is stopped meanwhile, EOFError at the end of the input."""
    if sys.platform == "win32":  # where nobody can wait for a terminal and for something else
        return console.input(prompt)
    console.print(prompt, end="")
    while not select.select([sys.stdin], [], [], cancellation.EAR)[0]:
        cancellation.check()
    if not (line := sys.stdin.readline()):
        raise EOFError
    return line.rstrip("\n")


def leave(result: RunResult, as_json: bool) -> None:
    """Tell the result, and end with the exit code of its verdict."""
    from handeye.agent.event_log import EXIT_CODES

    if as_json:
        print_json(result.to_json())
    raise typer.Exit(EXIT_CODES[result.status])


def approval_setting(value: str) -> Approve:
    if value not in get_args(Approve):
        raise UsageError(f"--approve {value!r} is not known; choose one of {', '.join(get_args(Approve))}")
    return value  # type: ignore[return-value]


def viewport_size(text: str) -> tuple[int, int]:
    width, x, height = text.lower().partition("x")
    if not (
        x and width.isdecimal() and height.isdecimal() and 200 <= int(width) <= 8000 and 200 <= int(height) <= 8000
    ):
        raise UsageError(f"--viewport {text!r} is not a size; write WIDTHxHEIGHT, 200 to 8000 each, such as 1344x896")
    return int(width), int(height)
