"""The shop's products and state: sessions, carts and orders, all on the server."""

from __future__ import annotations

import json
import secrets
import threading
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from handeye.tools.files import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

USERS = {"ada": "lovelace"}
MOST_OF_ONE = 20


@dataclass(frozen=True)
class Product:
    """A product; `price` is in cents."""

    slug: str
    name: str
    price: int
    picture: str
    """The drawing, and its colour in the palette."""
    colour: str
    text: str
    stock: int = 12


@dataclass(frozen=True)
class OrderLine:
    """One product of a cart or an order."""

    slug: str
    name: str
    quantity: int
    price: int
    """The price of one piece in cents."""

    @property
    def total(self) -> int:
        """Price times quantity."""
        return self.quantity * self.price


@dataclass(frozen=True)
class ShopOrder:
    """A placed order."""

    number: str
    user: str
    items: tuple[OrderLine, ...]

    @property
    def total(self) -> int:
        """The total in cents."""
        return sum(line.total for line in self.items)


@dataclass(frozen=True)
class ShopSession:
    """One visitor, identified by a cookie."""

    id: str
    user: str = ""
    cart: dict[str, int] = field(default_factory=dict)
    """Quantities by slug."""
    notice: str = ""
    """A message for the next page."""


GOODS = (
    Product("halo-desk-lamp", "Halo desk lamp", 6900, "desk_lamp", "amber", "A warm light that bends where you read."),
    Product("linen-throw", "Linen throw", 5400, "throw", "sage", "Washed linen, heavy enough for the sofa."),
    Product("stoneware-mug", "Stoneware mug", 1650, "mug", "blue", "Glazed by hand, holds a generous coffee."),
    Product("paper-lamp", "Paper moon lamp", 3900, "moon_lamp", "sand", "A globe of rice paper for quiet corners."),
    Product("oak-stool", "Oak stool", 11900, "stool", "sand", "Solid oak, oiled; a seat or a bedside table."),
    Product("trailing-fern", "Trailing fern", 2400, "plant", "sage", "Likes shade and a weekly glass of water."),
    Product("brass-candlestick", "Brass candlestick", 2950, "candle", "amber", "Takes on a patina over the years."),
    Product(
        "arc-floor-lamp",
        "Arc floor lamp",
        18900,
        "floor_lamp",
        "blue",
        "Reaches over the table without a ceiling hook.",
    ),
    Product("wall-clock", "Quiet wall clock", 4700, "clock", "rose", "A sweeping hand that does not tick.", stock=0),
    Product("ribbed-vase", "Ribbed vase", 3300, "vase", "rose", "For three stems or thirty."),
    Product("seagrass-basket", "Seagrass basket", 2800, "basket", "sand", "Woven for firewood, toys and laundry."),
    Product("round-mirror", "Round mirror", 8800, "mirror", "blue", "Sixty centimetres across, with a thin frame."),
)


class ShopStore:
    """The shop's state; safe to use from several threads."""

    def __init__(self, orders_file: Path | None = None) -> None:
        self._lock = threading.RLock()
        self._sessions: dict[str, ShopSession] = {}
        self._orders: list[ShopOrder] = []
        self._orders_file = orders_file
        self._keep()

    @property
    def orders(self) -> list[ShopOrder]:
        """All orders, the oldest first."""
        with self._lock:
            return list(self._orders)

    def session(self, key: str | None) -> ShopSession:
        """The visitor with that cookie, or a new one."""
        with self._lock:
            found = self._sessions.get(key or "")
            return found or self._put(ShopSession(secrets.token_urlsafe(18)))

    def log_in(self, session: ShopSession, user: str, password: str) -> ShopSession | None:
        """The session under a new id, with its cart, when name and password are right."""
        name = user.strip().lower()
        if name not in USERS or not secrets.compare_digest(USERS[name].encode(), password.encode("utf-8", "replace")):
            return None
        with self._lock:
            now = self._now(session)
            self._sessions.pop(session.id, None)
            return self._put(replace(now, id=secrets.token_urlsafe(18), user=name))

    def log_out(self, session: ShopSession) -> None:
        """End the log-in of a session."""
        with self._lock:
            self._sessions.pop(session.id, None)

    def notify(self, session: ShopSession, notice: str) -> None:
        """Set the notice that the next page shows."""
        with self._lock:
            self._put(replace(self._now(session), notice=notice))

    def take_notice(self, session: ShopSession) -> str:
        """Return the notice of a session and clear it."""
        with self._lock:
            notice = self._now(session).notice
            if notice:
                self._put(replace(self._now(session), notice=""))
            return notice

    def set_quantity(self, session: ShopSession, slug: str, quantity: int) -> None:
        """Set the quantity of a product in the cart; 0 removes it."""
        with self._lock:
            now = self._now(session)
            cart = {key: value for key, value in now.cart.items() if key != slug or quantity > 0}
            if quantity > 0:
                cart[slug] = min(quantity, MOST_OF_ONE)
            self._put(replace(now, cart=cart))

    def add(self, session: ShopSession, slug: str, quantity: int) -> None:
        with self._lock:
            self.set_quantity(session, slug, self._now(session).cart.get(slug, 0) + quantity)

    def lines(self, session: ShopSession) -> list[OrderLine]:
        """The cart's content."""
        cart = self._now(session).cart
        return [OrderLine(slug, BY_SLUG[slug].name, count, BY_SLUG[slug].price) for slug, count in cart.items()]

    def check_out(self, session: ShopSession) -> ShopOrder | None:
        """Convert the cart to an order; None when it is empty, as after a second click."""
        with self._lock:
            lines = tuple(self.lines(session))
            if not lines:
                return None
            order = ShopOrder(f"LO-{10241 + len(self._orders)}", session.user, lines)
            self._orders.append(order)
            self._put(replace(self._now(session), cart={}))
            self._keep()
            return order

    def order(self, number: str, user: str) -> ShopOrder | None:
        """The order of a user with this number."""
        return next((each for each in self.orders if each.number == number and each.user == user), None)

    def _now(self, session: ShopSession) -> ShopSession:
        return self._sessions.get(session.id, session)

    def _put(self, session: ShopSession) -> ShopSession:
        self._sessions[session.id] = session
        return session

    def _keep(self) -> None:
        if self._orders_file is None:
            return
        write_atomically(self._orders_file, json.dumps([asdict(order) for order in self._orders], indent=2))


BY_SLUG = {product.slug: product for product in GOODS}


def search(words: str) -> list[Product]:
    """The products that have every word in their name, or else in name and text; all of them for no words."""
    wanted = words.lower().split()
    in_name = [each for each in GOODS if all(word in each.name.lower() for word in wanted)]
    return in_name or [each for each in GOODS if all(word in f"{each.name} {each.text}".lower() for word in wanted)]
