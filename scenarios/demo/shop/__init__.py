"""A small web shop to test agents: login, search, cart and checkout; its state can be read for verification."""

from __future__ import annotations

from handeye.scenarios.demo.shop.shop_server import Shop
from handeye.scenarios.demo.shop.store import OrderLine, ShopOrder

__all__ = ["OrderLine", "Shop", "ShopOrder"]
