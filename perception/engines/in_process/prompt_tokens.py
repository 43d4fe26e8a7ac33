"""Converts a prompt to token ids and tiles that fit into the context and the memory."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from handeye.perception.internvl.prompt import to_text
from handeye.perception.internvl.tiling import choose_grid, tile
from handeye.tools.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.perception.engines.in_process.checkpoint import Checkpoint
    from handeye.perception.engines.in_process.router import TileRouter
    from handeye.perception.internvl.profiles import ModelProfile
    from handeye.perception.internvl.prompt import Prompt
    from handeye.perception.internvl.tiling import Tiling


#: Parts of error messages for exhausted memory; a thread that cannot be started lacks memory for its stack.
WORDS = ("out of memory", "not enough memory", "can't allocate memory", "bad_alloc", "can't start new thread")


class PromptFitter:
    """Converts prompts to token ids and tiles for one checkpoint."""

    def __init__(
        self, checkpoint: Checkpoint, profile: ModelProfile, delta: float, router: TileRouter | None = None
    ) -> None:
        """`delta` is the step of the position per visual token: the context limits positions, not tokens."""
        self._router = router
        self._checkpoint = checkpoint
        self._profile = profile
        self._delta = delta

    def bound(self, prompt: Prompt, max_tokens: int) -> tuple[int, tuple[str, ...]]:
        """Return the largest number of tiles per image with which prompt and answer fit, and a note when it was
        reduced.

        Raises ModelError when they do not fit with one tile per image.
        """
        name, context, wanted = self._checkpoint.name, self._checkpoint.context, self._profile.max_tiles
        words = len(self._ids(prompt, [0] * len(prompt.images)))
        for bound in range(wanted, 0, -1):
            counts = self._counts(prompt, bound)
            need = words + max_tokens + sum(self._positions(count) for count in counts)
            if need <= context:
                fewer = counts != self._counts(prompt, wanted)
                note = f"at most {bound} tiles a picture instead of {wanted}: the context holds {context} tokens"
                return bound, (note,) if fewer else ()
        raise ModelError(
            f"the prompt needs {need} tokens at one tile a picture and the context of {name} holds {context}; "
            "shorten the goal, or use a model with a longer context"
        )

    def smaller(self, prompt: Prompt, bound: int, error: BaseException) -> tuple[int, str]:
        """Return at most half of the tile bound, and a note, after the memory ran out.

        Raises ModelError when the bound cannot be reduced.
        """
        now, fewer = self._counts(prompt, bound), bound
        while fewer > 1 and self._counts(prompt, fewer) == now:
            fewer //= 2
        if self._counts(prompt, fewer) == now:
            raise ModelError(
                f"the memory is too small for {self._checkpoint.name} even at one tile a picture; use a smaller model"
            ) from error
        return fewer, f"at most {fewer} tiles a picture instead of {bound}: the memory ran out"

    def tokenise(self, prompt: Prompt, bound: int) -> tuple[list[int], list[Tiling]]:
        """Return the token ids of a prompt, and its images as tiles, at most `bound` each."""
        bounded = zip(prompt.images, prompt.bounds(bound), strict=True)
        tilings = [tile(image, most, self._profile.tile) for image, most in bounded]
        if self._router:
            tilings = [self._router.route(tiling) for tiling in tilings]
        takes = [sum(self.taken(tiling)) for tiling in tilings]
        ids = self._ids(prompt, takes)
        expected = sum(takes)
        found = ids.count(self._checkpoint.image_token)
        if found != expected:
            raise ModelError(f"the prompt has {found} image tokens for {expected} of its pictures; report this prompt")
        return ids, tilings

    def choices(
        self, prompt: Prompt, options: Sequence[str], ids: Sequence[int], tilings: Sequence[Tiling]
    ) -> tuple[list[int], list[int]]:
        """Return the indexes of the tokens after which the options are scored, and the token id of each option.

        An index is before each assistant turn that consists of an option, and at the prompt's end. Raises ModelError
        when an option is not a single token.
        """
        counts = [sum(self.taken(tiling)) for tiling in tilings]
        tokens = [self._added(self._ids(prompt, counts, option), ids, option) for option in options]
        places: list[int] = []
        images = 0
        for number, turn in enumerate(prompt.turns):
            if turn.role == "assistant" and turn.parts and turn.parts[0] in options and len(turn.parts) == 1:
                before = self._ids(replace(prompt, turns=prompt.turns[:number]), counts[:images])
                answered = self._added(ids[: len(before) + 1], before, str(turn.parts[0]))
                if answered != tokens[list(options).index(str(turn.parts[0]))]:
                    raise ModelError(f"{turn.parts[0]!r} has another token in the prompt than at its end")
                places.append(len(before) - 1)
            images += sum(not isinstance(part, str) for part in turn.parts)
        return [*places, len(ids) - 1], tokens

    def _added(self, longer: Sequence[int], ids: Sequence[int], option: str) -> int:
        """The one token that the first has behind the second."""
        if len(longer) != len(ids) + 1 or [*longer[:-1]] != [*ids]:
            raise ModelError(f"{option!r} is not one token of {self._checkpoint.name}; weigh single words or signs")
        return longer[-1]

    def taken(self, tiling: Tiling) -> tuple[int, ...]:
        """Return the number of prompt tokens of each tile."""
        return tiling.tokens or (self._profile.tokens_per_tile,) * len(tiling)

    def _ids(self, prompt: Prompt, takes: Sequence[int], answer: str = "") -> list[int]:
        """Return the token ids of a prompt whose images take these numbers of image tokens."""
        text = to_text(prompt, takes, 1, self._profile.template) + answer
        ids: list[int] = self._checkpoint.tokenizer.encode(text, add_special_tokens=False)
        return ids

    def _counts(self, prompt: Prompt, bound: int) -> list[int]:
        """Return the number of tiles of each image, thumbnails included."""
        bounded = zip(prompt.images, prompt.bounds(bound), strict=True)
        grids = (choose_grid(*image.size, most, self._profile.tile) for image, most in bounded)
        return [columns * rows + (columns * rows > 1) for columns, rows in grids]

    def _positions(self, tiles: int) -> int:
        """Return by how much an image advances the position."""
        return math.ceil(tiles * self._profile.tokens_per_tile * self._delta)


def ran_out_of_memory(error: BaseException) -> bool:
    """Return whether an error reports that memory ran out: of CUDA, of PyTorch on a CPU, of NumPy or of C++."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    message = str(error).lower()
    return any(words in message for words in WORDS)
