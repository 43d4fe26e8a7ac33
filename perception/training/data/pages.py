"""Screens rendered by Chromium from generated HTML: boxes, roles and words come from the page itself."""

from __future__ import annotations

import io
import os
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from PIL import Image, ImageChops

from handeye.perception.training.data import appearance, words
from handeye.perception.training.data.drawn import pair
from handeye.perception.training.data.markup import MarkupWriter, page
from handeye.perception.training.data.questions import change, questions
from handeye.perception.training.data.screen import LabeledScreen, LabeledTarget
from handeye.perception.training.data.shards import Sample, write_shards
from handeye.tools.browser.launch import flags, need_chromium
from handeye.tools.errors import SetupError
from handeye.tools.geometry import Box
from handeye.tools.secrets.store import without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from playwright.sync_api import Page, Route

    from handeye.perception.training.data.appearance import Face
    from handeye.perception.training.data.shards import Shard

#: The sizes of pictures in pixels; a page with a larger device scale is smaller in CSS pixels.
SIZES = ((1344, 896), (1344, 896), (896, 896), (1280, 720), (896, 448), (672, 896))
SCALES = (1.0, 1.0, 1.25, 1.5, 2.0)
#: The smallest page in CSS pixels.
NARROWEST = 440
#: Pages have no network: this host serves the generated files, all other requests are refused.
HOST = "http://page.invalid"
#: Pixels that differ less from their background are not part of a glyph.
INK = 40
#: Fonts load when a glyph needs them; the picture is taken after they have loaded and the page was painted with them.
_DRAWN = """Promise.all([...document.fonts].map(font => font.load())).then(() => document.fonts.ready)
  .then(() => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(() => drawn(0)))))"""
#: Samples per shard: reading a sample means reading the ones before it in its shard, so shards are small.
_PER_SHARD = 64
#: One sample in this many is a pair of pictures with a change between them.
_PAIRS = 8
#: Questions per picture.
_QUESTIONS = 4
_SCRIPT = Path(__file__).parent / "page.js"


