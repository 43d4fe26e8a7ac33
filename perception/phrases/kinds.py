"""Which elements are meant by a word such as “button”, and which may be."""

from __future__ import annotations

#: Roles that suit a role word, best first; others are marked down.
SUITS: dict[str, frozenset[str]] = {
    "button": frozenset({"button", "clickable"}),
    "link": frozenset({"link"}),
    "field": frozenset({"textbox", "searchbox", "combobox", "spinbutton"}),
    "search": frozenset({"searchbox", "textbox", "combobox"}),
    "checkbox": frozenset({"checkbox", "switch", "menuitemcheckbox"}),
    "radio": frozenset({"radio", "menuitemradio"}),
    "switch": frozenset({"switch", "checkbox", "button"}),
    "list": frozenset({"combobox", "listbox", "list"}),
    "option": frozenset({"option", "radio", "menuitem", "menuitemradio", "listitem"}),
    "tab": frozenset({"tab"}),
    "menuitem": frozenset({"menuitem", "menuitemcheckbox", "menuitemradio", "link"}),
    "menu": frozenset({"menu", "menuitem", "menubar"}),
    "icon": frozenset({"img", "image", "icon", "button", "link", "clickable", "graphics-symbol"}),
    "heading": frozenset({"heading", "columnheader"}),
    "row": frozenset({"row"}),
    "item": frozenset({"listitem", "article", "row", "treeitem", "option", "group"}),
    "cell": frozenset({"cell", "gridcell", "columnheader", "rowheader"}),
    "column": frozenset({"columnheader"}),
    "slider": frozenset({"slider"}),
    "spin": frozenset({"spinbutton"}),
    "dialog": frozenset({"dialog", "alertdialog"}),
    "area": frozenset({"region", "form", "group", "toolbar", "navigation", "table", "list", "menubar"}),
    "text": frozenset({"text", "heading", "paragraph", "label", "cell"}),
    "box": frozenset({"textbox", "searchbox", "checkbox", "combobox"}),
}  # fmt: skip
#: What people confuse without meaning anything by it.
NEARLY: dict[str, frozenset[str]] = {
    "button": frozenset({"link", "menuitem", "tab", "img", "switch", "combobox"}),
    "link": frozenset({"button", "menuitem", "tab", "clickable"}),
    "list": frozenset({"button", "textbox"}),
    "tab": frozenset({"link", "button", "radio"}),
    "option": frozenset({"button", "link", "text", "checkbox"}),
    "menu": frozenset({"button", "link", "combobox"}),
    "menuitem": frozenset({"button", "text"}),
    "checkbox": frozenset({"radio", "button"}),
    "radio": frozenset({"checkbox", "button", "option"}),
    "item": frozenset({"link", "text", "heading", "clickable", "button", "cell"}),
    "row": frozenset({"listitem", "cell", "text"}),
    "field": frozenset({"listbox", "clickable"}),
}
