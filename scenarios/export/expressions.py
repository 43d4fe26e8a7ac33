"""Playwright's locators for what a run aimed at, and for what a check speaks of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from handeye.perception.phrases.phrase import readings
from handeye.perception.phrases.quoting import unquote
from handeye.scenarios.export.suite_writer import literal

if TYPE_CHECKING:
    from handeye.policies.replay.signatures import TargetSignature

#: Roles that `get_by_role` knows by the same name.
_ROLES = frozenset({
    "button", "link", "textbox", "searchbox", "checkbox", "radio", "combobox", "listbox", "option", "slider",
    "spinbutton", "switch", "tab", "menuitem", "menuitemcheckbox", "menuitemradio", "treeitem", "heading", "img",
    "row", "cell", "gridcell", "columnheader", "rowheader", "listitem", "article", "dialog", "alertdialog", "form",
    "navigation", "table", "list", "menu", "toolbar", "region",
})  # fmt: skip
#: What the file needs for things that only their row or list item tells apart.
WITHIN = '''
ITEMS = "tr, li, article, figure, [role=row], [role=listitem], [role=treeitem], [role=group], [draggable=true]"


def within(page: Page, text: str, thing: Locator) -> Locator:
    """The thing in the row, list item or card that shows the text."""
    return page.locator(ITEMS).filter(has_text=text).filter(has=thing).last.locator(thing).first
'''
#: Names that were cut are no whole names.
_CUT = 200
#: Words for a kind of thing, as roles of Playwright.
_WORDS = {
    "button": "button", "link": "link", "checkbox": "checkbox", "radio": "radio", "switch": "switch", "tab": "tab",
    "menuitem": "menuitem", "option": "option", "heading": "heading", "list": "combobox", "row": "row",
    "cell": "cell", "column": "columnheader", "slider": "slider", "spin": "spinbutton", "dialog": "dialog",
    "icon": "img", "item": "listitem",
}  # fmt: skip


def locator(signature: TargetSignature) -> str | None:
    """The expression that finds it again; None where only its place is known, as on a canvas."""
    if not signature.role or (signature.spot and not signature.name):
        return None
    one = _called(signature, _root(signature.frame))
    if one is None or signature.of <= 1 or signature.frame:  # how many there are in its frame, nobody has counted
        return one
    return f"within(page, {literal(signature.row)}, {one})" if signature.row else f"{one}.nth({signature.nth - 1})"


def _root(frames: tuple[str, ...]) -> str:
    """The page, or the frame in it."""
    root = "page"
    for frame in frames:
        kind, _, value = frame.partition("=")
        if kind == "nth":
            root += f'.locator("iframe, frame").nth({value}).content_frame'
        else:
            name = json.dumps(value)
            root += f".frame_locator({literal(f'[name={name}], [id={name}]')})"
    return root


def _called(signature: TargetSignature, root: str) -> str | None:
    name, role = signature.name, signature.role
    exact = ", exact=True" if len(name) < _CUT else ""
    if not name:
        if found := _by_key(signature.key, root):
            return found
        return f'{root}.get_by_role("{role}")' if role in _ROLES else None
    if role in _ROLES:
        return f'{root}.get_by_role("{role}", name={literal(name)}{exact})'
    return f"{root}.get_by_text({literal(name)}{exact})"


def _by_key(key: str, root: str) -> str:
    kind, _, value = key.partition("=")
    if kind == "testid":
        return f"{root}.get_by_test_id({literal(value)})"
    selector = f"[{kind}={json.dumps(value)}]"
    return f"{root}.locator({literal(selector)})" if kind in ("id", "name") else ""


def by_phrase(phrase: str, field: bool = False) -> str:
    """What a check speaks of in words; `field` says that it is something that holds a value or a state."""
    asked = readings(phrase)
    query = next((each for each in asked if each.quoted and each.role), None)
    query = query or next((each for each in asked if each.quoted), asked[-1] if asked else None)
    text, role = (query.text, _WORDS.get(query.role, "")) if query else (unquote(phrase), "")
    nth = f".nth({query.ordinal - 1})" if query and query.ordinal > 0 else ".last" if query and query.ordinal else ""
    if role:
        name = f", name={literal(text)}" if text else ""
        return f'page.get_by_role("{role}"{name}){nth or ".first"}'
    if field:
        found = f'page.get_by_label({literal(text)}).or_(page.get_by_role("button", name={literal(text)}))'
        return f"{found}{nth or '.first'}"
    return f"page.get_by_text({literal(text)}){nth or '.first'}"
