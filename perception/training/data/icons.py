"""Icons drawn by handeye, as recipes: one source for Pillow's masks and for SVG.

A recipe has parts on a grid of 24 by 24. `body` is outlined, or filled in the filled variant; `cut` are lines and
`hole` areas that a filled body is cut by; `line` is always stroked, `dot` always filled. A part is written as a path:
M, L, H, V, C and Z as in SVG (absolute), and O (circle: cx cy r), R (arc: cx cy r from to, in degrees), B (box: x1 y1
x2 y2 and the radius of its corners), P (polygon: cx cy r n), S (star: cx cy r1 r2 n), G (gear: cx cy r1 r2 n).
"""

from __future__ import annotations

Recipe = dict[str, str]

ICONS: dict[str, Recipe] = {
    "arrow down": {"line": "M12 4 V20 M5 13 L12 20 L19 13"},
    "arrow left": {"line": "M20 12 H4 M11 5 L4 12 L11 19"},
    "arrow right": {"line": "M4 12 H20 M13 5 L20 12 L13 19"},
    "arrow up": {"line": "M12 20 V4 M5 11 L12 4 L19 11"},
    "battery": {"line": "B2 7.5 19 16.5 2 M22 11 V13", "dot": "B5 10.5 13 13.5 0"},
    "bell": {
        "body": "M5 17 C7 15 6.5 12 7 9.5 C7.5 6.5 9.5 5 12 5 C14.5 5 16.5 6.5 17 9.5 C17.5 12 17 15 19 17 Z",
        "line": "M10 20.5 H14 M12 3 V5",
    },
    "book": {
        "body": "M3 4.5 C7 3.5 10 4 12 5.5 C14 4 17 3.5 21 4.5 V19 C17 18.5 14 19 12 20.5 C10 19 7 18.5 3 19 Z",
        "cut": "M12 5.5 V20.5",
    },
    "bookmark": {"body": "M6 3 H18 V21 L12 16.5 L6 21 Z"},
    "calendar": {"body": "B3 5 21 21 2", "cut": "M3 10 H21", "line": "M8 2.5 V7 M16 2.5 V7"},
    "camera": {"body": "M2.5 8 H7.5 L9 5 H15 L16.5 8 H21.5 V19.5 H2.5 Z", "hole": "O12 13.4 3.6"},
    "cart": {"line": "M2 4 H5 L7.5 15.5 H18.5 L21 7.5 H6", "dot": "O9 19.7 1.8 O17 19.7 1.8"},
    "chart": {"body": "B3.5 12 7.5 20.5 0 B10 8 14 20.5 0 B16.5 3.5 20.5 20.5 0"},
    "chat": {"body": "M3 4 H21 V16.5 H11.5 L6.5 21 V16.5 H3 Z", "cut": "M7.5 8.5 H16.5 M7.5 12.2 H13"},
    "check": {"line": "M4 12.5 L10 18.5 L20 6"},
    "clock": {"body": "O12 12 9", "cut": "M12 6.5 V12 L16 14.5"},
    "cloud": {
        "body": "M7 19 C4 19 2 17 2 14.5 C2 12 4 10.3 6.3 10.2 C7 7 9.3 5 12.3 5 C15.6 5 18 7.3 18.3 10.5"
        " C20.5 10.8 22 12.5 22 14.8 C22 17.2 20 19 17.5 19 Z"
    },
    "copy": {"body": "B8.5 8.5 20.5 20.5 1.5", "line": "M15.5 8.5 V3.5 H3.5 V15.5 H8.5"},
    "credit card": {"body": "B2 5 22 19 2", "cut": "M2 9.5 H22 M5.5 15 H10"},
    "cross": {"line": "M5 5 L19 19 M19 5 L5 19"},
    "cup": {
        "body": "M5 8.5 H16 V15 C16 18.5 14 20.5 10.5 20.5 C7 20.5 5 18.5 5 15 Z",
        "line": "M16 10.5 H18 C19.5 10.5 20.5 11.3 20.5 12.7 C20.5 14.2 19.5 15 18 15 H16 M8.3 2.5 V5.5 M12.7 2.5 V5.5",
    },
    "diamond": {"body": "M12 3 L21 12 L12 21 L3 12 Z"},
    "disc": {"body": "O12 12 9"},
    "disk": {"body": "M4 4 H16.5 L20 7.5 V20 H4 Z", "cut": "M8 4 V9 H15 V4 M7.5 20 V13.5 H16.5 V20"},
    "dots": {"dot": "O5 12 2.1 O12 12 2.1 O19 12 2.1"},
    "download": {"line": "M12 3 V15.5 M6.5 10 L12 15.5 L17.5 10 M4 20.5 H20"},
    "eye": {
        "body": "M2 12 C5 7 8.5 5 12 5 C15.5 5 19 7 22 12 C19 17 15.5 19 12 19 C8.5 19 5 17 2 12 Z",
        "hole": "O12 12 3.2",
    },
    "file": {"body": "M5.5 2.5 H13.5 L18.5 7.5 V21.5 H5.5 Z", "cut": "M13.5 2.5 V7.5 H18.5"},
    "flag": {"body": "M5 4 H19 L15.5 8.7 L19 13.5 H5 Z", "line": "M5 3 V21.5"},
    "folder": {"body": "M2.5 5.5 H9.5 L11.5 8 H21.5 V19.5 H2.5 Z"},
    "funnel": {"body": "M3 4 H21 L14 12.5 V20.5 L10 17.5 V12.5 Z"},
    "gear": {"body": "G12 12 10 7.4 8", "hole": "O12 12 3"},
    "gift": {
        "body": "B4 11.5 20 21 0 B3 7.5 21 11.5 0",
        "cut": "M12 7.5 V21",
        "line": "M12 7.5 C9 7.5 7 6 7.5 4.2 C8.2 2.5 11 3 12 7.5 C13 3 15.8 2.5 16.5 4.2 C17 6 15 7.5 12 7.5",
    },
    "globe": {
        "body": "O12 12 9",
        "cut": "M3 12 H21 M12 3 C9 6 8.3 9 8.3 12 C8.3 15 9 18 12 21 M12 3 C15 6 15.7 9 15.7 12 C15.7 15 15 18 12 21",
    },
    "grid": {"body": "B3.5 3.5 10 10 1 B14 3.5 20.5 10 1 B3.5 14 10 20.5 1 B14 14 20.5 20.5 1"},
    "heart": {
        "body": "M12 20.5 C5 15.5 2.5 11.5 2.5 8.5 C2.5 5.5 4.8 3.8 7.2 3.8 C9.4 3.8 11.2 5 12 7"
        " C12.8 5 14.6 3.8 16.8 3.8 C19.2 3.8 21.5 5.5 21.5 8.5 C21.5 11.5 19 15.5 12 20.5 Z"
    },
    "hexagon": {"body": "P12 12 9.5 6"},
    "home": {"body": "M3 12 L12 3.5 L21 12 H18.5 V20.5 H5.5 V12 Z", "cut": "M10 20.5 V14.5 H14 V20.5"},
    "info": {"body": "O12 12 9", "cut": "M12 11 V17 M12 6.8 V8"},
    "key": {"body": "O7.5 16 4.7", "hole": "O7.5 16 1.5", "line": "M11 12.5 L20 3.5 M16.5 7 L20 10.5"},
    "lightning": {"body": "M13.5 2 L4 14 H11 L10 22 L20 9.5 H12.5 Z"},
    "link": {
        "line": "M10.5 7.5 L13 5 C14.8 3.2 17.5 3.2 19.2 5 C20.8 6.7 20.8 9.2 19 11 L16.5 13.5"
        " M13.5 16.5 L11 19 C9.2 20.8 6.5 20.8 4.8 19 C3.2 17.3 3.2 14.8 5 13 L7.5 10.5 M9 15 L15 9"
    },
    "list": {"line": "M9 6 H20.5 M9 12 H20.5 M9 18 H20.5", "dot": "O4.5 6 1.6 O4.5 12 1.6 O4.5 18 1.6"},
    "lock": {
        "body": "B5 11 19 21 2",
        "cut": "M12 15 V17.5",
        "line": "M8 11 V8 C8 5 9.5 3.5 12 3.5 C14.5 3.5 16 5 16 8 V11",
    },
    "mail": {"body": "B2.5 5 21.5 19 2", "cut": "M3 7 L12 13.5 L21 7"},
    "menu": {"line": "M3.5 6 H20.5 M3.5 12 H20.5 M3.5 18 H20.5"},
    "microphone": {
        "body": "B9 2.5 15 14 3",
        "line": "M5.5 11 C5.5 15.5 8.5 17.5 12 17.5 C15.5 17.5 18.5 15.5 18.5 11 M12 17.5 V21 M8.5 21 H15.5",
    },
    "minus": {"line": "M4.5 12 H19.5"},
    "moon": {
        "body": "M20 14.5 C18.8 15 17.8 15.2 16.5 15.2 C12 15.2 8.8 12 8.8 7.5 C8.8 6.2 9 5 9.5 4"
        " C5.8 5.2 3.5 8.3 3.5 12.2 C3.5 17 7.2 20.7 12 20.7 C15.9 20.7 18.9 18.3 20 14.5 Z"
    },
    "music": {"line": "M9 17 V5 L19 3.5 V15.5", "dot": "O6.4 17.3 2.7 O16.4 15.8 2.7"},
    "pause": {"body": "B6 4 10 20 0.8 B14 4 18 20 0.8"},
    "pencil": {"body": "M3.5 20.5 L4.8 15.5 L16 4.2 L19.8 8 L8.5 19.2 Z", "cut": "M13.3 7 L17 10.7"},
    "people": {
        "body": "O9 8 3.7 M2 20 C2 16 5 14 9 14 C13 14 16 16 16 20 Z",
        "line": "R15.8 8 3.4 -70 70 M18.5 14.5 C20.8 15.5 22 17.5 22 20",
    },
    "phone": {
        "body": "M6 3 H9.5 L11.5 8 L9 9.7 C10 12 12 14 14.3 15 L16 12.5 L21 14.5 V18 C21 19.5 19.5 21 18 21"
        " C10 20.5 3.5 14 3 6 C3 4.5 4.5 3 6 3 Z"
    },
    "picture": {
        "body": "B2.5 4 21.5 20 2",
        "cut": "M3 17.5 L9 11 L13 15.5 L16 12.5 L21 17.5",
        "hole": "O15.8 8.3 1.5",
    },
    "pin": {
        "body": "M12 22 C7 16 5 13 5 9.5 C5 5.3 8 2.5 12 2.5 C16 2.5 19 5.3 19 9.5 C19 13 17 16 12 22 Z",
        "hole": "O12 9.5 2.6",
    },
    "play": {"body": "M7 3.5 L20.5 12 L7 20.5 Z"},
    "plus": {"line": "M12 4 V20 M4 12 H20"},
    "printer": {"body": "B3 9 21 17 1.5", "line": "M7 9 V3 H17 V9 M7 17 V21 H17 V17", "cut": "M7 13 H17"},
    "question": {
        "body": "O12 12 9",
        "cut": "M9 9.6 C9 7.8 10.4 7 12 7 C13.6 7 15 7.9 15 9.4 C15 11.4 12 11.6 12 13.8 M12 16.6 V17.8",
    },
    "record": {"line": "O12 12 9", "dot": "O12 12 4.5"},
    "redo": {"line": "M15 4.5 L20 9.5 L15 14.5 M20 9.5 H10 C6 9.5 4 12 4 15 C4 18 6 20.5 9.5 20.5 H14"},
    "refresh": {"line": "R12 12 8 -20 285 M20.6 3.8 L19.9 9.4 L14.4 8.2"},
    "ring": {"line": "O12 12 8"},
    "scissors": {"line": "O6 6.3 2.8 O6 17.7 2.8 M8.3 8 L20 18.5 M8.3 16 L20 5.5"},
    "search": {"line": "O10.5 10.5 6.5 M15.5 15.5 L21 21"},
    "share": {"dot": "O5.5 12 2.9 O18 5.5 2.9 O18 18.5 2.9", "line": "M5.5 12 L18 5.5 M5.5 12 L18 18.5"},
    "shield": {
        "body": "M12 2.5 L20 5.5 V11 C20 16 17 19.5 12 21.5 C7 19.5 4 16 4 11 V5.5 Z",
        "cut": "M8.5 11.5 L11.2 14.2 L15.8 9",
    },
    "speaker": {"body": "M2.5 9 H7 L12.5 4 V20 L7 15 H2.5 Z", "line": "R12.5 12 4 -50 50 R12.5 12 8.3 -50 50"},
    "square": {"body": "B4 4 20 20 0"},
    "star": {"body": "S12 12.6 10 4.2 5"},
    "stop": {"line": "O12 12 9", "dot": "B8.5 8.5 15.5 15.5 0.6"},
    "sun": {
        "body": "O12 12 4.5",
        "line": "M12 1.5 V4.5 M12 19.5 V22.5 M1.5 12 H4.5 M19.5 12 H22.5"
        " M4.6 4.6 L6.7 6.7 M17.3 17.3 L19.4 19.4 M4.6 19.4 L6.7 17.3 M17.3 6.7 L19.4 4.6",
    },
    "tag": {"body": "M3 3 H12 L21.5 12.5 L12.5 21.5 L3 12 Z", "hole": "O7.6 7.6 1.6"},
    "trash": {
        "body": "M6 7 L7 21 H17 L18 7 Z",
        "cut": "M10 11 V17 M14 11 V17",
        "line": "M3.5 7 H20.5 M9 7 V3.5 H15 V7",
    },
    "triangle": {"body": "M12 3.5 L21.5 20 H2.5 Z"},
    "truck": {"body": "M2 6 H14 V17 H2 Z M14 10 H19 L22 13.5 V17 H14 Z", "dot": "O6.5 18 2.4 O17.5 18 2.4"},
    "undo": {"line": "M9 4.5 L4 9.5 L9 14.5 M4 9.5 H14 C18 9.5 20 12 20 15 C20 18 18 20.5 14.5 20.5 H10"},
    "unlock": {
        "body": "B5 11 19 21 2",
        "cut": "M12 15 V17.5",
        "line": "M8 11 V6.5 C8 3.5 9.5 2 12 2 C14.3 2 15.6 3.3 16 5.4",
    },
    "upload": {"line": "M12 16.5 V4 M6.5 9 L12 3.5 L17.5 9 M4 20.5 H20"},
    "user": {"body": "O12 7.5 4.3 M3.5 21 C3.5 16.3 7.2 14.2 12 14.2 C16.8 14.2 20.5 16.3 20.5 21 Z"},
    "video": {"body": "B2 6 15 18 2 M16.5 10.5 L22 7 V17 L16.5 13.5 Z"},
    "warning": {"body": "M12 3 L22 20.5 H2 Z", "cut": "M12 9.5 V14.5 M12 16.8 V18"},
    "wifi": {"line": "R12 19 5.5 -135 -45 R12 19 10 -135 -45 R12 19 14.5 -135 -45", "dot": "O12 19 1.7"},
}

