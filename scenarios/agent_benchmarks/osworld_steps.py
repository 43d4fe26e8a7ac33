"""The steps of OSWorld's `config` that handeye performs: an allow-list."""

from __future__ import annotations

import configparser
import os
import shlex
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from handeye.scenarios.agent_benchmarks.osworld_home import HOME, check_path, check_source, check_url
from handeye.scenarios.agent_benchmarks.task_files import Unsupported
from handeye.tools.actions import Window
from handeye.tools.errors import ActionFailed, ActionRefused, SetupError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from handeye.scenarios.agent_benchmarks.osworld_home import Home
    from handeye.tools.desktop.virtual import Virtual

Given = dict[str, Any]

#: The longest sleep of a step in seconds.
MOST_SLEEP = 60.0
EXECUTE = "runs a command on this machine, with your rights; if you trust the file, allow it: --allow-execute"


class StepType(NamedTuple):
    """A type of step, with its parameters and its function."""

    parameters: frozenset[str]
    do: Callable[[Given, Virtual, Home], None]


def check_step(kind: str, given: Given, key: str, folder: Path, allow_execute: bool) -> None:
    """Raise UsageError for a wrong or unsupported parameter of a step, before anything runs."""
    for name in given:
        if name not in STEPS[kind].parameters:
            raise Unsupported(f"{key}.{name} is not supported")
    match kind:
        case "execute" | "command":
            check_command(given, key, allow_execute)
        case "launch":
            _check_launch(given, key, allow_execute)
        case "open":
            check_path(given.get("path"), f"{key}.path")
        case "download":
            for number, file in enumerate(_files(given, key, {"url", "path"})):
                check_url(file["url"], f"{key}.files.{number}.url")
                check_path(file["path"], f"{key}.files.{number}.path")
        case "upload_file":
            for number, file in enumerate(_files(given, key, {"local_path", "path"})):
                check_source(file["local_path"], folder, f"{key}.files.{number}.local_path")
                check_path(file["path"], f"{key}.files.{number}.path")
        case "sleep":
            seconds = given.get("seconds")
            if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= MOST_SLEEP:
                raise UsageError(f"{key}.seconds is {seconds!r}; give 0 to {MOST_SLEEP:g}")
        case "activate_window" | "close_window":
            if not isinstance(given.get("window_name"), str) or not given["window_name"].strip():
                raise UsageError(f"{key}.window_name is {given.get('window_name')!r}; give a title")
            if given.get("by_class"):
                raise Unsupported(f"{key}.by_class is set, and windows are found by their titles here")


def check_command(given: Given, key: str, allow_execute: bool) -> None:
    """Raise UsageError for an invalid command, and for one that is not allowed."""
    words = given.get("command")
    plain = isinstance(words, str) or (isinstance(words, list) and all(isinstance(each, str) for each in words))
    if not plain or not words:
        raise UsageError(f"{key}.command is {words!r}; give a text, or a list of words")
    if not allow_execute:
        raise UsageError(f"{key}.command {_quoted(words)} {EXECUTE}")
    if "{CLIENT_PASSWORD}" in str(words):
        raise Unsupported(f"{key}.command wants OSWorld's own password")


def command_of(given: Given) -> tuple[str | list[str], bool]:
    """Return the command of a step or a getter, and whether a shell runs it."""
    words, shell = given["command"], str(given.get("shell", False)).lower() == "true"
    if shell:
        return (words if isinstance(words, str) else shlex.join(words)), True
    return (shlex.split(words) if isinstance(words, str) else words), False


def _files(given: Given, key: str, names: set[str]) -> list[Given]:
    files = given.get("files")
    if not isinstance(files, list) or not all(isinstance(each, dict) and set(each) == names for each in files):
        raise UsageError(f"{key}.files: give a list of objects with {' and '.join(sorted(names))}")
    return files


def _check_launch(given: Given, key: str, allow_execute: bool) -> None:
    words = _words(given.get("command"), key)
    if str(given.get("shell", False)).lower() == "true":
        check_command(given, key, allow_execute)
    if allow_execute:
        return
    if words[0] not in menu():
        raise UsageError(f"{key}.command {_quoted(words)} is no program of this machine's menu, and {EXECUTE}")
    for word in words[1:]:
        if not word.startswith((f"{HOME}/", "http://", "https://")) or ".." in word:
            raise UsageError(f"{key}.command gives {words[0]} {word!r}, neither file nor address, and {EXECUTE}")


