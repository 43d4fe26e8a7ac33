"""`RunOptions`: the settings of a run.

The flags of all commands, the HANDEYE_… variables, the keys of `handeye.toml`, the form of `handeye ui` and
docs/reference.md are made from the fields of this one model. `OPTIONS` describes each of them; `EngineOptions` adds the
settings of the model.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from handeye.perception.engines.options import EngineOptions
from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

Approve = Literal["never", "risky", "always"]


def _size(value: Any) -> Any:
    """`1344x896` as a pair of numbers; all else as it is."""
    if not isinstance(value, str):
        return value
    hit = re.fullmatch(r"(\d{3,4})[xX](\d{3,4})", value.strip())
    size = (int(hit[1]), int(hit[2])) if hit else (0, 0)
    if not all(200 <= each <= 8000 for each in size):
        raise ValueError("must be WIDTHxHEIGHT, 200 to 8000 each, such as 1344x896")
    return size


def _list(value: Any) -> Any:
    """A single text as a list of one; all else as it is."""
    return (value,) if isinstance(value, str) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_list)]


class RunOptions(BaseModel):
    """The settings of a run.

    `metavar` names a value in help texts, `unset` says what an empty value means, `flag` is the flag where it differs
    from the field's name, and `former_flag` is a flag that was renamed and still works.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    on: str = Field(
        default="desktop",
        description="Where to work: [b]desktop[/b] or desktop:2 (your screen), [b]virtual[/b] (a display of its own), "
        "the address or file of a web page, [b]app:COMMAND[/b] (a program on a virtual display), or "
        "[b]cdp:ADDRESS[/b] (the front tab of a Chromium with remote debugging).",
        json_schema_extra={"metavar": "WHERE"},
    )
    headed: bool = Field(default=False, description="Show the window of the browser or program.")
    viewport: Annotated[tuple[int, int], BeforeValidator(_size)] = Field(
        default=(1344, 896),
        description="Size of the browser's page in pixels.",
        json_schema_extra={"metavar": "WxH"},
    )
    storage_state: str = Field(
        default="",
        description="File with cookies and storage of the browser: read at the start if it exists, written at the end.",
        json_schema_extra={"metavar": "FILE"},
    )

    model: str = Field(
        default="embedded",
        description="The model: [b]embedded[/b] (none; OCR and explicit steps), a checkpoint's id or folder (loaded in "
        "this process, needs handeye\\[transformers]), the address of an OpenAI-compatible server such as vLLM, or "
        "[b]serve:[/b] and an id or folder, which starts vLLM for this command.",
        json_schema_extra={"metavar": "NAME|DIR|URL"},
    )
    policy: str = Field(
        default="auto",
        description="The policy that chooses each action: [b]plain-english[/b], [b]internvl[/b], or a class of your "
        "own. [b]auto[/b] is plain-english for the model embedded and for pocket models, else internvl.",
        json_schema_extra={"metavar": "NAME|MODULE:CLASS"},
    )

    max_steps: int = Field(default=50, ge=1, description="Stop after this number of actions.")
    budget_seconds: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="Stop after this number of seconds."
    )

    approve: Approve = Field(
        default="risky",
        description="Which actions need your approval first: none, risky ones (buy, send, delete, …), or all.",
    )
    allow_domains: Texts = Field(
        default=(),
        description="Let the browser reach only this domain and its subdomains. Repeat the flag for several domains.",
        json_schema_extra={"metavar": "DOMAIN", "flag": "--allow-domain"},
    )
    guard: str = Field(
        default="",
        exclude=True,  # a run stores the rules themselves
        description="TOML file with a table \\[guard]: the rules of this run.",
        json_schema_extra={"metavar": "FILE", "unset": "[guard] of handeye.toml"},
    )
    secrets: str = Field(
        default="",
        description="TOML or dotenv file with the values of {{secret:NAME}}. Otherwise HANDEYE_SECRET_NAME or the "
        "system's keyring is used. Only the device receives the values.",
        json_schema_extra={"metavar": "FILE"},
    )
    tools: Texts = Field(
        default=(),
        description="A custom tool that the run may use, such as stock, files.read or files.*. Repeat the flag for "
        "several tools.",
        json_schema_extra={"metavar": "NAME", "flag": "--tool"},
    )
    tools_from: Texts = Field(
        default=(),
        description="A file or module with custom tools, in addition to installed packages and the MCP servers of "
        "handeye.toml.",
        json_schema_extra={"metavar": "FILE|MODULE", "former_flag": "--tools"},
    )

    samples: int = Field(
        default=3,
        ge=1,
        le=64,
        description="Number of answers to compare when the model locates something. 1 is faster.",
    )
    best_of: int = Field(
        default=1, ge=1, le=32, description="Number of decisions to sample at each step. A critic chooses the best one."
    )
    critic: str = Field(
        default="",
        description="Model that scores the decisions of [b]--best-of[/b], such as a VisualPRM.",
        json_schema_extra={"metavar": "HF-ID|DIR|URL", "unset": "the same model"},
    )
    options: EngineOptions = EngineOptions()

    @classmethod
    def of(cls, settings: Mapping[str, Any], sources: Mapping[str, str] | None = None) -> Self:
        """Options from values by name; the fields of `EngineOptions` are at the same level as the others.

        Raises UsageError for the first wrong value: `max-steps must be at least 1, got 0`. `sources` has what to write
        for a name instead, such as the flag that was used.
        """
        names = sources or {}
        flat = dict(settings)
        engine = {name: flat.pop(name) for name in EngineOptions.model_fields if name in flat}
        try:
            if engine:
                flat["options"] = EngineOptions.model_validate(dict(flat.get("options", ())) | engine)
            return cls.model_validate(flat)
        except ValidationError as error:
            first = error.errors()[0]
            path = [str(each) for each in first["loc"]]
            name = path[0]
            if first["type"] == "extra_forbidden":
                raise UsageError(f"there is no setting called {name!r}{did_you_mean(name, OPTIONS)}") from error
            label = names.get(name, name.replace("_", "-"))
            raise UsageError(f"{label} {_requirement(first, OPTIONS.get(name))}, got {_input(first)}") from error


