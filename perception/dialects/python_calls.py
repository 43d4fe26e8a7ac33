"""Parses calls in Python syntax with `ast` and converts them to actions. Nothing is executed.

Only the first call is used, because the model has not seen its effect yet. Two calls become one action where neither is
one by itself: `moveTo` and `dragTo` make a drag, and a plain `click` and `write` fill a field.
"""

from __future__ import annotations

import ast
import re
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

from handeye.perception.dialects.call_actions import CALLS, OFFERED, PACE, CallArguments, parse_call_place
from handeye.tools.errors import ActionRefused

if TYPE_CHECKING:
    from handeye.perception.dialects.coordinates import CoordinateFrame

Fields = dict[str, Any]

#: Longer code is refused, because it would take long to parse.
MOST_CHARACTERS = 24_000
#: Limits for nested brackets and for characters outside of quotes. Code beyond them takes long to parse.
MOST_DEPTH, MOST_UNQUOTED = 6, 1000

#: May precede a call: a code fence, comments, and imports.
BEFORE = re.compile(r"(?:\s++|```\w*+|#[^\n]*+|import (?:pyautogui|computer|time)\b[^\n]*+)*+")
NAME = re.compile(r"(?:(?:pyautogui|computer|agent|time)\s?\.\s?)?([A-Za-z_]\w{0,40})\s?\(")
PLAIN = re.compile(r"[^'\"()\[\]{}]++")
STRING = re.compile(r"""'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+\"""", re.DOTALL)
#: A call with one string that contains unescaped quotes. This is not Python; the call ends with the paragraph.
UNESCAPED_CALL = re.compile(r"(\w{1,41})\s?\((\w{1,40})\s?=\s?(['\"])(.*)\3\s?\)[\s`]*", re.DOTALL)
#: Names of the argument for the keys of a chord.
KEYS = ("keys", "key", "args")
ESCAPE = re.compile(r"\\(.)", re.DOTALL)


#: Full-width punctuation of calls, which models trained on Chinese text write: https://github.com/web-infra-dev/midscene/issues/843
FULL_WIDTH = str.maketrans("（），＝：［］", "(),=:[]")
FULL_WIDTH_CALL = re.compile(r"\w\s?（")


class PythonCall(NamedTuple):
    """A call and its arguments by name."""

    name: str
    given: Fields


def parse_call(code: str, intent: str, frame: CoordinateFrame) -> Fields:
    """Return the action fields of the code; `intent` is the model's own description of the action.

    Raises ActionRefused when the code does not begin with an allowed call with literal arguments.
    """
    if len(code) > MOST_CHARACTERS:
        raise ActionRefused(f"the action has {len(code)} characters, over {MOST_CHARACTERS}; write a short call")
    if FULL_WIDTH_CALL.search(code):
        code = _to_ascii_punctuation(code)
    first, end = _next_call(code, 0)
    if first is None:
        raise ActionRefused("the action is empty; write a call such as click(x=0.5, y=0.5)")
    second = (
        _following_call(code, end) if first.name in {"moveTo", "click"} and set(first.given) <= {"x", "y"} else None
    )
    try:
        if first.name == "moveTo" and second and second.name == "dragTo":
            return {
                "kind": "drag",
                "start": parse_call_place(first.given, frame),
                "end": parse_call_place(second.given, frame),
            }
        if first.name == "click" and second and second.name in {"write", "typewrite"}:
            return {"kind": "type", "target": parse_call_place(first.given, frame), "text": second.given["message"]}
        return CALLS[first.name].make(CallArguments(first.given, intent, frame))
    except KeyError as error:
        raise ActionRefused(f"{first.name} needs {error.args[0]}; give it") from None
    except (TypeError, ValueError, OverflowError) as error:
        raise ActionRefused(f"{first.name} was given a value it cannot use ({str(error)[:100]}); mend it") from None


