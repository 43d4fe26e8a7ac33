"""Renders pages of UI kits in Chromium: pictures, and the truth about each visible element from the page itself."""

from __future__ import annotations

import hashlib
import io
import mimetypes
import random
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from PIL import Image

from benchmarks.strangers.kits import Kit, fetch_packages
from benchmarks.strangers.page_builder import build_page
from benchmarks.strangers.screens import Screen, TrueElement, write_screen
from handeye.tools.browser.launch import flags, need_chromium

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCRIPT = (Path(__file__).parent / "page_truth.js").read_text(encoding="utf-8")
#: Width, height and scale factor of the viewports, in turn.
VIEWPORTS = (
    (1280, 800, 1.0),
    (1366, 768, 1.0),
    (1024, 768, 1.0),
    (1440, 900, 1.25),
    (1920, 1080, 1.0),
    (960, 640, 2.0),
)
#: A screen with fewer controls is not interesting enough.
LEAST_CONTROLS = 4
_CDN = re.compile(r"(?:cdn\.jsdelivr\.net/npm|unpkg\.com)/((?:@[^/]+/)?[^/@]+)(?:@[^/]*)?/(.+)")
_FREEZE = (
    "*, *::before, *::after { animation: none !important; transition: none !important; caret-color: transparent; }"
)


class KitServer:
    """Answers the requests of a kit's pages from its packages; everything else is refused."""

    def __init__(self, kit: Kit, packages: dict[str, Path], documents: dict[str, str]) -> None:
        self.kit = kit
        self.packages = packages
        self.root = (next(iter(packages.values())) / kit.root).resolve() if packages else Path()
        self.documents = documents
        """Pages that are not in the package, by path."""

    @property
    def address(self) -> str:
        """The address of the root."""
        return f"http://{self.kit.name}.test"

    def answer(self, route: Any) -> None:
        """Fulfil one request of Playwright."""
        parts = urlsplit(route.request.url)
        path = unquote(parts.path)
        if parts.netloc == urlsplit(self.address).netloc and path in self.documents:
            route.fulfill(body=self.documents[path], content_type="text/html; charset=utf-8")
            return
        file = self._file(parts.netloc, path, parts.query)
        if file is None or not file.is_file():
            route.abort()
            return
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        route.fulfill(body=file.read_bytes(), content_type=kind, headers={"Access-Control-Allow-Origin": "*"})

    def _file(self, host: str, path: str, query: str) -> Path | None:
        if host == "fonts.googleapis.com":
            inner = "material-icons.css" if "Material" in query else path.lstrip("/")
            return self._of_package("material-icons", f"iconfont/{inner}")
        if cdn := _CDN.match(host + path):
            return self._of_package(cdn[1], cdn[2])
        if host != urlsplit(self.address).netloc:
            path = "/cdn" + path
        elif (file := self.root / path.lstrip("/")).is_file():
            return file
        if found := re.search(r"/(?:node_modules|pkg)/((?:@[^/]+/)?[^/]+)/(.+)", path):
            return self._of_package(found[1], found[2])
        for pattern, instead in self.kit.rewrites:
            if match := re.fullmatch(pattern, path):
                package, _, inner = match.expand(instead).partition(":")
                return self._of_package(package, inner)
        return None

    def _of_package(self, package: str, path: str) -> Path | None:
        return self.packages[package] / path if package in self.packages else None


def page_paths(kit: Kit, packages: dict[str, Path], count: int, seed: int = 0) -> tuple[list[str], dict[str, str]]:
    """Paths of up to `count` pages of a kit below its root, and the pages that were built from markup or fragments."""
    root = next(iter(packages.values()))
    if kit.markup:
        built = {}
        for number in range(count):
            dark = bool(kit.markup.dark_head) and number % 3 == 2
            page = build_page(kit.markup, f"{kit.name}/{number}/{seed}", dark)
            built[f"/built-{number}{'-dark' if dark else ''}.html"] = _with_drawings(page, packages)
        return list(built), built
    files = sorted({file for pattern in kit.pages for file in root.glob(pattern)})
    random.Random(f"{kit.name}{seed}").shuffle(files)
    base = root / kit.root
    if not kit.fragments:
        return ["/" + file.relative_to(base).as_posix() for file in files[:count]], {}
    documents = {}
    for number in range(count):
        chosen = files[number * kit.joined : (number + 1) * kit.joined]
        body = "".join(f'<div style="margin: 0 0 22px">{file.read_text(encoding="utf-8")}</div>' for file in chosen)
        if chosen:
            documents[f"/joined-{number}.html"] = f"<!doctype html><meta charset=utf-8>{kit.fragments}{body}"
    return list(documents), documents


