"""The JSON Schema of suite files, for completion and validation in editors; `handeye schema` prints it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from handeye.agent.cli.console import report_errors
from handeye.tools.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterable

Schema = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
#: Words that stand for truth values where one is wanted.
TRUTHS = ("yes", "no", "on", "off")
#: Of several keys a table has exactly one.
ONE_OF = {"ScenarioSpec": ("goal", "steps"), "Serve": ("folder", "command"), "GroundSpec": ("image", "dataset")}


def suite_schema() -> Schema:
    """What a suite's file may say, with the short ways to write it. Sentences and files are the loader's to judge."""
    from handeye.scenarios.checks.kinds import CHECK_TYPES, SHORT
    from handeye.scenarios.suite.schema import Suite

    made = Suite.model_json_schema(by_alias=True)
    parts: dict[str, Schema] = made.pop("$defs")
    parts["Suite"] = made
    tables = {kind.__name__: kind.model_fields["kind"].default for kind in CHECK_TYPES}
    for name, part in parts.items():
        part.pop("title", None)
        part.get("properties", {}).pop("line", None)
        for key, field in part.get("properties", {}).items():
            field.pop("title", None)
            part["properties"][key] = _widened(field)
        if name in tables:
            part["properties"].pop("kind")
        if name in ONE_OF:
            part["oneOf"] = [{"required": [key]} for key in ONE_OF[name]]
    suite = parts.pop("Suite")
    suite["anyOf"] = [{"required": [key]} for key in ("scenarios", "ground", "include")]
    parts["Check"] = _check({kind: name for name, kind in tables.items()}, SHORT, parts)
    parts["Checks"] = _several({"$ref": "#/$defs/Check"})
    schema = {"$schema": DRAFT, "title": "A suite of handeye", **suite, "$defs": dict(sorted(parts.items()))}
    return json.loads(json.dumps(schema))  # type: ignore[no-any-return]


def _widened(field: Schema) -> Schema:
    """A field with the other ways to write it: one thing for a list of them, a word for a truth value."""
    note: Schema = {key: field[key] for key in ("description", "default") if key in field}
    items = field.get("items", {})
    if field.get("type") == "array" and "discriminator" in items:
        return {"$ref": "#/$defs/Checks", **note}
    if field.get("type") == "array" and items == {"type": "string"}:
        one: list[Schema] = [{"type": "string"}]
        if "${{CI}}" in note.get("description", ""):  # a condition
            one.append(_truth())
        return {**_several({"anyOf": one} if len(one) > 1 else one[0]), **note}
    if field.get("type") == "array" and items == {"$ref": "#/$defs/GroundSpec"}:
        return {**_several(items), **note}
    if field.get("type") == "array" and items == {"$ref": "#/$defs/ScenarioStep"}:
        return {**_several({"anyOf": [{"type": "string"}, items]}), **note}
    values = field.get("additionalProperties")
    if isinstance(values, dict) and values.get("items") == {"type": "string"}:
        return {**field, "additionalProperties": _widened(values)}
    if field == {**note, "type": "boolean"}:
        return {**_truth(), **note}
    if "anyOf" in field:
        wide = [_truth() if each == {"type": "boolean"} else each for each in field["anyOf"]]
        return {"anyOf": wide, **note}
    return field


def _truth() -> Schema:
    return {"anyOf": [{"type": "boolean"}, {"enum": list(TRUTHS)}]}


def _several(one: Schema) -> Schema:
    return {"anyOf": [one, {"type": "array", "items": one}]}


def _check(kinds: dict[str, str], short: dict[str, str], parts: dict[str, Schema]) -> Schema:
    """A sentence, or a table with the kind as its one key; or with the kind as a field."""
    tables: dict[str, Schema] = {}
    for kind, name in kinds.items():
        full: Schema = {"$ref": f"#/$defs/{name}"}
        ways: Iterable[Schema] = [{"type": "string"}, full] if kind in short else [full]
        tables[kind] = {"description": parts[name]["description"], "anyOf": list(ways)}
    flat: list[Schema] = []
    for kind, name in kinds.items():
        part = parts[name]
        keys = {"kind": {"const": kind}, **part["properties"]}
        flat.append({**part, "properties": keys, "required": ["kind", *part.get("required", ())]})
    single = {
        "type": "object",
        "properties": tables,
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    }
    return {
        "description": "A sentence, as after “check that”, or one kind of check and what it wants.",
        "anyOf": [{"type": "string", "minLength": 1}, single, *flat],
    }


def command(
    out: Annotated[
        Path | None,
        typer.Option(envvar="HANDEYE_OUT", metavar="FILE", help="Write the schema into this file instead of stdout."),
    ] = None,
) -> None:
    """Print the JSON Schema of suites for editors.

    With it, editors complete keys and mark mistakes.

    [b]Example[/b]: handeye schema --out suite.schema.json

    Then a suite's first line is: # yaml-language-server: $schema=suite.schema.json
    """
    text = json.dumps(suite_schema(), ensure_ascii=False, indent=1)
    if out is None:
        typer.echo(text)
        return
    with report_errors():
        try:
            out.write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            raise SetupError(f"{out} cannot be written ({error.strerror}); name another --out") from error
