"""Reading from the screen, remembering, and asking the person."""

# ruff: noqa: E501 - a way of saying something is one line, however long

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import handeye.policies.plain_english.clauses as c
from handeye.policies.plain_english.frames import Family

if TYPE_CHECKING:
    from handeye.policies.plain_english.frames import Made
    from handeye.policies.plain_english.slots import Value

family = Family("Read, remember, ask")

_ARTICLE = re.compile(r"^(?:the|its|an?)\s+", re.IGNORECASE)


@family.frame(
    "[(tell me) | report|count|say|read|get | (find out)] how many <target> [(are there) | (there are) | (are shown|listed) | (it shows)] [?]",
    "count <target>",
    "how many <target>",
)
def how_many(target: str) -> Made:
    """Count things."""
    return c.ReadOff(what=f"number of {re.sub('^the ', '', target)}")


_READ = "( read|extract|get|fetch|scrape|report|return|output|collect|grab [out|off|aloud|back] | tell|show|give me|us | find out | print out | look up and report | answer with | let me know )"


@family.frame(
    f"{_READ} [:] [what] [is|are] <target> [is|are|says|shows|costs] [[and] [remember|keep|store it] as <name>]",
    "what|which is|are|was <target> [?]",
    "how much|old|long|high is|are <target> [?]",
    "(what | how much) does <target> cost|say|show|contain|read [?]",
)
def read_off(target: str, name: Value | None = None) -> Made:
    """Read a value from the screen."""
    what = _ARTICLE.sub("", target.rstrip(" ?."))
    return c.ReadOff(what=what, name=name.text[:80] if name else "") if what and len(what.split()) <= 10 else None


@family.frame(
    "remember|memorise|memorize|keep|store|save|note [down] [that] <value:quote> [as|in|under [the name] <name>]",
    "write down <value:quote> [as|under <name>]",
)
def keep(value: str, name: Value | None = None) -> Made:
    """Remember a text under a name."""
    return c.Keep(text=value, name=(name.text if name else "note")[:80])


@family.frame(
    "remember|memorise|memorize|keep|store [the value of] <target> as|in|under [the name] <name>",
    "note|write down <target> [as|in|under <name>]",
    "remember|memorise|memorize|note <target>",
)
def read_and_keep(target: str, name: Value | None = None) -> Made:
    """Read a value and remember it."""
    if (not name and len(target.split()) > 8) or re.fullmatch(r"[\"“'„«].*[\"”'“»]", target):
        return None
    return c.ReadOff(what=re.sub(r"^the\s+", "", target, flags=re.I), name=name.text[:80] if name else "")


@family.frame(
    "ask|prompt|question (me|us | the user|person | a human|person) (for {how=What is } | about {how=What about } | whether|if | :) <question>",
    "ask|prompt|question (me|us | the user|person | a human|person) <question>",
)
def ask(question: str, how: str = "") -> Made:
    """Ask the person a question."""
    text = f"{how}{question.strip(' ,:?')}?"
    return c.AskPerson(question=text[:1].upper() + text[1:])


family.examples.update({
    "read the order number": "ReadOff(what='order number')",
    "remember the total as sum": "ReadOff(what='total', name='sum')",
    'remember "42" as answer': "Keep(text='42', name='answer')",
    "ask me for the code": "AskPerson(question='What is the code?')",
})  # fmt: skip