def _words(command: object, key: str = "command") -> list[str]:
    try:
        words = shlex.split(command) if isinstance(command, str) else command
    except ValueError as error:
        raise UsageError(f"{key}.command {command!r} cannot be read ({error}); close its quotes") from error
    if not isinstance(words, list) or not words or not all(isinstance(each, str) for each in words):
        raise UsageError(f"{key}.command is {command!r}; give a program and what it opens")
    return words


@cache
def menu() -> frozenset[str]:
    """Return the names of the programs in the machine's menu.

    These are the programs with a desktop entry, without terminals and programs that run in one.
    """
    places = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    found: set[str] = set()
    for entry in (path for place in places.split(":") for path in Path(place, "applications").glob("*.desktop")):
        reader = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            reader.read(entry, encoding="utf-8")
            section = reader["Desktop Entry"]
            words = shlex.split(section.get("Exec", ""))
        except (configparser.Error, KeyError, ValueError, OSError):
            continue
        terminal = section.get("Terminal", "").lower() == "true" or "TerminalEmulator" in section.get("Categories", "")
        hidden = "true" in (section.get("NoDisplay", "").lower(), section.get("Hidden", "").lower())
        if words and not terminal and not hidden:
            found.add(Path(words[0]).name)
    return frozenset(found)


def _quoted(words: str | Sequence[str]) -> str:
    text = words if isinstance(words, str) else shlex.join(words)
    return repr(text if len(text) <= 60 else text[:59] + "…")


# Doing


def _execute(given: Given, device: Virtual, home: Home) -> None:
    command, shell = command_of(given)
    home.run(command, device.display, shell=shell)
    device.settle()


def _launch(given: Given, device: Virtual, home: Home) -> None:
    shell = str(given.get("shell", False)).lower() == "true"
    words = ["sh", "-c", str(given["command"])] if shell else _words(given["command"])
    command = shlex.join(home.local(word) for word in words)
    if why := home.rules.starts(command):
        raise SetupError(f"{command}: {why}")
    device.launch(command)


def _open(given: Given, device: Virtual, home: Home) -> None:
    path = home.path(given["path"])
    if not path.exists():
        raise SetupError(f"there is no {given['path']} to be opened; put it there in a step before")
    device.launch(shlex.join(["xdg-open", str(path)]))


def _download(given: Given, device: Virtual, home: Home) -> None:  # noqa: ARG001
    for file in given["files"]:
        home.fetch(file["url"], home.path(file["path"]))


def _upload(given: Given, device: Virtual, home: Home) -> None:  # noqa: ARG001
    for file in given["files"]:
        home.copy(file["local_path"], file["path"])


def _sleep(given: Given, device: Virtual, home: Home) -> None:  # noqa: ARG001
    time.sleep(given["seconds"])


def _window(do: Any) -> Callable[[Given, Virtual, Home], None]:
    def step(given: Given, device: Virtual, home: Home) -> None:
        title = home.local(given["window_name"])
        try:
            device.perform(Window(do=do, title=title))
            device.settle()
        except (ActionRefused, ActionFailed) as error:
            raise SetupError(f"the window {title!r} cannot be found: {error}") from error

    return step


def _kind(do: Callable[[Given, Virtual, Home], None], *parameters: str) -> StepType:
    return StepType(frozenset(parameters), do)


STEPS: dict[str, StepType] = {
    "launch": _kind(_launch, "command", "shell"),
    "open": _kind(_open, "path"),
    "download": _kind(_download, "files"),
    "upload_file": _kind(_upload, "files"),
    "sleep": _kind(_sleep, "seconds"),
    "activate_window": _kind(_window("focus"), "window_name", "strict", "by_class"),
    "close_window": _kind(_window("close"), "window_name", "strict", "by_class"),
    "execute": _kind(_execute, "command", "shell"),
    "command": _kind(_execute, "command", "shell"),
}
