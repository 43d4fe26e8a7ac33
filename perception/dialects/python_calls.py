"""Calls in Python's syntax, as models write them: found, parsed with `ast`, looked up, and never run.

The first call is the action; what follows is left alone, because the model has not seen yet what the first one does.
Two calls are read as one action where neither is one by itself: `moveTo` and `dragTo` make a drag, a plain `click` and
`write` fill a field.
"""

from __future__ import annotations

import ast
import re
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

from handeye.perception.dialects.call_actions import CALLS, OFFERED, PACE, Given, place
from handeye.tools.errors import ActionRefused

if TYPE_CHECKING:
    from handeye.perception.dialects.coordinates import Picture

Fields = dict[str, Any]

#: Longer code is no action, and would take long to parse.
MOST_CHARACTERS = 24_000
#: No call needs more brackets inside each other, or more outside of its texts; parsing takes long where there is.
MOST_DEPTH, MOST_BARE = 6, 1000

#: What may stand before a call: a fence, comments, and imports of what the calls belong to.
BEFORE = re.compile(r"(?:\s++|```\w*+|#[^\n]*+|import (?:pyautogui|computer|time)\b[^\n]*+)*+")
NAME = re.compile(r"(?:(?:pyautogui|computer|agent|time)\s?\.\s?)?([A-Za-z_]\w{0,40})\s?\(")
PLAIN = re.compile(r"[^'\"()\[\]{}]++")
STRING = re.compile(r"""'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+\"""", re.DOTALL)
#: A call with one text that holds quotes of its own kind, which is no Python: it ends where the paragraph does.
LOOSE = re.compile(r"(\w{1,41})\s?\((\w{1,40})\s?=\s?(['\"])(.*)\3\s?\)[\s`]*", re.DOTALL)
#: What the keys of a chord are called.
KEYS = ("keys", "key", "args")
ESCAPE = re.compile(r"\\(.)", re.DOTALL)


#: Full-width punctuation of calls, as models trained on Chinese write it: https://github.com/web-infra-dev/midscene/issues/843
WIDE = str.maketrans("（），＝：［］", "(),=:[]")
WIDE_CALL = re.compile(r"\w\s?（")


class Call(NamedTuple):
    """A call with its arguments by name."""

    name: str
    given: Fields


def action_of(code: str, said: str, picture: Picture) -> Fields:
    """The fields of the action that code means; `said` is what the model said it would do.

    Raises ActionRefused when the code begins with anything but an allowed call of plain numbers, texts and lists.
    """
    if len(code) > MOST_CHARACTERS:
        raise ActionRefused(f"the action has {len(code)} characters, over {MOST_CHARACTERS}; write a short call")
    if WIDE_CALL.search(code):
        code = _narrow(code)
    first, end = _next(code, 0)
    if first is None:
        raise ActionRefused("the action is empty; write a call such as click(x=0.5, y=0.5)")
    second = _second(code, end) if first.name in {"moveTo", "click"} and set(first.given) <= {"x", "y"} else None
    try:
        if first.name == "moveTo" and second and second.name == "dragTo":
            return {"kind": "drag", "start": place(first.given, picture), "end": place(second.given, picture)}
        if first.name == "click" and second and second.name in {"write", "typewrite"}:
            return {"kind": "type", "target": place(first.given, picture), "text": second.given["message"]}
        return CALLS[first.name].make(Given(first.given, said, picture))
    except KeyError as error:
        raise ActionRefused(f"{first.name} needs {error.args[0]}; give it") from None
    except (TypeError, ValueError, OverflowError) as error:
        raise ActionRefused(f"{first.name} was given a value it cannot use ({str(error)[:100]}); mend it") from None


def _narrow(code: str) -> str:
    """Code with the punctuation outside of its texts in ASCII."""
    made, at = [], 0
    for text in STRING.finditer(code):
        made += [code[at : text.start()].translate(WIDE), text[0]]
        at = text.end()
    return "".join([*made, code[at:].translate(WIDE)])


