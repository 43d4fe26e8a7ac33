"""The first and the second phrase on a picture, in a process of its own, against RapidOCR's own pipeline.

The pictures are made of the bundled ones, at their native resolution: a part of one, and windows on a 4K screen.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw, ImageFont

from benchmarks.measuring import Row
from handeye.perception.embedded import EmbeddedPerception
from handeye.perception.observation import Observation
from handeye.tools.screenshot import Screenshot, open_image

if TYPE_CHECKING:
    from benchmarks.lab import Lab
    from handeye.tools.element import Element

SCREENS = Path(__file__).parent.parent / "scenarios" / "suites" / "grounding" / "screens"
#: Each is measured so often, in turns; the least counts.
TIMES = 3
#: The windows of the 4K screen: name, left, top.
WINDOWS = (
    *(("mail-light-en-1", 40, 60), ("chat-warm-en-2", 1460, 40), ("files-light-de-2", 2540, 120)),
    *(("dashboard-light-de-2", 80, 1100), ("settings-warm-en-2", 1500, 1160), ("map-light-en-2", 2460, 1120)),
)
PHRASE, OTHER = "Settings", "the Save button"


def ground_first(lab: Lab) -> Row:
    """The first phrase on 1280x800."""
    picture = open_image(SCREENS / "mail-light-en-1.webp").crop((0, 0, 1280, 800))
    return _row(lab, picture, 1.5)


def ground_4k(lab: Lab) -> Row:
    """The first phrase on 3840x2160."""
    return _row(lab, screen_4k(), 2.5)


def read_again(lab: Lab) -> Row:
    """Reading 1920x1080 after one line changed, against reading it in full."""
    from handeye.perception.reading import ocr

    screen = screen_4k().crop((0, 0, 1920, 1080))
    incremental, full = [], []
    ocr.read(_with_line(screen, 0))
    for number in range(1, TIMES + 1):
        incremental.append(_timed(_with_line(screen, number)))
    for number in range(1, TIMES + 1):
        ocr.forget()
        full.append(_timed(_with_line(screen, number)))
    assert [words for _, words in incremental] == [words for _, words in full]
    lab.say(f"reading again: {incremental[0][0]:.2f} s, in full {full[0][0]:.2f} s")
    what = "reading 1920x1080 after one line changed; against a full read by handeye, same words"
    return Row(min(each[0] for each in incremental), min(each[0] for each in full), "s", what, 8.0)


def _with_line(screen: Image.Image, number: int) -> Screenshot:
    image = screen.copy()
    pen = ImageDraw.Draw(image)
    pen.rectangle((300, 500, 900, 526), fill="white")
    pen.text((306, 502), f"A line typed, number {number}", fill="#222", font=ImageFont.load_default(17))
    return Screenshot(image)


def _timed(screenshot: Screenshot) -> tuple[float, tuple[Element, ...]]:
    from handeye.perception.reading import ocr

    assert screenshot.digest
    began = time.perf_counter()
    lines = ocr.read(screenshot)
    return time.perf_counter() - began, lines


def screen_4k() -> Image.Image:
    """Six windows of programs on a screen of 3840x2160."""
    screen = Image.new("RGB", (3840, 2160), "#2b4a63")
    for name, left, top in WINDOWS:
        screen.paste(open_image(SCREENS / f"{name}.webp"), (left, top))
    return screen


def _row(lab: Lab, picture: Image.Image, least: float) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "screen.png"
        picture.save(path)
        taken: dict[str, list[dict[str, Any]]] = {"handeye": [], "reference": []}
        for _ in range(TIMES):
            for side, results in taken.items():
                command = [sys.executable, "-m", "benchmarks.reading", side, str(path)]
                output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout
                results.append(json.loads(output.splitlines()[-1]))
                lab.say(f"reading, {side}: first phrase {results[-1]['loading and first phrase']:.2f} s")
    ours, reference = (
        {key: min(result[key] for result in taken[side]) for key in taken[side][0] if key != "words"} for side in taken
    )
    found, wanted = (set(taken[side][0]["words"]) for side in taken)
    share = len(wanted & found) / len(wanted)
    assert share >= 0.95, f"only {share:.1%} of the words of the reference are read: {sorted(wanted - found)}"
    what = (
        f"importing, loading and the first phrase on {picture.width}x{picture.height}; against RapidOCR's own pipeline "
        f"with the former settings ({share:.1%} of its words of three or more letters are read)"
    )
    lines = ["| s | handeye | reference |", "| --- | --- | --- |"]
    lines += [f"| {key} | {ours[key]:.3f} | {reference[key]:.3f} |" for key in ours]
    lines += ["", f"Words of three or more letters: {len(found)} against {len(wanted)}."]
    whole = [side["importing"] + side["loading and first phrase"] for side in (ours, reference)]
    return Row(whole[0], whole[1], "s", what, least, tuple(lines))


def once(side: str, path: Path) -> dict[str, Any]:
    """Return the seconds of each part in this process, and the words that were read."""
    screenshot = Screenshot(open_image(path))
    began = time.perf_counter()
    if side == "handeye":
        from handeye.perception.reading.ocr import read
    else:
        from benchmarks.rapidocr_reading import read
    loaded, processor = time.perf_counter(), time.process_time()
    perception, observation = EmbeddedPerception(), Observation(screenshot, reader=read)
    perception.ground(observation, PHRASE)
    found, processor = time.perf_counter(), time.process_time() - processor
    perception.ground(observation, OTHER)
    again = time.perf_counter()
    words = {word for line in observation.words for word in line.name.split() if len(word) > 2 and word.isalnum()}
    return {
        "importing": loaded - began,
        "loading and first phrase": found - loaded,
        "processor time of it": processor,
        "another phrase": again - found,
        "words": sorted(words),
    }


if __name__ == "__main__":
    print(json.dumps(once(sys.argv[1], Path(sys.argv[2]))))
