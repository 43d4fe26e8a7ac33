"""Which of AT-SPI's roles are elements here, and what they are called.

The numbers are those of AtspiRole and AtspiStateType (at-spi2-core's atspi-constants.h), which never change.
"""

from __future__ import annotations

MENU, PASSWORD, COMBO_BOX, ENTRY, TEXT, TERMINAL, SPIN_BUTTON, SLIDER = 33, 40, 11, 79, 61, 60, 52, 51
PROGRESS_BAR, LEVEL_BAR, POPUP_MENU, TOGGLE_BUTTON = 42, 103, 41, 62
CELL, LIST, LIST_ITEM, PAGE_TAB, PUSH_BUTTON, SCROLL_PANE, VIEWPORT, APPLICATION = 56, 31, 32, 37, 43, 49, 68, 75

#: ARIA's name of each role that is an element; the others only hold elements, or decorate.
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
    TOGGLE_BUTTON: "button",  # that stays down
    64: "tooltip",
    73: "text",
    76: "combobox",  # that completes
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
    129: "button",  # that opens a menu
    130: "switch",
}  # fmt: skip

#: Elements that are there for what they hold or do, even when they have no name.
NAMELESS = frozenset({"button", "textbox", "combobox", "spinbutton", "slider", "checkbox", "radio", "switch", "tab"})

#: Roles whose text is asked for: what a person has typed, or could.
WRITTEN = frozenset({ENTRY, TEXT, TERMINAL, SPIN_BUTTON, COMBO_BOX, CELL, 12, 73, 76, 77})

#: Elements that others belong to.
HOLDING = frozenset({"dialog", "row", "option", "treeitem", "alert"})

#: Roles whose value is a number.
MEASURED = frozenset({SLIDER, PROGRESS_BAR, LEVEL_BAR, SPIN_BUTTON})

#: Roles that are called by the words inside them, where a program gives them no other name.
SAYING = frozenset({LIST_ITEM, PAGE_TAB, PUSH_BUTTON, TOGGLE_BUTTON, 35, 129})

#: Roles that show a part of what they hold.
SCROLLED = frozenset({SCROLL_PANE, VIEWPORT})

ACTIVE, ARMED, CHECKED, EDITABLE, ENABLED, EXPANDED, FOCUSED, PRESSED, SENSITIVE = 1, 2, 4, 7, 8, 10, 12, 20, 24
SELECTABLE, SELECTED, SHOWING, VISIBLE, MANAGES_DESCENDANTS, CHECKABLE = 22, 23, 25, 30, 31, 41

#: Elements that are chosen among others, where their program says that they can be.
CHOSEN = frozenset({"cell", "row", "option", "treeitem", "tab"})

#: Roles with something to be ticked, whether or not the program says that it can be.
TICKED = frozenset({"checkbox", "menuitemcheckbox", "radio", "menuitemradio", "switch"})
