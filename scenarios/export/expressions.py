"""Playwright expressions in Python: locators for recorded targets and phrases, and expectations for checks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from handeye.perception.phrases.phrase import ANY_ROLE, readings
from handeye.perception.phrases.quoting import unquote
from handeye.scenarios.export.suite_writer import python_literal

if TYPE_CHECKING:
    from handeye.policies.plain_english.clauses import Statement
    from handeye.policies.replay.signatures import TargetSignature

#: Roles that `get_by_role` knows by the same name.
_ROLES = frozenset({
    "button", "link", "textbox", "searchbox", "checkbox", "radio", "combobox", "listbox", "option", "slider",
    "spinbutton", "switch", "tab", "menuitem", "menuitemcheckbox", "menuitemradio", "treeitem", "heading", "img",
    "row", "cell", "gridcell", "columnheader", "rowheader", "listitem", "article", "dialog", "alertdialog", "form",
    "navigation", "table", "list", "menu", "toolbar", "region",
})  # fmt: skip
#: A helper of the exported file, for elements that only their row or list item distinguishes.
WITHIN = '''
ITEMS = "tr, li, article, figure, [role=row], [role=listitem], [role=treeitem], [role=group], [draggable=true]"


def within(page: Page, text: str, element: Locator) -> Locator:
    """The element in the row, list item or card that contains the text."""
    return page.locator(ITEMS).filter(has_text=text).filter(has=element).last.locator(element).first
'''
#: Recorded names of this length may be cut, and are not compared exactly.
_MAX_NAME = 200
#: Playwright roles by the roles of phrases.
_PHRASE_ROLES = {
    "button": "button", "link": "link", "checkbox": "checkbox", "radio": "radio", "switch": "switch", "tab": "tab",
    "menuitem": "menuitem", "option": "option", "heading": "heading", "list": "combobox", "row": "row",
    "cell": "cell", "column": "columnheader", "slider": "slider", "spin": "spinbutton", "dialog": "dialog",
    "icon": "img", "item": "listitem",
}  # fmt: skip


def locator(signature: TargetSignature) -> str | None:
    """The expression for a recorded target; None if only its position is known, as on a canvas."""
    if not signature.role or (signature.spot and not signature.name):
        return None
    expression = _by_role(signature, _root(signature.frame))
    if expression is None or signature.of <= 1 or signature.frame:  # `of` is not counted within a frame
        return expression
    return (
        f"within(page, {python_literal(signature.row)}, {expression})"
        if signature.row
        else f"{expression}.nth({signature.nth - 1})"
    )


def _root(frames: tuple[str, ...]) -> str:
    """The expression for the page, or for a frame in it."""
    root = "page"
    for frame in frames:
        kind, _, value = frame.partition("=")
        if kind == "nth":
            root += f'.locator("iframe, frame").nth({value}).content_frame'
        else:
            name = json.dumps(value)
            root += f".frame_locator({python_literal(f'[name={name}], [id={name}]')})"
    return root


def _by_role(signature: TargetSignature, root: str) -> str | None:
    name, role = signature.name, signature.role
    exact = ", exact=True" if len(name) < _MAX_NAME else ""
    if not name:
        if expression := _by_key(signature.key, root):
            return expression
        return f'{root}.get_by_role("{role}")' if role in _ROLES else None
    if role in _ROLES:
        return f'{root}.get_by_role("{role}", name={python_literal(name)}{exact})'
    return f"{root}.get_by_text({python_literal(name)}{exact})"


def _by_key(key: str, root: str) -> str:
    kind, _, value = key.partition("=")
    if kind == "testid":
        return f"{root}.get_by_test_id({python_literal(value)})"
    selector = f"[{kind}={json.dumps(value)}]"
    return f"{root}.locator({python_literal(selector)})" if kind in ("id", "name") else ""


def by_phrase(phrase: str, field: bool = False) -> str:
    """The expression for a phrase; `field` means that the element has a value or a state."""
    queries = readings(phrase)
    query = next((each for each in queries if each.quoted and each.role), None)
    query = query or next((each for each in queries if each.quoted), queries[-1] if queries else None)
    text, role = (query.text, _PHRASE_ROLES.get(query.role, "")) if query else (unquote(phrase), "")
    nth = f".nth({query.ordinal - 1})" if query and query.ordinal > 0 else ".last" if query and query.ordinal else ""
    if role:
        name = f", name={python_literal(text)}" if text else ""
        return f'page.get_by_role("{role}"{name}){nth or ".first"}'
    if field:
        labelled = (
            f'page.get_by_label({python_literal(text)}).or_(page.get_by_role("button", name={python_literal(text)}))'
        )
        return f"{labelled}{nth or '.first'}"
    return f"page.get_by_text({python_literal(text)}){nth or '.first'}"


#: Playwright's expectation for a state, and for its opposite.
_STATE_CHECKS = {
    "checked": ("to_be_checked()", "not_to_be_checked()"),
    "enabled": ("to_be_enabled()", "to_be_disabled()"),
    "visible": ("to_be_visible()", "not_to_be_visible()"),
    "focused": ("to_be_focused()", "not_to_be_focused()"),
}
_COUNTED_ROLES = {"row": "row", "item": "listitem", "button": "button", "link": "link", "checkbox": "checkbox",
            "heading": "heading", "option": "option", "cell": "cell", "tab": "tab"}  # fmt: skip


def expectations(statement: Statement) -> list[str]:
    """Lines of Python that check the statement; empty if Playwright has no equivalent."""
    match statement.kind:
        case "shows":
            return _shows(statement)
        case "title" | "url" as what:
            verb = f"to_have_{what}"
            return [
                f"expect(page).{_not(statement)}{verb}({_pattern(text, statement.exact)})" for text in statement.texts
            ]
        case "field" if statement.target:
            place = by_phrase(statement.target, field=True)
            if statement.exact and len(statement.texts) == 1:
                return [f"expect({place}).{_not(statement)}to_have_value({python_literal(statement.texts[0])})"]
            return [f"expect({place}).{_not(statement)}to_have_value({_pattern(text)})" for text in statement.texts]
        case "checked" | "enabled" | "visible" | "focused" as state if statement.target:
            place = by_phrase(statement.target, field=state != "visible")
            return [f"expect({place}).{_STATE_CHECKS[state][statement.negated]}"]
        case "count" if statement.compare == "=" and (
            role := _COUNTED_ROLES.get(ANY_ROLE.get(statement.noun.lower(), ""))
        ):
            return [f'expect(page.get_by_role("{role}")).{_not(statement)}to_have_count({statement.number})']
        case _:
            return []


def _shows(statement: Statement) -> list[str]:
    """Checks for visible text, in fields too, without regard to case."""
    places = [
        f"page.get_by_text({python_literal(' '.join(text.split()))}).filter(visible=True)" for text in statement.texts
    ]
    if statement.negated:
        return [f"expect({place}).to_have_count(0)" for place in places]
    if statement.any_of and len(places) > 1:
        return [f"expect({places[0]}{''.join(f'.or_({place})' for place in places[1:])}.first).to_be_visible()"]
    return [f"expect({place}.first).to_be_visible()" for place in places]


def _not(statement: Statement) -> str:
    return "not_" if statement.negated else ""


def _pattern(text: str, exact: bool = False) -> str:
    """A regular expression that ignores case, as handeye does."""
    inner = f"re.escape({python_literal(text)})"
    return f're.compile("^" + {inner} + "$", re.IGNORECASE)' if exact else f"re.compile({inner}, re.IGNORECASE)"
