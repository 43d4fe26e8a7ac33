"""One model in this process for several askers: what they ask at about the same time is answered side by side."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from handeye.tools.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from handeye.perception.engines.engine import Answer, Weighed
    from handeye.perception.engines.in_process.transformers_engine import InProcess
    from handeye.perception.internvl.prompt import Prompt

#: Seconds that a question waits for others to be answered with; an answer takes longer on any machine.
LINGER = 0.05


@dataclass(eq=False)
class _Question:
    prompt: Prompt
    settings: dict[str, Any]
    answer: Future[Answer] = field(default_factory=Future)


class Together:
    """An engine like the one it is given, to be used from up to `askers` threads at a time."""

    def __init__(self, engine: InProcess, askers: int) -> None:
        self.name, self.profile, self.notes = engine.name, engine.profile, engine.notes
        self._engine = engine
        self._askers = askers
        self._turn = threading.Lock()
        self._came = threading.Condition()
        self._waiting: list[_Question] = []

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
        """As the protocol says; questions for one answer, with the same settings, share a batch."""
        settings: dict[str, Any] = {
            "max_tokens": max_tokens,
            "temperature": temperature,
            "stop": tuple(stop),
            "grammar": grammar,
        }
        if on_text or (n > 1 and temperature > 0):
            with self._turn:
                return self._engine.generate(prompt, n=n, on_text=on_text, **settings)
        question = _Question(prompt, settings)
        with self._came:
            self._waiting.append(question)
            self._came.notify_all()
        with self._turn:
            # Whose turn it is asks for all who wait; who was among them finds the answer when the turn comes.
            if not question.answer.done():
                self._ask(self._alike(question))
        return [question.answer.result()] * n

    def weigh(self, prompt: Prompt, options: Sequence[str]) -> Weighed:
        """As the protocol says."""
        with self._turn:
            return self._engine.weigh(prompt, options)

    def close(self) -> None:
        """Let go of the model, for all; may be called twice."""
        with self._turn:
            self._engine.close()

    def _alike(self, question: _Question) -> list[_Question]:
        """The question, and others that wait and can be asked with it."""
        with self._came:
            self._came.wait_for(lambda: len(self._waiting) >= self._askers, LINGER)
            chosen = [each for each in self._waiting if each.settings == question.settings]
            self._waiting = [each for each in self._waiting if each not in chosen]
        return chosen

    def _ask(self, questions: list[_Question]) -> None:
        try:
            answers = self._engine.generate_batch([each.prompt for each in questions], **questions[0].settings)
        except ModelError as error:
            if len(questions) == 1:
                questions[0].answer.set_exception(error)
            else:
                # What is wrong with one of them is not told to the others.
                for question in questions:
                    self._ask([question])
        except BaseException as error:
            for question in questions:
                if not question.answer.done():
                    question.answer.set_exception(error)
            raise
        else:
            for question, answer in zip(questions, answers, strict=True):
                question.answer.set_result(answer)
