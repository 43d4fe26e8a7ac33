"""Who may see and lead runs: whoever has the address with its token, from this machine, and no page of another site.

Each request is checked: its Host (so that a name that was bound to 127.0.0.1 gets nowhere), where it comes from, and
the token, which stands in the printed address and then in a cookie. What it does not keep out: other programs of the
same person on this machine, which could read the token where they read the cookie.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: On every answer.
HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
}
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)


class TokenAccess:
    """An application behind a token, at one port of this machine."""

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self.app, self.token = app, token
        self.hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        self.cookie = f"handeye-{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return  # no sockets
        headers = Headers(scope=scope)

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    out[name] = value
                out.setdefault("Content-Security-Policy", POLICY)
            await send(message)

        answer = self._refused(scope, headers) or self._let_in(scope)
        if answer is None and not self._is_known(headers.get("cookie", "")):
            answer = PlainTextResponse("open the address that handeye ui has printed, with its token\n", 403)
        await (answer or self.app)(scope, receive, sent)

    def _refused(self, scope: Scope, headers: Headers) -> PlainTextResponse | None:
        """The answer to who comes from elsewhere."""
        if headers.get("host", "") not in self.hosts:
            return PlainTextResponse("no such host here\n", 421)
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc not in self.hosts:
            return PlainTextResponse("not from another site\n", 403)
        if scope["method"] not in ("GET", "HEAD") and origin is None:
            return PlainTextResponse("a request that changes something says where it comes from\n", 403)
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return PlainTextResponse("not from another site\n", 403)
        return None

    def _let_in(self, scope: Scope) -> RedirectResponse | None:
        """Who has the token in the address gets the cookie, and an address without it."""
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["method"] != "GET" or not given or not self._is_right(given):
            return None
        answer = RedirectResponse(scope["path"], 303)
        answer.set_cookie(self.cookie, self.token, httponly=True, samesite="strict", path="/")
        return answer

    def _is_known(self, cookies: str) -> bool:
        return self._is_right(cookie_parser(cookies).get(self.cookie, ""))

    def _is_right(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), self.token.encode())
