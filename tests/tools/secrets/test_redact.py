"""A secret's value is found in a text however it is written there, and nothing else is."""

from __future__ import annotations

import base64
import html
import json
import re
import time
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handeye.tools.secrets.redact import Redactor, names_in, parts

VALUE = 'Hünter 2+/"x'
SHOP = Redactor({"shop": VALUE})

WRITTEN = {
    "itself": VALUE,
    "in capitals": VALUE.upper(),
    "with its letters apart from their marks": 'Hu\u0308nter 2+/"x',
    "with marks that are not drawn": 'Hün\u200bter\u00ad 2+/"x',
    "in an address": quote(VALUE),
    "in an address, small": quote(VALUE).lower(),
    "in an address inside an address": quote(quote(VALUE)),
    "in a form": quote_plus(VALUE),
    "in HTML": html.escape(VALUE),
    "in HTML with numbers": "".join(f"&#{ord(letter)};" for letter in VALUE),
    "in JSON": json.dumps(VALUE)[1:-1],
    "in JSON that is not ASCII": json.dumps(VALUE, ensure_ascii=False)[1:-1],
    "in hexadecimal": VALUE.encode().hex(),
    "in capital hexadecimal": VALUE.encode().hex(":").upper(),
    "in base64": base64.b64encode(VALUE.encode()).decode(),
    "in base64 in an address": quote(base64.b64encode(VALUE.encode()), safe=""),
    "in base64 without its end": base64.b64encode(VALUE.encode()).decode().rstrip("="),
    "after one byte in base64": base64.b64encode(b"a" + VALUE.encode() + b"z").decode(),
    "after two bytes in base64": base64.urlsafe_b64encode(b"a:" + VALUE.encode()).decode(),
}


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN.keys())
def test_the_value_is_found(text: str) -> None:
    assert SHOP.redact(f"see {text} here") == "see {{secret:shop}} here"
    assert SHOP.redact(f"see {text} and {text}") == "see {{secret:shop}} and {{secret:shop}}"


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN.keys())
def test_what_is_sealed_holds_no_value_and_comes_back(text: str) -> None:
    exact = text if text not in (VALUE.upper(), quote(VALUE).lower()) else VALUE
    sealed = SHOP.seal({"cookies": [{"name": "a", "value": f"x {exact} y", "expires": 1}]})
    assert SHOP.spans(json.dumps(sealed)) == []
    if exact in (VALUE, quote(VALUE), quote_plus(VALUE)) or "base64" in str(sealed):
        assert SHOP.unseal(sealed) == {"cookies": [{"name": "a", "value": f"x {exact} y", "expires": 1}]}


def test_other_text_stays_as_it_is() -> None:
    for text in ("", "Hunter", "Hünter 2", base64.b64encode(b"something else entirely").decode(), "{{secret:shop}}"):
        assert SHOP.redact(text) == text


def test_the_longest_secret_wins_and_short_ones_are_left_alone() -> None:
    redactor = Redactor({"a": "abcd", "b": "xabcdx", "c": "ab"})
    assert redactor.redact("xabcdx abcd ab") == "{{secret:b}} {{secret:a}} ab"
    assert not Redactor({"c": "ab"})


def test_a_value_split_over_texts_is_redacted() -> None:
    redactor = Redactor({"shop": "open sesame"})
    assert redactor.hide_each(["say open", " sesa", "me now", "end"]) == ["say {{secret:shop}}", "", " now", "end"]


def test_a_long_text_cut_off_in_the_midst_of_a_value_loses_the_piece() -> None:
    redactor = Redactor({"shop": "open sesame"})
    cut = "a" * 76 + " open s"
    assert redactor.redact(cut) == "a" * 76 + " {{secret:shop}}"
    assert redactor.redact("an open s") == "an open s"


