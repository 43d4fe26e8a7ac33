"""Runs the `ground:` questions of a suite as one attempt: finds each element, and compares with the required share."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from handeye.scenarios.checks.run_check import CheckResult, keep
from handeye.scenarios.eval.marked_crops import crop_marked
from handeye.scenarios.eval.measure import RecordingEngine, measure_item, record_answers
from handeye.scenarios.runner import AttemptRunner
from handeye.tools.screenshot import open_image

if TYPE_CHECKING:
    from handeye.scenarios.datasets.item import GroundingItem
    from handeye.scenarios.eval.score import Measurement
    from handeye.scenarios.suite.ground import GroundScenario

#: The number of wrong answers that a result lists.
MAX_LISTED = 20


class GroundAttemptRunner(AttemptRunner):
    """One attempt at the grounding questions of a suite. It needs no device, and uses the runner's models."""

    scenario: GroundScenario

    def carry_out(self) -> dict[str, Any]:
        """Run the attempt, and return fields of an `Attempt`."""
        perception, _ = self.runner.open_models()
        if not isinstance(getattr(perception, "engine", None), RecordingEngine):
            record_answers(perception)
        items = [replace(each, path=self.scenario.file.parent / each.path) for each in self.scenario.items]
        results = [measure_item(perception, item) for item in items]
        share = sum(each.correct for each in results) / len(results)
        wrong = [pair for pair in zip(items, results, strict=True) if not pair[1].correct]
        checks = [self._missed(number, *pair) for number, pair in enumerate(wrong[:MAX_LISTED])]
        passed = share >= self.scenario.least
        if len(items) == 1:
            reason = "" if passed else f"{checks[0].expected}; {checks[0].actual}"
            return {"status": "passed" if passed else "failed", "reason": reason, "checks": tuple(checks)}
        summary = f"{len(items) - len(wrong)} of {len(items)} are found ({share:.1%})"
        wanted = f"at least {self.scenario.least:.1%} of {len(items)} things are found"
        whole = CheckResult.of(passed, wanted, summary, "ground")
        return {
            "status": "passed" if passed else "failed",
            "reason": "" if passed else f"{wanted}; {summary}",
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
        return CheckResult.of(
            None if result.error else False,
            f"“{item.instruction}” is {where} on {item.name}",
            result.error or (f"{seen} by {result.by}" if result.by else seen),
            "ground",
            picture,
        )