class PageRenderer:
    """A Chromium that renders generated pages; use it in one thread, and close it."""

    def __init__(self) -> None:
        try:
            from playwright.sync_api import sync_playwright
        except ImportError as error:
            raise SetupError(f"Playwright cannot be imported ({error}); pip install playwright") from error
        path = need_chromium(headed=False)
        self._playwright = sync_playwright().start()
        try:
            self.browser = self._playwright.chromium.launch(
                executable_path=path,
                headless=True,
                args=flags(headed=False),
                env={**without_secrets(os.environ)},
            )
        except Exception as error:
            self._playwright.stop()
            reason = str(error).splitlines()[0]
            raise SetupError(f"{path} could not be started ({reason}); start it by hand to see why") from error
        self._views: dict[float, Page] = {}
        self._html, self._face = "", appearance.Face("")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the browser."""
        self.browser.close()
        self._playwright.stop()

    def screen(
        self, seed: int, held_out: bool = False, size: tuple[int, int] | None = None, *, redact: int | None = None
    ) -> LabeledScreen:
        """The page of a seed; the smoothing of a few pixels varies by some levels.

        The target numbered `hide` is listed, but its pixels are left out of the picture.
        """
        rng = Random(f"handeye page {seed} {held_out}")  # noqa: S311 - screens, not secrets
        size = size or rng.choice(SIZES)
        scale = rng.choice([scale for scale in SCALES if min(size) / scale >= NARROWEST] or [1.0])
        theme = appearance.theme(rng, held_out, sizes=(12, 13, 14, 15, 16, 17))
        language = "en" if rng.random() < 0.5 or theme.face.family == appearance.PLAIN else rng.choice(words.LANGUAGES)
        html = page(MarkupWriter(rng, theme, language, held_out), _rules(theme.face))
        about = {
            "seed": str(seed), "source": "page", "theme": theme.name, "font": theme.face.family, "language": language,
            "scale": f"{scale:g}",
        }  # fmt: skip
        return self.render(html, theme.face, size, scale, about, redact)

    def render(
        self,
        html: str,
        face: Face,
        size: tuple[int, int],
        scale: float,
        about: dict[str, str],
        redact: int | None = None,
    ) -> LabeledScreen:
        """Render HTML as a picture of a size, at a device scale."""
        view = self._view(scale)
        view.set_viewport_size({"width": round(size[0] / scale), "height": round(size[1] / scale)})
        self._html, self._face = html, face
        view.goto(f"{HOST}/")
        view.evaluate(_DRAWN)
        whole = _picture(view.screenshot(animations="disabled", caret="hide"))
        found = view.evaluate(_SCRIPT.read_text(encoding="utf-8"), redact)
        image = whole if redact is None else _picture(view.screenshot(animations="disabled", caret="hide"))
        targets = (target for each in found if (target := _target(each, scale, whole)))
        return LabeledScreen(image, tuple(targets), about)

    def _view(self, scale: float) -> Page:
        """Return the tab for a device scale; it is reused for all pages of that scale."""
        if scale not in self._views:
            view = self.browser.new_page(device_scale_factor=scale)
            view.route("**/*", self._answer)
            self._views[scale] = view
        return self._views[scale]

    def _answer(self, route: Route) -> None:
        address = route.request.url.removeprefix(HOST)
        fonts = dict(_files(self._face))
        if address == "/":
            route.fulfill(body=self._html, content_type="text/html; charset=utf-8")
        elif fonts.get(address):
            route.fulfill(path=fonts[address], content_type="font/ttf")
        else:
            route.abort()


def _rules(face: Face) -> str:
    """Return the font faces of a page, from the files that drawn screens use."""
    if not face.regular:
        return ""
    return "".join(
        f'@font-face{{font-family:"words";src:url("{HOST}{address}");font-weight:{weight}}}'
        for (address, _), weight in zip(_files(face), ("400 500", "600 900"), strict=True)
    )


def _files(face: Face) -> tuple[tuple[str, str], ...]:
    """Return the addresses of the regular and bold font of a face; unique, because Chromium caches fonts by address."""
    name = quote(face.family)
    return (f"/{name}/regular", face.regular), (f"/{name}/bold", face.bold or face.regular)


def _picture(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


def _target(record: dict[str, Any], scale: float, image: Image.Image) -> LabeledTarget | None:
    left, top, right, bottom = (side * scale for side in record["box"])
    box = Box(round(left), round(top), round(right), round(bottom)).within(*image.size)
    if box and record["ink"]:
        # Diacritics of capitals extend above the ascent of the font.
        marked = any(letter.isupper() and not letter.isascii() for letter in record["text"])
        box = _ink(image, box._replace(top=max(0, box.top - marked * box.height // 3)))
    return LabeledTarget(box, record["role"], record["text"], record["icon"], record["colour"]) if box else None


def _ink(image: Image.Image, box: Box) -> Box | None:
    """Return the part of a box with visible glyphs or lines, as for drawn screens; None where there are none."""
    part = image.crop(box)
    ground = Image.new("RGB", part.size, part.getpixel((0, 0)))
    levels = [255 if level >= INK else 0 for level in range(256)]
    red, green, blue = ImageChops.difference(part, ground).point(levels * 3).split()
    found = ImageChops.lighter(ImageChops.lighter(red, green), blue).getbbox()
    return Box(*found).moved(box.left, box.top) if found else None


def write_pages(
    folder: Path, count: int, seed: int = 0, report: Callable[[int], None] = lambda _: None
) -> tuple[Shard, ...]:
    """Write `count` samples into shards; the same call continues where it was stopped.

    Samples are pages rendered by Chromium, and pairs of pictures with a change between them. `report` receives the
    number of each sample that is made.
    """
    with PageRenderer() as pages:

        def make(number: int) -> Sample:
            report(number)
            rng = Random(f"pages {seed} {number}")  # noqa: S311 - screens, not secrets
            if number % _PAIRS == _PAIRS - 1:
                before, after = pair(rng.randrange(1 << 30), level=2)
                return Sample(after, (change(before, after),), before)
            screen = pages.screen(rng.randrange(1 << 30))
            return Sample(screen, tuple(questions(screen, rng, _QUESTIONS)))

        return write_shards(folder, make, count, per_shard=_PER_SHARD)