def _to_ascii_punctuation(code: str) -> str:
    """Return the code with ASCII punctuation outside of its strings."""
    made, at = [], 0
    for text in STRING.finditer(code):
        made += [code[at : text.start()].translate(FULL_WIDTH), text[0]]
        at = text.end()
    return "".join([*made, code[at:].translate(FULL_WIDTH)])


def _following_call(code: str, end: int) -> PythonCall | None:
    """Return the call after another one, or None when there is none that can be parsed."""
    try:
        return _next_call(code, end)[0]
    except ActionRefused:
        return None


def _next_call(code: str, begin: int) -> tuple[PythonCall | None, int]:
    """Return the call at an index of the code and the index where it ends; None at the end of the code."""
    before = BEFORE.match(code, begin)
    start = before.end() if before else begin
    if start == len(code):
        return None, start
    named = NAME.match(code, start)
    if not named or named[1] not in CALLS:
        raise ActionRefused(f"{_excerpt(code[start:])} is not an allowed call; choose one of {', '.join(OFFERED)}")
    end = _call_end(code, named.end())
    node = _parse_expression(code[named.start(1) : end]) if end else None
    if isinstance(node, ast.Call):
        given = {str(keyword.arg): _literal_value(keyword.value, named[1]) for keyword in node.keywords}
        return _bind_arguments(named[1], [_literal_value(argument, named[1]) for argument in node.args], given), end
    paragraph = code[named.start(1) :].split("\n\n", 1)[0]
    unescaped = UNESCAPED_CALL.fullmatch(paragraph)
    if not unescaped:
        raise ActionRefused(f"{_excerpt(code[start:])} is not a call; write one such as click(x=0.5, y=0.5)")
    return _bind_arguments(named[1], [], {unescaped[2]: ESCAPE.sub(_unescape, unescaped[4])}), named.start(1) + len(
        paragraph
    )


def _excerpt(code: str) -> str:
    return repr(" ".join(code[:60].split()))


def _call_end(code: str, at: int) -> int:
    """Return the index after the call whose arguments begin at `at`; 0 when the call is not complete.

    Raises ActionRefused for adjacent strings. Python would join them, but a comma is missing.
    """
    depth, text_end, unquoted = 1, 0, 0
    while depth:
        plain = PLAIN.match(code, at)
        if plain:
            unquoted += plain.end() - at
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
        if depth > MOST_DEPTH or unquoted > MOST_UNQUOTED:
            raise ActionRefused(
                f"the call has brackets more than {MOST_DEPTH} deep or {MOST_UNQUOTED} characters outside of texts; "
                "write numbers, texts and short lists"
            )
        at += 1
    return at


def _parse_expression(code: str) -> ast.expr | None:
    """Return the syntax tree of one expression, or None when the code is not one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd escapes in the model's strings
            return ast.parse(code, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _literal_value(node: ast.expr, name: str) -> Any:
    """Return a number, string, boolean, None or a list of these; raises ActionRefused for any other expression."""
    match node:
        case ast.Constant(value=value) if isinstance(value, (str, int, float, type(None))):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_literal_value(item, name) for item in items]
    raise ActionRefused(f"{name} takes numbers, texts and lists only; write them out")


def _bind_arguments(name: str, values: list[Any], named: Fields) -> PythonCall:
    """Return the call with its arguments by name, without ignored and empty ones."""
    allowed = CALLS[name]
    if allowed.names == ("*",):
        keys = values or next((named[each] for each in KEYS if each in named), [])
        if set(named) <= {*KEYS, *PACE}:
            return PythonCall(name, {"keys": keys})
    known = {*allowed.names, *allowed.ignored}
    if len(values) > len(allowed.names) or not set(named) <= known:
        raise ActionRefused(f"{name} takes {', '.join(allowed.names) or 'nothing'}; leave out what else was given")
    given = dict(zip(allowed.names, values, strict=False)) | named
    return PythonCall(name, {key: value for key, value in given.items() if value is not None and key in allowed.names})


def _unescape(match: re.Match[str]) -> str:
    return {"n": "\n", "t": "\t"}.get(match[1], match[1] if match[1] in "'\"\\" else match[0])
