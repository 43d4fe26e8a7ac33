"""What every way of running a model offers, whatever it runs on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from handeye.perception.dialects.reasoning import UNCLOSED, Separated, finished, has_marks, separate
from handeye.perception.usage import Usage

__all__ = ["TOP_P", "Answer", "Engine", "Weighed", "answer_of", "finished", "usage_of"]

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from handeye.perception.internvl.profiles import ModelProfile
    from handeye.perception.internvl.prompt import Prompt


#: Above temperature 0, tokens are drawn from the likeliest that together have this probability: what InternVL's authors
#: sample with for best-of-N (VLMEvalKit).
TOP_P = 0.95


@dataclass(frozen=True)
class Answer:
    """What a model wrote."""

    text: str
    """With its special tokens (`<box>`, `<ref>`), without the one that ends an answer and without reasoning."""
    tokens_in: int = 0
    """Of the prompt, pictures included."""
    tokens_out: int = 0
    seconds: float = 0.0
    finish: str = "stop"
    """`stop`: the model was done, or wrote a stop string. `length`: the tokens or the time were used up."""
    notes: tuple[str, ...] = ()
    """Fallbacks taken for this answer, in words."""
    tokens_reused: int = 0
    """As in `Usage`, of this answer's prompt; so are the next four, `tokens_forced` of this answer."""
    tokens_forced: int = 0
    tiles: int = 0
    tiles_reused: int = 0
    window: float = 0.0
    reasoning: str = ""
    """What was separated from the answer (see `dialects.reasoning`), for people to read."""
    trouble: str = ""
    """Why there is no answer, where `text` is empty because the model only reasoned."""

    @property
    def separated(self) -> Separated:
        """The answer as its readers take it."""
        return Separated(self.text, self.reasoning, self.trouble)

    @property
    def written(self) -> str:
        """All that the model wrote, reasoning included, for a record of it."""
        return f"<think>{self.reasoning}</think>\n{self.text}" if self.reasoning else self.text


@dataclass(frozen=True)
class Weighed:
    """How likely a model finds each of several ways to go on."""

    shares: tuple[tuple[float, ...], ...]
    """One row for each place weighed, in the order of the prompt; in a row one share for each option, summing to 1."""
    usage: Usage


class Engine(Protocol):
    """One way to run a model. Used from one thread."""

    name: str
    """For people: the checkpoint or the served name."""
    profile: ModelProfile
    notes: tuple[str, ...]
    """Fallbacks taken while it was opened, in words."""

    def generate(
        self,
        prompt: Prompt,
        *,
        max_tokens: int = 512,
        temperature: float = 0.0,
        n: int = 1,
        stop: Sequence[str] = (),
        grammar: str = "",
        on_text: Callable[[str], None] | None = None,
    ) -> list[Answer]:
        """`n` answers to a prompt; greedy (and all alike) at temperature 0, drawn with `TOP_P` above it.

        A stop string is not part of an answer. `grammar` (EBNF in the form that xgrammar and vLLM read, root rule
        `root`) is what the whole answer must match; an engine that cannot hold an answer to it says so in its notes and
        answers freely. `on_text` is given the text as it grows, piece by piece, of the first answer.

        Raises ModelError when the model could not be asked or did not answer in time.
        """
        ...

    def weigh(self, prompt: Prompt, options: Sequence[str]) -> Weighed:
        """How likely each option (one token each) is at the end of the prompt, and in place of earlier answers.

        An assistant turn of the prompt that is one of the options is a place too: what stands there is weighed against
        the others, as VisualPRM weighs each step with `+` or `-`. Raises ModelError as `generate` does.
        """
        ...

    def close(self) -> None:
        """Let go of the model; may be called twice."""
        ...


def usage_of(answers: Sequence[Answer]) -> Usage:
    """What one call of `generate` cost: the prompt counts once, however many answers were sampled from it."""
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


def answer_of(text: str, ends: Sequence[str], profile: ModelProfile, finish: str) -> Separated:
    """What a model wrote, in its parts, with the answer up to the first of the strings that end one.

    A text that the limit of tokens ended, from a model that was to reason and has marked no reasoning, is reasoning:
    its chat template opened it, and it was not closed.
    """
    if profile.thinks and finish == "length" and not has_marks(text):
        return Separated("", text, UNCLOSED)
    return separate(text, ends)
