"""Generates two pages of docs from the code. `python -m handeye.scenarios.reference`.

`docs/reference.md` has every command, flag and key, `docs/what-you-can-say.md` the sentences that need no model.
"""

from __future__ import annotations

import inspect
import re
import sys
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handeye.agent.options import ENGINE, GROUPS, OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handeye.agent.options import Option

PAGE = Path("docs/reference.md")
SENTENCES = Path("docs/what-you-can-say.md")
SENTENCES_HEAD = """# What you can say

Without a model, handeye carries out steps in plain English. `make reference` writes this page from the grammar, and the
tests run every example. `handeye actions --sentences` prints it, and `handeye check 'SENTENCE'` shows how a sentence is
read, before anything is done:

    handeye check 'type "Ada" into Name, click "Save"'

**How a goal is read.** A goal is a list of steps, cut at line ends, full stops, commas, “and” and “then”. Who does it,
in which person and tense, and politeness do not matter: “Please click Save”, “the user clicks Save” and “I clicked
Save” are one step. Text in quotes is taken literally: it is a label, or what is typed. Write labels that contain “and”,
a comma or a verb in quotes.

**What is refused.** The whole goal is read before the first action. A step in which a word has no meaning is refused,
with the nearest sentence that is known. Two readings that would do different things and fit equally well are refused,
and both are listed. Nothing has been done then, and the exit code is 2.

**How to read the templates.** `[word]` may be left out, `a|b` is one or the other, `(… | …)` is a choice, and
`{name=value}` what the choice means. `<target>` is a control in words (“the second Delete button next to Oak”),
`<value:quote>` a text in quotes. `@be` and the like stand for groups of words: is, are, was, should be.
"""
HEAD = """# Reference

`make reference` writes this page from the code, and `make check` fails when it is out of date. The guides are
[scenarios.md](scenarios.md), [browser.md](browser.md), [desktop.md](desktop.md), [tools.md](tools.md),
[eval.md](eval.md), [trust.md](trust.md) and [internvl.md](internvl.md).

- [Settings of a run](#settings-of-a-run)
- [Commands](#commands)
- [Suites](#suites)
- [Checks](#checks)

Every flag can also be set by an environment variable, and by a key of `handeye.toml` or of `[tool.handeye]` in
`pyproject.toml`. A flag wins over a variable, a variable over the file, and the file over the default.
"""
SETTINGS = """## Settings of a run

The commands share these settings, which are the fields of `handeye.agent.options.RunOptions`. Each command names those
that it has. A key of `handeye.toml` is the flag without its dashes, and counts for all commands. In a table such as
`[test]` it counts for this command alone:

    model = "http://127.0.0.1:8000/v1"
    tools = ["stock", "files.*"]
    [run]
    max-steps = 80
"""
SUITES = """## Suites

Editors complete keys and mark mistakes with the schema that `handeye schema --out suite.schema.json` writes. The first
line of the suite is then

    # yaml-language-server: $schema=suite.schema.json

A list of one entry may be written without its brackets."""
CHECKS = """## Checks

A check in `requires`, `ensures`, `always` and `never` is a sentence, or a table with the kind as its only key. The
field after “Short” may be given alone: `text: Thank you`."""


def reference() -> str:
    """The text of the page."""
    page = "\n".join(
        [HEAD, SETTINGS, *_settings(), "## Commands", *_commands(), SUITES, *_suites(), CHECKS, *_checks()]
    )
    return re.sub(r"\n{3,}", "\n\n", page).rstrip() + "\n"


def what_you_can_say() -> str:
    """The text of the page about sentences."""
    from handeye.agent.cli.sentences import families

    parts = [SENTENCES_HEAD]
    for family in families():
        parts.append(f"\n## {family['title']}\n")
        parts += [f"- {sentence}" for sentence in family["examples"]]
        parts.append("\n<details><summary>All templates</summary>\n")
        for frame in family["frames"]:
            parts += [f"{frame['does']}\n", *(f"    {text}" for text in frame["templates"]), ""]
        parts.append("</details>")
    return "\n".join(parts).rstrip() + "\n"


