"""The first look of the pocket model at a desktop, in a process of its own, against the same model in transformers."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.measuring import Row

if TYPE_CHECKING:
    from benchmarks.lab import Lab

PHRASE, OTHER = "the trash icon", "the gear icon"
#: Each is measured so often, in turns; the least counts.
TIMES = 3


def measure(lab: Lab) -> Row:
    """Loading and looking; the weights are random, which takes as long as any, and both must give the same scores."""
    from handeye.perception.training.lessons import corpus
    from handeye.perception.training.pocket import Pocket, preset

    with tempfile.TemporaryDirectory() as folder:
        Pocket.new(preset("pocket"), corpus(), seed=0).save(Path(folder))
        taken: dict[str, list[dict[str, Any]]] = {"ours": [], "theirs": []}
        for _ in range(TIMES):
            for way, found in taken.items():
                command = [sys.executable, "-m", "benchmarks.pocket_look", way, folder]
                said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout
                found.append(json.loads(said.splitlines()[-1]))
                lab.say(f"pocket look, {way}: {found[-1]}")
    ours, theirs = (
        {key: min(each[key] for each in found) for key in found[0]} for found in (taken["ours"], taken["theirs"])
    )
    assert abs(ours["best"] - theirs["best"]) < 0.01
    what = (
        "a process that loads the pocket model and finds a phrase on 1344x896 (24 tiles); against transformers and "
        "torch with the same checkpoint, same scores"
    )
    rows = ("importing", "loading", "looking", "another", "processor")
    names = (
        *("importing torch and transformers", "loading", "the first phrase on a screen", "another phrase"),
        "processor time of the first phrase",
    )
    lines = ["| s | handeye | transformers |", "| --- | --- | --- |"]
    lines += [f"| {name} | {ours[key]:.3f} | {theirs[key]:.3f} |" for key, name in zip(rows, names, strict=True)]
    whole = [sum(each[key] for key in ("importing", "loading", "looking")) for each in (ours, theirs)]
    return Row(whole[0], whole[1], "s", what, 3.0, tuple(lines))


def once(way: str, folder: Path) -> dict[str, float]:
    """Seconds of each part, and the best score, in this process."""
    from handeye.perception.internvl.tiling import tile
    from handeye.perception.pocket_perception import MOST_TILES
    from handeye.perception.training.data.drawn import drawn

    image = drawn(5, 3).image
    began = time.perf_counter()
    scores = _ours(folder) if way == "ours" else _theirs(folder)
    imported, loaded = next(scores)
    start, busy = time.perf_counter(), time.process_time()
    tiling = tile(image, MOST_TILES, 224)
    pixels = tiling.pixels[: tiling.grid[0] * tiling.grid[1]]
    best = scores.send((pixels, PHRASE))
    found, processor = time.perf_counter(), time.process_time() - busy
    scores.send((None, OTHER))
    return {
        "importing": imported - began,
        "loading": loaded - imported,
        "looking": found - start,
        "another": time.perf_counter() - found,
        "processor": processor,
        "best": best,
    }


def _ours(folder: Path) -> Any:
    from handeye.perception.pocket_inference import PhraseReading

    imported = time.perf_counter()
    reading = PhraseReading(folder)
    pixels, phrase = yield imported, time.perf_counter()
    keys, _ = reading.look(pixels)
    while True:
        pixels, phrase = yield float(reading.scores(phrase, keys)[:-1].max())


def _theirs(folder: Path) -> Any:
    import torch

    from handeye.perception.training.pocket import load

    imported = time.perf_counter()
    pocket = load(folder)
    pixels, phrase = yield imported, time.perf_counter()
    with torch.inference_mode():
        tiles = torch.from_numpy(pixels)
        keys = torch.cat([pocket.keys(pocket.look(tiles[at : at + 8])) for at in range(0, len(tiles), 8)]).flatten(0, 1)
        while True:
            words = pocket.words(pocket.tokens([phrase]))
            pixels, phrase = yield float(pocket.scores(words, keys)[0, :-1].max())


if __name__ == "__main__":
    print(json.dumps(once(sys.argv[1], Path(sys.argv[2]))))
