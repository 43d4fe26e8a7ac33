"""Constrained decoding: which tokens a grammar allows next, and which it forces."""

from __future__ import annotations

import re
from collections import OrderedDict
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch

from handeye.tools.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

#: Most compiled grammars in the cache; a run uses one per kind of question.
COMPILED = 16
#: Forced texts whose tokens are remembered: a grammar has a few dozen.
REMEMBERED = 1024
#: Represents all characters beyond ASCII in the test whether a word could continue.
BEYOND_ASCII = ("é", "中", "🙂")


class GrammarCompiler:
    """Compiles grammars for one tokenizer, with xgrammar."""

    def __init__(self, tokenizer: Any, vocabulary: int, ends: Sequence[int]) -> None:
        """`vocabulary` is the width of the model's logits; `ends` are the ids of the tokens that end an answer.

        Raises ImportError without xgrammar.
        """
        import xgrammar

        self._xgrammar = xgrammar
        self.ends = tuple(ends)
        self.words = TokenBoundaries(tokenizer)
        info = xgrammar.TokenizerInfo.from_huggingface(tokenizer, vocab_size=vocabulary, stop_token_ids=list(ends))
        self._compiler = xgrammar.GrammarCompiler(info)
        self._compiled: OrderedDict[str, Any] = OrderedDict()
        self.vocabulary = vocabulary
        # A text grammar reads `<box>` and `<|im_end|>` as mere characters; as tokens they are markup, and no text.
        self._never = torch.zeros(vocabulary, dtype=torch.bool)
        self._never[[each for each in self.words.special if each < vocabulary and each not in self.ends]] = True
        self.bytes = {each[0]: number for number, each in enumerate(info.decoded_vocab) if len(each) == 1}

    def guide(self, grammar: str, force: bool) -> GrammarGuide:
        """Return the guide of one answer through an EBNF grammar. With `force`, it also returns forced tokens.

        Raises ModelError when the grammar is invalid.
        """
        if grammar not in self._compiled:
            try:
                self._compiled[grammar] = self._compiler.compile_grammar(grammar)
            except RuntimeError as error:
                reason = " ".join(str(error).split())
                raise ModelError(
                    f"the grammar for the answer cannot be read ({reason}); give EBNF with a rule root"
                ) from error
            if len(self._compiled) > COMPILED:
                self._compiled.popitem(last=False)
        self._compiled.move_to_end(grammar)
        matcher = self._xgrammar.GrammarMatcher(self._compiled[grammar], override_stop_tokens=list(self.ends))
        return GrammarGuide(self, matcher, force)

    def mask(self, matcher: Any) -> Any:
        """Return the tokens that may come next, shape (vocabulary,) bool."""
        bits = self._xgrammar.allocate_token_bitmask(1, self.vocabulary)
        matcher.fill_next_token_bitmask(bits)
        allowed = ((bits[0].unsqueeze(-1) >> torch.arange(32)) & 1).view(-1)[: self.vocabulary].bool()
        return allowed & ~self._never


