"""The AT-SPI roles that become elements, and their ARIA names.

The numbers are those of AtspiRole and AtspiStateType (at-spi2-core's atspi-constants.h), which never change.
"""

from __future__ import annotations

MENU, PASSWORD, COMBO_BOX, ENTRY, TEXT, TERMINAL, SPIN_BUTTON, SLIDER = 33, 40, 11, 79, 61, 60, 52, 51
PROGRESS_BAR, LEVEL_BAR, POPUP_MENU, TOGGLE_BUTTON = 42, 103, 41, 62
CELL, LIST, LIST_ITEM, PAGE_TAB, PUSH_BUTTON, SCROLL_PANE, VIEWPORT, APPLICATION = 56, 31, 32, 37, 43, 49, 68, 75

#: The ARIA name of each role that is an element; other roles are containers or decoration.
ROLES = {
    2: "alert",
    7: "checkbox",
    8: "menuitemcheckbox",
    10: "columnheader",
    COMBO_BOX: "combobox",
    12: "textbox",  # a date editor
    13: "option",  # an icon of a desktop
    16: "dialog",
    19: "dialog",  # to choose a file
    9: "dialog",  # to choose a colour
    22: "dialog",  # to choose a font
    26: "option",  # an icon in a view of icons
    27: "img",
    29: "text",
    LIST_ITEM: "option",
    MENU: "menuitem",
    35: "menuitem",
    PAGE_TAB: "tab",
    PASSWORD: "textbox",
    PROGRESS_BAR: "progressbar",
    PUSH_BUTTON: "button",
    44: "radio",
    45: "menuitemradio",
    47: "rowheader",
    SLIDER: "slider",
    SPIN_BUTTON: "spinbutton",
    54: "text",  # a status bar
    CELL: "cell",
    57: "columnheader",
    58: "rowheader",
    TERMINAL: "textbox",
    TEXT: "text",
    TOGGLE_BUTTON: "button",  # it stays pressed
    64: "tooltip",
    73: "text",
    76: "combobox",  # with completion
    77: "textbox",
    ENTRY: "textbox",
    83: "heading",
    88: "link",
    90: "row",
    91: "treeitem",
    101: "alert",
    102: "alert",
    LEVEL_BAR: "progressbar",
    116: "text",  # static text
    129: "button",  # it opens a menu
    130: "switch",
}  # fmt: skip

#: Roles that are elements even without a name.
NAMELESS = frozenset({"button", "textbox", "combobox", "spinbutton", "slider", "checkbox", "radio", "switch", "tab"})

#: Roles whose text is requested: a user can type in them.
WRITTEN = frozenset({ENTRY, TEXT, TERMINAL, SPIN_BUTTON, COMBO_BOX, CELL, 12, 73, 76, 77})

#: Roles that can be the parent of an element.
HOLDING = frozenset({"dialog", "row", "option", "treeitem", "alert"})

#: Roles whose value is a number.
MEASURED = frozenset({SLIDER, PROGRESS_BAR, LEVEL_BAR, SPIN_BUTTON})

#: Roles that take their name from the text inside them if the program reports no name.
NAMED_BY_CONTENT = frozenset({LIST_ITEM, PAGE_TAB, PUSH_BUTTON, TOGGLE_BUTTON, 35, 129})

#: Roles that show only a part of their content.
SCROLLED = frozenset({SCROLL_PANE, VIEWPORT})

ACTIVE, ARMED, CHECKED, EDITABLE, ENABLED, EXPANDED, FOCUSED, PRESSED, SENSITIVE = 1, 2, 4, 7, 8, 10, 12, 20, 24
SELECTABLE, SELECTED, SHOWING, VISIBLE, MANAGES_DESCENDANTS, CHECKABLE = 22, 23, 25, 30, 31, 41

#: Roles that can be selected if the program reports the state SELECTABLE.
CHOSEN = frozenset({"cell", "row", "option", "treeitem", "tab"})

#: Roles that can be checked, whether or not the program reports the state CHECKABLE.
TICKED = frozenset({"checkbox", "menuitemcheckbox", "radio", "menuitemradio", "switch"})
