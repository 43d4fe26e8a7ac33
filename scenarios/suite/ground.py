"""`ground:` questions of a suite, and data sets of questions in every format that handeye reads."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from handeye.scenarios.datasets.item import Area, Dataset, GroundingItem
from handeye.scenarios.datasets.published import PUBLISHED_FORMATS, DatasetFormat
from handeye.scenarios.suite.expansion import read_suite
from handeye.scenarios.suite.scenario import Scenario
from handeye.scenarios.suite.schema import ScenarioSpec
from handeye.scenarios.suite.yaml_source import read_source
from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.scenarios.suite.schema import GroundSpec, Suite
    from handeye.scenarios.suite.yaml_source import KeyPath, YamlSource

#: The data sets that a suite's cases have parts of.
Known = dict[tuple[Path, str], tuple[GroundingItem, ...]]


@dataclass(frozen=True)
class GroundScenario(Scenario):
    """Things to find on pictures, and what share of them must be found."""

    items: tuple[GroundingItem, ...] = ()
    """Their pictures' paths begin at the suite's folder."""
    least: float = 1.0


def ground_scenarios(suite: Suite, source: YamlSource) -> list[Scenario]:
    """A case for each picture, and one for each data set. Raises UsageError with the file and the line."""
    folder = source.path.parent
    found: list[Scenario] = []
    known: Known = {}
    for number, ground in enumerate(suite.ground):
        place: KeyPath = ("ground", number) if isinstance(source.value.get("ground"), list) else ("ground",)
        items = _items(ground, folder, source, place, known)
        name = ground.name or ground.instruction or ground.dataset
        if any(scenario.name == name for scenario in found):
            name = f"{name} ({ground.image or ground.dataset})"
        if any(scenario.name == name for scenario in found):
            raise source.error(place, f"two of `ground` are called “{name}”; give one of them a `name`")
        line = source.lines.get(place, 1)
        spec = ScenarioSpec(name=name, goal=f"find {name}", unchecked=True, tags=ground.tags)
        found.append(
            GroundScenario(
                suite=suite,
                file=source.path,
                spec=spec.model_copy(update={"line": line}),
                name=name,
                attempt_runner="handeye.scenarios.eval.ground_attempt:GroundAttemptRunner",
                items=tuple(replace(each, path=_below(each.path, folder)) for each in items),
                least=ground.at_least,
            )
        )
    return found


def _items(
    ground: GroundSpec, folder: Path, source: YamlSource, place: KeyPath, known: Known
) -> Sequence[GroundingItem]:
    path = folder / Path(ground.dataset or ground.image).expanduser()
    if ground.dataset:
        try:
            if (path, ground.format) not in known:
                known[path, ground.format] = read_dataset(path, ground.format).items
        except UsageError as error:
            raise source.error((*place, "dataset"), str(error)) from error
        items = known[path, ground.format]
        for field, wanted in ground.where.items():
            available = dict.fromkeys(each for item in items for each in _field_values(item, field))
            if lost := next((each for each in wanted if each not in available), ""):
                there = ", ".join(available) or "nothing"
                raise source.error((*place, "where"), f"no {field} of {ground.dataset} is “{lost}”; there is {there}")
            items = tuple(item for item in items if set(wanted) & set(_field_values(item, field)))
        return items[: ground.limit]
    try:
        with Image.open(path) as image:
            width, height = image.size
    except (OSError, ValueError) as error:
        why = f"there is no picture {path}" if not path.is_file() else f"{path} is no picture ({error})"
        raise source.error((*place, "image"), why) from error
    box = ground.bbox
    if box and not (0 <= box[0] < box[2] <= width and 0 <= box[1] < box[3] <= height):
        raise source.error((*place, "bbox"), f"{list(box)} is no box on the picture ({width}x{height})")
    truth = Area("box", tuple(map(float, box))) if box else None
    return [
        GroundingItem(
            ground.image, path, ground.instruction, truth, (ground.type,) if ground.type else (), ground.source
        )
    ]


def _field_values(item: GroundingItem, field: str) -> tuple[str, ...]:
    """What an item's record says in that field."""
    if field == "type":
        return item.types
    value = {"source": item.source, "group": item.group}.get(field) or item.fields.get(field, "")
    return (value,) if value else ()


def _below(path: Path, folder: Path) -> Path:
    """As it is seen from the suite's folder, which may lie elsewhere on another machine."""
    path, folder = path.resolve(), folder.resolve()
    return path.relative_to(folder) if path.is_relative_to(folder) else path


# Data sets in any format, suites included


def _suite_files(path: Path) -> list[Path]:
    """The file, where it is a suite with `ground:` questions."""
    if path.suffix not in (".yaml", ".yml") or not path.is_file():
        return []
    return [path] if re.search(r"^ground\s*:", path.read_text("utf-8", "replace"), re.MULTILINE) else []


def _read_suite_dataset(path: Path) -> Dataset:
    """The `ground:` questions of a suite file. Raises UsageError naming file and line."""
    if path.is_dir():  # a suite is one file
        return Dataset(path, "suite", ())
    scenarios = ground_scenarios(read_suite(path, pictures=False)[0], read_source(path))
    items = [item for scenario in scenarios if isinstance(scenario, GroundScenario) for item in scenario.items]
    return Dataset(path, "suite", tuple(replace(each, path=path.parent / each.path) for each in items))


FORMATS: dict[str, DatasetFormat] = {**PUBLISHED_FORMATS, "suite": DatasetFormat(_suite_files, _read_suite_dataset)}


def read_dataset(path: Path, format: str = "auto") -> Dataset:  # noqa: A002 - the flag's name
    """The data set at a path; `auto` tells the format by the files' names.

    Raises UsageError for an unknown format, a path that holds none, a record that cannot be used, and no record at all.
    """
    if format not in (*FORMATS, "auto"):
        raise UsageError(f"there is no format {format!r}; choose auto, {', '.join(FORMATS)}")
    if not path.exists():
        raise UsageError(f"there is no data set at {path}; give its file or folder")
    chosen = _detect_format(path) if format == "auto" else format
    dataset = FORMATS[chosen].read(path)
    if not dataset.items:
        raise UsageError(f"{path} holds no question in the format {chosen}; give one with records, or another --format")
    return dataset


def _detect_format(path: Path) -> str:
    fitting = [name for name, each in FORMATS.items() if each.files(path)]
    if not fitting:
        names = ", ".join(FORMATS)
        raise UsageError(
            f"the format of {path} cannot be recognised by its files' names; give it with --format ({names})"
        )
    if len(fitting) > 1:
        raise UsageError(f"{path} holds {' and '.join(fitting)}; choose one with --format")
    return fitting[0]