class GrammarGuide:
    """The state of one answer in a grammar."""

    def __init__(self, grammars: GrammarCompiler, matcher: Any, force: bool) -> None:
        self._grammars = grammars
        self._matcher = matcher
        self._force = force
        self._allowed: Any = None
        self.over = False
        """Nothing can follow what was written."""

    def allowed(self) -> Any:
        """Return the tokens that may come next, shape (vocabulary,) bool."""
        if self._allowed is None:
            self._allowed = self._grammars.mask(self._matcher)
        return self._allowed

    def accept(self, token: int) -> None:
        """Advance the grammar by an allowed token id."""
        if not self._matcher.accept_token(token):
            raise ModelError(f"token {token} does not fit the grammar for the answer; report this")
        self._allowed = None

    def forced(self) -> list[int]:
        """Accept and return the token ids that must come next; set `over` at the end of the grammar.

        Forced text is tokenised as the tokenizer does it, because the model was trained on such tokens. Only the tokens
        that no later character can change are returned; the rest of the text is sampled.
        """
        run: list[int] = []
        while not self.over:
            piece = self._jump() if self._force else []
            if not piece:
                choices, ends = self._choices()
                if choices == ends:
                    self.over = True
                elif choices == 1 and self._force:
                    piece = [int(self.allowed().nonzero())]
                    self.accept(piece[0])
                if not piece:
                    break
            run += piece
        return run

    def _choices(self) -> tuple[int, int]:
        """Return how many tokens may come next, and how many of them end the answer."""
        allowed = self.allowed()
        choices = int(allowed.sum())
        if not choices:
            raise ModelError("no token of the tokenizer is what the grammar asks for; answer freely (constrain=False)")
        return choices, int(allowed[list(self._grammars.ends)].sum())

    def _jump(self) -> list[int]:
        text = self._matcher.find_jump_forward_string()
        if not text:
            return []
        ahead = self._matcher.fork()
        if not ahead.accept_string(text):
            return []
        allowed = self._grammars.mask(ahead)
        follow = [byte for byte, token in self._grammars.bytes.items() if allowed[token]]
        tokens = self._grammars.words.stable(text, tuple(sorted(follow)))
        for count, token in enumerate(tokens):
            if not self._matcher.accept_token(token):
                # A tokenizer that writes a text by itself otherwise than in the middle of another.
                self._matcher.rollback(count)
                return []
        if tokens:
            self._allowed = None
        return tokens


class TokenBoundaries:
    """The places where a tokenizer splits text before it makes tokens."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        added = tokenizer.added_tokens_decoder
        self.special = {number for number, each in added.items() if each.special}
        self._added = [each.content for number, each in added.items() if number not in self.special]
        self._remembered: OrderedDict[tuple[str, tuple[int, ...]], list[int]] = OrderedDict()

    def stable(self, text: str, follow: tuple[int, ...]) -> list[int]:
        """Return the ids of a text's first tokens, as far as they are the same for every continuation.

        `follow` are the bytes that may come next; none when the answer ends with the text.
        """
        key = (text, follow)
        if key not in self._remembered:
            settled = text[: self._settled(text, follow)]
            tokens = self._tokenizer.encode(settled, add_special_tokens=False)
            whole = self._tokenizer.decode(tokens, skip_special_tokens=False, clean_up_tokenization_spaces=False)
            self._remembered[key] = tokens if whole == settled and not self.special & {*tokens} else []
            if len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
        self._remembered.move_to_end(key)
        return self._remembered[key]

    def _settled(self, text: str, follow: Collection[int]) -> int:
        """Return the last place in a text at which the tokenizer splits it for every continuation."""
        if not follow:
            return len(text)
        characters = [chr(byte) for byte in follow if byte < 128]
        characters += BEYOND_ASCII if any(byte >= 128 for byte in follow) else ()
        common = set.intersection(*(self._divisions(text + character) for character in characters))
        # What could still become an added token (`<tool_call>`) is not divided yet.
        reach = min(len(text) - len(begun) for begun in self._begun(text))
        return max((place for place in common if place <= reach), default=0)

    def _begun(self, text: str) -> list[str]:
        """Return the ends of a text that may begin an added token, the empty one included."""
        return ["", *(each[:n] for each in self._added for n in range(1, len(each)) if text.endswith(each[:n]))]

    def _divisions(self, text: str) -> set[int]:
        if self._splitter is None:
            return set()
        places: set[int] = set()
        start = 0
        for part in re.split(self._pattern, text) if self._added else [text]:
            if part not in self._added:
                pieces = self._splitter.pre_tokenize_str(part) if part else []
                places.update(start + first for _, (first, _) in pieces)
            places.add(start)
            start += len(part)
        return places

    @cached_property
    def _pattern(self) -> str:
        return "(" + "|".join(map(re.escape, sorted(self._added, key=len, reverse=True))) + ")"

    @cached_property
    def _splitter(self) -> Any:
        """A tokenizer without one may join anything with anything: none of its tokens is sure."""
        backend = getattr(self._tokenizer, "backend_tokenizer", None)
        return backend.pre_tokenizer if backend else None
