"""The flags of the commands: those made from `RunOptions`, and those that several commands share."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from handeye.agent.cli.console import note_console
from handeye.agent.config import find_config
from handeye.agent.options import OPTIONS, RunOptions, variable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from handeye.agent.options import Option

Json = Annotated[
    bool,
    typer.Option("--json", envvar="HANDEYE_JSON", help="Print one JSON object on stdout, and all else on stderr."),
]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="A run's folder, its name, or [b]latest[/b].")]
RunDir = Annotated[
    Path | None,
    typer.Option(envvar="HANDEYE_RUN_DIR", help="Folder of this run.", show_default="runs/<when>-<goal>"),
]
NoModel = Annotated[
    bool,
    typer.Option(
        "--no-model",
        envvar="HANDEYE_NO_MODEL",
        help="Fail at a step that cannot be repeated on the present screen, instead of asking the model.",
    ),
]
NoCache = Annotated[
    bool,
    typer.Option(
        "--no-cache",
        envvar="HANDEYE_NO_CACHE",
        help="Read the text of each picture anew, and store none of it.",
    ),
]
Force = Annotated[bool, typer.Option("--force", envvar="HANDEYE_FORCE", help="Overwrite an existing file.")]
Output = Annotated[
    Path, typer.Option(envvar="HANDEYE_OUTPUT", metavar="DIR", help="Folder with the results and their runs.")
]
Reporters = Annotated[
    str,
    typer.Option(
        "--reporter",
        envvar="HANDEYE_REPORTER",
        metavar="list,line,json,junit,html",
        help="How results are reported, separated by commas.",
    ),
]
#: `--json -` writes to standard output.
STDOUT = "-"


@dataclass(frozen=True)
class GivenOptions:
    """The values of a command's option flags, not yet validated, and where each one comes from."""

    values: Mapping[str, Any]
    """By the names of `OPTIONS`; None where nothing was given and the option has no default."""
    sources: Mapping[str, str]
    """COMMANDLINE, ENVIRONMENT, DEFAULT_MAP (the configuration file) or DEFAULT."""

    def checked(self) -> RunOptions:
        """The options of a run. Raises UsageError for the first wrong value, with its source."""
        config = find_config() if "DEFAULT_MAP" in self.sources.values() else None
        names: dict[str, str] = {}
        for name, source in self.sources.items():
            option, plain = OPTIONS[name], name.replace("_", "-")
            before = {"ENVIRONMENT": option.variable, "DEFAULT_MAP": str(config[0]) if config else ""}.get(source)
            names[name] = f"{before}: {plain}" if before else option.flag
        return RunOptions.of({name: value for name, value in self.values.items() if value is not None}, names)

    def changes(self) -> dict[str, Any]:
        """Only the options that were given, validated. Raises UsageError as `checked` does."""
        options = self.checked()
        return {name: getattr(options, name) for name, value in self.values.items() if value is not None}

    def typed(self, name: str) -> bool:
        """Whether the flag itself was typed: a file or the environment never widens what a run may do."""
        return self.sources.get(name) == "COMMANDLINE"


def with_options(*names: str, defaults: Mapping[str, Any] | None = None, changes: str = "") -> Callable[..., Any]:
    """A decorator that replaces a command's parameter `options: GivenOptions` by the flags of these options.

    `defaults` has the defaults that differ for this command. `changes`: the flags have no defaults, because the command
    changes a stored run; this text stands in the place of the default.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        return _with_flags(command, [OPTIONS[name] for name in names], defaults or {}, changes)

    return decorate


def _with_flags(
    command: Callable[..., None], options: list[Option], defaults: Mapping[str, Any], changes: str
) -> Callable[..., None]:
    def filled(ctx: typer.Context, **given: Any) -> None:
        values = {option.name: given.pop(option.name) for option in options}
        sources = {name: getattr(ctx.get_parameter_source(name), "name", "DEFAULT") for name in values}
        for option in options:
            if option.former_flag and (former := given.pop(_former(option))):
                _use_former(option, former, values, sources)
        command(**given, options=GivenOptions(values, sources))

    hints = get_type_hints(command, include_extras=True)
    parameters: list[inspect.Parameter] = [_parameter("ctx", typer.Context, inspect.Parameter.empty)]
    for each in inspect.signature(command).parameters.values():
        if each.name != "options":
            parameters.append(_parameter(each.name, hints[each.name], each.default))
            continue
        for option in options:
            value = None if changes else defaults.get(option.name, option.default)
            parameters.append(_flag(option, value, changes))
            if option.former_flag:
                parameters.append(_former_flag(option))
    filled.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    filled.__annotations__ = {each.name: each.annotation for each in parameters} | {"return": None}
    filled.__doc__, filled.__name__ = command.__doc__, command.__name__
    return filled


def _parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _flag(option: Option, default: Any, changes: str) -> inspect.Parameter:
    """The parameter of a flag."""
    empty = default in (None, "", ())
    declared = typer.Option(
        f"{option.flag}/--no-{option.flag.removeprefix('--')}" if option.kind is bool else option.flag,
        envvar=option.variable,
        metavar=None if option.kind is bool else option.metavar,
        help=option.help,
        rich_help_panel=option.group,
        show_default=changes or (option.unset or False if empty else True),
        autocompletion=(lambda: list(option.choices)) if option.choices else None,
    )
    kind: Any = _kind(option)
    if empty:
        default = "" if kind is str and default == "" else None
    elif kind is str:
        default = option.text(default)
    return _parameter(option.name, Annotated[kind if default is not None else kind | None, declared], default)


def _kind(option: Option) -> Any:
    """The type that typer reads a value as. Numbers stay text, so that `RunOptions` alone judges them."""
    return bool if option.kind is bool else list[str] if option.kind is tuple else str


def _former(option: Option) -> str:
    """The name of the parameter of a renamed flag."""
    return f"former_{option.name}"


def _former_flag(option: Option) -> inspect.Parameter:
    declared = typer.Option(option.former_flag, envvar=variable(option.former_flag), hidden=True)
    kind: Any = _kind(option)
    return _parameter(_former(option), Annotated[kind | None, declared], None)


def _use_former(option: Option, value: Any, values: dict[str, Any], sources: dict[str, str]) -> None:
    """Take the value of a renamed flag, with a note, where the new flag has none."""
    note_console().print(
        f"note: {option.former_flag} is called {option.flag} now; {option.former_flag} works until 0.3", markup=False
    )
    if not values[option.name]:
        values[option.name], sources[option.name] = value, "COMMANDLINE"
