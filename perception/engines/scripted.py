"""An engine that returns answers from a list, for demonstrations and tests without a model."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from handeye.perception.dialects.reasoning import separate
from handeye.perception.engines.engine import Answer, OptionScores
from handeye.perception.internvl.profiles import INTERNVL3
from handeye.perception.usage import Usage
from handeye.tools.errors import ModelError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.perception.engines.engine import Request
    from handeye.perception.internvl.profiles import ModelProfile
    from handeye.perception.internvl.prompt import Prompt


class ScriptedEngine:
    """Returns its answers in order, whatever the prompt is, and stores the prompts."""

    def __init__(self, answers: Sequence[str], profile: ModelProfile = INTERNVL3, name: str = "scripted") -> None:
        self.name = name
        self.profile = profile
        self.notes: tuple[str, ...] = ("answers come from a script; no model looks at the screen",)
        self.prompts: list[Prompt] = []
        self._answers = list(answers)
        self._used = 0

    @classmethod
    def open(cls, path: str) -> ScriptedEngine:
        """Read the answers from a file: a JSON list of texts or actions, or one answer per line.

        Raises UsageError when the file cannot be read or has no answer.
        """
        try:
            text = Path(path).expanduser().read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"the script {path} cannot be read ({error}); give a text file with one answer a line"
            ) from error
        answers = _answers(text, path)
        if not answers:
            raise UsageError(f"the script {path} holds no answer; write one a line")
        return cls(answers, name=f"scripted:{path}")

    def generate(self, request: Request) -> list[Answer]:
        """Return the next answer at temperature 0, the next `request.samples` above it.

        Tokens and seconds are not counted, and the grammar is ignored.
        """
        self.prompts.append(request.prompt)
        count = 1 if request.temperature <= 0 else request.samples
        texts = self._answers[self._used : self._used + count]
        if len(texts) < count:
            raise ModelError(f"{self.name} is used up: it holds {len(self._answers)} answers; add more")
        self._used += count
        parts = [separate(text, (*self.profile.stop, *request.stop)) for text in texts]
        answers = [Answer(part.answer, reasoning=part.reasoning, trouble=part.trouble) for part in parts]
        if request.on_text is not None:
            request.on_text(answers[0].written)
        return answers * (request.samples // count)

    def score_options(self, prompt: Prompt, options: Sequence[str]) -> OptionScores:
        """Read the next answer as one weight for each option, and normalise the weights to probabilities."""
        self.prompts.append(prompt)
        if self._used >= len(self._answers):
            raise ModelError(f"{self.name} is used up: it holds {len(self._answers)} answers; add more")
        text = self._answers[self._used]
        self._used += 1
        try:
            weights = [float(word) for word in text.split()]
            shares = tuple(weight / sum(weights) for weight in weights)
        except (ValueError, ZeroDivisionError) as error:
            raise ModelError(f"{self.name}: {text[:60]!r} are no {len(options)} weights; write numbers") from error
        if len(shares) != len(options):
            raise ModelError(f"{self.name}: {text[:60]!r} holds {len(shares)} weights for {len(options)} options")
        return OptionScores((shares,), Usage(calls=1))

    def close(self) -> None:
        """Do nothing."""


def _answers(text: str, path: str) -> list[str]:
    if not re.match(r'\s*\[\s*["{]', text):  # a line may begin with a bracket too: boxes do
        return [line for line in text.splitlines() if line.strip()]
    try:
        value = json.loads(text)
    except ValueError as error:
        raise UsageError(f"the script {path} begins like a JSON list and is none ({error}); mend it") from error
    return [item if isinstance(item, str) else json.dumps(item) for item in value]
