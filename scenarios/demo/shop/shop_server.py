"""Serves the shop on 127.0.0.1, in threads of this process."""

from __future__ import annotations

import sys
import threading
from functools import cache
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, quote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from handeye.scenarios.demo.shop.store import BY_SLUG, MOST_OF_ONE, ShopStore, search
from handeye.tools.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Callable

    from handeye.scenarios.demo.shop.store import ShopOrder, ShopSession

HERE = Path(__file__).parent
MOST_BYTES = 64_000
COOKIE = "shop_session"


class Shop:
    """The shop server, as a context manager: `url` is its address, `orders` the orders for verification."""

    def __init__(self, port: int = 0, orders_file: Path | None = None, style: str = "") -> None:
        """`port` 0 selects a free port; with `orders_file`, orders are also written there as JSON.

        `style` is CSS after the shop's own, for the same shop in other clothes. Raises SetupError when the port is
        taken.
        """
        self._store = ShopStore(orders_file)
        try:
            self._server = _Server(("127.0.0.1", port), _Visit)
        except (OSError, OverflowError) as error:
            raise SetupError(f"port {port} on 127.0.0.1 cannot be had ({error}); name another one, or 0") from error
        self._server.store = self._store
        self._server.style = style
        self._server.posts = []
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="shop", daemon=True
        )

    @property
    def orders(self) -> list[ShopOrder]:
        """The orders, oldest first."""
        return self._store.orders

    @property
    def posts(self) -> list[str]:
        """The paths of all submitted forms, oldest first."""
        return list(self._server.posts)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    store: ShopStore
    style: str
    posts: list[str]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore a browser that closes its connection; report other errors."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


