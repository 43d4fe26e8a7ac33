"""Renders `mail.png` from `mail.html`: `python -m handeye.scenarios.demo.make_picture`."""

from __future__ import annotations

import io
import json
from pathlib import Path

from PIL import Image

HERE = Path(__file__).parent
SIZE = (1280, 800)


def main() -> None:
    """Render the demo's page and write its picture."""
    from playwright.sync_api import sync_playwright

    from handeye.tools.browser.launch import flags, need_chromium

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=need_chromium(headed=False), args=flags(headed=False), headless=True
        )
        page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
        page.goto((HERE / "mail.html").as_uri())
        png = page.screenshot()
        boxes = page.eval_on_selector_all(
            "[data-name]",
            """all => Object.fromEntries(all.map(one => {
              const box = one.getBoundingClientRect();
              return [one.dataset.name, [box.left, box.top, box.right, box.bottom].map(Math.round)];
            }))""",
        )
        browser.close()
    # A palette is a third of the size, and no eye sees the difference on flat colours.
    Image.open(io.BytesIO(png)).convert("RGB").quantize(255, dither=Image.Dither.NONE).save(
        HERE / "mail.png", optimize=True
    )
    (HERE / "mail.json").write_text(json.dumps(boxes, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
