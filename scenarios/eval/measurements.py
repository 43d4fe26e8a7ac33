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
    """The file; None keeps measurements in memory only."""
    settings: dict[str, Any]
    """The settings that must be equal to combine results."""
    done: dict[int, Measurement] = field(default_factory=dict)
    """Measurements by the number of the item, without errors, which are measured again."""
    notes: tuple[str, ...] = ()

    @classmethod
    def open(cls, path: Path | None, settings: dict[str, Any], *, fresh: bool = False) -> MeasurementsFile:
        """Open a file with the same settings, or rename a file with others and start a new one; return it.

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
        """Append a measurement to the file. Raises SetupError when the disk is full."""
        self.done[number] = result
        if self.path is None:
            return
        line = json.dumps({"item": number} | result.model_dump(exclude_defaults=True), ensure_ascii=True)
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            raise SetupError(f"{self.path} cannot be written ({error}); earlier measurements are not lost") from error


def set_aside(path: Path) -> Path:
    """Rename a file to an unused name such as `results.1.json`; return the new path."""
    number = 1
    while (aside := path.with_name(f"{path.stem}.{number}{path.suffix}")).exists():
        number += 1
    path.rename(aside)
    return aside


def _read(path: Path) -> tuple[dict[str, Any] | None, dict[int, Measurement]]:
    """Return the settings and measurements of a file; None for a file of another kind."""
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
            continue  # incomplete after a crash or on a full disk
        if not result.error:
            done[number] = result
    return settings, done


def _cut_unfinished_line(path: Path) -> None:
    """Remove an incomplete last line, to which the next measurement would be appended."""
    with path.open("r+b") as file:
        content = file.read()
        file.truncate(content.rfind(b"\n") + 1)


def _difference(known: dict[str, Any] | None, settings: dict[str, Any]) -> str:
    if known is None:
        return "it holds no results of an evaluation"
    names = [name for name in {**known, **settings} if known.get(name) != settings.get(name)]
    return "its results were measured with another " + " and another ".join(names)
