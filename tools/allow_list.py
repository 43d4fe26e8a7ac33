"""Which domains may be reached: names of people and pages are normalized and compared."""

from __future__ import annotations

import ipaddress
import os
import re
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Addresses without a network target.
HARMLESS = frozenset({"about", "data", "blob", "chrome-error"})

_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


class AllowList:
    """The domains a browser may reach: those of `names` (all when there are none), and none of `denied`.

    `example.com` means it and its subdomains, on any port; `localhost:8000` means that port only.
    """

    def __init__(self, names: Iterable[str] = (), denied: Iterable[str] = ()) -> None:
        self.names = tuple(dict.fromkeys(domain(name) for name in names))
        self.denied = tuple(dict.fromkeys(domain(name) for name in denied))

    def __bool__(self) -> bool:
        return bool(self.names or self.denied)

    def __str__(self) -> str:
        denied = f"all but {', '.join(self.denied)}" if self.denied else ""
        return ", ".join(self.names) + (f"; {denied}" if self.names and denied else denied)

    def allow(self, url: str) -> bool:
        """Whether a request to this URL may leave, however its host is spelled."""
        if not self:
            return True
        try:
            # Browsers take a backslash for a slash: what stands after it is no host.
            parts = urlsplit(url.replace("\\", "/"))
            host, port = canonical(parts.hostname or ""), parts.port
        except ValueError:
            return False
        if parts.scheme in HARMLESS:
            return True
        if parts.scheme not in {"http", "https", "ws", "wss"}:
            return False
        port = port or (443 if parts.scheme in {"https", "wss"} else 80)
        if any(_fits(host, port, name) for name in self.denied):
            return False
        return not self.names or any(_fits(host, port, name) for name in self.names)

    def switches(self) -> list[str]:
        """Chromium's switches that hold what is no request: WebSockets, name look-ups, early connections, WebRTC."""
        rules = [f"MAP {pattern} ~NOTFOUND" for name in self.denied for pattern in _patterns(*_split_port(name))]
        if self.names:
            hosts = [_split_port(name) for name in self.names]
            hosts += [(host, None) for name in _PROXIES if (host := host_of(os.environ.get(name, "")))]
            rules += [rule for host, port in hosts for rule in _resolved(host, port)] + ["MAP * ~NOTFOUND"]
        return ["--host-resolver-rules=" + ", ".join(rules), *NO_SIDE_DOORS] if rules else []


#: WebRTC sends to addresses that no rule on names or requests sees; without UDP it has only the proxy's way out.
POLICY = "disable_non_proxied_udp"
NO_SIDE_DOORS = (
    f"--webrtc-ip-handling-policy={POLICY}",
    f"--force-webrtc-ip-handling-policy={POLICY}",  # its older name
    "--dns-prefetch-disable",
)


def _patterns(host: str, port: int | None) -> list[str]:
    end = f":{port}" if port else ""
    return [f"{host}{end}", *([] if _is_ip(host) else [f"*.{host}{end}"])]


def _resolved(host: str, port: int | None) -> list[str]:
    """Rules that let a host through. What is excluded is so on every port; one port alone is mapped to itself."""
    exact = f"MAP {host}:{port} {host}:{port}" if port else f"EXCLUDE {host.strip('[]')}"
    return [exact, *([] if _is_ip(host) else [f"EXCLUDE *.{host}"])]


def _fits(host: str, port: int, name: str) -> bool:
    wanted, wanted_port = _split_port(name)
    wanted = wanted.strip("[]")
    return (host == wanted or host.endswith(f".{wanted}")) and wanted_port in (None, port)


def canonical(host: str) -> str:
    """A host as browsers write it once they have understood it: `EXAMPLE.com.`, `0x7f.1` and `bücher.de` in one form.

    IPv6 addresses have no brackets; one that only wraps an IPv4 address is that.
    """
    plain = re.sub("[\u3002\uff0e\uff61]", ".", unquote(host))
    plain = "".join(each for each in unicodedata.normalize("NFKC", plain) if each not in _IGNORED).lower().strip("[]")
    plain = plain.removesuffix(".")
    if ":" in plain:
        address = ipaddress.IPv6Address(plain)
        return str(address.ipv4_mapped or address)
    labels = plain.split(".")
    if labels[-1].isdecimal() or re.fullmatch("0x[0-9a-f]*", labels[-1]):
        return _ipv4(labels)
    return ".".join(each if each.isascii() else f"xn--{each.encode('punycode').decode()}" for each in labels)


def _ipv4(labels: list[str]) -> str:
    """An IPv4 address in any of the spellings browsers understand; raises ValueError for what is none."""
    if len(labels) > 4:
        raise ValueError(f"{'.'.join(labels)} is no IP address")
    *first, last = [
        int(each[2:] or "0", 16) if each.startswith("0x") else int(each, 8 if each.startswith("0") else 10)
        for each in labels
    ]
    if any(each > 255 for each in first) or last >= 256 ** (5 - len(labels)):
        raise ValueError(f"{'.'.join(labels)} is no IP address")
    number = last + sum(each << (8 * (3 - place)) for place, each in enumerate(first))
    return str(ipaddress.IPv4Address(number))


#: Characters that names leave out: soft hyphen, joiners, zero-width space, variation selectors.
_IGNORED = frozenset("\u00ad\u034f\u200b\u200c\u200d\u2060\ufeff") | {chr(0xFE00 + each) for each in range(16)}


def _is_ip(host: str) -> bool:
    return host.startswith("[") or host.replace(".", "").isdecimal()


def domain(name: str) -> str:
    """`https://Example.com/x` and `*.example.com` as people mean them: example.com. Raises UsageError for no domain."""
    plain = name.strip().lower()
    plain = plain.partition("://")[2] if "://" in plain else plain
    plain = re.split(r"[/?#]", plain)[0].removeprefix("*.").rstrip(".")
    try:
        if not re.fullmatch(r"(\[[0-9a-f:.]+\]|[\w.-]+)(:\d{1,5})?", plain):
            raise ValueError(plain)
        host, port = _split_port(plain)
        host = canonical(host)
    except ValueError:
        raise UsageError(f"a domain must be a host such as example.com or localhost:8000, got {name!r}") from None
    host = f"[{host}]" if ":" in host else host
    return host if port is None else f"{host}:{port}"


def host_of(url: str) -> str:
    """The host of a URL as it is written there; empty when it names none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _split_port(name: str) -> tuple[str, int | None]:
    host, colon, port = name.rpartition(":")
    return (host, int(port)) if colon and port.isdecimal() else (name, None)
