"""Web addresses: what a person writes, and what it means."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from urllib.request import url2pathname

from handeye.tools.domains import host_of
from handeye.tools.errors import UsageError

SCHEMES = frozenset({"http", "https", "file", "about", "data", "blob", "chrome", "view-source"})


def meant(text: str) -> list[str]:
    """The URLs that an address as people write it may mean, the likeliest first.

    `localhost:8000`, `example.com/path`, `page.html` (an existing file) and whole URLs. Raises UsageError otherwise.
    """
    text = text.strip()
    scheme = text.partition(":")[0].lower()
    if scheme in SCHEMES:
        if scheme in {"http", "https"} and not host_of(text):
            raise UsageError(f"{text!r} names no host; give an address such as http://localhost:8000")
        return [text]
    path = Path(text).expanduser()
    if text and path.is_file():
        return [path.resolve().as_uri()]
    if path.suffix.lower() in {".html", ".htm", ".xhtml"} and not re.match(r"[^/]+[.:][^/]+/", text):
        raise UsageError(f"there is no page at {text!r}; give the path of an HTML file or an address like example.com")
    match = re.match(r"(\[[0-9a-fA-F:]+\]|[\w-]+(?:\.[\w-]+)*\.?)(:\d{1,5})?(?=[/?#]|$)", text)
    if match and (match[2] or "." in match[1] or match[1] == "localhost" or match[1].startswith("[")):
        plain = match[1] == "localhost" or match[2] or re.fullmatch(r"[\d.]+|\[.*\]", match[1])
        return [f"http://{text}"] if plain else [f"https://{text}", f"http://{text}"]
    raise UsageError(f"{text[:200]!r} is no web address; give one such as http://localhost:8000 or example.com")


def page_folder(url: str) -> Path | None:
    """The folder of a page on the disk; None for every other address."""
    return Path(url2pathname(urlsplit(url).path)).resolve().parent if url.startswith("file:") else None


def without_secrets(url: str) -> str:
    """The URL without what may be private in it: user, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url.partition("?")[0]
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
