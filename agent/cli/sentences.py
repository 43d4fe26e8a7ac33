"""How sentences are read without a model: `handeye check`, and the list behind `handeye actions --sentences`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from handeye.agent.cli.console import print_json, report_errors
from handeye.agent.cli.flags import Json
from handeye.tools.errors import ActionRefused, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.text import Text

    from handeye.policies.plain_english.clauses import Clause, Statement

#: A file with more characters is no list of sentences.
MAX_FILE = 1_000_000
#: The color of each kind of field: what is acted on, what is written or compared, and where.
TARGET, VALUE, PLACE = "cyan", "green", "magenta"
STYLES = {
    **dict.fromkeys(("target", "start", "end", "thing", "items", "until", "file", "tool"), TARGET),
    **dict.fromkeys(("text", "texts", "option", "values", "keys", "address", "seconds", "amount", "number"), VALUE),
    **dict.fromkeys(("place", "over", "where", "within", "group", "into"), PLACE),
}


@dataclass(frozen=True)
class CheckedSentence:
    """A sentence, the clauses that it means, and why it is refused."""

    text: str
    clauses: tuple[Clause, ...]
    refused: str = ""


def check(
    what: Annotated[str, typer.Argument(metavar="SENTENCE|FILE", help="A goal, or a text file with a goal per line.")],
    as_json: Json = False,
) -> None:
    """Show how each step of a goal is read without a model. Nothing is performed.

    Targets are cyan, values green, places magenta. Exit code 2: a step is not understood.

    [b]Example[/b]: handeye check 'type "Ada" into Name, click "Save"'
    """
    with report_errors(as_json, sentences=[]):
        checked = [check_sentence(text) for text in _sentences(what)]
        if as_json:
            print_json({"sentences": [_as_json(each) for each in checked]})
        else:
            _print(checked)
        if any(each.refused for each in checked):
            raise typer.Exit(2)


def check_sentence(text: str) -> CheckedSentence:
    """Return how a goal is read, or why it is refused."""
    from handeye.policies.plain_english import parse

    try:
        return CheckedSentence(text, tuple(parse(text)))
    except (ActionRefused, UsageError) as error:
        return CheckedSentence(text, (), str(error))


def _sentences(what: str) -> list[str]:
    """The goals of an argument: the lines of a file without empty ones and comments, or the argument itself."""
    path = Path(what)
    try:
        if len(what) > 250 or not path.is_file():
            return [what]
        if path.stat().st_size > MAX_FILE:
            raise UsageError(f"{path} must have at most {MAX_FILE:,} bytes, got {path.stat().st_size:,}")
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read as UTF-8 text: {error}") from None
    goals = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not goals:
        raise UsageError(f"{path} has no sentence; write one goal per line")
    return goals


def _print(checked: list[CheckedSentence]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for each in checked:
        console.print(Text(each.text, style="bold"), soft_wrap=True)
        if each.refused:
            console.print(Text.assemble(("  ✗ ", "bold red"), each.refused), soft_wrap=True)
        for number, clause in enumerate(each.clauses, start=1):
            console.print(Text.assemble((f"  {number} ", "dim"), _reading(clause)), soft_wrap=True)


def _reading(clause: Clause) -> Text:
    """A clause in one line: its kind, and its fields that differ from their defaults."""
    from rich.text import Text

    line = Text(type(clause).__name__, style="bold")
    for name, value in _given(clause):
        line.append(f"  {name} ", style="dim")
        line.append(value, style=STYLES.get(name, ""))
    return line


def _as_json(checked: CheckedSentence) -> dict[str, Any]:
    steps = [{"kind": type(clause).__name__, "fields": dict(_given(clause))} for clause in checked.clauses]
    return {"text": checked.text, "understood": not checked.refused, "steps": steps, "reason": checked.refused}


def _given(part: Clause | Statement) -> Iterator[tuple[str, str]]:
    """The fields of a clause or statement that differ from their defaults, with their values as text."""
    from dataclasses import MISSING, fields

    from handeye.policies.plain_english.clauses import Statement
    from handeye.policies.plain_english.parsing import outlined

    for each in fields(part):
        value = getattr(part, each.name)
        if isinstance(value, Statement):
            yield from _given(value)
        elif each.compare and (each.default is MISSING or value != each.default):
            texts = isinstance(value, tuple) and all(isinstance(item, str) for item in value)
            name = "statement" if isinstance(part, Statement) and each.name == "kind" else each.name
            yield name, value if isinstance(value, str) else ", ".join(value) if texts else outlined(value)


def families() -> list[dict[str, Any]]:
    """Return the verb families: title, and for each frame what it does and its templates; and examples."""
    import handeye.policies.plain_english  # noqa: F401 - registers the families
    from handeye.policies.plain_english.frames import FAMILIES

    return [
        {
            "title": family.title,
            "frames": [
                {"does": " ".join((frame.build.__doc__ or "").split()), "templates": list(frame.templates)}
                for frame in family.frames
            ],
            "examples": family.examples,
        }
        for family in sorted(FAMILIES, key=lambda each: each.title)
    ]


def print_sentences(as_json: bool) -> None:
    """Print the sentences that are understood without a model, by family: what they do, and examples."""
    if as_json:
        print_json({"families": families()})
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for family in families():
        console.print(Text(family["title"], style="bold"))
        for frame in family["frames"]:
            console.print(Text(f"  {frame['does']}"), soft_wrap=True)
        for sentence in family["examples"]:
            console.print(Text.assemble(("  › ", "dim"), (sentence, "cyan")), soft_wrap=True)
        console.print()
