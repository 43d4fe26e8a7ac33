"""A small shop to try an agent on: log-in, search, cart and check-out, with its state open to whoever verifies."""

from __future__ import annotations

from handeye.scenarios.demo.shop.shop_server import Shop
from handeye.scenarios.demo.shop.store import OrderLine, ShopOrder

__all__ = ["OrderLine", "Shop", "ShopOrder"]
