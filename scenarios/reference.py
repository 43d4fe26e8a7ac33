"""Generates `docs/reference.md` from the code: every command, flag and key. `python -m handeye.scenarios.reference`."""

from __future__ import annotations

import inspect
import re
import sys
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handeye.agent.cli.flags import PANEL

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path("docs/reference.md")
HEAD = """# Reference

Written by `make reference`, from the code itself; `make check` tells when it is out of date. The guides are
[scenarios.md](scenarios.md), [browser.md](browser.md), [desktop.md](desktop.md), [tools.md](tools.md),
[eval.md](eval.md), [trust.md](trust.md) and [internvl.md](internvl.md).

Every flag can be given by its variable in the environment, and in `handeye.toml` or `[tool.handeye]`.
"""
SUITES = """## Suites

Editors complete keys and mark mistakes by `handeye schema --out suite.schema.json`, when a suite's first line is

    # yaml-language-server: $schema=suite.schema.json

A list of one may be written without its brackets."""
CHECKS = """## Checks

In `requires`, `ensures`, `always` and `never`: a sentence, or a table with the kind as its one key. Where a kind says
“short”, that field may be given alone: `text: Thank you`."""


def reference() -> str:
    """The page."""
    page = "\n".join([HEAD, "## Commands", *_commands(), SUITES, *_suites(), CHECKS, *_checks()])
    return re.sub(r"\n{3,}", "\n\n", page).rstrip() + "\n"


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` say whether it is what it should be."""
    text = reference()
    if "--check" in arguments:
        if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text:
            return 0
        sys.stderr.write(f"{PAGE} is out of date; write it anew with: make reference\n")
        return 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


def _commands() -> Iterator[str]:
    import typer

    from handeye.agent.cli import app

    group: Any = typer.main.get_command(app)
    context = group.make_context("handeye", [], resilient_parsing=True)
    names = sorted(set(group.list_commands(context)) - _foreign())
    commands = {name: group.get_command(context, name) for name in names}
    for name, command in commands.items():
        yield from _command(name, command, context)
    yield from _model(commands)


def _foreign() -> set[str]:
    """Commands that other packages on this machine bring along."""
    from handeye.agent.cli.extensions import GROUP

    ours: set[str] = set()
    all_: set[str] = set()
    for package in distributions():
        names = {point.name for point in package.entry_points.select(group=GROUP)}
        all_ |= names
        ours |= names if package.name == "handeye" else set()
    return all_ - ours


def _command(name: str, command: Any, above: Any) -> Iterator[str]:
    inside = type(above)(command, info_name=name, parent=above)
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    usage = " ".join(["handeye", name, *(_argument(each, inside) for each in arguments)])
    yield f"\n### `{usage}`\n"
    yield _help(inspect.cleandoc(command.help or "")) + "\n"
    options = [
        each
        for each in command.params
        if each.param_type_name == "option" and "--help" not in each.opts and not each.hidden
    ]
    own = [each for each in options if each.rich_help_panel != PANEL]
    if own:
        yield from _options(own)
    if len(own) < len(options):
        yield "And [how the model is run](#how-the-model-is-run).\n"


def _model(commands: dict[str, Any]) -> Iterator[str]:
    """The flags that many commands share, once."""
    yield "\n### How the model is run\n"
    shared = {each.name: each for command in commands.values() for each in command.params if _panel(each) == PANEL}
    yield from _options(list(shared.values()))


def _panel(parameter: Any) -> str:
    return getattr(parameter, "rich_help_panel", None) or ""


def _options(options: list[Any]) -> Iterator[str]:
    rows = [
        [_code(_flags(each)), _code(each.envvar or ""), _default(each), _prose(each.help or "")] for each in options
    ]
    yield from _table(("flag", "variable", "default", ""), rows)


def _argument(argument: Any, context: Any) -> str:
    name = argument.metavar or argument.make_metavar(context)
    return name if argument.required or name.startswith("[") else f"[{name}]"


def _flags(option: Any) -> str:
    told = ", ".join([*option.opts, *option.secondary_opts])
    return told if option.is_flag else f"{told} {option.metavar or _value(option)}"


def _value(option: Any) -> str:
    """What a flag takes, where its maker has given no word for it."""
    number = isinstance(option.default, int | float) or (option.min, option.max) != (None, None)
    return "N" if number else "PATH" if isinstance(option.default, Path) else "TEXT"


def _default(option: Any) -> str:
    if isinstance(option.show_default, str):
        return _prose(option.show_default)
    value = option.default
    if value in (None, "", (), []) or value is False or callable(value) or option.show_default is False:
        return ""
    return "on" if value is True else _code(str(value))


def _suites() -> Iterator[str]:
    from handeye.scenarios.editors import suite_schema

    schema = suite_schema()
    parts = {"A suite": schema, **{f"`{key}`": schema["$defs"][name] for key, name in PARTS.items()}}
    for title, part in parts.items():
        yield f"\n### {title}\n\n{part['description']}\n"
        yield from _table(("key", "", "default", ""), [_field(*each) for each in part["properties"].items()])


#: Tables within a suite, by their keys.
PARTS = {"scenarios": "ScenarioSpec", "steps": "ScenarioStep", "serve": "Serve", "ground": "GroundSpec"}


def _checks() -> Iterator[str]:
    from handeye.scenarios.checks.kinds import CHECK_TYPES, SHORT
    from handeye.scenarios.editors import suite_schema

    parts = suite_schema()["$defs"]
    for kind in CHECK_TYPES:
        name = kind.model_fields["kind"].default
        if name == "statement":
            continue
        short = f" Short: `{SHORT[name]}`." if name in SHORT else ""
        yield f"\n### `{name}`\n\n{parts[kind.__name__]['description']}{short}\n"
        required = parts[kind.__name__].get("required", ())
        rows = [_field(key, each) for key, each in parts[kind.__name__]["properties"].items()]
        rows = [[row[0], row[1], "needed" if row[0].strip("`") in required else row[2], row[3]] for row in rows]
        yield from _table(("key", "", "default", ""), rows)