def main(arguments: list[str]) -> int:
    """Write the pages. With `--check` return 1 when one is out of date, and write nothing."""
    pages = {PAGE: reference(), SENTENCES: what_you_can_say()}
    if "--check" not in arguments:
        for page, text in pages.items():
            page.write_text(text, encoding="utf-8")
        return 0
    stale = [page for page, text in pages.items() if not page.is_file() or page.read_text(encoding="utf-8") != text]
    if stale:
        sys.stderr.write(f"{', '.join(map(str, stale))}: out of date; run: make reference\n")
    return 1 if stale else 0


def _commands() -> Iterator[str]:
    import typer

    from handeye.agent.cli import app

    group: Any = typer.main.get_command(app)
    context = group.make_context("handeye", [], resilient_parsing=True)
    names = sorted(set(group.list_commands(context)) - _foreign())
    commands = {name: group.get_command(context, name) for name in names}
    for name, command in commands.items():
        yield from _command(name, command, context)


def _foreign() -> set[str]:
    """The commands of other packages that are installed on this machine."""
    from handeye.agent.cli import GROUP

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
    shared = [each for each in options if each.name in OPTIONS]
    own = [each for each in options if each.name not in OPTIONS]
    if own:
        yield from _options(own)
    if shared:
        yield f"[Settings of a run](#settings-of-a-run): {', '.join(_shared(shared))}.\n"


def _shared(options: list[Any]) -> Iterator[str]:
    """The flags of settings, with the default where this command has another one; those of the engine in one."""
    whole = {option.name for option in options} >= set(ENGINE)
    for option in options:
        if option.name in ENGINE and whole:
            continue
        usual = OPTIONS[option.name].text(OPTIONS[option.name].default)
        differs = option.default not in (None, "", usual) and not option.is_flag
        yield f"{_code(option.opts[0])} (default {_code(option.default)})" if differs else _code(option.opts[0])
    if whole:
        yield f"{_code(OPTIONS[ENGINE[0]].flag)} to {_code(OPTIONS[ENGINE[-1]].flag)}"


def _settings() -> Iterator[str]:
    """A table for each group of options."""
    for group, names in GROUPS.items():
        yield f"\n### {group}\n"
        yield from _table(("flag", "variable", "default", ""), [_setting(OPTIONS[name]) for name in names])


def _setting(option: Option) -> list[str]:
    negated = f"--no-{option.flag.removeprefix('--')}"
    flag = f"{option.flag}, {negated}" if option.kind is bool else f"{option.flag} {option.metavar}"
    usual = option.text(option.default) if option.default not in (None, "", (), False) else ""
    default = _prose(option.unset) if option.unset else "on" if option.default is True else _code(usual)
    note = f" Formerly {_code(option.former_flag)}." if option.former_flag else ""
    return [_code(flag), _code(option.variable), default, _prose(option.help) + note]


def _options(options: list[Any]) -> Iterator[str]:
    rows = [
        [_code(_flags(each)), _code(each.envvar or ""), _default(each), _prose(each.help or "")] for each in options
    ]
    yield from _table(("flag", "variable", "default", ""), rows)


def _argument(argument: Any, context: Any) -> str:
    name = argument.metavar or argument.make_metavar(context)
    return name if argument.required or name.startswith("[") else f"[{name}]"


def _flags(option: Any) -> str:
    names = ", ".join([*option.opts, *option.secondary_opts])
    return names if option.is_flag else f"{names} {option.metavar or _value(option)}"


def _value(option: Any) -> str:
    """The name of a value where the flag has no metavar."""
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


#: The tables within a suite: key and definition in the schema.
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
    default = (
        ""
        if default in (None, "", [], {}) or default is False
        else _code(str(default).lower() if default is True else str(default))
    )
    return [_code(key), _kind(field), default, _prose(field.get("description", ""))]


def _kind(field: dict[str, Any]) -> str:
    """The type of a field, in words."""
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
    """The help text of a command as markdown, with its examples as code."""
    paragraphs: list[str] = []
    for paragraph in text.split("\n\n"):
        example = re.fullmatch(r"(?s)(?:\[b\]Examples?\[/b\]: )?(handeye .*)", paragraph)
        paragraphs.append("    " + " ".join(example[1].split()) if example else _prose(paragraph))
    return "\n\n".join(paragraphs)


def _prose(text: str) -> str:
    """A help text as markdown: the markup of terminals becomes emphasis."""
    text = re.sub(r"\[/?(?:b|bold|dim|i)\]", "**", text).replace("****", "").replace("\\[", "[")
    return re.sub(r"<(\w+)>", r"`<\1>`", text)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
