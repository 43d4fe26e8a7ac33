"""Perception with a model: InternVL grounds a phrase, and its answer is matched with known elements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handeye.perception.dialects import parse_boxes, parse_point
from handeye.perception.engines.engine import Request, usage_of
from handeye.perception.engines.grammar import box_grammar
from handeye.perception.internvl.agreement import LOW, TEMPERATURE, Vote, confidence, majority
from handeye.perception.internvl.prompt import PromptPrefix, ground_prompt
from handeye.perception.internvl.zoom import is_far, same_place_distance, zoom_region
from handeye.perception.observation import Grounding, Observation
from handeye.perception.snapping import Place, snapped
from handeye.perception.usage import Usage
from handeye.tools.geometry import Box, Point

if TYPE_CHECKING:
    from collections.abc import Callable

    from handeye.perception.engines.engine import Answer, Engine
    from handeye.perception.internvl.prompt import Prompt
    from handeye.tools.device import Device
    from handeye.tools.element import Element
    from handeye.tools.screenshot import Screenshot

#: A box takes about 30 tokens; an answer without grammar may begin with a short remark.
ANSWER_TOKENS = 96
#: Additional tokens for a model that reasons first, where no grammar prevents it.
THINKING_TOKENS = 2048


class ModelPerception:
    """Captures what the device knows, and grounds phrases with a model."""

    def __init__(
        self, engine: Engine, reader: Callable[[Screenshot], tuple[Element, ...]] | None = None, *, samples: int = 1
    ) -> None:
        """`reader` reads the text of a picture for `Observation.words`; the model does not need it.

        `samples` answers are requested per question: the greedy one, and the others in one call over the same prefix.
        """
        self.name = f"internvl ({engine.name})"
        self.engine = engine
        self.usage = Usage()
        self.notes = engine.notes
        self.head = PromptPrefix(engine.profile.system)
        """The beginning of its prompts. A policy that asks about the same screens sets its own, to share it."""
        self.samples = samples
        self._reader = reader

    def observe(self, device: Device) -> Observation:
        screenshot = device.capture()
        elements, signals = tuple(device.elements()), device.signals()
        return Observation(screenshot, elements, signals, self._reader, hit_test=device.hit_test)

    def ground(self, observation: Observation, phrase: str) -> Grounding | None:
        """Ask the model: first about the zoomed region of the observation, then about the whole screen.

        If a region has more pixels than its tiles (see `closer.part_around`), a second question shows it enlarged
        around the first answer. The second answer is used if there is one and it is not `closer.far` from the first.
        Otherwise the first stays, and the second answers lower its confidence.

        Returns None if no answer names a place on the screen.
        """
        whole = _whole(observation)
        views = [observation.view, whole] if observation.view and observation.view != whole else [whole]
        for view in views:
            places, notes = self._look(observation, phrase, view)
            if vote := majority(places, self._reach(view)):
                return self._again(observation, phrase, view, vote, places, notes)
        return None

    def close(self) -> None:
        """Release the model; may be called twice."""
        self.engine.close()

    def _again(
        self,
        observation: Observation,
        phrase: str,
        view: Box,
        vote: Vote,
        places: list[Place | None],
        notes: tuple[str, ...],
    ) -> Grounding:
        """Return the grounding, after a second question where an enlarged region shows more."""
        found, place = vote.votes, vote.place
        part = zoom_region(place.point, place.drawn, view, self.engine.profile)
        if part:
            spent = self.usage
            closer, more = self._look(observation, phrase, part)
            cost = self.usage - spent
            second = majority(closer, self._reach(part))
            if second is None:
                choice = "it was not seen there: the first place stays"
            elif is_far(place.point, second.place.point, part):
                choice = f"it seemed to be at {tuple(second.place.point)}, too far off: the first place stays"
            else:
                x, y = second.place.point.x - place.point.x, second.place.point.y - place.point.y
                choice = f"moved by ({x}, {y})"
                place, found = second.place, found + second.votes
            places = places + closer
            size = f"{part.width}x{part.height} at ({part.left}, {part.top})"
            tokens = cost.tokens_in - cost.tokens_reused + cost.tokens_out
            notes = (*notes, *more, f"looked again at {size}, {cost.calls} calls and {tokens} tokens: {choice}")
        sure = confidence(found, len(places), place.known)
        if sure < LOW:
            notes = (*notes, f"low confidence: {found} of {len(places)} answers mean this place")
        return Grounding(
            place.point,
            by="internvl",
            box=place.box,
            confidence=sure,
            element=place.element,
            notes=tuple(dict.fromkeys(notes)),
            samples=tuple(each and each.point for each in places),
            votes=found,
        )

    def _look(self, observation: Observation, phrase: str, view: Box) -> tuple[list[Place | None], tuple[str, ...]]:
        """Return the place in each answer about a region of the screenshot, the greedy one first, and the notes."""
        image = observation.screenshot.image
        picture = image if view == _whole(observation) else image.crop(view)
        prompt = ground_prompt(self.engine.profile, picture, phrase, self.head)
        answers = self._ask(prompt, self.engine.profile.temperature)
        if self.samples > 1:
            answers = [*answers, *self._ask(prompt, TEMPERATURE, self.samples - 1)]
        return [self._place(each, observation, view) for each in answers], tuple(
            dict.fromkeys(note for each in answers for note in each.notes)
        )

    def _ask(self, prompt: Prompt, temperature: float, n: int = 1) -> list[Answer]:
        profile = self.engine.profile
        tokens = ANSWER_TOKENS + (THINKING_TOKENS if profile.thinks else 0)
        grammar = box_grammar(profile, prompt.images[0].size)
        answers = self.engine.generate(
            Request(prompt, max_tokens=tokens, temperature=temperature, samples=n, grammar=grammar)
        )
        self.usage += usage_of(answers)
        return answers

    def _place(self, answer: Answer, observation: Observation, view: Box) -> Place | None:
        """Translate an answer about a region into pixels of the screenshot."""
        size, profile = (view.width, view.height), self.engine.profile
        point = parse_point(answer.separated, profile, size)
        if point is None:
            return None
        boxes = parse_boxes(answer.separated, profile, size)
        box = boxes[0].moved(view.left, view.top) if boxes else None
        return snapped(Point(point.x + view.left, point.y + view.top), box, observation)

    def _reach(self, view: Box) -> tuple[float, float]:
        return same_place_distance((view.width, view.height), self.engine.profile)


def _whole(observation: Observation) -> Box:
    return Box(0, 0, observation.screenshot.width, observation.screenshot.height)