def _field(key: str, field: dict[str, Any]) -> list[str]:
    default = field.get("default")
    told = (
        ""
        if default in (None, "", [], {}) or default is False
        else _code(str(default).lower() if default is True else str(default))
    )
    return [_code(key), _kind(field), told, _prose(field.get("description", ""))]


def _kind(field: dict[str, Any]) -> str:
    """What a field takes, in a word or two."""
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return {"Checks": "checks", "Check": "check", "ScenarioStep": "step"}.get(name, "table")
    if "enum" in field:
        return ", ".join(_code(str(each)) for each in field["enum"])
    if "anyOf" in field:
        kinds = [_kind(each) for each in field["anyOf"] if each.get("type") != "null" and each.get("enum") is None]
        return " or ".join(dict.fromkeys(kinds))
    names: dict[str, str] = {"string": "text", "integer": "whole number", "boolean": "true or false", "object": "table"}
    kind = field.get("type", "")
    if kind == "array":
        if "prefixItems" in field:
            return f"{len(field['prefixItems'])} numbers"
        return "list" if "items" not in field else f"list of {_plural(_kind(field['items']))}"
    return names.get(kind, str(kind))


def _plural(word: str) -> str:
    return {"text": "texts", "table": "tables", "check": "checks"}.get(word, "them")


def _table(head: tuple[str, ...], rows: list[list[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(each.replace("|", "\\|").replace("\n", " ") for each in row) + " |"
    yield ""


def _code(text: object) -> str:
    return f"`{text}`" if text else ""


def _help(text: str) -> str:
    """A command's help, its examples as such."""
    told: list[str] = []
    for paragraph in text.split("\n\n"):
        example = re.fullmatch(r"(?s)(?:\[b\]Examples?\[/b\]: )?(handeye .*)", paragraph)
        told.append("    " + " ".join(example[1].split()) if example else _prose(paragraph))
    return "\n\n".join(told)


def _prose(text: str) -> str:
    """Help as markdown: emphasis of the terminal's, and paragraphs that are examples."""
    text = re.sub(r"\[/?(?:b|bold|dim|i)\]", "**", text).replace("****", "").replace("\\[", "[")
    return re.sub(r"<(\w+)>", r"`<\1>`", text)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
