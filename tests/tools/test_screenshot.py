"""Screenshots know where they lie in the device's input coordinates, and pictures from disk are read with care."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from handeye.tools.errors import ActionRefused, UsageError
from handeye.tools.geometry import Box
from handeye.tools.screenshot import Screenshot, decode_image, open_image

if TYPE_CHECKING:
    from pathlib import Path


def test_a_pixel_maps_to_the_input_coordinate_of_a_scaled_second_monitor() -> None:
    shot = Screenshot(Image.new("RGB", (200, 100)), scale=2.0, origin=(-1920.0, 30.0))
    assert shot.to_input((100, 50)) == (-1870.0, 55.0)


@pytest.mark.parametrize("point", [(-1, 0), (0, -1), (200, 5), (5, 100)])
def test_a_point_off_the_screen_is_refused_with_the_screens_size(point: tuple[int, int]) -> None:
    shot = Screenshot(Image.new("RGB", (200, 100)))
    with pytest.raises(ActionRefused, match=r"off the screen \(200x100\)"):
        shot.to_input(point)


def test_the_digest_tells_pictures_apart_and_not_copies() -> None:
    one = Image.new("RGB", (40, 30), "white")
    other = one.copy()
    other.putpixel((39, 29), (255, 255, 254))
    assert Screenshot(one).digest == Screenshot(one.copy()).digest
    assert Screenshot(one).digest != Screenshot(other).digest
    assert Screenshot(Image.new("RGB", (30, 40), "white")).digest != Screenshot(one).digest


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "LA", "CMYK", "I;16", "I", "F"])
def test_every_kind_of_picture_becomes_rgb(mode: str, tmp_path: Path) -> None:
    path = tmp_path / "picture.tif"
    Image.new(mode, (20, 10)).save(path)
    image = open_image(path)
    assert image.mode == "RGB"
    assert image.size == (20, 10)


def test_transparent_parts_become_white_and_deep_grey_keeps_its_shade(tmp_path: Path) -> None:
    Image.new("RGBA", (4, 4), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    assert open_image(tmp_path / "clear.png").getpixel((0, 0)) == (255, 255, 255)
    Image.new("I;16", (4, 4), 32768).save(tmp_path / "grey.png")
    assert open_image(tmp_path / "grey.png").getpixel((0, 0)) == (128, 128, 128)


@pytest.mark.parametrize(("mode", "suffix"), [("I;16", "png"), ("I;16B", "tif"), ("I;16", "tif")])
def test_deep_grey_is_scaled_over_its_whole_range(mode: str, suffix: str, tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 256).round().astype(">u2" if mode == "I;16B" else "<u2")[None]
    Image.frombytes(mode, (256, 1), ramp.tobytes()).save(tmp_path / f"ramp.{suffix}")
    read = open_image(tmp_path / f"ramp.{suffix}")
    assert [read.getpixel((x, 0)) for x in range(256)] == [(x, x, x) for x in range(256)]


def test_grey_of_32_bits_is_scaled_by_the_range_it_fills(tmp_path: Path) -> None:
    for top, dtype in ((255, "int32"), (65535, "int32"), (2**31 - 1, "int32"), (1.0, "float32"), (255.0, "float32")):
        values = np.array([[0, top / 2, top]], dtype)
        Image.fromarray(values).save(tmp_path / "deep.tif")
        read = open_image(tmp_path / "deep.tif")
        assert [read.getpixel((x, 0)) for x in (0, 2)] == [(0, 0, 0), (255, 255, 255)]
        assert abs(np.asarray(read)[0, 1, 0] - 127.5) <= 1


def test_deep_colours_are_scaled(tmp_path: Path) -> None:
    """A PNG of 16 bits a channel, written by hand: Pillow cannot write one."""
    row = b"\0" + struct.pack(">6H", 65535, 32896, 0, 257, 0, 65535)
    data = _png(struct.pack(">2I5B", 2, 1, 16, 2, 0, 0, 0), row)
    image = decode_image(data)
    assert [image.getpixel((x, 0)) for x in (0, 1)] == [(255, 128, 0), (1, 0, 255)]


def test_an_animation_shows_its_first_frame(tmp_path: Path) -> None:
    first, second = Image.new("RGB", (30, 20), "red"), Image.new("RGB", (30, 20), "blue")
    for suffix in ("gif", "webp", "png"):
        path = tmp_path / f"moving.{suffix}"
        first.save(path, save_all=True, append_images=[second], lossless=True)
        assert open_image(path).getpixel((5, 5)) == (255, 0, 0), suffix


def test_half_transparent_colours_are_mixed_with_white(tmp_path: Path) -> None:
    Image.new("RGBA", (4, 4), (0, 0, 255, 128)).save(tmp_path / "half.png")
    assert open_image(tmp_path / "half.png").getpixel((0, 0)) == (127, 127, 255)
    palette = Image.new("P", (4, 4), 0)
    palette.putpalette([255, 0, 0] + [0, 0, 0] * 255)
    palette.save(tmp_path / "palette.png", transparency=0)
    assert open_image(tmp_path / "palette.png").getpixel((0, 0)) == (255, 255, 255)


def test_inks_become_the_colours_they_print(tmp_path: Path) -> None:
    Image.new("CMYK", (4, 4), (0, 255, 255, 0)).save(tmp_path / "ink.tif")
    assert open_image(tmp_path / "ink.tif").getpixel((0, 0)) == (255, 0, 0)


def test_a_photo_is_turned_as_its_camera_noted(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # Orientation: to be turned by 90 degrees
    Image.new("RGB", (30, 20), "red").save(tmp_path / "photo.jpg", exif=exif)
    assert open_image(tmp_path / "photo.jpg").size == (20, 30)


@pytest.mark.parametrize("size", [(1, 1), (20_000, 50), (50, 20_000)])
def test_a_picture_of_any_shape_is_read_as_it_is(size: tuple[int, int], tmp_path: Path) -> None:
    Image.new("RGB", size, "navy").save(tmp_path / "shape.png")
    assert open_image(tmp_path / "shape.png").size == size


def _png(head: bytes, rows: bytes) -> bytes:
    chunks = {b"IHDR": head, b"IDAT": zlib.compress(rows), b"IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks.items()
    )


@pytest.mark.parametrize("size", [(100_000, 100_000), (2**31 - 1, 2**31 - 1), (178_956_971, 1)])
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_unpacked(size: tuple[int, int]) -> None:
    with pytest.raises(UsageError, match=r"pixels, over the limit of 178956970; give a smaller one"):
        decode_image(_png(struct.pack(">2I5B", *size, 8, 2, 0, 0, 0), b"\0"))


def test_a_picture_of_no_pixels_is_refused() -> None:
    with pytest.raises(UsageError, match="the picture"):
        decode_image(b"P6\n0 0\n255\n")


@pytest.mark.parametrize("content", [b"", b"hello", b"<svg/>", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"])
def test_a_file_that_is_not_an_image_is_reported(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "shot.png"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="is not a picture"):
        open_image(path)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "gif", "bmp", "tif"])
def test_a_truncated_image_is_reported_with_its_size(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"whole.{suffix}"
    Image.effect_noise((300, 300), 90).convert("RGB").save(path)
    data = path.read_bytes()
    for length in (12, 40, len(data) // 2, len(data) * 3 // 4):
        with pytest.raises(UsageError, match=rf"is not a picture.*{length} bytes"):
            decode_image(data[:length])


def test_a_missing_picture_and_a_folder_are_usage_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no picture"):
        open_image(tmp_path / "nowhere.png")
    with pytest.raises(UsageError, match="cannot be read"):
        open_image(tmp_path)


def test_boxes_are_cut_to_the_screen_and_measured() -> None:
    assert Box(-5, -5, 10, 10).within(8, 8) == Box(0, 0, 8, 8)
    assert Box(20, 0, 30, 10).within(8, 8) is None
    assert Box(0, 0, 10, 10).overlap(Box(5, 5, 20, 20)) == 25
    assert Box(0, 0, 10, 10).overlap(Box(10, 0, 20, 10)) == 0
    assert Box(0, 0, 10, 4).centre == (5, 2)
    assert Box(0, 0, 10, 4).holds((9, 3))
    assert not Box(0, 0, 10, 4).holds((10, 3))