@settings(deadline=None)
@given(st.text(min_size=4, max_size=12).filter(lambda text: len(text.strip()) >= 4), st.binary(max_size=7))
def test_any_value_is_found_in_any_encoding(value: str, before: bytes) -> None:
    redactor = Redactor({"s": value})
    bare = value.strip()
    for text in (
        bare,
        quote(bare),
        quote_plus(bare),
        bare.encode().hex(),
        base64.b64encode(before + bare.encode()).decode(),
    ):
        hidden = redactor.redact(f"<{text}>")
        assert bare not in hidden.replace("{{secret:s}}", "")
        assert "{{secret:s}}" in hidden


def test_a_large_page_takes_no_time_worth_telling() -> None:
    """Twice the text may take about twice as long, and not four times."""
    page = "lorem ipsum dolor sit amet " * 4000
    page += base64.b64encode(bytes(range(256)) * 200).decode()
    spans = []
    for times in (1, 4):
        start = time.process_time()
        assert SHOP.redact(page * times) == page * times
        spans.append(time.process_time() - start)
    assert spans[1] < 12 * spans[0] + 0.2


def test_a_text_is_taken_apart_at_its_secrets() -> None:
    assert list(parts("a {{secret:x.y}}b{{ secret: z }}")) == [("a ", ""), ("", "x.y"), ("b", ""), ("", "z")]
    assert names_in("{{secret:a}} {{secret:b}} {{secret:a}} {{secret:}}") == ["a", "b"]


DRAWN = {
    "underlined": "\u0332".join(VALUE),
    "with joiners": "\u034f\u2060".join(VALUE),
    "with variation selectors": "\U000e0101".join(VALUE),
    "with fillers": "\u115f".join(VALUE),
    "in full width": "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in VALUE),
    "in JSON inside JSON inside JSON": json.dumps(json.dumps(json.dumps(VALUE)))[5:-5],
    "in HTML inside HTML inside HTML": html.escape(html.escape(html.escape(VALUE))),
    "in an address four times": quote(quote(quote(quote(VALUE)))),
    "as a script writes it": "".join(rf"\x{ord(each):02x}" for each in VALUE),
    "in base64 of MIME": base64.encodebytes(b"-" * 54 + VALUE.encode()).decode().strip(),
    "in base64 of MIME in JSON": json.dumps(base64.encodebytes(b"-" * 54 + VALUE.encode()).decode().strip())[1:-1],
    "in base64 of UTF-16": base64.b64encode(VALUE.encode("utf-16-be")).decode(),
}


@pytest.mark.parametrize("text", DRAWN.values(), ids=DRAWN.keys())
def test_the_value_is_found_as_a_reader_or_another_program_would(text: str) -> None:
    hidden = SHOP.redact(f"see {text} here")
    assert hidden.startswith("see ")
    assert hidden.endswith(" here")
    assert re.sub(r"\{\{secret:shop\}\}|\bsee\b|\bhere\b|\\+n|[\s\"\\]|(?:LS0t)+", "", hidden) == "", hidden


def test_a_secret_equal_to_its_name_is_hidden_once() -> None:
    redactor = Redactor({"lamp": "lamp", "shop": "secret", "it": "lamp-2"})
    once = redactor.redact("a lamp, a secret and lamp-2")
    assert once == "a {{secret:lamp}}, a {{secret:shop}} and {{secret:it}}"
    assert redactor.redact(once) == once
    assert redactor.redact("{{secret:lamps}}") != "{{secret:lamps}}", "no name of ours"
    sealed = redactor.seal({"lamp": "lamp", "secret": ["secret"]})
    assert list(sealed) == ["lamp", "secret"]
    assert redactor.unseal(sealed) == {"lamp": "lamp", "secret": ["secret"]}


@pytest.mark.parametrize("text", ["\\" * 20_000, "%25" * 20_000, "&amp;" * 20_000, "H" * 60_000, "\u0332" * 60_000])
def test_a_hostile_text_takes_no_time_worth_mentioning(text: str) -> None:
    began = time.process_time()
    assert SHOP.spans(text) == []
    assert time.process_time() - began < 2
