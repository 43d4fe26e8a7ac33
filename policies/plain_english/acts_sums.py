"""Arithmetic: computing what is written on the screen, and pressing the keys of a calculator."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from handeye.perception.phrases.wording import normal
from handeye.policies.plain_english.moment import Fail, Moment, Next, Step
from handeye.policies.plain_english.quantities import EXPRESSION, calculate, number_of
from handeye.policies.plain_english.searching import wait_or_scroll
from handeye.tools.actions import Click, Key, Remember, Type, Wait

if TYPE_CHECKING:
    from collections.abc import Sequence

    import handeye.policies.plain_english.clauses as c
    from handeye.tools.element import Element

#: Words of arithmetic, for problems that are written out: “3 plus 4”.
_SPELLED = (
    (r"\bplus\b|\badded\s+to\b", "+"),
    (r"\bminus\b|\bless\b", "-"),
    (r"\btimes\b|\bmultiplied\s+by\b", "*"),
    (r"\b(?:divided\s+)?(?:by|over)\b|\bdivided\s+by\b", "/"),
)
#: What the keys of calculators are called, in addition to their digit or sign: language knowledge.
_KEYS: dict[str, tuple[str, ...]] = {
    "+": ("+", "plus", "add", "addition"),
    "-": ("-", "−", "–", "minus", "subtract", "subtraction"),
    "*": ("×", "*", "x", "·", "times", "multiply", "multiplication"),
    "/": ("÷", "/", "∕", ":", "divide", "division", "divided by"),
    "^": ("^", "xʸ", "x^y", "power", "exponent"),
    ".": (".", ",", "decimal", "decimal point", "point", "dot", "decimal separator"),
    "(": ("(", "left parenthesis", "open parenthesis"),
    ")": (")", "right parenthesis", "close parenthesis"),
    "=": ("=", "equals", "equal", "enter", "calculate", "result"),
    "C": ("ac", "c", "ce", "clear", "all clear", "clear all"),
    **{
        digit: (digit, word)
        for digit, word in zip(
            "0123456789",
            ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
            strict=True,
        )
    },
}
#: Seconds that a calculator is given to show the result.
_RESULT_SECONDS = 1.0


def solve(clause: c.Solve, moment: Moment) -> Step:
    """Compute the only arithmetic on the screen, and remember the result."""
    if moment.progress.stage == "solved":
        return Next()
    found = dict.fromkeys(_expressions(moment.observation.elements) or _expressions(moment.observation.words))
    if not found:
        step = wait_or_scroll(moment, clause.what or "arithmetic")
        return Fail("no arithmetic such as “3 + 4” is on the screen") if isinstance(step, Fail) else step
    if len(found) > 1:
        return Fail(
            f"several sums are on the screen: {', '.join(f'“{each}”' for each in list(found)[:4])}; say which one"
        )
    expression = next(iter(found))
    result = calculate(expression)
    if result is None:
        return Fail(f"“{expression}” cannot be computed")
    moment.progress.it = result
    return moment.do(Remember(name=expression[:80], text=result), f"{expression} = {result}", "solved")


def _expressions(elements: Sequence[Element]) -> list[str]:
    """The sums that are written in one text or in texts on one line; those that ask for a result (`=`) come alone."""
    texts = [each.name for each in elements if each.name and not each.acts] + _lines(elements)
    hits = [hit for text in texts for hit in EXPRESSION.finditer(_signs(text))]
    asked = [hit["x"].strip() for hit in hits if hit["asks"]]
    return list(dict.fromkeys(asked or [hit["x"].strip() for hit in hits if not _is_date(hit["x"])]))


def _is_date(text: str) -> bool:
    """Whether a text is rather a date, a range or a phone number: `2024-03-01`, `555-1234`, `3/4`."""
    return not re.search(r"\s[-+*/×·÷−–^x]\s|[+*×÷^]", text)


def _signs(text: str) -> str:
    for pattern, sign in _SPELLED:
        text = re.sub(rf"(?<=\d)\s*(?:{pattern})\s*(?=\d)", f" {sign} ", text, flags=re.IGNORECASE)
    return text


def _lines(elements: Sequence[Element]) -> list[str]:
    """Short texts next to each other, as one: numbers and signs are often elements of their own."""
    short = [each for each in elements if each.name and not each.acts and len(each.name) <= 12]
    lines: list[list[Element]] = []
    for each in sorted(short, key=lambda element: (element.box.centre.y, element.box.left)):
        line = next((line for line in lines if line[0].box.top <= each.box.centre.y < line[0].box.bottom), None)
        lines.append([each]) if line is None else line.append(each)
    ordered = (sorted(line, key=lambda element: element.box.left) for line in lines if len(line) > 1)
    return [" ".join(each.name for each in line) for line in ordered]


def compute(clause: c.Compute, moment: Moment) -> Step:
    """Press the keys of a calculator for the expression, and check what it displays."""
    wanted = calculate(clause.expression)
    if wanted is None:
        return Fail(f"“{clause.expression}” is no arithmetic that can be computed")
    if moment.progress.stage == "computed":
        return _displayed(wanted, moment)
    keys = _keys_of(clause.expression)
    at = int(moment.progress.kept.get("key", 0))
    if moment.progress.stage == "typed":
        return moment.do(Key(keys="enter"), "compute it with Enter", "computed")
    found = {key: _key(key, moment.observation.elements) for key in {*keys, "="}}
    lacking = [key for key, element in found.items() if element is None]
    if lacking and at == 0 and moment.can("navigate"):
        step = wait_or_scroll(moment, f"the {lacking[0]} key")
        return Fail(f"no calculator here has the keys {' '.join(sorted(lacking))}") if isinstance(step, Fail) else step
    if lacking and at == 0:
        text = "".join("*" if key == "*" else key for key in keys)
        return moment.do(Type(text=text), "type it where the keyboard is", "typed")
    if moment.failed and moment.last and moment.last.result:
        return Fail(f"key {at} of “{clause.expression}” could not be pressed: {moment.last.result}")
    clearing = _key("C", moment.observation.elements)
    order = [*(["C"] if clearing else []), *keys, "="]
    key = order[at]
    element = clearing if key == "C" else found.get(key)
    if element is None:
        return Fail(f"the calculator's key “{key}” is gone")
    moment.progress.kept["key"] = at + 1
    stage = "computed" if at + 1 == len(order) else "pressed"
    step = moment.do(Click(target=moment.at(element)), f"press “{element.name or key}”", stage)
    return step.model_copy(update={"again": True})  # the same key may be needed twice


def _keys_of(expression: str) -> list[str]:
    """The keys of an expression, one by one: `12 × 3` is 1, 2, * and 3."""
    clean = re.sub(r"(?<=\d)\s*[xX]\s*(?=\d)", "*", expression.rstrip("=? "))
    clean = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", clean).replace("**", "^")
    same = {name: key for key, names in _KEYS.items() for name in names if len(name) == 1 and key != "C"}
    return [same.get(letter, letter) for letter in clean if not letter.isspace()]


def _key(key: str, elements: Sequence[Element]) -> Element | None:
    """The only enabled control that is called like a key."""
    for name in _KEYS.get(key, (key,)):
        found = [
            each
            for each in elements
            if each.acts
            and each.enabled
            and not each.takes_text
            and name in (normal(each.name) or each.name.strip(), each.name.strip().lower(), each.text.strip().lower())
        ]
        if len(found) == 1:
            return found[0]
    return None


def _displayed(wanted: str, moment: Moment) -> Step:
    """Whether the screen has the result; it is what later clauses call “the result”."""
    moment.progress.it = wanted
    target = float(wanted)
    elements = moment.observation.elements or moment.observation.words
    texts = [
        text for each in elements if not (each.acts and not each.takes_text) for text in (each.value, each.name) if text
    ]
    shown = [value for text in texts if (value := number_of(text.rpartition("=")[2])) is not None]
    if any(abs(value - target) <= 1e-6 * max(1.0, abs(target)) for value in shown):
        return Next(note=f"it displays {wanted}")
    if not moment.progress.tried("looked"):
        return moment.do(Wait(seconds=_RESULT_SECONDS), "wait for the result", "computed")
    nearest = f"; it displays {', '.join(f'“{text[:20]}”' for text in texts[:3])}" if texts else ""
    return Fail(f"the calculator does not display {wanted}{nearest}")
