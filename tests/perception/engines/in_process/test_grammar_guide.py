"""Answers held to a grammar, and what it leaves no choice about."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handeye.perception.dialects.reasoning import finished
from handeye.perception.engines import EngineOptions
from handeye.perception.engines.engine import Request
from handeye.perception.engines.in_process.decode import DecodedText
from handeye.perception.engines.in_process.grammar_guide import GrammarCompiler, TokenBoundaries
from handeye.perception.engines.in_process.transformers_engine import InProcessEngine
from handeye.perception.internvl.prompt import ChatTurn, Prompt
from handeye.tools.errors import ModelError

pytestmark = pytest.mark.model

PROMPT = Prompt("s", (ChatTurn("user", ("What next?",)),))
#: ASCII alone: xgrammar lets bytes through that look like a character and are none, and decode as several.
GRAMMAR = r"""root ::= [ -~]{1,12} "\n<tool_call>\n" (click | key) "\n</tool_call>"
click ::= "{\"kind\": \"click\", \"target\": \"" [ !#-[\]-~]{1,9} "\"}"
key ::= "{\"kind\": \"key\", \"keys\": \"" ("enter" | "esc") "\"}"
"""
MATCHES = re.compile(
    r"[ -~]{1,12}\n<tool_call>\n"
    r'\{"kind": ("click", "target": "[ !#-\[\]-~]{1,9}"|"key", "keys": "(enter|esc)")\}'
    r"\n</tool_call>"
)
#: How Qwen's tokenizers divide text.
QWEN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


@pytest.fixture(scope="module")
def engine(small_checkpoint: Path) -> InProcessEngine:
    return InProcessEngine.open(str(small_checkpoint))


@pytest.fixture(scope="module")
def qwen() -> Any:
    """A tokenizer that divides text as Qwen's do, with `<tool_call>` as a token."""
    from tokenizers import Regex, pre_tokenizers

    from handeye.perception.engines.in_process.small_checkpoint import CORPUS, train_tokenizer

    made = train_tokenizer(CORPUS * 2, 600)
    made.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(QWEN), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    made.add_tokens(["<tool_call>", "</tool_call>"])
    return made


@pytest.mark.parametrize("forcing", [True, False])
def test_every_answer_matches_the_grammar(
    engine: InProcessEngine, forcing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_forcing", forcing)
    answers = engine.generate(Request(PROMPT, max_tokens=200, temperature=1.5, samples=24, grammar=GRAMMAR))
    for answer in answers:
        assert MATCHES.fullmatch(answer.text), answer.text
        assert answer.finish == "stop"
        assert (answer.tokens_forced > 5) == forcing
        assert not answer.notes
    assert len({answer.text for answer in answers}) > 12


def test_without_the_grammar_they_do_not(engine: InProcessEngine) -> None:
    """A control."""
    answers = engine.generate(Request(PROMPT, max_tokens=60, temperature=1.5, samples=8))
    assert not any(MATCHES.fullmatch(answer.text) for answer in answers)


def test_forced_text_costs_no_pass_of_its_own(engine: InProcessEngine) -> None:
    passes: list[int] = []
    hook = engine._checkpoint.model.model.language_model.register_forward_pre_hook(
        lambda _, args, kwargs: passes.append(kwargs["inputs_embeds"].shape[1]), with_kwargs=True
    )
    (answer,) = engine.generate(Request(PROMPT, max_tokens=200, grammar=GRAMMAR))
    sampled = answer.tokens_out - answer.tokens_forced
    assert answer.tokens_forced > 5
    # One pass for the prompt, then one for each sampled token, with what is forced behind it, but the last.
    assert len(passes) <= sampled
    assert sum(passes) <= answer.tokens_in + answer.tokens_out
    passes.clear()
    (answer,) = engine.generate(Request(PROMPT, max_tokens=200, grammar='root ::= "all of this, and nothing else"'))
    hook.remove()
    assert answer.text == "all of this, and nothing else"
    assert answer.tokens_out == answer.tokens_forced
    assert answer.finish == "stop"
    assert len(passes) == 1


def test_an_answer_ends_where_its_grammar_does_and_may_go_on_where_that_may(engine: InProcessEngine) -> None:
    (answer,) = engine.generate(Request(PROMPT, grammar='root ::= "[[" [0-9] "]]"'))
    assert re.fullmatch(r"\[\[\d\]\]", answer.text)
    assert answer.finish == "stop"
    sampled = engine.generate(Request(PROMPT, temperature=1.5, samples=16, grammar='root ::= "a" "b"? [c]{0,3}'))
    assert all(re.fullmatch("ab?c{0,3}", each.text) and each.finish == "stop" for each in sampled)
    assert len({each.text for each in sampled}) > 3


def test_an_answer_is_cut_at_its_length_in_forced_text_too(engine: InProcessEngine) -> None:
    grammar = 'root ::= [a-z] "bcdefghijklmnopqrstuvwxyz 0 1 2 3 4 5 6 7 8 9"'
    (answer,) = engine.generate(Request(PROMPT, max_tokens=5, grammar=grammar))
    assert (answer.tokens_out, answer.finish) == (5, "length")
    assert engine.generate(Request(PROMPT, stop=["fg"], grammar=grammar))[0].text.endswith("bcde")


def test_control_tokens_are_no_text(engine: InProcessEngine) -> None:
    sampled = engine.generate(
        Request(PROMPT, max_tokens=400, temperature=2.0, samples=4, grammar="root ::= [ -~]{200}")
    )
    added = engine._checkpoint.tokenizer.added_tokens_decoder.values()
    assert all(len(each.text) == 200 for each in sampled)
    assert not any(token.content in each.text for each in sampled for token in added)


def test_what_cannot_be_held_to_a_grammar_is_free_and_says_so(
    small_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = InProcessEngine.open(str(small_checkpoint), EngineOptions(constrain=False))
    (answer,) = free.generate(Request(PROMPT, max_tokens=8, grammar=GRAMMAR))
    assert answer.notes == ("answers are not held to the grammar: constrain is off",)
    monkeypatch.setitem(sys.modules, "xgrammar", None)
    bare = InProcessEngine.open(str(small_checkpoint))
    (answer,) = bare.generate(Request(PROMPT, max_tokens=8, grammar=GRAMMAR))
    assert "xgrammar is missing" in answer.notes[0]
    assert "pip install 'handeye[transformers]'" in answer.notes[0]
    assert not bare.generate(Request(PROMPT, max_tokens=8))[0].notes


def test_a_grammar_that_cannot_be_read_is_a_model_error(engine: InProcessEngine) -> None:
    with pytest.raises(ModelError, match=r"the grammar for the answer cannot be read \(.*EBNF"):
        engine.generate(Request(PROMPT, grammar="root := nothing"))


def test_grammars_are_compiled_once(engine: InProcessEngine) -> None:
    engine.generate(Request(PROMPT, max_tokens=1, grammar=GRAMMAR))
    assert engine._grammars
    kept = engine._grammars._compiled[GRAMMAR]
    for number in range(16):
        engine.generate(Request(PROMPT, max_tokens=1, grammar=f'root ::= "{number}"'))
        engine.generate(Request(PROMPT, max_tokens=1, grammar=GRAMMAR))
    assert engine._grammars._compiled[GRAMMAR] is kept
    assert len(engine._grammars._compiled) <= 16


LETTERS = tuple(range(ord("a"), ord("z") + 1))


def test_forced_text_is_written_as_far_as_nothing_can_change_it(qwen: Any) -> None:
    words = TokenBoundaries(qwen)

    def settled(text: str, follow: str) -> str:
        return str(qwen.decode(words.stable(text, tuple(sorted(follow.encode())))))

    assert settled('", "target": "', "abc") == '", "target": "'
    assert settled("see ", "abc") == "see"  # a blank goes with the word behind it
    assert settled('", "target": "', "[") == '", "target":'
    assert settled('{"kind": "', "") == '{"kind": "'
    assert settled(", ", "123") == ", "
    assert settled(", ", " 1") == ","  # two blanks may be one token
    assert settled("\n<tool_call>", "\n") == "\n<tool_call>"  # a token of its own ends where it ends
    assert settled("\n<tool_", "cr") == "\n"
    assert settled("Sav", "e") == ""
    assert qwen.convert_tokens_to_ids("<tool_call>") in words.stable('\n<tool_call>\n{"kind": "', LETTERS)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), text=st.text('{}[]",: \n<>/_abcSv019é', min_size=1, max_size=24))
def test_whatever_follows_the_tokens_of_forced_text_stay(
    engine: InProcessEngine, qwen: Any, data: Any, text: str
) -> None:
    follow = data.draw(st.text('{}[]",: \n<>/_abcSv019é', min_size=1, max_size=8))
    for tokenizer in (qwen, engine._checkpoint.tokenizer):
        tokens = TokenBoundaries(tokenizer).stable(text, tuple(sorted({follow.encode()[0], ord("a"), ord(",")})))
        assert tokenizer.encode(text + follow, add_special_tokens=False)[: len(tokens)] == tokens


def test_a_tokenizer_that_divides_nothing_is_sure_of_nothing(qwen: Any) -> None:
    import copy

    plain = copy.deepcopy(qwen)
    plain.backend_tokenizer.pre_tokenizer = None
    assert TokenBoundaries(plain).stable('{"kind": "', LETTERS) == []


def test_a_grammar_no_token_fits_is_a_model_error(engine: InProcessEngine) -> None:
    tokenizer = engine._checkpoint.tokenizer
    grammars = GrammarCompiler(tokenizer, len(tokenizer), engine._checkpoint.ends)
    grammars._never[:] = True
    with pytest.raises(ModelError, match="no token of the tokenizer is what the grammar asks for"):
        grammars.guide('root ::= "a" | "b"', force=False).forced()


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.sampled_from("aé中🙂 \ufffd<|box>"), max_size=20), data=st.data())
def test_streamed_pieces_are_the_text(engine: InProcessEngine, text: str, data: Any) -> None:
    """Whole characters only, nothing of a stop string, and in the end all of the text."""
    tokenizer = engine._checkpoint.tokenizer
    broken = data.draw(st.lists(st.integers(13, len(tokenizer) - 1), max_size=6))
    ids = [*broken, *tokenizer.encode(text, add_special_tokens=False)]
    stops = data.draw(st.lists(st.sampled_from(["<|end|>", "aa", "é中", "box", "|"]), max_size=2))
    pieces: list[str] = []
    made = DecodedText(tokenizer, stops, pieces.append)
    for token in ids:
        if not made.stopped:
            made.add(token)
    whole = tokenizer.decode(ids, skip_special_tokens=False) if ids else ""
    assert made.end() == "".join(pieces) == finished(whole, stops)


def test_the_first_answer_is_streamed(engine: InProcessEngine) -> None:
    pieces: list[str] = []
    answers = engine.generate(Request(PROMPT, max_tokens=40, temperature=1.5, samples=3, on_text=pieces.append))
    assert "".join(pieces) == answers[0].text
    assert len(pieces) > 3