#: The plain shapes of the easiest pictures.
SHAPES = ("cross", "diamond", "disc", "heart", "hexagon", "plus", "ring", "square", "star", "triangle")
#: What stands on buttons and in toolbars.
SIGNS = tuple(name for name in ICONS if name not in {"diamond", "disc", "hexagon", "ring", "square", "triangle"})

#: Synonyms of icon names; no word belongs to two icons.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "arrow down": ("down arrow",),
    "arrow left": ("left arrow",),
    "arrow right": ("right arrow",),
    "arrow up": ("up arrow",),
    "bell": ("notifications",),
    "bookmark": ("ribbon",),
    "calendar": ("date",),
    "camera": ("photo",),
    "cart": ("basket", "shopping cart"),
    "chart": ("statistics",),
    "chat": ("comment", "speech bubble"),
    "check": ("tick", "check mark"),
    "clock": ("time",),
    "credit card": ("payment",),
    "cross": ("close", "x"),
    "disk": ("save", "floppy disk"),
    "dots": ("more", "three dots"),
    "eye": ("show",),
    "file": ("document",),
    "folder": ("directory",),
    "funnel": ("filter",),
    "gear": ("settings", "cog"),
    "gift": ("present",),
    "globe": ("language", "world"),
    "heart": ("favourite", "like"),
    "home": ("house",),
    "lightning": ("bolt", "flash"),
    "link": ("chain",),
    "lock": ("padlock",),
    "mail": ("envelope", "email"),
    "menu": ("hamburger", "three lines"),
    "microphone": ("mic",),
    "moon": ("dark mode",),
    "music": ("note",),
    "pencil": ("edit", "pen"),
    "people": ("group", "team"),
    "phone": ("call", "handset"),
    "picture": ("image",),
    "pin": ("map pin", "location", "place"),
    "plus": ("add",),
    "printer": ("print",),
    "question": ("help", "question mark"),
    "refresh": ("reload",),
    "scissors": ("cut",),
    "search": ("magnifying glass", "magnifier"),
    "speaker": ("sound", "volume"),
    "sun": ("light mode",),
    "tag": ("label", "price tag"),
    "trash": ("bin", "delete", "rubbish bin"),
    "truck": ("delivery",),
    "undo": ("revert",),
    "user": ("person", "profile", "account"),
    "video": ("film",),
    "warning": ("alert", "exclamation mark"),
    "wifi": ("wireless",),
}
