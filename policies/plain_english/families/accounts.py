"""Logging in, and searching."""

# ruff: noqa: E501 - a way of saying something is one line, however long

from __future__ import annotations

from typing import TYPE_CHECKING

import handeye.policies.plain_english.clauses as c
from handeye.policies.plain_english.frames import Family

if TYPE_CHECKING:
    from handeye.policies.plain_english.frames import Made
    from handeye.policies.plain_english.slots import Value

family = Family("Log in, search")

_USER = "[[the] ( username|user|account|email|e-mail|login|name|credentials | user name | user id | email address | login name ) [:|=]]"
_PIN = "[the|my|a] ( password|passwd|passcode|passphrase|pw|pwd|pass|pin|kennwort|passwort | pass word ) [is|of|=|:]"
_IN = "( log|sign|logged|signed in|on | login|log-in|sign-in|signin )"
_PROVIDERS = frozenset(["google", "github", "apple", "facebook", "microsoft", "sso", "email", "twitter"])


@family.frame(
    f"{_IN} [[to|into] <site:target>] as|with|using|under|by {_USER} <user:word> [[,] [and|with|using|by|/] {_PIN} <password:word>]",
    f"{_IN} as|with|using {_USER} <user:word> /|,|and|: <password:word>",
    f"@person [am|is|are] {_IN} as|with {_USER} <user:word>",
)
def log_in(user: Value, password: Value | None = None, site: str = "") -> Made:
    """Log in with user name and password."""
    if not password and user.text.lower() in _PROVIDERS:
        return None
    note = f"“{site}” was taken for the site of this run" if site else ""
    return c.LogIn(user=user.text, password=password.text if password else "", note=note)


_WHERE = "[in|into|using|with|on|via <field:target>]"


@family.frame(
    f"search|look|hunt [(through|in|on) the|this <place:noun>] for @textword <value> {_WHERE}",
    f"(do|run|perform) a search for @textword <value> {_WHERE}",
    f"search|find|google <value:quote> {_WHERE}",
    f"look up <value:quote> {_WHERE}",
    "(look up | search) <value>",
)
def search(value: Value | str, field: str = "", place: str = "") -> Made:
    """Search for a text."""
    if isinstance(value, str):
        return c.SearchFor(text=value, target=field)
    words = value.text
    first, _, rest = words.partition(" ")
    if not value.quoted:
        if first.lower() in ("the", "this", "box", "field", "for", "up", "form") and not rest:
            return None
        words = rest if first.lower() in ("a", "an", "the", "some", "any") else words
        if any(word in _JUDGED for word in words.lower().split()):
            return None
    low = field.lower()
    if low and not any(kind in low for kind in ("search", "box", "field", "bar")):
        if low in ("the page", "this page", "the site", "this site", "the website", "the shop", "this shop", "the app"):
            field = ""
        elif not value.quoted:
            return None
    note = f"“{place}” was taken for what this page searches" if place else ""
    return c.SearchFor(text=words, target=field, fact=not value.quoted, note=note)


_JUDGED = frozenset(
    [
        "something",
        "anything",
        "interesting",
        "suitable",
        "appropriate",
        "nice",
        "cheapest",
        "best",
        "good",
        "great",
        "whatever",
    ]
)

family.examples.update({
    'log in as "ada" with password "lovelace"': "LogIn(user='ada', password='lovelace')",
    'I sign in as "a@b.org"': "LogIn(user='a@b.org')",
    "search for lamp": "SearchFor(text='lamp', fact=True)",
    'the user searches for "lamp" in the search box': "SearchFor(text='lamp', target='the search box')",
})  # fmt: skip
