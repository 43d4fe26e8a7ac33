"""Asks grounding questions, one after the other or several at a time, and compares the answers with the truth."""

from __future__ import annotations

import re
import threading
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

from PIL import Image

from handeye.perception.engines.engine import Request
from handeye.perception.internvl.prompt import ground_prompt
from handeye.perception.observation import Observation
from handeye.perception.reading import ocr
from handeye.scenarios.eval.score import Measurement
from handeye.tools.errors import ActionFailed, ActionRefused, ModelError, UsageError
from handeye.tools.screenshot import Screenshot, open_image

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from concurrent.futures import Future

    from handeye.perception.engines.engine import Answer, Engine, OptionScores
    from handeye.perception.internvl.profiles import ModelProfile
    from handeye.perception.internvl.prompt import Prompt
    from handeye.perception.observation import Reader
    from handeye.perception.perception import Perception
    from handeye.scenarios.datasets.item import GroundingItem

#: Longer answers are truncated in the results.
MOST_CHARACTERS = 2000
#: How a model states that an element is absent: the box that the prompt asks for then, or words.
NOT_THERE = re.compile(
    r"-1(?:\.0+)?\s*,\s*-1|\bno such\b|\bcannot (?:be found|find)\b"
    r"|\b(?:not|no longer)\s+(?:\w+\s+){0,2}(?:on|in|there|visible|present|found|shown|exist\w*)\b",
    re.IGNORECASE,
)


class RecordingEngine:
    """An engine that records its answers."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.name: str = engine.name
        self.profile: ModelProfile = engine.profile
        self.notes = engine.notes
        self.answers: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def generate(self, request: Request) -> list[Answer]:
        """Call the engine, and record its answers."""
        answers = self._engine.generate(request)
        self.answers += [answer.text for answer in answers]
        return answers

    def score_options(self, prompt: Prompt, options: Sequence[str]) -> OptionScores:
        """Call the engine, and record its answers."""
        return self._engine.score_options(prompt, options)

    def close(self) -> None:
        """Close the engine."""
        self._engine.close()


def record_answers(perception: Perception) -> Perception:
    """Return the same perception with an engine that records its answers."""
    if (engine := getattr(perception, "engine", None)) is not None:
        perception.engine = RecordingEngine(engine)  # type: ignore[attr-defined]
    return perception


def measure(
    questions: Iterable[tuple[int, GroundingItem]],
    open_perception: Callable[[], Perception],
    workers: int = 1,
    reader: Reader = ocr.read,
) -> Iterator[tuple[int, Measurement]]:
    """Yield the number and the measurement of each question, as they finish.

    Each worker has a separate perception. A question without an answer yields a measurement with its error;
    raises ModelError when the model does not answer any more, and SetupError when something is missing.
    """
    if workers == 1:
        perception = open_perception()
        for number, item in questions:
            yield number, measure_item(perception, item, reader)
        return
    mine = threading.local()

    def work(item: GroundingItem) -> Measurement:
        if not hasattr(mine, "perception"):
            mine.perception = open_perception()
        return measure_item(mine.perception, item, reader)

    pool = ThreadPoolExecutor(workers, thread_name_prefix="eval")
    try:
        pending: dict[Future[Measurement], int] = {}
        waiting = iter(questions)
        while True:
            # Only a few are submitted ahead, so that a failure or Ctrl-C does not wait for all questions.
            for number, item in waiting:
                pending[pool.submit(work, item)] = number
                if len(pending) >= 2 * workers:
                    break
            if not pending:
                return
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                yield pending.pop(future), future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def measure_item(perception: Perception, item: GroundingItem, reader: Reader = ocr.read) -> Measurement:
    """Return the measurement of one question; raises as `measure` does."""
    began = time.monotonic()
    engine: RecordingEngine | None = getattr(perception, "engine", None)
    if engine is not None:
        engine.answers.clear()

    def result(**more: Any) -> Measurement:
        answers = "\n".join(engine.answers)[:MOST_CHARACTERS] if engine is not None else ""
        more = {"point": None, "correct": False, "answer": answers} | more
        return Measurement(
            image=item.name, instruction=item.instruction, seconds=round(time.monotonic() - began, 3), **more
        )

    try:
        observation = Observation(Screenshot(open_image(item.path)), reader=reader)
        found = perception.ground(observation, item.instruction)
    except (UsageError, ActionRefused, ActionFailed) as error:
        return result(error=str(error))
    except ModelError as error:
        if engine is not None and not _answers(engine):
            raise
        return result(error=str(error))
    if found is None:
        # An unparsable answer gives no place either, but does not state that the element is absent.
        understood = engine is None or bool(engine.answers and NOT_THERE.search(engine.answers[0]))
        return result(correct=item.truth is None and understood)
    return result(
        point=found.point,
        box=found.box,
        by=found.by,
        confidence=round(found.confidence, 3),
        correct=item.truth is not None and item.truth.holds(found.point),
    )


def _answers(engine: RecordingEngine) -> bool:
    """Return whether the model still answers, with a small valid image."""
    try:
        engine.generate(
            Request(ground_prompt(engine.profile, Image.new("RGB", (64, 64), "white"), "a button"), max_tokens=8)
        )
    except ModelError:
        return False
    return True
