"""Custom tools: functions of the user that a run may call.

    from handeye.tools import tool

    @tool(safe=True)
    def stock(article: str, warehouse: Literal["north", "south"] = "north") -> int:
        \"\"\"How many pieces of an article are in stock.\"\"\"

Name, description and the schema of the arguments come from the function. An exception of a tool, or a
timeout, is a failed action that the policy receives; the run continues. Not protected: a tool has the rights of this
process, and a function continues in its thread after its timeout.
"""

from __future__ import annotations

import asyncio
import inspect
import re
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Protocol, get_type_hints, overload, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic_core import to_json

from handeye.tools.actions import KINDS, Call
from handeye.tools.errors import ActionFailed, ActionRefused, UsageError

#: Characters of a result that the policy receives, and that the event log stores.
SHORT_CHARACTERS, WHOLE_CHARACTERS = 800, 100_000
#: Seconds a call may take, and what a cancelled coroutine is given to tidy up.
SECONDS, GRACE = 60.0, 1.0
#: Names of tools; one of an MCP server has the server's name before a dot.
NAME = re.compile(r"[A-Za-z_][\w-]{0,63}(\.[\w./-]{1,128})?")


class Unclear(ActionFailed):
    """The call was interrupted: its effect is unknown."""


@runtime_checkable
class Tool(Protocol):
    """A tool that a run can call, from one thread."""

    @property
    def name(self) -> str:
        """The name by which a run calls it."""
        ...

    @property
    def description(self) -> str:
        """What it does, in a sentence or two, for the model."""
        ...

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of the arguments, an object."""
        ...

    @property
    def safe(self) -> bool:
        """Whether it may be used without asking the person first."""
        ...

    def check(self, arguments: dict[str, Any]) -> None:
        """Raise ActionRefused, naming the argument, when they do not fit the schema."""
        ...

    def use(self, arguments: dict[str, Any]) -> str:
        """Do it; returns what it gave, as text of any length.

        Raises ActionRefused when it was not tried, ActionFailed when it was tried in vain, and Unclear.
        """
        ...


class Function:
    """A function as a tool; calling it calls the function."""

    def __init__(self, function: Callable[..., Any], name: str, safe: bool, seconds: float) -> None:
        self.function = function
        self.name = named(name or getattr(function, "__name__", ""))
        self.description = inspect.cleandoc(function.__doc__ or "").strip()
        self.safe = safe
        self.seconds = seconds
        if not self.description:
            raise UsageError(f"the tool {self.name} has no docstring; say what it does in a sentence: models read it")
        if seconds <= 0:
            raise UsageError(f"the tool {self.name} has {seconds:g} seconds; give it more than none")
        self._model, self._names = _arguments(function, self.name)
        self.schema: dict[str, Any] = self._model.model_json_schema(by_alias=True)
        self._busy: threading.Thread | None = None
        self.__doc__, self.__name__, self.__wrapped__ = function.__doc__, self.name, function

    def __call__(self, *given: Any, **named: Any) -> Any:
        return self.function(*given, **named)

    def check(self, arguments: dict[str, Any]) -> None:
        self._valid(arguments)

    def use(self, arguments: dict[str, Any]) -> str:
        values = self._valid(arguments)
        if self._busy and self._busy.is_alive():
            raise ActionRefused(
                f"{self.name} is still at work on an earlier call that ran out of its {self.seconds:g} s; go on without"
            )
        future: Future[Any] = Future()
        # A daemon: what hangs must hold up neither the run nor the end of the program.
        self._busy = threading.Thread(target=self._work, args=(values, future), name=f"tool {self.name}", daemon=True)
        self._busy.start()
        try:
            error = future.exception(self.seconds + (GRACE if inspect.iscoroutinefunction(self.function) else 0))
        except TimeoutError:
            raise Unclear(
                f"{self.name} took longer than {self.seconds:g} s and was left behind, still at work in its thread; "
                "it is unknown whether it has done anything"
            ) from None
        if isinstance(error, (ActionFailed, ActionRefused)):
            raise error
        if error is not None:
            raise ActionFailed(f"{self.name} failed: {type(error).__name__}: {error}") from error
        return as_text(future.result())

    def _valid(self, arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            made = self._model.model_validate(arguments)
        except ValidationError as error:
            raise ActionRefused(f"{self.name}: {first_fault(error)}; it takes {signature(self.schema)}") from None
        return {self._names[each]: getattr(made, each) for each in made.model_fields_set}

    def _work(self, values: dict[str, Any], future: Future[Any]) -> None:
        try:
            if inspect.iscoroutinefunction(self.function):
                future.set_result(asyncio.run(self._in_time(values)))
            else:
                future.set_result(self.function(**values))
        except BaseException as error:  # a tool that calls sys.exit must not end the run either
            future.set_exception(error)

    async def _in_time(self, values: dict[str, Any]) -> Any:
        limit = asyncio.timeout(self.seconds)
        try:
            async with limit:
                return await self.function(**values)
        except TimeoutError:
            if not limit.expired():
                raise
            raise Unclear(
                f"{self.name} took longer than {self.seconds:g} s and was cancelled; "
                "it is unknown whether it has done anything"
            ) from None


@overload
def tool(function: Callable[..., Any], /) -> Function: ...
@overload
def tool(
    *, name: str = "", safe: bool = False, seconds: float = SECONDS
) -> Callable[[Callable[..., Any]], Function]: ...
def tool(
    function: Callable[..., Any] | None = None, /, *, name: str = "", safe: bool = False, seconds: float = SECONDS
) -> Function | Callable[[Callable[..., Any]], Function]:
    """Make a function a tool. `safe`: it changes nothing of weight, so that it may be used without asking a person.

    Raises UsageError for a function without a docstring, or with a parameter that has no type or no name.
    """
    if function is not None:
        return Function(function, name, safe, seconds)
    return lambda each: Function(each, name, safe, seconds)


@dataclass(frozen=True)
class Used:
    """What a call came to."""

    result: str
    """For the policy: short, and telling where it was cut."""
    whole: str
    """For the trace; empty where `result` is all of it."""
    failed: bool = False
    outcome: Literal["confirmed", "no_effect", "unknown"] = "confirmed"


@dataclass(frozen=True)
class Toolbox:
    """The tools that a run was given by name; a tool that is not in here cannot be used."""

    tools: tuple[Tool, ...] = ()
    close: Callable[[], None] = field(default=lambda: None)
    """Lets go of servers that were started for it; may be called twice."""

    def __post_init__(self) -> None:
        names = [each.name for each in self.tools]
        if twice := {name for name in names if names.count(name) > 1}:
            raise UsageError(f"two tools are called {', '.join(sorted(twice))}; rename one with @tool(name=…)")

    def checked(self, call: Call) -> Tool:
        """The tool of a call whose arguments fit it; raises ActionRefused, naming what is there."""
        found = next((each for each in self.tools if each.name == call.tool), None)
        if found is None:
            there = ", ".join(each.name for each in self.tools) or "none"
            raise ActionRefused(f"no tool of this run is called {call.tool[:80]!r}; there are: {there}")
        found.check(call.arguments)
        return found

    def use(self, call: Call) -> Used:
        """Perform a call. Never raises: errors are part of the result."""
        try:
            text = self.checked(call).use(call.arguments)
        except Unclear as error:
            return Used(cut(str(error)), "", failed=True, outcome="unknown")
        except (ActionRefused, ActionFailed) as error:
            text = str(error)
            whole = cut(text, WHOLE_CHARACTERS) if len(text) > SHORT_CHARACTERS else ""
            return Used(cut(text), whole, failed=True, outcome="no_effect")
        short = cut(text)
        return Used(short, cut(text, WHOLE_CHARACTERS) if len(text) > SHORT_CHARACTERS else "")


def as_tools(given: Any) -> tuple[Tool, ...]:
    """Tools and plain functions as tools. Raises UsageError for anything else."""
    made = []
    for each in given:
        if not isinstance(each, Tool) and not inspect.isroutine(each):
            raise UsageError(f"{each!r} is no tool; give functions with @tool")
        made.append(each if isinstance(each, Tool) else tool(each))
    return tuple(made)


def named(name: str) -> str:
    """The name, when it can be one of a tool; raises UsageError otherwise."""
    if not NAME.fullmatch(name):
        raise UsageError(f"{name!r} cannot be a tool's name; use letters, digits, - and _, 64 at most")
    if name in KINDS:
        raise UsageError(f"{name} is an action's name already; rename the tool with @tool(name=…)")
    return name


def as_text(value: Any) -> str:
    """What a tool gave, as text: texts as they are, everything else as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return "done"
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"{len(value)} bytes, which are not shown; have the tool give text"
    try:
        return to_json(value, fallback=str, inf_nan_mode="constants").decode("utf-8", "replace")
    except Exception:  # an object whose own methods fail
        return f"an object of {type(value).__name__}, which cannot be shown"


