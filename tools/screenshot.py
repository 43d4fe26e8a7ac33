"""What a device shows at one moment: pixels, and how they map to the device's input coordinates."""

from __future__ import annotations

import hashlib
import struct
import warnings
import zlib
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image, ImageOps, UnidentifiedImageError

from handeye.tools.errors import ActionRefused, UsageError
from handeye.tools.geometry import Box, Point

if TYPE_CHECKING:
    from pathlib import Path

#: The largest image in pixels: Pillow's limit against decompression bombs.
MAX_PIXELS = 178_956_970
#: What Pillow may read: pictures of pixels, and none for which it starts another program (EPS, WMF).
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM", "TGA", "ICO", "PCX", "DIB")


@dataclass(frozen=True)
class Screenshot:
    """An RGB picture of a device's screen.

    `scale` is pixels of the picture per unit of the device's input (2.0 on a Retina screen), `origin` is the input
    coordinate of the picture's top left corner (a second monitor may start at (-1920, 0)).
    """

    image: Image.Image
    scale: float = 1.0
    origin: tuple[float, float] = (0.0, 0.0)
    notes: tuple[str, ...] = ()
    """Fallbacks taken while capturing, in words."""

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.image.width

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.image.height

    @cached_property
    def digest(self) -> str:
        """SHA-256 of size and pixels, in hex: the name of this picture in a run's folder."""
        head = f"{self.width}x{self.height}:".encode()
        return hashlib.sha256(head + self.image.tobytes()).hexdigest()

    def to_input(self, point: tuple[int, int]) -> tuple[float, float]:
        """The device's input coordinate of a pixel's centre of this picture.

        Raises ActionRefused when the point is not on the picture.
        """
        self.check(point)
        return (point[0] / self.scale + self.origin[0], point[1] / self.scale + self.origin[1])

    def from_input(self, box: Box) -> Box:
        """A box in the device's input coordinates as pixels of this picture, of which it may lie outside."""
        (left, top), scale = self.origin, self.scale
        return Box(
            round((box.left - left) * scale),
            round((box.top - top) * scale),
            round((box.right - left) * scale),
            round((box.bottom - top) * scale),
        )

    def check(self, point: tuple[int, int], what: str = "point") -> Point:
        """The point, or ActionRefused when it is off the screen."""
        x, y = point
        if not (0 <= x < self.width and 0 <= y < self.height):
            raise ActionRefused(
                f"{what} ({x}, {y}) is off the screen ({self.width}x{self.height}); ask for a point inside it"
            )
        return Point(x, y)


def open_image(path: Path) -> Image.Image:
    """The picture in a file as RGB; transparent parts on white, the first frame of an animation.

    Raises UsageError when there is no such file or it is not a picture.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise UsageError(f"there is no picture at {path}; give the path of a PNG, JPEG or WebP file") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); give a file you may read") from error
    return decode_image(data, str(path))


def decode_image(data: bytes, name: str = "the picture") -> Image.Image:
    """Bytes of a PNG, JPEG, WebP … as an RGB picture; raises UsageError when they are not one.

    Transparent parts lie on white, deep colours are scaled to 8 bits and not clipped, an animation shows its first
    frame, and a photo is turned as its camera noted.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns from half of its limit, and of odd but readable metadata
            image: Image.Image = Image.open(BytesIO(data), formats=FORMATS)
            if not image.width * image.height:
                raise UsageError(f"{name} has {image.width}x{image.height} pixels; give a picture that shows something")
            if image.width * image.height > MAX_PIXELS:
                size = f"{image.width}x{image.height}"
                raise UsageError(f"{name} has {size} pixels, over the limit of {MAX_PIXELS}; give a smaller one")
            image.load()
            return _to_rgb(ImageOps.exif_transpose(image))
    except Image.DecompressionBombError as error:
        raise UsageError(f"{name} has too many pixels, over the limit of {MAX_PIXELS}; give a smaller one") from error
    except UnidentifiedImageError as error:
        what = f"{len(data)} bytes" if data else "an empty file"
        raise UsageError(f"{name} is not a picture ({what}); give a PNG, JPEG or WebP file") from error
    except (OSError, ValueError, SyntaxError, IndexError, EOFError, struct.error, zlib.error) as error:
        raise UsageError(
            f"{name} is not a picture that can be read to its end ({len(data)} bytes: {error}); save it again"
        ) from error


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    if image.mode.startswith(("I", "F")):
        return _shallow(image).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")


def _shallow(image: Image.Image) -> Image.Image:
    """Deep grey as 8-bit grey: Pillow would clip it to white instead of scaling it."""
    import numpy as np

    values = np.asarray(image)
    if image.mode.startswith("I;16"):
        top = 65535.0
    else:  # 32 bits say nothing of their range: the smallest usual one that holds all values
        highest = float(np.nan_to_num(values).max())
        ranges = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0)
        top = next((each for each in ranges if highest <= each), max(highest, 1.0))
    return Image.fromarray((np.nan_to_num(values).clip(0, top) / top * 255).round().astype(np.uint8))