def _with_drawings(page: str, packages: dict[str, Path]) -> str:
    """The page with the SVG files that it names written into it, so that they take the colour of the text."""

    def drawing(match: re.Match[str]) -> str:
        return (packages[match[1]] / match[2]).read_text(encoding="utf-8")

    page = re.sub(r"<svg-file src='/pkg/((?:@[^/]+/)?[^/]+)/([^']+)'></svg-file>", drawing, page)
    return page.replace("<svg ", '<svg width="1.2em" height="1.2em" fill="currentColor" ')


@contextmanager
def chromium() -> Iterator[Any]:
    """A Chromium whose pages know computed roles and names."""
    from playwright.sync_api import sync_playwright

    arguments = [*flags(headed=False), "--enable-blink-features=ComputedAccessibilityInfo"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=need_chromium(headed=False), args=arguments, headless=True)
        try:
            yield browser
        finally:
            browser.close()


def harvest(kit: Kit, folder: Path, npm: Path, browser: Any, count: int, report: Callable[[str], None]) -> int:
    """Write pictures and truth of up to `count` screens of a kit below the folder; returns the number of screens."""
    packages = fetch_packages(kit.packages, npm)
    paths, documents = page_paths(kit, packages, 3 * count if kit.pages else count)
    server = KitServer(kit, packages, documents)
    made, pictures = 0, set()
    for path in paths:
        if made >= count:
            break
        width, height, scale = VIEWPORTS[made % len(VIEWPORTS)]
        dark = "-dark" in path
        name = f"{kit.name}-{made:02d}"
        try:
            image, raw = render(browser, server, path, (width, height, scale), made % 4 == 3)
        except Exception as error:  # a page of a stranger may fail in any way; the next one is taken
            report(f"{kit.name}{path}: {str(error).splitlines()[0]}")
            continue
        elements = tuple(to_element(each, scale) for each in raw)
        digest = hashlib.sha256(image.tobytes()).hexdigest()
        if sum(each.control for each in elements) < LEAST_CONTROLS or digest in pictures:
            continue
        pictures.add(digest)
        (folder / "pictures").mkdir(parents=True, exist_ok=True)
        image.save(folder / "pictures" / f"{name}.png")
        write_screen(folder, Screen(name, kit.name, "dark" if dark else "light", scale, image.size, elements))
        made += 1
    report(f"{kit.name}: {made} screens")
    return made


def render(
    browser: Any, server: KitServer, path: str, viewport: tuple[int, int, float], lower: bool
) -> tuple[Image.Image, list[dict[str, Any]]]:
    """Take a picture of a page, scrolled by a screen when `lower`, with the raw truth of the page."""
    width, height, scale = viewport
    context = browser.new_context(
        viewport={"width": width, "height": height}, device_scale_factor=scale, reduced_motion="reduce"
    )
    try:
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("dialog", lambda dialog: dialog.dismiss())
        page.route("**/*", server.answer)
        page.goto(server.address + path, wait_until="load")
        page.add_style_tag(content=_FREEZE)
        page.wait_for_timeout(700)
        if lower:
            page.evaluate("scrollBy(0, innerHeight * 0.8)")
            page.wait_for_timeout(150)
        png = page.screenshot(animations="disabled", caret="hide")
        raw: list[dict[str, Any]] = page.evaluate(SCRIPT)
        again = page.screenshot(animations="disabled", caret="hide")
        if png != again:
            png = again  # the page was still moving; its truth is read once more
            raw = page.evaluate(SCRIPT)
        return Image.open(io.BytesIO(png)).convert("RGB"), raw
    finally:
        context.close()


def to_element(raw: dict[str, Any], scale: float) -> TrueElement:
    """An element of the page's truth, in pixels of the picture."""

    def scaled(box: list[float]) -> tuple[float, float, float, float]:
        left, top, right, bottom = (edge * scale for edge in box)
        return left, top, right, bottom

    fields = {key: value for key, value in raw.items() if key not in {"box", "also", "text_box"}}
    return TrueElement(
        scaled(raw["box"]),
        text_box=scaled(raw["text_box"]) if raw["text_box"] else None,
        also=tuple(scaled(box) for box in raw["also"]),
        **fields,
    )