def _second(code: str, end: int) -> Call | None:
    """The call after another one, or None when there is none that can be read."""
    try:
        return _next(code, end)[0]
    except ActionRefused:
        return None


def _next(code: str, begin: int) -> tuple[Call | None, int]:
    """The call at a place in some code, and where it ends; None at the end of the code."""
    before = BEFORE.match(code, begin)
    start = before.end() if before else begin
    if start == len(code):
        return None, start
    named = NAME.match(code, start)
    if not named or named[1] not in CALLS:
        raise ActionRefused(f"{_shown(code[start:])} is not an allowed call; choose one of {', '.join(OFFERED)}")
    end = _end(code, named.end())
    node = _parsed(code[named.start(1) : end]) if end else None
    if isinstance(node, ast.Call):
        given = {str(keyword.arg): _value(keyword.value, named[1]) for keyword in node.keywords}
        return _called(named[1], [_value(argument, named[1]) for argument in node.args], given), end
    paragraph = code[named.start(1) :].split("\n\n", 1)[0]
    loose = LOOSE.fullmatch(paragraph)
    if not loose:
        raise ActionRefused(f"{_shown(code[start:])} is not a call; write one such as click(x=0.5, y=0.5)")
    return _called(named[1], [], {loose[2]: ESCAPE.sub(_unescaped, loose[4])}), named.start(1) + len(paragraph)


def _shown(code: str) -> str:
    return repr(" ".join(code[:60].split()))


def _end(code: str, at: int) -> int:
    """Where the call ends whose arguments begin at a place; 0 when it does not.

    Raises ActionRefused for texts side by side: Python makes one of them, where a comma was forgotten.
    """
    depth, text_end, bare = 1, 0, 0
    while depth:
        plain = PLAIN.match(code, at)
        if plain:
            bare += plain.end() - at
            at = plain.end()
        letter = code[at : at + 1]
        if not letter:
            return 0
        if letter in "'\"":
            text = STRING.match(code, at)
            if not text:
                return 0
            if text_end and not code[text_end:at].strip():
                raise ActionRefused("two texts stand side by side without a comma; write the comma, or one text")
            at = text_end = text.end()
            continue
        depth += 1 if letter in "([{" else -1
        if depth > MOST_DEPTH or bare > MOST_BARE:
            raise ActionRefused(
                f"the call has brackets more than {MOST_DEPTH} deep or {MOST_BARE} characters outside of texts; "
                "write numbers, texts and short lists"
            )
        at += 1
    return at


def _parsed(code: str) -> ast.expr | None:
    """One expression, or None when it is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd escapes in the model's strings
            return ast.parse(code, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _value(node: ast.expr, name: str) -> Any:
    """A number, a text, a truth value, None, or a list of these; ActionRefused for anything that would have to run."""
    match node:
        case ast.Constant(value=value) if isinstance(value, (str, int, float, type(None))):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_value(item, name) for item in items]
    raise ActionRefused(f"{name} takes numbers, texts and lists only; write them out")


def _called(name: str, values: list[Any], named: Fields) -> Call:
    """A call whose arguments have the names its vocabulary knows; those it ignores and empty ones are left out."""
    allowed = CALLS[name]
    if allowed.names == ("*",):
        keys = values or next((named[each] for each in KEYS if each in named), [])
        if set(named) <= {*KEYS, *PACE}:
            return Call(name, {"keys": keys})
    known = {*allowed.names, *allowed.ignored}
    if len(values) > len(allowed.names) or not set(named) <= known:
        raise ActionRefused(f"{name} takes {', '.join(allowed.names) or 'nothing'}; leave out what else was given")
    given = dict(zip(allowed.names, values, strict=False)) | named
    return Call(name, {key: value for key, value in given.items() if value is not None and key in allowed.names})


def _unescaped(match: re.Match[str]) -> str:
    return {"n": "\n", "t": "\t"}.get(match[1], match[1] if match[1] in "'\"\\" else match[0])
