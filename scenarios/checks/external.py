"""Checks outside of the screen: files, HTTP, databases, processes, and Python functions of the suite."""

from __future__ import annotations

import importlib.util
import json
import re
import sqlite3
import sys
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx

from handeye.tools.errors import SetupError, UsageError

if TYPE_CHECKING:
    from handeye.perception.observation import Observation
    from handeye.scenarios.checks.kinds import FileCheck, HttpCheck, ProcessCheck, PythonCheck, SqlCheck

Found = tuple[bool | None, str]

#: The timeout of servers and databases in seconds.
PATIENCE = 10.0
#: The limit of bytes that are read from a file.
MOST = 10_000_000


def resolve_path(path: str, folder: Path) -> Path:
    """Return a path of a suite: below its folder, unless it begins at the root or the home folder."""
    return folder / Path(path).expanduser()


def file(check: FileCheck, folder: Path) -> Found:
    """Return whether a file exists and has the required content."""
    path = resolve_path(check.path, folder)
    if not path.exists():
        return not check.exists, f"there is no {path}"
    if not check.exists:
        return False, f"{path} is there"
    if not check.contains and check.equals is None:
        return True, f"{path} is there"
    if not path.is_file() or path.stat().st_size > MOST:
        return None, f"{path} is {'larger than 10 MB' if path.is_file() else 'no file'} and was not read"
    text = path.read_bytes().decode("utf-8", "replace")
    holds = check.contains in text and check.equals in (None, text)
    return holds, f"it holds “{text[:200]}{'…' if len(text) > 200 else ''}”"


def http(check: HttpCheck) -> Found:
    """Return whether the response of a server is as required."""
    try:
        answer = httpx.get(check.url, timeout=PATIENCE)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return None, f"{check.url} did not answer ({error or type(error).__name__})"
    if answer.status_code != check.status:
        return False, f"it answered {answer.status_code}"
    if check.contains and check.contains not in answer.text:
        return False, f"it answered “{answer.text[:200]}”"
    if not check.values:
        return True, f"it answered {answer.status_code}"
    try:
        document = answer.json()
    except ValueError:
        return False, f"it answered no JSON: “{answer.text[:200]}”"
    for path, wanted in check.values.items():
        there, value = dig(document, path)
        if not there or value != wanted:
            return False, f"{path} is {json.dumps(value, ensure_ascii=False) if there else 'not there'}"
    return True, "all of it is so"


def dig(value: Any, path: str) -> tuple[bool, Any]:
    """Return whether a JSON value has a path such as `orders.0.id`, and the value there."""
    for key in path.split("."):
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.lstrip("-").isdecimal() and -len(value) <= int(key) < len(value):
            value = value[int(key)]
        else:
            return False, None
    return True, value


def sql(check: SqlCheck, folder: Path) -> Found:
    """Return whether the first value of a query is as required; None when the database cannot be read.

    Raises SetupError for PostgreSQL without its driver.
    """
    if re.match(r"postgres(?:ql)?://", check.database):
        return _postgres(check)
    path = resolve_path(check.database.removeprefix("sqlite:///"), folder)
    if not path.is_file():
        return None, f"there is no database {path}"
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=PATIENCE)) as database:
            row = database.execute(check.query).fetchone()
    except sqlite3.Error as error:
        return None, f"{path}: {error}"
    return _first(row, check)


def _postgres(check: SqlCheck) -> Found:
    try:
        import psycopg
    except ImportError as error:
        raise SetupError("checks on PostgreSQL need: pip install 'handeye[sql]'") from error
    limits = f"-c default_transaction_read_only=on -c statement_timeout={int(PATIENCE * 1000)}"
    try:
        with closing(psycopg.connect(check.database, connect_timeout=int(PATIENCE), options=limits)) as database:
            database.read_only = True
            row = database.execute(check.query.encode()).fetchone()
    except psycopg.Error as error:
        value = (str(error).splitlines() or [type(error).__name__])[0]
        return None, f"{check.redacted_database}: {value}"
    return _first(row, check)


def _first(row: Any, check: SqlCheck) -> Found:
    """Return whether the first value of a row is as required; numbers of all types are compared as numbers."""
    value = row[0] if row else None
    if isinstance(value, Decimal):
        value = int(value) if value == value.to_integral_value() else float(value)
    elif value is not None and not isinstance(value, str | int | float):
        value = str(value)
    return value == check.equals, f"it gives {value!r}"


def process(check: ProcessCheck) -> Found:
    """Return whether a program runs, or does not run, as required."""
    if not sys.platform.startswith("linux"):
        return None, "the list of running programs can be read on Linux only"
    names = set[str]()
    for each in Path("/proc").iterdir():
        if each.name.isdecimal():
            try:
                words = (each / "cmdline").read_bytes().split(b"\0")
            except OSError:  # it has ended meanwhile
                continue
            names.add(Path(words[0].decode("utf-8", "replace")).name)
    return (check.name in names) == check.running, f"{check.name} {'runs' if check.name in names else 'does not run'}"


def python(check: PythonCheck, observation: Observation, folder: Path) -> Found:
    """Return the result of a function of the suite. Raises UsageError when there is no such function."""
    module, _, name = check.function.partition(":")
    path = folder / f"{module.replace('.', '/')}.py"
    try:
        if path.is_file():
            spec = importlib.util.spec_from_file_location(f"_handeye_suite_{module}", path)
            assert spec is not None
            assert spec.loader is not None
            loaded = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(loaded)
        else:
            loaded = importlib.import_module(module)
        function = getattr(loaded, name)
    except (ImportError, AttributeError) as error:
        raise UsageError(
            f"{check.function} cannot be imported ({error}); write FILE:FUNCTION, with FILE in the suite's folder"
        ) from error
    try:
        result = function(observation)
    except Exception as error:
        return None, f"it raised {type(error).__name__}: {error}"
    return result is True, result if isinstance(result, str) else f"it returned {result!r}"
