"""Chooses actions by asking InternVL: goal, screen and history in, reasoning and one action out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from handeye.perception.dialects import parse_action
from handeye.perception.engines.engine import Request, usage_of
from handeye.perception.engines.grammar import LONGEST, action_grammar
from handeye.perception.internvl.prompt import PromptStep, decide_prompt, run_prefix, unescape_control_tokens
from handeye.perception.model_perception import ModelPerception
from handeye.perception.snapping import element_under
from handeye.perception.usage import Usage
from handeye.policies.decision import Decision
from handeye.tools.actions import KINDS, targets
from handeye.tools.actions import parse_action as action_from
from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from handeye.perception.engines.engine import Answer, Engine
    from handeye.perception.internvl.prompt import Prompt, PromptPrefix
    from handeye.perception.observation import Observation
    from handeye.perception.perception import Perception
    from handeye.policies.decision import PolicyInput
    from handeye.tools.actions import Action, Target

#: What a model that thinks first may write before its answer.
THINKING_TOKENS = 4096
STOP = ("</tool_call>", "</action>")


class InternVL:
    """Asks a model for each action.

    An answer that cannot be used is an ActionRefused, not a ModelError: a model that is too weak must not break a run.
    The loop asks again with the reason, and ends the run as stuck after several of them.
    """

    name = "internvl"
    adapts: Literal[True] = True

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.usage = Usage()
        self.on_text: Callable[[str], None] | None = None

    def check(self, goal: str) -> None:
        if not goal.strip():
            raise UsageError("the goal is empty; say what you want done, in a sentence")

    def choose(self, task: PolicyInput, perception: Perception) -> Decision:
        prompt = question(task, self._head(task, perception))
        answer = self._ask(prompt, task)
        reasoning, action = understand(answer, task, self.engine)
        by = f"internvl ({self.engine.name})"
        return Decision(reasoning=reasoning, action=action, by=by, raw=answer.written, notes=answer.notes)

    def _head(self, task: PolicyInput, perception: Perception) -> PromptPrefix:
        """The prompt prefix of this run. Perception grounds with the same one, so that its cache is reused."""
        beginning = run_prefix(self.engine.profile, task.goal, task.kinds or frozenset(KINDS), task.tools)
        if isinstance(perception, ModelPerception):
            perception.head = beginning
        return beginning

    def _ask(self, prompt: Prompt, task: PolicyInput) -> Answer:
        """The first answer: greedy, unless the model's authors advise against it."""
        return self._answers(prompt, task, self.engine.profile.temperature, 1, self.on_text)[0]

    def _answers(
        self,
        prompt: Prompt,
        task: PolicyInput,
        temperature: float,
        n: int,
        on_text: Callable[[str], None] | None = None,
    ) -> list[Answer]:
        """Answers that follow the grammar of the possible actions, if the engine can constrain them."""
        profile = self.engine.profile
        thinking = THINKING_TOKENS if profile.thinks else 0
        kinds = task.kinds or frozenset(KINDS)
        answers = self.engine.generate(
            Request(
                prompt,
                max_tokens=LONGEST + thinking,
                temperature=temperature,
                samples=n,
                stop=STOP,
                grammar=action_grammar(profile, kinds, size=prompt.images[0].size, thinking=thinking, tools=task.tools),
                on_text=on_text,
            )
        )
        self.usage += usage_of(answers)
        return answers


def question(task: PolicyInput, beginning: PromptPrefix) -> Prompt:
    """The prompt for the next action of a task."""
    observation, signals = task.observation, task.observation.signals
    about = [f"address {signals.url}"] if signals.url else []
    about += [f"title “{signals.title}”"] if signals.title else []
    about += [f"focus on {signals.focus}"] if signals.focus else []
    about += [f"open dialog “{signals.dialog}”"] if signals.dialog else []
    about += ["the picture shows only a part of it, enlarged"] if observation.view else []
    return decide_prompt(
        beginning,
        observation.screenshot.image.crop(observation.view) if observation.view else observation.screenshot.image,
        steps=history(task),
        earlier=task.earlier,
        facts=task.facts,
        about=", ".join(about),
        trouble=task.trouble,
    )


def history(task: PolicyInput) -> list[PromptStep]:
    """The finished steps, as the prompt lists them."""
    return [PromptStep(past.number, past.action, past.outcome, past.result) for past in task.steps]


def understand(answer: Answer, task: PolicyInput, engine: Engine) -> tuple[str, Action]:
    """The reasoning and the action of an answer. Raises ActionRefused if it contains no usable action."""
    shot, view = task.observation.screenshot, task.observation.view
    reasoning, action = parse_action(
        answer.separated,
        engine.profile,
        (view.width, view.height) if view else (shot.width, shot.height),
        origin=(view.left, view.top) if view else (0, 0),
        kinds=task.kinds or frozenset(KINDS),
        tools=[tool.name for tool in task.tools],
    )
    action = action_from(_restored(action.model_dump()))
    return unescape_control_tokens(reasoning), action.model_copy(update=_elements(action, task.observation))


def _elements(action: Action, observation: Observation) -> dict[str, Target]:
    """The targets that are points, with the element under each, which the guard's rules need."""
    aimed = {
        name: (target, element_under(target.point, observation))
        for name, target in targets(action).items()
        if target.point
    }
    return {name: target.model_copy(update={"element": under.id}) for name, (target, under) in aimed.items() if under}


def _restored(value: Any) -> Any:
    """The value with control tokens in its texts restored, as the person or the page wrote them."""
    if isinstance(value, str):
        return unescape_control_tokens(value)
    if isinstance(value, dict):
        return {name: _restored(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_restored(item) for item in value]
    return value
