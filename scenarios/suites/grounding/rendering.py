"""Renders a picture from its plan, and reads the boxes of its elements from the page."""

from __future__ import annotations

import io
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from PIL import Image

from handeye.scenarios.suites.grounding.page_content import PageContent, QuestionCandidate
from handeye.tools.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from handeye.scenarios.suites.grounding.picture_plan import PicturePlan

HERE = Path(__file__).parent
#: A missing font is recognised by its widths.
PROBE = """name => {
  const pen = document.createElement("canvas").getContext("2d");
  const wide = family => (pen.font = `72px ${family}`, pen.measureText("Sphinx, quartz & Wally 0123").width);
  return wide(`"${name}", monospace`) === wide("monospace") && wide(`"${name}", serif`) === wide("serif");
}"""


class Spot(NamedTuple):
    """Possible targets with their boxes, in pixels of the picture."""

    candidate: QuestionCandidate
    box: tuple[float, float, float, float]


class Rendered(NamedTuple):
    """A page as it looks, and what is on it."""

    image: Image.Image
    spots: tuple[Spot, ...]
    """All that can be seen as a whole."""
    texts: tuple[str, ...]
    icons: tuple[str, ...]


class Studio:
    """A Chromium that draws plans."""

    def __init__(self, browser: Any) -> None:
        self._browser = browser
        self._layouts = Environment(
            loader=FileSystemLoader(HERE / "layouts"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._parts = {
            "css": Markup((HERE / "style.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
            "icons": Markup((HERE / "icons.svg").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        }

    def missing(self, fonts: Sequence[str]) -> list[str]:
        """Those of these fonts that this machine does not have."""
        page = self._browser.new_page()
        try:
            return [font for font in fonts if page.evaluate(PROBE, font)]
        finally:
            page.close()

    def render(self, plan: PicturePlan) -> Rendered:
        """Equal plans give equal pictures, where the fonts and the browser are the same."""
        scribe = PageContent(plan)
        html = self._layouts.get_template(f"{plan.layout}.html.j2").render(s=scribe, t=scribe.t, **self._parts)
        width, height, scale = plan.window
        page = self._browser.new_page(viewport={"width": width, "height": height}, device_scale_factor=scale)
        try:
            page.set_content(html)
            png = page.screenshot(animations="disabled", caret="hide")
            seen = page.evaluate((HERE / "page.js").read_text(encoding="utf-8"))
        finally:
            page.close()
        spots = [
            Spot(scribe.candidates[each["number"]], tuple(scale * edge for edge in each["box"]))
            for each in seen["found"]
            if each["seen"]
        ]
        image = Image.open(io.BytesIO(png)).convert("RGB")
        return Rendered(image, tuple(spots), tuple(seen["texts"]), tuple(seen["icons"]))


@contextmanager
def studio(fonts: Sequence[str] = ()) -> Iterator[Studio]:
    """Raises SetupError where there is no Chromium, or one of the fonts is missing."""
    from playwright.sync_api import sync_playwright

    from handeye.tools.browser.launch import flags, need_chromium

    path = need_chromium(headed=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags(headed=False), headless=True)
        made = Studio(browser)
        try:
            if missing := made.missing(fonts):
                raise SetupError(
                    f"{', '.join(missing)} is not there, of {len(fonts)} fonts that the pictures are written in; "
                    "apt-get install fonts-dejavu-core fonts-urw-base35"
                )
            yield made
        finally:
            browser.close()
