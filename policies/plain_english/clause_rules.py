"""The rules of the grammar: one per way of saying something, tried in the order they are registered.

They work on text whose quotes are masked. A rule answers with clauses, or with None when its words mean something else
after all. Everything in them is language knowledge; nothing is about a page. What no rule takes is refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from handeye.perception.phrases.quoting import ATOM, QUOTED
from handeye.policies.plain_english.lists import PLACING
from handeye.policies.plain_english.statements import NUMBER, cast_count
from handeye.policies.plain_english.verbs import ADDRESS_ENDINGS, REFUSED_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from handeye.perception.phrases.quoting import Masked
    from handeye.policies.plain_english.clauses import Clause

    Made = Clause | list[Clause] | None
    Rule = Callable[[re.Match[str], Masked], Made]

TIMES = rf"(?:\s+(?P<times>{NUMBER})\s+times|\s+(?P<twice>twice|once|thrice))?"
CLICK = (
    r"(?:click|press|tap|hit|push|choose|pick|select|activate|follow(?=.*\blink\b)|left[- ]click|use(?!.*\sto\s)"
    r"|trigger|touch|focus|(?:put|place)\s+the\s+cursor)"
    r"(?:\s+(?:on|at|onto|into|in(?=\s+the)))?"
)


class Rules(list["tuple[re.Pattern[str], Rule]"]):
    """Rules in the order they are to be tried."""

    def __call__(self, *patterns: str) -> Callable[[Rule], Rule]:
        """Register what a clause of one of these forms means."""

        def register(make: Rule) -> Rule:
            self.extend((re.compile(pattern, re.IGNORECASE | re.DOTALL), make) for pattern in patterns)
            return make

        return register


def quoted(piece: str) -> bool:
    """Whether a piece of masked text is one quotation and nothing else."""
    return bool(re.fullmatch(QUOTED, piece.strip()))


def count(hit: re.Match[str]) -> int:
    """How many times: what TIMES has found, 1 to 100."""
    words = hit["times"] or hit["twice"]
    return max(1, min(100, cast_count(words.lower()))) if words else 1


def aimed(piece: str, masked: Masked) -> str:
    """A piece of masked text as a target: as it was written, quotes included."""
    return masked.restore(piece.strip(" ,:"))


def plausible(what: str) -> bool:
    """Whether words can be the name of one thing on a screen."""
    if re.search(r"^(?:and|or)\b|\b(?:until|while|unless|because)\b", what, re.IGNORECASE):
        return False
    if re.search(rf"{QUOTED}\s*,\s*(?!{PLACING}\b)[^\W\d]", what, re.IGNORECASE):
        return False  # a step that no rule understands, not more of the label
    if re.search(QUOTED, what) or (what[:1].isupper() and len(what.split()) <= 3):
        return True  # “Best sellers”, with its capital, is a label
    return not re.search(REFUSED_WORDS, what, re.IGNORECASE) and "," not in what and len(what.split()) <= 14


def address(piece: str, masked: Masked) -> str:
    """A web address (or a path of this site) in a piece of masked text; empty when it is none."""
    text = masked.content(piece.strip())
    if " " in text or not text:
        return ""
    if re.match(r"(?:https?|file|about|data|ftp|chrome)\:", text, re.IGNORECASE):
        return text
    if re.fullmatch(r"(?:www\.\S+|localhost(?:[:/]\S*)?|\d+(?:\.\d+){3}(?:[:/]\S*)?)", text, re.IGNORECASE):
        return f"http://{text}" if not text.lower().startswith("www.") else f"https://{text}"
    if re.fullmatch(r"[\w\-]+(?:\.[\w\-]+)*\.(?:html?|php|aspx?|jsp)(?:[?#]\S*)?", text, re.IGNORECASE):
        return text
    name = re.fullmatch(r"[\w\-]+(?:\.[\w\-]+)*\.(?P<end>[A-Za-z]{2,})(?::\d+)?(?P<path>/\S*)?", text)
    if name and (name["path"] or name["end"].lower() not in ADDRESS_ENDINGS):
        return f"https://{text}"
    return text if text.startswith("/") and re.fullmatch(ATOM, piece.strip()) else ""
