"""Stores measurements on the disk as they arrive, so that an interrupted evaluation can continue.

The first line contains the settings of the evaluation. Results of other settings are never mixed in: such a file is
renamed, and a new one is started.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from handeye.scenarios.eval.score import Measurement
from handeye.tools.errors import SetupError
from handeye.tools.files import json_lines

if TYPE_CHECKING:
    from pathlib import Path

VERSION = 1


@dataclass
class MeasurementsFile:
    """The results of one evaluation."""

    path: Path | None
    """None: they are kept in memory alone."""
    settings: dict[str, Any]
    """What must be equal for results to belong together."""
    done: dict[int, Measurement] = field(default_factory=dict)
    """By the number of the item in the data set, errors left out: those are asked again."""
    notes: tuple[str, ...] = ()

    @classmethod
    def open(cls, path: Path | None, settings: dict[str, Any], *, fresh: bool = False) -> MeasurementsFile:
        """Go on with the file if it holds results of the same settings; else set it aside and begin anew.

        Raises SetupError when the file cannot be written.
        """
        if path is None:
            return cls(None, settings)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists():
                known, done = _read(path)
                if known == settings and not fresh:
                    _cut_unfinished_line(path)
                    return cls(path, settings, done)
                aside = set_aside(path)
                why = "measured anew" if known == settings else _difference(known, settings)
                notes: tuple[str, ...] = (f"{path.name} was set aside as {aside.name}: {why}",)
            else:
                notes = ()
            head = {"handeye": "eval", "version": VERSION, "settings": settings}
            path.write_text(json.dumps(head, ensure_ascii=False) + "\n", encoding="utf-8")
        except OSError as error:
            raise SetupError(f"{path} cannot be written ({error}); name a file you may write with --json") from error
        return cls(path, settings, notes=notes)

    def add(self, number: int, result: Measurement) -> None:
        """Keep a result; it is on its way to the disk when this returns. Raises SetupError when the disk is full."""
        self.done[number] = result
        if self.path is None:
            return
        line = json.dumps({"item": number} | result.model_dump(exclude_defaults=True), ensure_ascii=True)
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            raise SetupError(f"{self.path} cannot be written ({error}); what was measured so far is kept") from error


def set_aside(path: Path) -> Path:
    """Give a file another name, which no file has: `results.1.json`."""
    number = 1
    while (aside := path.with_name(f"{path.stem}.{number}{path.suffix}")).exists():
        number += 1
    path.rename(aside)
    return aside


def _read(path: Path) -> tuple[dict[str, Any] | None, dict[int, Measurement]]:
    """Settings and results in a file; no settings when it is none of ours."""
    done: dict[int, Measurement] = {}
    lines = json_lines(path.read_text(encoding="utf-8", errors="replace"))
    try:
        head = json.loads(lines[0])
        settings = head["settings"] if head["version"] == VERSION else None
    except (ValueError, LookupError, TypeError):
        return None, {}
    for line in lines[1:]:
        try:
            fields = json.loads(line)
            number = int(fields.pop("item"))
            result = Measurement.model_validate(fields)
        except (ValueError, LookupError, TypeError, AttributeError):
            continue  # cut short by a crash, or by a full disk
        if not result.error:
            done[number] = result
    return settings, done


def _cut_unfinished_line(path: Path) -> None:
    """Remove what a crash left of a last line: the next result would be lost on the end of it."""
    with path.open("r+b") as file:
        content = file.read()
        file.truncate(content.rfind(b"\n") + 1)


def _difference(known: dict[str, Any] | None, settings: dict[str, Any]) -> str:
    if known is None:
        return "it holds no results of an evaluation"
    names = [name for name in {**known, **settings} if known.get(name) != settings.get(name)]
    return "its results were measured with another " + " and another ".join(names)
