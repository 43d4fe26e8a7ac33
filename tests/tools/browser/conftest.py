"""A local web server whose pages tests define, and browsers that show them."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Protocol

import pytest

from handeye.tools.actions import Key, Navigate, Target
from handeye.tools.browser import Browser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from handeye.tools.element import Element


class Site:
    """Pages by path, and the received requests."""

    def __init__(self) -> None:
        self.routes: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}
        self.log: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                return

            def do_GET(self) -> None:
                site.answer(self)

            def do_POST(self) -> None:
                site.answer(self)

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                return  # a browser that hangs up

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.other = f"http://localhost:{self.port}"
        """The same pages under another origin."""
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("content-length", 0))).decode("utf-8", "replace")
        path = request.path.partition("?")[0]
        self.log.append(f"{request.command} {request.path} {body}".strip())
        if path in self.routes:
            self.routes[path](request)
        else:
            send(request, f"<p>nothing at {path}", status=404)

    def page(self, path: str, html: str) -> str:
        """Serve this at a path; returns its URL."""
        self.routes[path] = lambda request: send(request, html)
        return self.url + path

    def redirect(self, path: str, to: str) -> str:
        def answer(request: BaseHTTPRequestHandler) -> None:
            request.send_response(302)
            request.send_header("Location", to)
            request.send_header("Content-Length", "0")
            request.end_headers()

        self.routes[path] = answer
        return self.url + path

    def asked(self, path: str) -> int:
        """The number of requests for a path, by any method."""
        return sum(line.split()[1].partition("?")[0] == path for line in self.log)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def send(
    request: BaseHTTPRequestHandler,
    body: str | bytes,
    *,
    status: int = 200,
    kind: str = "text/html; charset=utf-8",
    **more: str,
) -> None:
    data = body.encode() if isinstance(body, str) else body
    request.send_response(status)
    request.send_header("Content-Type", kind)
    request.send_header("Content-Length", str(len(data)))
    for name, value in more.items():
        request.send_header(name.replace("_", "-"), value)
    request.end_headers()
    request.wfile.write(data)


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.close()


@pytest.fixture(scope="session")
def one_browser() -> Iterator[Browser]:
    with Browser() as made:
        yield made


class Show(Protocol):
    def __call__(self, html: str, path: str = "/") -> Browser: ...


@pytest.fixture
def show(one_browser: Browser, site: Site) -> Show:
    """Serve a page and show it in a browser that all tests share."""

    def shown(html: str, path: str = "/") -> Browser:
        while one_browser.signals().dialog:
            one_browser.perform(Key(keys="escape"))
        one_browser.perform(Navigate(url=site.page(path, f"<!doctype html><meta charset=utf-8>{html}")))
        one_browser.settle()
        return one_browser

    return shown


class Find(Protocol):
    def __call__(self, browser: Browser, name: str, role: str = "") -> Element: ...


@pytest.fixture
def find() -> Find:
    """The first element of that name (and role)."""

    def found(browser: Browser, name: str, role: str = "") -> Element:
        elements = browser.elements()
        for element in elements:
            if element.name == name and role in ("", element.role):
                return element
        raise AssertionError(f"no {role} “{name}” among {[(each.role, each.name) for each in elements]}")

    return found


class Aim(Protocol):
    def __call__(self, browser: Browser, name: str, role: str = "") -> Target: ...


@pytest.fixture
def aim(find: Find) -> Aim:
    """A target as the agent makes them: words, the visible centre, the element's id."""

    def aimed(browser: Browser, name: str, role: str = "") -> Target:
        element = find(browser, name, role)
        return Target(phrase=name, point=element.box.centre, element=element.id, box=element.box)

    return aimed
