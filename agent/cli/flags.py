"""The flags that say how a model is to be run, for every command that runs one."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from fractions import Fraction
from typing import Annotated, Any, get_type_hints

import typer
from pydantic import ValidationError

from handeye.perception.engines.options import EngineOptions
from handeye.tools.errors import UsageError

PANEL = "How the model is run"


def _flag(name: str, help_text: str, **more: Any) -> Any:
    return typer.Option(envvar=f"HANDEYE_{name.upper()}", help=help_text, rich_help_panel=PANEL, **more)


Samples = Annotated[
    int,
    typer.Option(
        min=1,
        max=16,
        envvar="HANDEYE_SAMPLES",
        rich_help_panel=PANEL,
        help="Answers about a place that have to agree, the first one greedy; 1 is faster.",
    ),
]

ToolNames = Annotated[
    list[str] | None,
    typer.Option(
        "--tool",
        envvar="HANDEYE_TOOL",
        metavar="NAME",
        help="A custom tool the run may use, such as stock, files.read or files.*; may be given several times.",
    ),
]
ToolSources = Annotated[
    list[str] | None,
    typer.Option(
        "--tools",
        envvar="HANDEYE_TOOLS",
        metavar="FILE|MODULE",
        help="Where custom tools come from, besides installed packages and the MCP servers of handeye.toml.",
    ),
]

FLAGS: dict[str, Any] = {
    "max_tiles": Annotated[
        int, _flag("max_tiles", "Tiles a screenshot is cut into; 12 is what InternVL was trained with.", min=1, max=40)
    ],
    "profile": Annotated[
        str,
        _flag(
            "profile",
            "What the model speaks: a profile's name, or a file written by [b]handeye calibrate[/b].",
            metavar="NAME|FILE",
            show_default="by the model's name",
        ),
    ],
    "thinking": Annotated[bool, _flag("thinking", "Let the model think at length before it answers (InternVL 3.5).")],
    "constrain": Annotated[bool, _flag("constrain", "Hold answers to the grammar of actions.")],
    "revision": Annotated[str | None, _flag("revision", "A checkpoint's revision on the Hugging Face hub.")],
    "dtype": Annotated[str, _flag("dtype", "Number format of the weights.", metavar="auto|bf16|fp16|fp32")],
    "quantize": Annotated[
        str, _flag("quantize", "Smaller weights by bitsandbytes, on a GPU.", metavar="none|8bit|4bit")
    ],
    "fast": Annotated[
        bool, _flag("fast", "Trade exactness for speed: fewer tiles where little is to be seen, int8 on a CPU.")
    ],
    "v2pe": Annotated[
        str,
        _flag("v2pe", "How far one visual token advances the position, such as 1/4; 1 is stock.", metavar="1|1/2|…"),
    ],
    "cache_mb": Annotated[
        int, _flag("cache_mb", "Memory for what has been seen and read before; 0 turns it off.", min=0)
    ],
    "answer_seconds": Annotated[float, _flag("answer_seconds", "Seconds the model has for one answer.", min=0.1)],
}


def model_flags(command: Callable[..., None]) -> Callable[..., None]:
    """The command with all model flags in the place of its parameter `options`, an `Options`."""
    hints = get_type_hints(command, include_extras=True)
    signature = inspect.signature(command)

    def filled(**given: Any) -> None:
        chosen = {field: given.pop(field) for field in FLAGS}
        command(**given, options=chosen)

    parameters = [each for each in signature.parameters.values() if each.name != "options"]
    place = list(signature.parameters).index("options")
    flags = [
        inspect.Parameter(field, inspect.Parameter.KEYWORD_ONLY, default=_default(field), annotation=FLAGS[field])
        for field in FLAGS
    ]
    named = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[each.name]) for each in parameters]
    ordered = [*named[:place], *flags, *named[place:]]
    filled.__signature__ = signature.replace(parameters=ordered)  # type: ignore[attr-defined]
    filled.__annotations__ = {each.name: each.annotation for each in ordered} | {"return": None}
    filled.__doc__, filled.__name__ = command.__doc__, command.__name__
    return filled


def read_options(chosen: dict[str, Any]) -> EngineOptions:
    """The flags' values as an `Options`; raises UsageError for one that is none."""
    try:
        step = float(Fraction(str(chosen["v2pe"])))
        return EngineOptions.model_validate(chosen | {"v2pe": step})
    except (ValueError, ZeroDivisionError) as error:
        if isinstance(error, ValidationError):
            first = error.errors()[0]
            flag = str(first["loc"][0]).replace("_", "-")
            raise UsageError(f"--{flag} {first['input']!r}: {first['msg'].lower()}") from error
        raise UsageError(f"--v2pe {chosen['v2pe']!r} is no number; write 1, 1/4, 1/64 or such") from error


def _default(field: str) -> Any:
    return "1" if field == "v2pe" else EngineOptions.model_fields[field].default
