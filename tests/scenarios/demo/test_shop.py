"""The demo's shop, as a browser without JavaScript sees it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import httpx
import pytest

from handeye.scenarios.demo.shop import OrderLine, Shop
from handeye.tools.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop() as shop:
        yield shop


@pytest.fixture
def visitor(shop: Shop) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=shop.url, follow_redirects=True, trust_env=False) as client:
        yield client


def log_in(visitor: httpx.Client, password: str = "lovelace", **more: str) -> httpx.Response:
    return visitor.post("/login", data={"user": "ada", "password": password, **more})


def test_a_purchase_is_an_order_of_that_user_with_that_item(shop: Shop, visitor: httpx.Client) -> None:
    assert "Hello, Ada" in log_in(visitor).text
    found = visitor.get("/search", params={"q": "lamp"}).text
    assert found.index("Halo desk lamp") < found.index("Paper moon lamp")
    assert "Stoneware mug" not in found
    assert "Check out" in visitor.post("/cart/add", data={"slug": "halo-desk-lamp"}).text
    page = visitor.post("/checkout")
    assert [(order.user, order.items) for order in shop.orders] == [
        ("ada", (OrderLine("halo-desk-lamp", "Halo desk lamp", 1, 6900),))
    ]
    assert "Thank you" in page.text
    assert shop.orders[0].number in page.text
    assert page.history[0].status_code == 303


def test_checking_out_twice_or_reloading_places_one_order(shop: Shop, visitor: httpx.Client) -> None:
    log_in(visitor)
    visitor.post("/cart/add", data={"slug": "oak-stool"})
    thanks = visitor.post("/checkout")
    assert "Your cart is empty" in visitor.post("/checkout").text
    assert visitor.get(thanks.url).text.count("LO-") == 1
    assert len(shop.orders) == 1


def test_a_wrong_password_shows_an_error_and_does_not_log_in(shop: Shop, visitor: httpx.Client) -> None:
    page = log_in(visitor, password="Lovelace")
    assert "is wrong" in page.text
    assert "Log out" not in visitor.get("/").text
    assert 'value="ada"' in page.text
    assert "Lovelace" not in page.text


def test_buying_needs_a_log_in(shop: Shop, visitor: httpx.Client) -> None:
    visitor.post("/cart/add", data={"slug": "oak-stool"})
    asked = visitor.post("/checkout")
    assert asked.url.path == "/login"
    assert shop.orders == []
    assert "Oak stool" in log_in(visitor, next="/cart").text, "the cart is kept through the log-in"


def test_quantities_add_up_change_and_go(shop: Shop, visitor: httpx.Client) -> None:
    visitor.post("/cart/add", data={"slug": "oak-stool", "quantity": "2"})
    assert "€357.00" in visitor.post("/cart/add", data={"slug": "oak-stool"}).text
    assert "€238.00" in visitor.post("/cart/update", data={"slug": "oak-stool", "quantity": "2"}).text
    assert "empty" in visitor.post("/cart/remove", data={"slug": "oak-stool"}).text
    assert "empty" in visitor.post("/cart/update", data={"slug": "oak-stool", "quantity": "0"}).text


def test_visitors_do_not_see_each_others_carts_and_orders(shop: Shop, visitor: httpx.Client) -> None:
    log_in(visitor)
    visitor.post("/cart/add", data={"slug": "oak-stool"})
    with httpx.Client(base_url=shop.url, trust_env=False) as other:
        assert "Your cart is empty" in other.get("/cart").text
        place = visitor.post("/checkout").url
        assert other.get(place).status_code == 404


def test_logging_out_forgets_the_visitor(shop: Shop, visitor: httpx.Client) -> None:
    log_in(visitor)
    assert "You are logged out" in visitor.post("/logout").text
    assert "Hello" not in visitor.get("/").text


@pytest.mark.parametrize("words", ["<script>alert(1)</script>", '"><img src=x>', "%00", "lamp " * 100])
def test_what_visitors_type_comes_back_as_text(visitor: httpx.Client, words: str) -> None:
    page = visitor.get("/search", params={"q": words})
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "<img" not in page.text


@pytest.mark.parametrize("next_page", ["//evil.example/", "https://evil.example/", "/\\evil.example", "/a\r\nX: y"])
def test_a_log_in_leads_nowhere_else(shop: Shop, next_page: str) -> None:
    with httpx.Client(base_url=shop.url, trust_env=False) as client:
        answer = log_in(client, next=next_page)
    assert answer.status_code == 303
    assert str(answer.url.join(answer.headers["location"])).startswith(shop.url)
    assert "x" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "data", "status"),
    [
        ("GET", "/nowhere", None, 404),
        ("GET", "/product/unicorn", None, 404),
        ("GET", "/order/LO-1", None, 404),
        ("GET", "/checkout", None, 404),
        ("POST", "/cart/add", {"slug": "wall-clock"}, 404),
        ("POST", "/cart/add", {"slug": "oak-stool", "quantity": "-5"}, 200),
        ("POST", "/cart/add", {"slug": "oak-stool", "quantity": "9" * 5000}, 200),
        ("POST", "/cart/update", {"slug": "x" * 70_000}, 413),
    ],
)
def test_nonsense_is_answered_with_a_page(
    visitor: httpx.Client, method: str, path: str, data: dict[str, str] | None, status: int
) -> None:
    answer = visitor.request(method, path, data=data)
    assert answer.status_code == status
    assert "Lumen &amp; Oak" in answer.text


def test_many_visitors_at_once_get_their_own_orders(shop: Shop) -> None:
    def buy() -> None:
        with httpx.Client(base_url=shop.url, follow_redirects=True, trust_env=False) as client:
            log_in(client)
            client.post("/cart/add", data={"slug": "oak-stool"})
            client.post("/checkout")

    threads = [threading.Thread(target=buy) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({order.number for order in shop.orders}) == 8


def test_another_process_can_verify_the_orders(tmp_path: Path) -> None:
    kept = tmp_path / "orders.json"
    with Shop(orders_file=kept) as shop, httpx.Client(base_url=shop.url, trust_env=False) as client:
        assert json.loads(kept.read_text()) == []
        log_in(client)
        client.post("/cart/add", data={"slug": "oak-stool", "quantity": "3"})
        client.post("/checkout")
        assert json.loads(kept.read_text()) == [
            {
                "number": shop.orders[0].number,
                "user": "ada",
                "items": [{"slug": "oak-stool", "name": "Oak stool", "quantity": 3, "price": 11900}],
            }
        ]


def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SetupError, match=str(port)):
            Shop(port=port)


def test_it_is_served_from_the_command_line() -> None:
    command = [sys.executable, "-m", "handeye.scenarios.demo.shop", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        line = process.stdout.readline()
        url = next(word for word in line.split() if word.startswith("http")).rstrip(";")
        page = httpx.get(url, trust_env=False)
        process.terminate()
    assert "Things for a quiet home" in page.text
