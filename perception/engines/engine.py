"""The `Engine` protocol, a `Request` to a model and its `Answer`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from handeye.perception.dialects.reasoning import UNCLOSED, Separated, has_marks, separate
from handeye.perception.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from handeye.perception.internvl.profiles import ModelProfile
    from handeye.perception.internvl.prompt import Prompt

__all__ = ["TOP_P", "Answer", "Engine", "OptionScores", "Request", "answer_parts", "usage_of"]

#: Nucleus sampling: above temperature 0, tokens are drawn from the likeliest ones that together have this probability.
#: InternVL's authors use this value for best-of-N (VLMEvalKit).
TOP_P = 0.95


@dataclass(frozen=True)
class Request:
    """One request to a model: a prompt, and how the answers to it are generated."""

    prompt: Prompt
    max_tokens: int = 512
    """The limit of tokens for each answer."""
    temperature: float = 0.0
    """0 decodes greedily; above 0 tokens are sampled with `TOP_P`."""
    samples: int = 1
    """The number of answers. At temperature 0 all of them are equal."""
    stop: Sequence[str] = ()
    """Strings that end an answer. They are not part of it."""
    grammar: str = ""
    """EBNF with the root rule `root`, as xgrammar and vLLM read it, that the whole answer must match; empty: none."""
    on_text: Callable[[str], None] | None = None
    """Called with each new piece of the first answer's text."""

    @property
    def settings(self) -> tuple[object, ...]:
        """Everything that requests in one batch must have in common."""
        return self.max_tokens, self.temperature, tuple(self.stop), self.grammar


@dataclass(frozen=True)
class Answer:
    """What a model wrote."""

    text: str
    """With its special tokens (`<box>`, `<ref>`), without the token that ends the answer and without reasoning."""
    tokens_in: int = 0
    """Tokens of the prompt, images included."""
    tokens_out: int = 0
    seconds: float = 0.0
    finish: str = "stop"
    """`stop`: the model ended the answer or wrote a stop string. `length`: the limit of tokens or time was reached."""
    notes: tuple[str, ...] = ()
    """Fallbacks that were used for this answer, as sentences."""
    tokens_reused: int = 0
    """This and the next four fields are defined as in `Usage`, for this answer's prompt or for this answer."""
    tokens_forced: int = 0
    tiles: int = 0
    tiles_reused: int = 0
    window: float = 0.0
    reasoning: str = ""
    """The text that was separated from the answer (see `dialects.reasoning`). It is for people to read."""
    trouble: str = ""
    """Why there is no answer, where `text` is empty because the model wrote only reasoning."""

    @property
    def separated(self) -> Separated:
        """The answer in the form that the parsers take."""
        return Separated(self.text, self.reasoning, self.trouble)

    @property
    def written(self) -> str:
        """The whole text of the model, reasoning included."""
        return f"<think>{self.reasoning}</think>\n{self.text}" if self.reasoning else self.text


@dataclass(frozen=True)
class OptionScores:
    """The probability of each of several one-token continuations."""

    probabilities: tuple[tuple[float, ...], ...]
    """One row for each scored position, in the order of the prompt, with one value for each option; a row sums to 1."""
    usage: Usage


class Engine(Protocol):
    """A way to run a model. An engine is used from one thread, unless its class says otherwise."""

    name: str
    """The checkpoint or the served model, for people to read."""
    profile: ModelProfile
    notes: tuple[str, ...]
    """Fallbacks that were used when the engine was opened, as sentences."""

    def generate(self, request: Request) -> list[Answer]:
        """Return `request.samples` answers to the prompt.

        An engine that cannot enforce the grammar adds a note to the answer and generates freely.
        Raises ModelError when the model is not available or does not answer in time.
        """
        ...

    def score_options(self, prompt: Prompt, options: Sequence[str]) -> OptionScores:
        """Return the probability of each option (one token each) at the end of the prompt and at earlier positions.

        An earlier position is an assistant turn that consists of one of the options. Its text is compared with the
        other options, as VisualPRM scores each step with `+` or `-`. Raises ModelError as `generate` does.
        """
        ...

    def close(self) -> None:
        """Release the model. A second call does nothing."""
        ...


def usage_of(answers: Sequence[Answer]) -> Usage:
    """Return the cost of one call of `generate`. The prompt counts once, whatever the number of samples."""
    if not answers:
        return Usage()
    first = answers[0]
    return Usage(
        calls=1,
        tokens_in=first.tokens_in,
        tokens_out=sum(answer.tokens_out for answer in answers),
        tokens_reused=first.tokens_reused,
        tokens_forced=sum(answer.tokens_forced for answer in answers),
        tiles=first.tiles,
        tiles_reused=first.tiles_reused,
        window=max(answer.window for answer in answers),
    )


def answer_parts(text: str, ends: Sequence[str], profile: ModelProfile, finish: str) -> Separated:
    """Return the reasoning and the answer of a text; the answer ends before the first of the strings `ends`.

    The text of a reasoning model that reached the token limit without any reasoning mark counts as reasoning. The
    chat template has opened the reasoning, and the model has not closed it.
    """
    if profile.thinks and finish == "length" and not has_marks(text):
        return Separated("", text, UNCLOSED)
    return separate(text, ends)
