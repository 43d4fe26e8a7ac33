"""A browser of paper: real HTTP, plain pages, no scripts. It starts in a millisecond, where Chromium takes a second.

It keeps what a kill must not lose and loses what a killed Chromium would: cookies are in its memento, typed text is
not. Every form is sent by the rules of HTML, and whoever listens is told before anything but a GET leaves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urljoin, urlsplit

from PIL import Image, ImageDraw

from handeye.tools.actions import Click, Key, Navigate, Type
from handeye.tools.device import NO_HOOKS, Device, Hooks, Settled, Signals
from handeye.tools.element import Element
from handeye.tools.errors import ActionFailed, ActionRefused
from handeye.tools.geometry import Box
from handeye.tools.screenshot import Screenshot

if TYPE_CHECKING:
    from handeye.tools.actions import Action

ROW, WIDTH = 14, 336
ROLES = {"a": "link", "button": "button", "h1": "heading", "h2": "heading", "p": "text", "label": "text"}


@dataclass
class Form:
    """Where its fields go."""

    action: str
    method: str
    hidden: dict[str, str] = field(default_factory=dict)


@dataclass
class Part:
    """One thing of a page."""

    role: str
    words: str = ""
    link: str = ""
    form: Form | None = None
    name: str = ""
    value: str = ""
    secret: bool = False
    label_for: str = ""
    id: str = ""


class Page(HTMLParser):
    """The parts of a page in their order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.title = ""
        self.parts: list[Part] = []
        self._open: list[tuple[str, Part | None]] = []
        self._form: Form | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get").upper())
        elif tag == "input" and given.get("type") == "hidden" and self._form:
            self._form.hidden[given["name"]] = given.get("value", "")
        elif tag == "input":
            kept = {"name": given["name"], "value": given.get("value", ""), "id": given.get("id", "")}
            secret = given.get("type") == "password"
            self.parts.append(Part("textbox", form=self._form, secret=secret, **kept))
        elif tag in ROLES and "aria-hidden" not in given:
            part = Part(ROLES[tag], link=given.get("href", ""), label_for=given.get("for", ""))
            part.form = self._form if tag == "button" else None
            self.parts.append(part)
            self._open.append((tag, part))
        elif tag == "title":
            self._open.append((tag, None))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif self._open and self._open[-1][0] == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        for tag, part in self._open:
            if part:
                part.words = " ".join(f"{part.words} {data}".split())
            elif tag == "title":
                self.title += data


class Paper(Device):
    """A device that shows plain pages."""

    kinds = frozenset({"click", "type", "key", "navigate"})

    def __init__(self, url: str) -> None:
        self.name = f"paper {url}"
        self._hooks = NO_HOOKS
        self._cookies: dict[str, str] = {}
        self._focus = -1
        self._documents = 0
        self._go("GET", url)

    def capture(self) -> Screenshot:
        image = Image.new("RGB", (WIDTH, ROW * max(8, len(self._page.parts))), "white")
        draw = ImageDraw.Draw(image)
        for row, part in enumerate(self._page.parts):
            text = part.value if part.role == "textbox" and not part.secret else part.words or "•" * len(part.value)
            draw.text(
                (2, row * ROW), f"{'>' if row == self._focus else ' '} {text}".encode("ascii", "replace"), "black"
            )
        return Screenshot(image)

    def elements(self) -> list[Element]:
        labels = {part.label_for: part.words for part in self._page.parts if part.label_for}
        return [
            Element(
                id=f"e{row}",
                box=Box(0, row * ROW, WIDTH, row * ROW + ROW),
                role=part.role,
                name=labels.get(part.id, "") if part.role == "textbox" else part.words,
                value="" if part.secret else part.value,
                secret=part.secret,
                focused=row == self._focus,
                source="dom",
            )
            for row, part in enumerate(self._page.parts)
        ]

    def signals(self) -> Signals:
        return Signals(url=self.url, title=self._page.title, document=self._documents)

    def perform(self, action: Action) -> str:
        match action:
            case Click(target=target):
                self._click(target.point)
            case Type(text=text, target=target):
                if target:
                    self._focus = self._row(target.point)
                part = self._page.parts[self._focus]
                part.value = text if action.clear else part.value + text
            case Key(keys=keys) if keys.lower() == "enter" and self._focus >= 0:
                self._send(self._page.parts[self._focus])
            case Navigate(url=url):
                self._go("GET", url)
            case _:
                raise ActionRefused(f"{action.kind} is not possible on paper; click, type or press Enter")
        return ""

    def settle(self, cap: float = 10.0) -> Settled:  # noqa: ARG002
        return Settled(by="quiet", seconds=0.0)

    def device_state(self) -> dict[str, Any]:
        return {"url": self.url, "cookies": dict(self._cookies)}

    def restore(self, device_state: dict[str, Any]) -> str:
        self._cookies = dict(device_state.get("cookies", {}))
        if device_state:
            self._go("GET", device_state["url"])
        return ""

    def attach(self, hooks: Hooks) -> None:
        self._hooks = hooks

    def detach(self) -> None:
        self._hooks = NO_HOOKS

    def _row(self, point: tuple[int, int] | None) -> int:
        row = (point or (0, -1))[1] // ROW
        if not 0 <= row < len(self._page.parts):
            raise ActionFailed(f"there is nothing at {point}; aim at a line of text")
        return row

    def _click(self, point: tuple[int, int] | None) -> None:
        self._focus = self._row(point)
        part = self._page.parts[self._focus]
        if part.link:
            self._go("GET", urljoin(self.url, part.link))
        elif part.role == "button":
            self._send(part)

    def _send(self, pressed: Part) -> None:
        form = pressed.form
        if form is None:
            return
        fields = {part.name: part.value for part in self._page.parts if part.form is form and part.name}
        words = urlencode(form.hidden | fields)
        url = urljoin(self.url, form.action)
        if form.method == "GET":
            self._go("GET", f"{url}?{words}")
        else:
            self._go("POST", url, words)

    def _go(self, method: str, url: str, body: str = "") -> None:
        """Load a page; before a redirect is followed, whoever listens knows where it leads."""
        parts = urlsplit(url)
        request = f"{method} {url.partition('?')[0]}"  # queries may hold what is private
        if hook := self._hooks.on_request if method == "POST" else self._hooks.on_read:
            hook(request, ())
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = HTTPConnection(parts.netloc, timeout=10)
        try:
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request(method, path, body if method == "POST" else None, headers)
            reply = connection.getresponse()
            html = reply.read().decode()
        finally:
            connection.close()
        for line in reply.headers.get_all("Set-Cookie") or ():
            name, _, value = line.partition(";")[0].partition("=")
            self._cookies[name] = value
        place = urljoin(url, reply.headers["Location"]) if reply.status in (301, 302, 303) else ""
        if place and self._hooks.on_page:
            self._hooks.on_page({"url": place, "cookies": dict(self._cookies)})
        if self._hooks.on_response:
            self._hooks.on_response(request)
        if place:
            self._go("GET", place)
            return
        self.url, self._page, self._focus = url, Page(html), -1
        self._documents += 1
        if self._hooks.on_page:
            self._hooks.on_page(self.device_state())
