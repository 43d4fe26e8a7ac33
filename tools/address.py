"""Web addresses and paths of files: what a person or a model writes, and the one thing it means.

The guard and the devices use the same functions, so the address that the guard checks is always the one that a device
opens.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from handeye.tools.allow_list import host_of
from handeye.tools.errors import UsageError

SCHEMES = frozenset({"http", "https", "file", "about", "data", "blob", "chrome", "view-source"})

#: A drive of Windows, which is no scheme.
_DRIVE = re.compile(r"^/?[A-Za-z][:|][\\/]")

#: What may stand around an address in a sentence.
_AROUND = "\"'`“”„‘’«»<>()[]{},;!?"


def typed(text: str) -> str:
    """An address without what browsers leave out before they read it: https://url.spec.whatwg.org/#url-parsing."""
    text = re.sub(r"[\t\r\n]", "", text).strip()
    return re.sub(r"^[\x00-\x20]+|[\x00-\x20]+$", "", text)


def scheme_of(text: str) -> str:
    """The scheme of an address, in lower case; empty for none, and for a drive of Windows."""
    text = typed(text)
    hit = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", text)
    return hit[1].lower() if hit and not _DRIVE.match(text) else ""


def meant(text: str) -> list[str]:
    """The URLs that an address as people write it may mean, the likeliest first.

    `localhost:8000`, `example.com/path`, `page.html` (an existing file) and whole URLs. A file's has its real path:
    absolute, without `..`, `%2e` and links. Raises UsageError for what means nothing.
    """
    text = typed(text)
    scheme = scheme_of(text)
    if scheme == "file":
        parts = urlsplit(text.replace("\\", "/"))
        return [urlunsplit(urlsplit(local_path(text).as_uri())._replace(query=parts.query, fragment=parts.fragment))]
    if scheme in SCHEMES:
        if scheme in {"http", "https"} and not host_of(text):
            raise UsageError(f"{text!r} names no host; give an address such as http://localhost:8000")
        return [text]
    if text and (path := local_path(text)).is_file():
        return [path.as_uri()]
    if Path(text).suffix.lower() in {".html", ".htm", ".xhtml"} and not re.match(r"[^/]+[.:][^/]+/", text):
        raise UsageError(f"there is no page at {text!r}; give the path of an HTML file or an address like example.com")
    match = re.match(r"(\[[0-9a-fA-F:]+\]|[\w-]+(?:\.[\w-]+)*\.?)(:\d{1,5})?(?=[/?#]|$)", text)
    if match and (match[2] or "." in match[1] or match[1] == "localhost" or match[1].startswith("[")):
        plain = match[1] == "localhost" or match[2] or re.fullmatch(r"[\d.]+|\[.*\]", match[1])
        return [f"http://{text}"] if plain else [f"https://{text}", f"http://{text}"]
    raise UsageError(f"{text[:200]!r} is no web address; give one such as http://localhost:8000 or example.com")


def local_path(text: str, folder: Path | None = None) -> Path:
    """The file or folder that a path or a `file:` URL names: absolute, with `~` and links resolved.

    A relative path begins in `folder`, or in the working folder. Raises UsageError for a file of another machine and
    for what no path can hold.
    """
    text = typed(text)
    if scheme_of(text) == "file":
        parts = urlsplit(text.replace("\\", "/"))
        if parts.netloc.lower() not in ("", "localhost"):
            raise UsageError(f"{text[:200]!r} names a file of another machine; give one of this machine")
        path = unquote(parts.path)
        path = path.lstrip("/") if _DRIVE.match(path) else "/" + path.lstrip("/")
    elif text.startswith(("\\\\", "//")):
        raise UsageError(f"{text[:200]!r} names a file of another machine; give one of this machine")
    else:
        path = text
    try:
        return (Path(folder or "") / Path(path).expanduser()).resolve()
    except (OSError, ValueError, RuntimeError) as error:  # a NUL, a loop of links, the home of an unknown user
        raise UsageError(f"{text[:200]!r} is no path ({error}); give the path of a file") from None


def names_path(text: str, path: Path, folder: Path | None = None) -> bool:
    """Whether a text, such as a goal, names a file or one of the folders that it is in.

    A name is the whole path as words of their own: absolute, relative to `folder`, with `~`, or as a `file:` URL; in
    quotes where it has spaces. The root of a disk is no folder that anybody means.
    """
    wanted = path.resolve()
    for word in _words(text):
        scheme = scheme_of(word)
        if scheme not in ("", "file") or not re.search(r"[\w]", word):
            continue
        try:
            named = local_path(word, folder)
        except UsageError:
            continue
        whole = scheme == "file" or "/" in word or "\\" in word or word.startswith("~") or named.is_file()
        if whole and named != Path(named.anchor) and (named == wanted or (named in wanted.parents and named.is_dir())):
            return True
    return False


def _words(text: str) -> list[str]:
    """What may be an address in a text: whole quotes first, then words without the signs around them."""
    quoted = [
        part
        for pair in re.findall(r'"([^"]+)"|“([^”]+)”|\'([^\']+)\'|`([^`]+)`|„([^“”]+)[“”]|«([^»]+)»', text)
        for part in pair
        if part
    ]
    words = [word.strip(_AROUND) for word in text.split()]
    return [*quoted, *words, *(word.rstrip(".:") for word in words)]


def names_address(text: str, address: str) -> bool:
    """Whether a text holds an address as a word of its own."""
    wanted = typed(address)
    return bool(wanted) and any(typed(word) == wanted for word in _words(text))


def page_folder(url: str) -> Path | None:
    """The folder of a page on the disk; None for every other address."""
    return local_path(url).parent if scheme_of(url) == "file" else None


def without_secrets(url: str) -> str:
    """The URL without what may be private in it: user, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url.partition("?")[0]
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
