"""The in-process engine: handeye's tiler, caches and decoding loop over a checkpoint loaded by transformers."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from handeye.perception.engines.engine import Answer, OptionScores, answer_parts
from handeye.perception.engines.in_process.checkpoint import EXTRA, Checkpoint, load_checkpoint
from handeye.perception.engines.options import EngineOptions
from handeye.perception.internvl.profiles import profile_for
from handeye.perception.usage import Usage
from handeye.tools.errors import ModelError, SetupError, UsageError

try:
    import torch

    from handeye.perception.engines.in_process.decode import AnswerRow, DecodedText, decode_rows
    from handeye.perception.engines.in_process.grammar_guide import GrammarCompiler, GrammarGuide
    from handeye.perception.engines.in_process.kv_cache import batch_caches
    from handeye.perception.engines.in_process.placement import quantize_linear_layers
    from handeye.perception.engines.in_process.prefill import Prefilled, Prefiller
    from handeye.perception.engines.in_process.prompt_tokens import PromptFitter, ran_out_of_memory
    from handeye.perception.engines.in_process.router import TileRouter
    from handeye.perception.internvl.positions import takes_fractions
except ImportError as error:
    raise SetupError(EXTRA) from error

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from handeye.perception.engines.engine import Request
    from handeye.perception.internvl.prompt import Prompt
    from handeye.perception.internvl.tiling import Tiling

Made = TypeVar("Made")


class InProcessEngine:
    """One checkpoint in this process's memory, until it is closed."""

    def __init__(self, checkpoint: Checkpoint, options: EngineOptions | None = None) -> None:
        """An answer that is not finished after `options.answer_seconds` ends there, with `finish` `length`.

        Raises UsageError when `options.v2pe` is below 1 and the model cannot take fractional positions.
        """
        options = options or EngineOptions()
        if options.v2pe < 1 and not takes_fractions(checkpoint.model):
            kind = checkpoint.model.config.text_config.model_type
            raise UsageError(
                f"v2pe={options.v2pe:g} needs a language part that takes positions between whole numbers, and that of "
                f"{checkpoint.name} ({kind}) does not; leave v2pe at 1"
            )
        profile, note = profile_for(checkpoint.name, options, checkpoint.language)
        knobs = {"tile": checkpoint.tile, "tokens_per_tile": checkpoint.tokens_per_tile}
        self.name = checkpoint.name
        self.profile = profile.model_copy(update=knobs)
        self.notes = (*checkpoint.notes, note, *(quantize_linear_layers(checkpoint.model) if options.fast else ()))
        self._options = options
        self._held: Checkpoint | None = checkpoint
        self._reader = Prefiller(checkpoint, options.cache_mb << 20, options.v2pe)
        router = TileRouter(checkpoint.tokens_per_tile) if options.fast else None
        self._fitting = PromptFitter(checkpoint, self.profile, options.v2pe, router)
        self._grammars: GrammarCompiler | None = None
        # A sliding window counts places, not tokens: places left free between answers of unequal length would shrink
        # it, so that such models write one answer after the other.
        kinds = getattr(checkpoint.model.config.text_config, "layer_types", None) or ()
        self._abreast = all(kind == "full_attention" for kind in kinds)
        self._forcing = True

    @classmethod
    def open(cls, model: str, options: EngineOptions | None = None) -> InProcessEngine:
        """Return the engine for a checkpoint's folder or Hugging Face id; raises as `load_checkpoint` does."""
        options = options or EngineOptions()
        return cls(load_checkpoint(model, options), options)

    def generate(self, request: Request) -> list[Answer]:
        """As `Engine.generate`; several samples share one prefill of the prompt."""
        began = time.monotonic()
        deadline = began + self._options.answer_seconds
        count = 1 if request.temperature <= 0 else request.samples
        held, unheld = self._holding(request.grammar)

        def answer(ids: list[int], tilings: list[Tiling]) -> tuple[Prefilled, list[AnswerRow]]:
            rows = [self._row(request, held, None if number else request.on_text) for number in range(count)]
            first = rows[0].pending
            reading = self._reader.read(ids, tilings, forced=first, room=request.max_tokens, deadline=deadline)
            for row in rows:
                row.read(reading.position)
            self._write(reading, rows, request.temperature, deadline)
            return reading, rows

        (reading, rows), notes = self._run(request.prompt, request.max_tokens, answer)
        seconds = time.monotonic() - began
        answers = [self._answer(row, request, reading, seconds, (*unheld, *notes)) for row in rows]
        return answers * request.samples if request.temperature <= 0 else answers

    def generate_batch(self, requests: Sequence[Request]) -> list[Answer]:
        """Return one answer to each request, decoded together; all requests must have equal `settings`.

        Each prompt is prefilled as `generate` does it. Decoding together is faster, because each pass over the
        weights serves all answers. The logits differ from those of single requests by the rounding of the number
        format. The answers are generated one after another where the memory is too small for all prompts, and where
        the language model has a sliding window. `answer_seconds` is the limit for all answers together.
        """
        assert self._checkpoint  # raises for a closed engine
        began = time.monotonic()
        deadline = began + self._options.answer_seconds

        def alone(request: Request) -> Answer:
            return self.generate(replace(request, samples=1, on_text=None))[0]

        if len(requests) < 2 or not self._abreast:
            return [alone(request) for request in requests]
        shared = requests[0]
        if any(request.settings != shared.settings for request in requests):
            raise ValueError("the requests of a batch must have equal settings; split them into several batches")
        held, unheld = self._holding(shared.grammar)
        readings: list[Prefilled] = []
        rows: list[AnswerRow] = []
        notices: list[tuple[str, ...]] = []
        try:
            with torch.inference_mode():
                for request in requests:
                    bound, notes = self._fitting.bound(request.prompt, request.max_tokens)
                    row = self._row(request, held, None)
                    readings.append(
                        self._reader.read(*self._tokenise(request.prompt, bound), forced=row.pending, deadline=deadline)
                    )
                    row.read(readings[-1].position)
                    rows.append(row)
                    notices.append((*unheld, *notes))
                cache, filled = batch_caches([reading.cache for reading in readings], room=shared.max_tokens)
                logits = torch.cat([reading.logits for reading in readings])
                decode_rows(self._reader, cache, filled, rows, logits, shared.temperature, deadline)
        except (RuntimeError, MemoryError) as error:
            if not ran_out_of_memory(error):
                raise self._broken(error) from error
            rows.clear()
        if not rows:
            readings.clear()
            self._reader.forget()
            note = f"one after the other: the memory ran out with {len(requests)} prompts side by side"
            return [replace(answer, notes=(*answer.notes, note)) for answer in map(alone, requests)]
        seconds = (time.monotonic() - began) / len(requests)
        made = zip(rows, readings, notices, strict=True)
        return [self._answer(row, shared, reading, seconds, notes) for row, reading, notes in made]

    def score_options(self, prompt: Prompt, options: Sequence[str]) -> OptionScores:
        """As `Engine.score_options`, in one prefill of the prompt."""
        deadline = time.monotonic() + self._options.answer_seconds

        def shares(ids: list[int], tilings: list[Tiling]) -> tuple[Prefilled, Any]:
            places, tokens = self._fitting.choices(prompt, options, ids, tilings)
            reading = self._reader.read(ids, tilings, places=places, deadline=deadline)
            return reading, torch.softmax(reading.logits[:, tokens].double(), -1)

        (reading, rows), _ = self._run(prompt, 1, shares)
        return OptionScores(tuple(map(tuple, rows.tolist())), _usage(reading))

    def close(self) -> None:
        """Release the model and the caches; a second call does nothing."""
        if self._held:
            self._reader.forget()
            del self._reader, self._fitting
        self._held = self._grammars = None

    @property
    def _checkpoint(self) -> Checkpoint:
        if self._held is None:
            raise ModelError(f"{self.name} was closed; open it again")
        return self._held

    def _tokenise(self, prompt: Prompt, bound: int) -> tuple[list[int], list[Tiling]]:
        """Return the token ids, and the images as tiles."""
        return self._fitting.tokenise(prompt, bound)

    def _run(
        self, prompt: Prompt, max_tokens: int, work: Callable[[list[int], list[Tiling]], Made]
    ) -> tuple[Made, tuple[str, ...]]:
        """Return the result of `work` for a prompt, and notes.

        Where the memory runs out, it is repeated without the caches, and then with fewer tiles.
        """
        assert self._checkpoint  # a closed engine says so
        bound, notes = self._fitting.bound(prompt, max_tokens)
        emptied = False
        while True:
            try:
                with torch.inference_mode():
                    return work(*self._tokenise(prompt, bound)), notes
            except (RuntimeError, MemoryError) as error:
                if not ran_out_of_memory(error):
                    raise self._broken(error) from error
                # The traceback holds what the failed attempt had in memory.
                failure = error.with_traceback(None)
            # A failed attempt, too, leaves behind what it read before it failed.
            if self._reader.forget() and not emptied:
                emptied = True
                note = "the memory ran out: the caches of earlier screens were emptied"
            else:
                bound, note = self._fitting.smaller(prompt, bound, failure)
            notes = (*notes, note)

    def _broken(self, error: Exception) -> ModelError:
        reason = " ".join(str(error).split())[:300]
        return ModelError(f"{self.name} failed while it was run ({type(error).__name__}: {reason}); open it again")

    def _holding(self, grammar: str) -> tuple[Callable[[], GrammarGuide] | None, tuple[str, ...]]:
        """Return a factory of one guide per answer, and a note if the requested grammar cannot be enforced."""
        if not grammar:
            return None, ()
        if not self._options.constrain:
            return None, ("answers are not held to the grammar: constrain is off",)
        if self._grammars is None:
            vocabulary = self._checkpoint.model.get_output_embeddings().out_features
            try:
                self._grammars = GrammarCompiler(self._checkpoint.tokenizer, vocabulary, self._checkpoint.ends)
            except ImportError:
                return None, (f"answers are not held to the grammar: xgrammar is missing; {EXTRA}",)
        grammars = self._grammars
        return lambda: grammars.guide(grammar, force=self._forcing), ()

    def _row(
        self,
        request: Request,
        held: Callable[[], GrammarGuide] | None,
        on_text: Callable[[str], None] | None,
    ) -> AnswerRow:
        stops = (*self.profile.stop, *request.stop)
        text = DecodedText(self._checkpoint.tokenizer, stops, on_text, thinks=self.profile.thinks)
        return AnswerRow(text, self._checkpoint.ends, request.max_tokens, held() if held else None)

    def _write(self, reading: Prefilled, rows: Sequence[AnswerRow], temperature: float, deadline: float) -> None:
        """Decode several answers to one prompt."""
        cache = reading.cache
        if len(rows) > 1 and self._abreast:
            cache.batch_repeat_interleave(len(rows))
            logits = reading.logits.expand(len(rows), -1)
            decode_rows(self._reader, cache, None, rows, logits, temperature, deadline)
            return
        length = cache.get_seq_length()
        for row in rows:
            decode_rows(self._reader, cache, None, [row], reading.logits, temperature, deadline)
            cache.crop(length - cache.get_seq_length())

    def _answer(
        self, row: AnswerRow, request: Request, reading: Prefilled, seconds: float, notes: tuple[str, ...]
    ) -> Answer:
        parts = answer_parts(row.text.end(), (*self.profile.stop, *request.stop), self.profile, row.finish)
        return Answer(
            text=parts.answer,
            reasoning=parts.reasoning,
            trouble=parts.trouble,
            tokens_in=reading.tokens,
            tokens_out=row.tokens,
            seconds=seconds,
            finish=row.finish,
            notes=notes,
            tokens_reused=reading.tokens_reused,
            tokens_forced=row.forced,
            tiles=reading.tiles,
            tiles_reused=reading.tiles_reused,
            window=row.position,
        )


def _usage(reading: Prefilled) -> Usage:
    return Usage(
        calls=1,
        tokens_in=reading.tokens,
        tokens_reused=reading.tokens_reused,
        tiles=reading.tiles,
        tiles_reused=reading.tiles_reused,
        window=reading.position,
    )
