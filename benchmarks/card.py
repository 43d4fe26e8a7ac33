"""A question answered the way of the InternVL model card: every tile, the whole prompt, every token by `generate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList

from handeye.perception.engines.engine import TOP_P
from handeye.perception.engines.in_process.grammar_guide import GrammarCompiler
from handeye.perception.internvl.prompt import to_text
from tests.perception.reference import reference_pixels

if TYPE_CHECKING:
    from handeye.perception.engines.in_process.checkpoint import Checkpoint
    from handeye.perception.engines.in_process.grammar_guide import GrammarGuide
    from handeye.perception.internvl.prompt import Prompt


class Card:
    """Asks a checkpoint by transformers' own means, and keeps nothing."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        vocabulary = checkpoint.model.get_output_embeddings().weight.shape[0]
        self._grammars = GrammarCompiler(checkpoint.tokenizer, vocabulary, checkpoint.ends)

    def prepare(self, grammar: str) -> None:
        """Have a grammar compiled."""
        self._grammars.guide(grammar, force=True)

    def generate(
        self, prompt: Prompt, grammar: str, max_tokens: int, max_tiles: int = 12, temperature: float = 0.0
    ) -> tuple[str, int]:
        """The answer's text, and its tokens without the one that ends it; sampled above temperature 0."""
        held, words = self._checkpoint, self._checkpoint.tokenizer
        pixels = [torch.from_numpy(reference_pixels(image, max_tiles)) for image in prompt.images]
        text = to_text(prompt, [len(each) for each in pixels])
        ids = torch.tensor([words.encode(text, add_special_tokens=False)])
        settings = GenerationConfig(
            max_new_tokens=max_tokens,
            do_sample=temperature > 0,
            **({"temperature": temperature, "top_p": TOP_P, "top_k": 0} if temperature > 0 else {}),
            eos_token_id=list(held.ends),
            pad_token_id=words.pad_token_id,
        )
        with torch.inference_mode():
            made = held.model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                pixel_values=torch.cat(pixels),
                generation_config=settings,
                logits_processor=LogitsProcessorList([Held(self._grammars.guide(grammar, force=True), held.ends)]),
            )
        tokens = [each for each in made[0, ids.shape[1] :].tolist() if each not in held.ends]
        return words.decode(tokens, skip_special_tokens=False), len(tokens)


class Held(LogitsProcessor):  # type: ignore[misc, unused-ignore]
    """Holds an answer to a grammar, token by token.

    Where the grammar forces text, the one token is allowed that writes it as the tokenizer would: a model without
    training would choose any other way to write the same, and the two sides could not be compared.
    """

    def __init__(self, guide: GrammarGuide, ends: tuple[int, ...]) -> None:
        self._guide = guide
        self._ends = list(ends)
        self._forced = list(guide.forced())
        self._begun = False

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """(1, vocabulary) scores with only what may come next."""
        if self._begun:
            self._took(int(input_ids[0, -1]))
        self._begun = True
        if self._forced:
            allowed = torch.zeros(scores.shape[-1], dtype=torch.bool)
            allowed[self._forced[0]] = True
        elif self._guide.over:
            allowed = torch.zeros(scores.shape[-1], dtype=torch.bool)
            allowed[self._ends] = True
        else:
            allowed = self._guide.allowed()
        return scores.masked_fill(~allowed, -torch.inf)

    def _took(self, token: int) -> None:
        if self._forced:
            self._forced.pop(0)
        else:
            self._guide.accept(token)
            self._forced = list(self._guide.forced())