def cut(text: str, most: int = SHORT_CHARACTERS) -> str:
    """Return a text, or its beginning with a note that it was cut, without control characters and lone surrogates."""
    text_start = "".join(letter for letter in text[:most] if (letter >= " " and letter != "\x7f") or letter in "\n\t")
    text_start = text_start.encode("utf-8", "replace").decode("utf-8")
    return (
        text_start
        if len(text) <= most
        else f"{text_start.rstrip()}… (cut: the first {most:,} of {len(text):,} characters)"
    )


def first_fault(error: ValidationError) -> str:
    """Return the first validation error as a text for a model."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "the arguments"
    return f"{where[:120]}: {first['msg'][:300]}"


def signature(schema: dict[str, Any]) -> str:
    """The arguments of a tool in words: `(city: text, days?: whole number, unit?: C|F)`."""
    needed = set(schema.get("required") or ())
    definitions = schema.get("$defs") or {}
    parts = [
        f"{name}{'' if name in needed else '?'}: {_words(each, definitions)}"
        for name, each in (schema.get("properties") or {}).items()
    ]
    return f"({', '.join(parts)})"


_WORDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true|false", "null": "null"}


def _words(schema: Any, definitions: dict[str, Any], depth: int = 0) -> str:
    """Return the type of an argument in a few words."""
    if not isinstance(schema, dict) or depth > 4:
        return "any"
    if "$ref" in schema:
        return _words(definitions.get(str(schema["$ref"]).rpartition("/")[2]), definitions, depth + 1)
    for key in ("anyOf", "oneOf"):
        if choices := schema.get(key):
            return "|".join(dict.fromkeys(_words(each, definitions, depth + 1) for each in choices))
    if "enum" in schema or "const" in schema:
        return "|".join(str(each) for each in schema.get("enum", [schema.get("const")]))
    kind = schema.get("type")
    if kind == "array":
        return f"list of {_words(schema.get('items'), definitions, depth + 1)}"
    if kind == "object":
        inner = signature(schema | {"$defs": definitions}) if schema.get("properties") and depth < 3 else ""
        return "{" + inner[1:-1] + "}" if inner else "object"
    return _WORDS.get(str(kind), "any")


def _arguments(function: Callable[..., Any], name: str) -> tuple[type[BaseModel], dict[str, str]]:
    """A model of a function's parameters, and the parameter behind each of its fields.

    The fields have names of their own, and the parameters' as aliases: a parameter may be called like a method of
    pydantic's models.
    """
    try:
        hints = get_type_hints(function, include_extras=True)
    except Exception as error:  # whatever an annotation's own code raises
        raise UsageError(f"the types of the tool {name} cannot be read ({error}); import what they name") from error
    fields: dict[str, Any] = {}
    names: dict[str, str] = {}
    for number, parameter in enumerate(inspect.signature(function).parameters.values()):
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise UsageError(f"the tool {name} takes {parameter}, which has no name for a model; give it a name")
        if parameter.name not in hints:
            raise UsageError(f"{parameter.name} of the tool {name} has no type; write {parameter.name}: str")
        default = ... if parameter.default is parameter.empty else parameter.default
        names[f"field_{number}"] = parameter.name
        title = parameter.name.replace("_", " ")
        fields[f"field_{number}"] = (
            Annotated[hints[parameter.name], Field(alias=parameter.name, title=title)],
            default,
        )
    try:
        model = create_model(f"Arguments of {name}", __config__=ConfigDict(extra="forbid"), **fields)
        model.model_json_schema(by_alias=True)
    except Exception as error:  # pydantic has many ways to say that a type is none it knows
        first = str(error).splitlines()[0]
        raise UsageError(f"the types of the tool {name} cannot be checked ({first}); use plain ones") from error
    return model, names
