"""Several askers share one model in this process."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from handeye.perception.engines.in_process.batching import Together
from handeye.perception.engines.in_process.transformers_engine import InProcess
from handeye.perception.internvl.prompt import Prompt, Turn
from handeye.tools.errors import ModelError

pytestmark = pytest.mark.model

QUESTIONS = ["one", "what is where", "a lamp", "word " * 9000, "the last one"]


def prompt(text: str) -> Prompt:
    return Prompt("system", (Turn("user", (text,)),))


@pytest.fixture(scope="module")
def engine(small_checkpoint: Path) -> InProcess:
    return InProcess.open(str(small_checkpoint))


def test_each_asker_gets_its_own_answer_and_only_its_own_error(
    engine: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    batch = engine.generate_batch

    def counted(prompts: list[Prompt], **settings: Any) -> object:
        sizes.append(len(prompts))
        return batch(prompts, **settings)

    monkeypatch.setattr(engine, "generate_batch", counted)
    shared = Together(engine, len(QUESTIONS))

    def ask(text: str) -> str:
        try:
            return shared.generate(prompt(text), max_tokens=6)[0].text
        except ModelError as error:
            return f"error: {error}"

    with ThreadPoolExecutor(len(QUESTIONS)) as pool:
        answers = list(pool.map(ask, QUESTIONS))
    assert max(sizes) == len(QUESTIONS)
    assert [answer.startswith("error: ") for answer in answers] == [False, False, False, True, False]
    for text, answer in zip(QUESTIONS, answers, strict=True):
        if not answer.startswith("error: "):
            assert answer == engine.generate(prompt(text), max_tokens=6)[0].text


def test_samples_and_other_settings_are_asked_by_themselves(engine: InProcess) -> None:
    shared = Together(engine, 2)
    with ThreadPoolExecutor(2) as pool:
        short = pool.submit(shared.generate, prompt("one"), max_tokens=2)
        long = pool.submit(shared.generate, prompt("one"), max_tokens=9)
        assert short.result()[0].tokens_out <= 2 < long.result()[0].tokens_out
    told: list[str] = []
    (streamed,) = shared.generate(prompt("one"), max_tokens=9, on_text=told.append)
    assert "".join(told) == streamed.text == long.result()[0].text
    samples = shared.generate(prompt("one"), max_tokens=9, temperature=1.5, n=3)
    assert len({sample.text for sample in samples}) > 1
    assert len(shared.generate(prompt("one"), max_tokens=2, n=3)) == 3
    weighed = shared.weigh(Prompt("s", (Turn("user", ("q",)),)), ("+", "-"))
    assert sum(weighed.shares[-1]) == pytest.approx(1)
    shared.close()
    with pytest.raises(ModelError, match="was closed"):
        shared.generate(prompt("one"))
