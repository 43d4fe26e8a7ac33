"""Text that was read is reused: in a process by tile and line, between processes by picture."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from handeye.perception.reading import ocr, text_recognition
from handeye.perception.reading.text_cache import TextCache
from handeye.tools.screenshot import Screenshot

if TYPE_CHECKING:
    from pathlib import Path

LINES = ("Inbox", "Sent messages", "3 drafts", "Report for May", "Ada Berg", "Delivery on Monday", "Archive", "Spam")


def screen(step: int) -> Screenshot:
    """A list on a screen of 1100x760; each step changes one line, and the third moves all of them."""
    image = Image.new("RGB", (1100, 760), "#f4f4f0")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(17)
    for row in range(8):
        texts = [LINES[row], f"{LINES[(row + 3) % 8]} {step if row == 2 * step else ''}", f"{row}{step // 3}:30"]
        for column, text in enumerate(texts):
            pen.text((40 + 350 * column, 40 + 80 * row + (25 if step == 3 else 0)), text, fill="#222", font=font)
    return Screenshot(image)


def test_a_changed_screen_gives_the_words_of_a_full_read_and_reads_only_what_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ocr, "_pages", type(ocr._pages)())
    ocr.forget()
    counts: list[int] = []
    recognize = text_recognition._recognize

    def counted(crops: list[Any]) -> list[text_recognition.Reading]:
        counts.append(len(crops))
        return recognize(crops)

    monkeypatch.setattr(text_recognition, "_recognize", counted)
    episode = [screen(step) for step in range(4)]
    incremental = [ocr.read(each) for each in episode]
    assert counts[0] >= 20
    assert 1 <= counts[1] <= 4, "one line changed"
    for each, known in zip(episode[1:], incremental[1:], strict=True):
        ocr.forget()
        assert ocr.read(each) == known


def test_text_on_disk_is_used_by_another_reader_and_is_private_and_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "text"
    first = TextCache(folder, most=2).read(screen(0))
    assert len(first) >= 20
    (file,) = folder.iterdir()
    assert (file.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)
    assert b"Inbox" not in file.read_bytes(), "compressed"
    monkeypatch.setattr(ocr, "read", lambda _: pytest.fail("it was read again"))
    assert TextCache(folder).read(screen(0)) == first
    monkeypatch.setattr(ocr, "read", lambda _: ())
    file.write_bytes(b"cut off")
    assert TextCache(folder).read(screen(0)) == (), "a damaged file is not used"
    os.utime(file, (time.time() - 10**6,) * 2)
    for size in (11, 12, 13):
        TextCache(folder, most=2).read(Screenshot(Image.new("RGB", (size, 9))))
    assert len(list(folder.iterdir())) == 2
    assert not file.exists()
    (tmp_path / "file").touch()
    assert TextCache(tmp_path / "file" / "text").read(screen(0)) == (), "a folder that cannot exist is not used"
