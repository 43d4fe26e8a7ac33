"""`ground:` in a suite: things to be found on pictures, beside scenarios, and counted like them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from handeye.scenarios.checks.run_check import CheckResult, keep
from handeye.scenarios.datasets import Area, GroundingItem, read_dataset
from handeye.scenarios.eval.marked_crops import crop_marked
from handeye.scenarios.eval.measure import RecordingEngine, measure_item, record_answers
from handeye.scenarios.runner import AttemptRunner
from handeye.scenarios.suite.expansion import Scenario
from handeye.scenarios.suite.schema import ScenarioSpec
from handeye.tools.errors import UsageError
from handeye.tools.screenshot import open_image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.scenarios.eval.score import Measurement
    from handeye.scenarios.suite.schema import GroundSpec, Suite
    from handeye.scenarios.suite.yaml_source import KeyPath, YamlSource

#: The data sets that a suite's cases have parts of.
Known = dict[tuple[Path, str], tuple[GroundingItem, ...]]
#: Of the things of a data set that are not found, so many are shown.
MOST_SHOWN = 20


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
                attempt_runner="handeye.scenarios.suite.ground:GroundAttemptRunner",
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
            said = dict.fromkeys(each for item in items for each in _said(item, field))
            if lost := next((each for each in wanted if each not in said), ""):
                there = ", ".join(said) or "nothing"
                raise source.error((*place, "where"), f"no {field} of {ground.dataset} is “{lost}”; there is {there}")
            items = tuple(item for item in items if set(wanted) & set(_said(item, field)))
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


def _said(item: GroundingItem, field: str) -> tuple[str, ...]:
    """What an item's record says in that field."""
    if field == "type":
        return item.types
    said = {"source": item.source, "group": item.group}.get(field) or item.fields.get(field, "")
    return (said,) if said else ()


def _below(path: Path, folder: Path) -> Path:
    """As it is seen from the suite's folder, which may lie elsewhere on another machine."""
    path, folder = path.resolve(), folder.resolve()
    return path.relative_to(folder) if path.is_relative_to(folder) else path


class GroundAttemptRunner(AttemptRunner):
    """One attempt at finding them, with the eyes of all scenarios; there is no device."""

    scenario: GroundScenario

    def carry_out(self) -> dict[str, Any]:
        """What the attempt came to: fields of an Attempt."""
        perception, _ = self.runner.mind()
        if not isinstance(getattr(perception, "engine", None), RecordingEngine):
            record_answers(perception)
        items = [replace(each, path=self.scenario.file.parent / each.path) for each in self.scenario.items]
        results = [measure_item(perception, item) for item in items]
        share = sum(each.correct for each in results) / len(results)
        wrong = [pair for pair in zip(items, results, strict=True) if not pair[1].correct]
        checks = [self._missed(number, *pair) for number, pair in enumerate(wrong[:MOST_SHOWN])]
        passed = share >= self.scenario.least
        if len(items) == 1:
            reason = "" if passed else f"{checks[0].expected}; {checks[0].actual}"
            return {"status": "passed" if passed else "failed", "reason": reason, "checks": tuple(checks)}
        told = f"{len(items) - len(wrong)} of {len(items)} are found ({share:.1%})"
        wanted = f"at least {self.scenario.least:.1%} of {len(items)} things are found"
        whole = CheckResult(expected=wanted, status="passed" if passed else "failed", actual=told, kind="ground")
        return {
            "status": "passed" if passed else "failed",
            "reason": "" if passed else f"{wanted}; {told}",
            "checks": (whole, *checks) if not passed else (whole,),
            "measured": {"accuracy": round(share, 4), "n": len(items)},
        }

    def _missed(self, number: int, item: GroundingItem, result: Measurement) -> CheckResult:
        where = f"in {[round(each) for each in item.truth.bounds]}" if item.truth else "not there"
        seen = f"it is found at {list(result.point)}" if result.point else "it is not found"
        picture = ""
        if not result.error:
            picture = keep(
                crop_marked(open_image(item.path), item, result), self.folder / "checks" / f"{number + 1}.png"
            )
        return CheckResult(
            expected=f"“{item.instruction}” is {where} on {item.name}",
            status="unknown" if result.error else "failed",
            actual=result.error or (f"{seen} by {result.by}" if result.by else seen),
            kind="ground",
            picture=picture,
        )