class _Visit(BaseHTTPRequestHandler):
    """Handles one request: GET returns a page, POST changes something and redirects."""

    server: _Server
    server_version = "shop"
    timeout = 10
    session: ShopSession

    def do_GET(self) -> None:
        self._answer({"/": self._home, "/search": self._search, "/cart": self._cart, "/login": self._login_page})

    def do_POST(self) -> None:
        self.server.posts.append(self.path)
        self._answer(
            {
                "/login": self._log_in,
                "/logout": self._log_out,
                "/cart/add": self._add,
                "/cart/update": self._update,
                "/cart/remove": self._remove,
                "/checkout": self._check_out,
            }
        )

    def _answer(self, routes: dict[str, Callable[[], None]]) -> None:
        parts = urlsplit(self.path)
        self.route = parts.path
        self.query = dict(parse_qsl(parts.query))
        if self.route == "/shop.css":
            style = (HERE / "shop.css").read_bytes() + self.server.style.encode()
            return self._send(HTTPStatus.OK, style, "text/css; charset=utf-8")
        size = self.headers.get("Content-Length", "0")
        if not size.isdecimal() or int(size) > MOST_BYTES:
            return self._error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "That was too much at once.")
        self.form = dict(parse_qsl(self.rfile.read(int(size)).decode("utf-8", "replace")))
        self.session = self.server.store.session(self._cookie())
        if self.route in routes:
            return routes[self.route]()
        if self.command == "GET" and self.route.startswith("/product/"):
            return self._product()
        if self.command == "GET" and self.route.startswith("/order/"):
            return self._order()
        return self._error(HTTPStatus.NOT_FOUND, "There is nothing at this address.")

    def _home(self) -> None:
        self._page("list", title="Things for a quiet home", goods=search(""), words="")

    def _search(self) -> None:
        words = self.query.get("q", "").strip()[:200]
        self._page(
            "list", title=f"Results for “{words}”" if words else "All products", goods=search(words), words=words
        )

    def _product(self) -> None:
        product = BY_SLUG.get(self.route.removeprefix("/product/"))
        if product is None:
            return self._error(HTTPStatus.NOT_FOUND, "We do not sell this any more.")
        return self._page("product", title=product.name, product=product)

    def _cart(self) -> None:
        lines = self.server.store.lines(self.session)
        self._page("cart", title="Your cart", lines=lines, by_slug=BY_SLUG, total=sum(line.total for line in lines))

    def _order(self) -> None:
        order = self.server.store.order(self.route.removeprefix("/order/"), self.session.user)
        if order is None:
            return self._error(HTTPStatus.NOT_FOUND, "There is no such order.")
        return self._page("thanks", title="Thank you", order=order)

    def _login_page(self, typed: str = "", wrong: bool = False) -> None:
        next_page = self.form.get("next") or self.query.get("next", "/")
        self._page("login", title="Log in", typed=typed, wrong=wrong, next=next_page)

    def _log_in(self) -> None:
        user = self.form.get("user", "")[:200]
        session = self.server.store.log_in(self.session, user, self.form.get("password", ""))
        if session is None:
            return self._login_page(user, wrong=True)
        self.session = session
        self.server.store.notify(session, f"Welcome back, {session.user.capitalize()}.")
        next_page = self.form.get("next", "/")
        return self._go(next_page if next_page.startswith("/") and next_page[1:2] not in ("/", "\\") else "/")

    def _log_out(self) -> None:
        self.server.store.log_out(self.session)
        self.session = self.server.store.session(None)
        self.server.store.notify(self.session, "You are logged out.")
        self._go("/")

    def _add(self) -> None:
        product = BY_SLUG.get(self.form.get("slug", ""))
        if product is None or not product.stock:
            return self._error(HTTPStatus.NOT_FOUND, "This cannot be bought at the moment.")
        self.server.store.add(self.session, product.slug, max(1, self._quantity(1)))
        self.server.store.notify(self.session, f"{product.name} is in your cart.")
        return self._go("/cart")

    def _update(self) -> None:
        if self.form.get("slug") in BY_SLUG:
            self.server.store.set_quantity(self.session, self.form["slug"], self._quantity(1))
            self.server.store.notify(self.session, "Your cart was updated.")
        self._go("/cart")

    def _remove(self) -> None:
        product = BY_SLUG.get(self.form.get("slug", ""))
        if product:
            self.server.store.set_quantity(self.session, product.slug, 0)
            self.server.store.notify(self.session, f"{product.name} was removed.")
        self._go("/cart")

    def _check_out(self) -> None:
        if not self.session.user:
            return self._go("/login?next=" + quote("/cart"))
        order = self.server.store.check_out(self.session)
        return self._go(f"/order/{order.number}" if order else "/cart")

    def _quantity(self, default: int) -> int:
        text = self.form.get("quantity", "")
        return min(int(text), MOST_OF_ONE) if text.isdecimal() and len(text) < 6 else default

    def _page(self, name: str, status: HTTPStatus = HTTPStatus.OK, **values: Any) -> None:
        count = sum(line.quantity for line in self.server.store.lines(self.session))
        shared = {"visitor": self.session.user, "count": count, "here": self.route, "words": "", "most": MOST_OF_ONE}
        notice = self.server.store.take_notice(self.session)
        page = _pages().get_template(f"{name}.html.j2").render(notice=notice, **shared | values)
        self._send(status, page.encode(), "text/html; charset=utf-8")

    def _error(self, status: HTTPStatus, text: str) -> None:
        self.session = self.server.store.session(self._cookie())
        self._page("error", status, title=text)

    def _go(self, place: str) -> None:
        self._send(HTTPStatus.SEE_OTHER, b"", "text/plain", Location=quote(place, safe="/?=&%"))

    def _send(self, status: HTTPStatus, body: bytes, kind: str, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        if hasattr(self, "session") and self.session.id != self._cookie():
            self.send_header("Set-Cookie", f"{COOKIE}={self.session.id}; Path=/; HttpOnly; SameSite=Lax")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _cookie(self) -> str | None:
        try:
            jar = SimpleCookie(self.headers.get("Cookie", ""))
        except CookieError:
            return None
        return jar[COOKIE].value if COOKIE in jar else None

    def log_message(self, *_: object) -> None:
        """Log nothing to the terminal of the process that runs the shop."""


@cache
def _pages() -> Environment:
    pages = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    pages.filters["money"] = lambda cents: f"€{cents / 100:,.2f}"
    return pages
