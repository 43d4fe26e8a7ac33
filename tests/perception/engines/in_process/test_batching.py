"""Several askers share one model in this process."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from handeye.perception.engines.engine import Answer, Request
from handeye.perception.engines.in_process.batching import BatchingEngine
from handeye.perception.engines.in_process.transformers_engine import InProcessEngine
from handeye.perception.internvl.prompt import ChatTurn, Prompt
from handeye.tools.errors import ModelError

pytestmark = pytest.mark.model

QUESTIONS = ["one", "what is where", "a lamp", "word " * 9000, "the last one"]


def prompt(text: str) -> Prompt:
    return Prompt("system", (ChatTurn("user", (text,)),))


@pytest.fixture(scope="module")
def engine(small_checkpoint: Path) -> InProcessEngine:
    return InProcessEngine.open(str(small_checkpoint))


def test_each_asker_gets_its_own_answer_and_only_its_own_error(
    engine: InProcessEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    batch = engine.generate_batch

    def counted(requests: list[Request]) -> list[Answer]:
        sizes.append(len(requests))
        return batch(requests)

    monkeypatch.setattr(engine, "generate_batch", counted)
    shared = BatchingEngine(engine, len(QUESTIONS))

    def ask(text: str) -> str:
        try:
            return shared.generate(Request(prompt(text), max_tokens=6))[0].text
        except ModelError as error:
            return f"error: {error}"

    with ThreadPoolExecutor(len(QUESTIONS)) as pool:
        answers = list(pool.map(ask, QUESTIONS))
    assert max(sizes) == len(QUESTIONS)
    assert [answer.startswith("error: ") for answer in answers] == [False, False, False, True, False]
    for text, answer in zip(QUESTIONS, answers, strict=True):
        if not answer.startswith("error: "):
            assert answer == engine.generate(Request(prompt(text), max_tokens=6))[0].text


def test_samples_and_other_settings_are_queried_by_themselves(engine: InProcessEngine) -> None:
    shared = BatchingEngine(engine, 2)
    with ThreadPoolExecutor(2) as pool:
        short = pool.submit(shared.generate, Request(prompt("one"), max_tokens=2))
        long = pool.submit(shared.generate, Request(prompt("one"), max_tokens=9))
        assert short.result()[0].tokens_out <= 2 < long.result()[0].tokens_out
    told: list[str] = []
    (streamed,) = shared.generate(Request(prompt("one"), max_tokens=9, on_text=told.append))
    assert "".join(told) == streamed.text == long.result()[0].text
    samples = shared.generate(Request(prompt("one"), max_tokens=9, temperature=1.5, samples=3))
    assert len({sample.text for sample in samples}) > 1
    assert len(shared.generate(Request(prompt("one"), max_tokens=2, samples=3))) == 3
    weighed = shared.score_options(Prompt("s", (ChatTurn("user", ("q",)),)), ("+", "-"))
    assert sum(weighed.probabilities[-1]) == pytest.approx(1)
    shared.close()
    with pytest.raises(ModelError, match="was closed"):
        shared.generate(Request(prompt("one")))