#: The options by the panels of the help texts.
GROUPS: dict[str, tuple[str, ...]] = {
    "Device": ("on", "headed", "viewport", "storage_state"),
    "Model and policy": ("model", "policy"),
    "Limits": ("max_steps", "budget_seconds"),
    "Permissions": ("approve", "allow_domains", "guard", "secrets", "tools", "tools_from"),
    "How the model is run": ("samples", "best_of", "critic", *EngineOptions.model_fields),
}
#: The options of an engine, by name.
ENGINE = tuple(EngineOptions.model_fields)


@dataclass(frozen=True)
class Option:
    """One setting as command line, environment, configuration file, form and reference have it."""

    name: str
    """The field's name, which is also the name of the command's parameter."""
    group: str
    kind: type
    """bool, int, float, str, or tuple for a list of texts."""
    default: Any
    help: str
    """With the markup of terminals: `[b]…[/b]`."""
    metavar: str
    unset: str
    """What an empty value means."""
    flag: str
    former_flag: str = ""
    choices: tuple[str, ...] = ()
    limits: Mapping[str, float] = field(default_factory=dict)
    """`ge`, `gt` and `le` of a number."""

    @property
    def variable(self) -> str:
        """The environment variable."""
        return variable(self.flag)

    def text(self, value: Any) -> str:
        """A value as it is written on a command line."""
        if isinstance(value, float):
            return f"{value:g}"
        return "x".join(map(str, value)) if isinstance(value, tuple) else str(value)


def variable(flag: str) -> str:
    """The environment variable of a flag: `--max-steps` is HANDEYE_MAX_STEPS."""
    return "HANDEYE_" + flag.removeprefix("--").replace("-", "_").upper()


def _option(name: str, group: str, info: FieldInfo) -> Option:
    extra: Any = info.json_schema_extra or {}
    kinds = [each for each in get_args(info.annotation) or (info.annotation,) if each is not NoneType]
    literal = get_origin(info.annotation) is Literal
    several = info.annotation == tuple[str, ...]
    kind = tuple if several else kinds[0] if kinds[0] in (bool, int, float) and len(kinds) == 1 else str
    limits = {key: getattr(each, key) for each in info.metadata for key in ("ge", "gt", "le") if hasattr(each, key)}
    choices = get_args(info.annotation) if literal else ()
    return Option(
        name=name,
        group=group,
        kind=kind,
        default=info.default,
        help=info.description or "",
        metavar=extra.get("metavar") or "|".join(choices) or _number(kind, limits) or "TEXT",
        unset=extra.get("unset", ""),
        flag=extra.get("flag") or f"--{name.replace('_', '-')}",
        former_flag=extra.get("former_flag", ""),
        choices=choices,
        limits=limits,
    )


def _number(kind: type, limits: Mapping[str, float]) -> str:
    if kind not in (int, float):
        return ""
    return f"{limits['ge']}-{limits['le']}" if "ge" in limits and "le" in limits else "N"


#: Every setting of a run by its name.
OPTIONS: dict[str, Option] = {
    name: _option(name, group, (RunOptions.model_fields | EngineOptions.model_fields)[name])
    for group, names in GROUPS.items()
    for name in names
}


def did_you_mean(name: str, names: Any) -> str:
    """A hint with the nearest of some names, empty when none is near."""
    near = get_close_matches(name.replace("-", "_"), names, n=1)
    return f"; did you mean {near[0].replace('_', '-')}?" if near else ""


#: What a value must be, by the type of pydantic's error.
REQUIREMENTS = {
    "bool": "must be true or false",
    "finite_number": "must be a finite number",
    "float": "must be a number",
    "int": "must be a whole number",
    "string": "must be a text",
    "tuple": "must be a list",
}


def _requirement(error: ErrorDetails, option: Option | None) -> str:
    """What the value must be, without its name: `must be at least 1`."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "literal_error" and option:
        return f"must be one of {', '.join(option.choices)}"
    if kind.startswith(("greater_than", "less_than")) and option:
        return f"must be {_limits(option.limits)}"
    if kind == "value_error":
        return str(context["error"])
    return REQUIREMENTS.get(kind) or REQUIREMENTS.get(kind.partition("_")[0]) or f"is wrong: {error['msg']}"


def _limits(limits: Mapping[str, float]) -> str:
    if "ge" in limits and "le" in limits:
        return f"between {limits['ge']:g} and {limits['le']:g}"
    words = {"ge": "at least", "gt": "more than", "le": "at most"}
    return " and ".join(f"{words[key]} {limit:g}" for key, limit in limits.items())


def _input(error: ErrorDetails) -> str:
    """The wrong value; a number as one, also where the command line gave it as text."""
    value = error["input"]
    number = isinstance(value, str) and error["type"].startswith(("greater_than", "less_than", "finite"))
    return str(value) if number else repr(value)
