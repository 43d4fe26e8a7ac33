"""Chooses the best of several decisions: InternVL proposes them, a critic judges each, and every answer is a vote."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from handeye.perception.internvl.agreement import TEMPERATURE
from handeye.perception.internvl.prompt import critic_prompt
from handeye.perception.internvl.zoom import same_place_distance
from handeye.policies.decision import Candidate, Decision
from handeye.policies.internvl import InternVL, history, question, understand
from handeye.tools.actions import describe, targets
from handeye.tools.errors import ActionRefused
from handeye.tools.geometry import Box, Point

if TYPE_CHECKING:
    from handeye.perception.engines.engine import Answer, Engine
    from handeye.perception.internvl.prompt import Prompt, PromptPrefix
    from handeye.perception.perception import Perception
    from handeye.policies.decision import PolicyInput
    from handeye.tools.actions import Action, Target

#: The critic's two answers, of which the first says that a step is right.
SIGNS = ("+", "-")
ARTICLES = re.compile(r"\b(?:the|an?)\b")
#: What things are, which one answer says and another leaves out.
ROLES = frozenset({"button", "link", "icon", "field", "box", "tab", "menu", "item", "entry", "checkbox", "image"})


class BestOfN(InternVL):
    """Asks for `n` decisions, the greedy one and the others drawn in one call, and takes the one with the best score.

    Decisions for the same action are one candidate. A critic, by default the same model, receives goal, screen and
    candidate, and weighs `+` against `-` in one forward pass (VisualPRM's protocol). Each answer
    votes for its candidate with the weight P(+), so that the score is P(+) times the share of the answers; answers
    that cannot be used are votes for nothing. Among equal scores the earlier proposal wins.
    """

    def __init__(self, engine: Engine, n: int, critic: Engine | None = None) -> None:
        super().__init__(engine)
        self.n = n
        self.critic = critic

    def choose(self, task: PolicyInput, perception: Perception) -> Decision:
        beginning = self._head(task, perception)
        prompt = question(task, beginning)
        answers = [self._ask(prompt, task)]
        if self.n > 1:
            answers += self._answers(prompt, task, TEMPERATURE, self.n - 1)
        found, troubles = self._proposed(answers, task, prompt)
        if not found:
            raise troubles[0]
        scored = [(self._with_score(each, task, beginning, self.n), raw) for each, raw in found]
        scored.sort(key=lambda pair: -pair[0].score)  # stable: of equal scores the earlier comes first
        chosen, raw = scored[0]
        assert chosen.action is not None
        return Decision(
            reasoning=chosen.reasoning,
            action=chosen.action,
            confidence=chosen.score,
            by=f"best of {self.n}, internvl ({self.engine.name})",
            raw=raw,
            notes=tuple(dict.fromkeys(note for answer in answers for note in answer.notes)),
            candidates=(*(each for each, _ in scored), *_unusable(troubles)),
        )

    def close(self) -> None:
        """Close the critic, if it has its own engine; perception closes the other. May be called twice."""
        if self.critic is not None:
            self.critic.close()

    def _proposed(
        self, answers: list[Answer], task: PolicyInput, prompt: Prompt
    ) -> tuple[list[tuple[Candidate, str]], list[ActionRefused]]:
        """The proposed actions, each with its first answer, in the order of the answers; and the unusable answers."""
        near = same_place_distance(prompt.images[0].size, self.engine.profile)
        found: list[tuple[Candidate, str]] = []
        troubles: list[ActionRefused] = []
        for answer in answers:
            try:
                reasoning, action = understand(answer, task, self.engine)
            except ActionRefused as error:
                troubles.append(error)
                continue
            for number, (each, raw) in enumerate(found):
                if each.action and same(each.action, action, near):
                    found[number] = each.model_copy(update={"votes": each.votes + 1}), raw
                    break
            else:
                found.append(
                    (Candidate(reasoning=reasoning, action=action, description=describe(action)), answer.written)
                )
        return found, troubles

    def _with_score(self, candidate: Candidate, task: PolicyInput, beginning: PromptPrefix, answers: int) -> Candidate:
        shot, view = task.observation.screenshot, task.observation.view
        image = shot.image.crop(view) if view else shot.image
        assert candidate.action is not None
        step = f"{candidate.reasoning}\n{describe(in_thousandths(candidate.action, view or Box(0, 0, *image.size)))}"
        prompt = critic_prompt(None if self.critic else beginning, image, task.goal, step, steps=history(task))
        weighed = (self.critic or self.engine).score_options(prompt, SIGNS)
        self.usage += weighed.usage
        right = weighed.probabilities[-1][0]
        return candidate.model_copy(update={"right": right, "score": right * candidate.votes / answers})


def same(one: Action, other: Action, near: tuple[float, float]) -> bool:
    """Whether two actions are the same: all fields and each target.

    Targets are alike when they name the same element, when their points are no further apart than `near` (pixels
    across and down), or when their words are the same but for case, articles, punctuation and what one of them leaves
    out of what the thing is (`the Save button`, `save`).
    """
    if one.kind != other.kind:
        return False
    ours, theirs = targets(one), targets(other)
    if ours.keys() != theirs.keys() or one.model_dump(exclude=set(ours)) != other.model_dump(exclude=set(theirs)):
        return False
    return all(_alike(target, theirs[name], near) for name, target in ours.items())


def in_thousandths(action: Action, picture: Box) -> Action:
    """The action with its points in thousandths of a region of the screenshot, as the model writes them."""
    moved = {
        name: target.model_copy(update={"point": _thousandths(target.point, picture)})
        for name, target in targets(action).items()
        if target.point
    }
    return action.model_copy(update=moved)


def _alike(one: Target, other: Target, near: tuple[float, float]) -> bool:
    if one.element and one.element == other.element:
        return True
    if one.point and other.point:
        return abs(one.point.x - other.point.x) <= near[0] and abs(one.point.y - other.point.y) <= near[1]
    if one.point or other.point:
        return False
    (ours, our_role), (theirs, their_role) = _words(one.phrase), _words(other.phrase)
    return ours == theirs and (our_role == their_role or not (our_role and their_role))


def _words(phrase: str) -> tuple[list[str], list[str]]:
    """The name and the role in a phrase: `the Save button` gives save and button."""
    words = re.findall(r"\w+", ARTICLES.sub(" ", phrase.casefold()))
    names = [word for word in words if word not in ROLES]
    return (names, [word for word in words if word in ROLES]) if names else (phrase.split(), [])


def _thousandths(point: Point, picture: Box) -> Point:
    x = (point.x - picture.left) * 1000 / picture.width
    return Point(round(x), round((point.y - picture.top) * 1000 / picture.height))


def _unusable(troubles: list[ActionRefused]) -> tuple[Candidate, ...]:
    """The unusable answers as candidates, one for each fault."""
    faults = [str(trouble) for trouble in troubles]
    return tuple(Candidate(description=fault, votes=faults.count(fault)) for fault in dict.fromkeys(faults))
