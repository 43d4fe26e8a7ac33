"""Who may view and control runs: a browser on this machine that has the token, and no page of another site.

Each request is checked for its Host header (against DNS rebinding), its origin and the token. The token is in the
printed URL and then in a cookie. Other programs of the same user on this machine are not excluded: they could read the
token where they read the cookie.
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

#: Headers of every response.
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
    """Middleware that lets only requests with the token through to an application at one port of this machine."""

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self.app, self.token = app, token
        self.hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        self.cookie = f"handeye-{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return  # web sockets are not served
        headers = Headers(scope=scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    out[name] = value
                out.setdefault("Content-Security-Policy", POLICY)
            await send(message)

        response = self._refuse_foreign(scope, headers) or self._redirect_with_cookie(scope)
        if response is None and not self._has_cookie(headers.get("cookie", "")):
            response = PlainTextResponse("open the URL that handeye ui printed, with its token\n", 403)
        await (response or self.app)(scope, receive, send_with_headers)

    def _refuse_foreign(self, scope: Scope, headers: Headers) -> PlainTextResponse | None:
        """An error response for a request from another host or site; None if the request may continue."""
        if headers.get("host", "") not in self.hosts:
            return PlainTextResponse("unknown host\n", 421)
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc not in self.hosts:
            return PlainTextResponse("requests from other sites are refused\n", 403)
        if scope["method"] not in ("GET", "HEAD") and origin is None:
            return PlainTextResponse("a request that changes something needs an Origin header\n", 403)
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return PlainTextResponse("requests from other sites are refused\n", 403)
        return None

    def _redirect_with_cookie(self, scope: Scope) -> RedirectResponse | None:
        """For a URL with the token: a redirect that sets the cookie, to the URL without the token."""
        token = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["method"] != "GET" or not token or not self._is_token(token):
            return None
        response = RedirectResponse(scope["path"], 303)
        response.set_cookie(self.cookie, self.token, httponly=True, samesite="strict", path="/")
        return response

    def _has_cookie(self, cookies: str) -> bool:
        return self._is_token(cookie_parser(cookies).get(self.cookie, ""))

    def _is_token(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), self.token.encode())
