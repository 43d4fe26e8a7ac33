"""What people call icons: the words for the picture and for what it does, by the name that icon sets give it."""

from __future__ import annotations

import re

#: Name in icon sets: (what it looks like, what it is for).
CONCEPTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "trash": (("trash", "trash can", "waste bin", "bin"), ("delete", "remove")),
    "search": (("magnifying glass", "magnifier", "search"), ("search", "find")),
    "gear": (("gear", "cog", "cogwheel"), ("settings", "preferences", "options")),
    "bell": (("bell",), ("notifications", "alerts")),
    "home": (("house", "home"), ("home page", "go home")),
    "user": (("person", "user", "silhouette"), ("account", "profile")),
    "users": (("group of people", "two people", "users"), ("team", "members")),
    "envelope": (("envelope", "letter", "mail"), ("mail", "messages")),
    "calendar": (("calendar",), ("date", "schedule")),
    "heart": (("heart",), ("like", "favourite")),
    "star": (("star",), ("favourite", "rate")),
    "menu": (("hamburger", "three lines", "menu"), ("menu", "navigation")),
    "close": (("cross", "X"), ("close", "dismiss")),
    "plus": (("plus", "plus sign"), ("add", "new")),
    "minus": (("minus", "minus sign"), ("remove", "collapse")),
    "check": (("check mark", "tick"), ("confirm", "done")),
    "pencil": (("pencil", "pen"), ("edit", "rename")),
    "download": (("download", "downward arrow"), ("download",)),
    "upload": (("upload", "upward arrow"), ("upload",)),
    "share": (("share",), ("share",)),
    "link": (("chain", "link"), ("insert link", "copy link")),
    "lock": (("padlock", "lock"), ("lock", "security")),
    "unlock": (("open padlock",), ("unlock",)),
    "cart": (("shopping cart", "cart", "trolley"), ("cart", "basket")),
    "bag": (("shopping bag", "bag"), ("basket",)),
    "phone": (("phone", "telephone handset"), ("call",)),
    "camera": (("camera",), ("take a photo",)),
    "image": (("picture", "photo", "landscape"), ("images",)),
    "video": (("video camera", "film"), ("video",)),
    "play": (("play triangle", "play"), ("play", "start")),
    "pause": (("two bars", "pause"), ("pause",)),
    "stop": (("square", "stop"), ("stop",)),
    "refresh": (("circular arrow", "refresh"), ("refresh", "reload")),
    "undo": (("undo arrow",), ("undo",)),
    "redo": (("redo arrow",), ("redo",)),
    "print": (("printer",), ("print",)),
    "save": (("floppy disk", "diskette"), ("save",)),
    "folder": (("folder",), ("open folder",)),
    "file": (("sheet of paper", "document", "page"), ("document",)),
    "copy": (("two sheets", "copy"), ("copy",)),
    "cut": (("scissors",), ("cut",)),
    "paste": (("clipboard",), ("paste",)),
    "filter": (("funnel", "filter"), ("filter",)),
    "sort": (("sort arrows",), ("sort",)),
    "eye": (("eye",), ("view", "show")),
    "eye slash": (("crossed-out eye",), ("hide",)),
    "info": (("info", "letter i in a circle"), ("information", "more info")),
    "help": (("question mark",), ("help",)),
    "warning": (("warning triangle", "exclamation mark"), ("warning",)),
    "sun": (("sun",), ("light theme",)),
    "moon": (("moon", "crescent"), ("dark mode",)),
    "globe": (("globe", "world"), ("language", "website")),
    "map pin": (("map pin", "location marker"), ("location",)),
    "map": (("map",), ("map",)),
    "clock": (("clock",), ("time", "history")),
    "chat": (("speech bubble", "chat bubble"), ("chat", "comments")),
    "paper plane": (("paper plane",), ("send",)),
    "paperclip": (("paper clip",), ("attach a file",)),
    "microphone": (("microphone",), ("voice", "record")),
    "volume": (("loudspeaker", "speaker"), ("volume", "sound")),
    "key": (("key",), ("password",)),
    "power": (("power", "power symbol"), ("log out", "turn off")),
    "logout": (("door with an arrow",), ("sign out", "log out")),
    "login": (("arrow into a door",), ("sign in",)),
    "grid": (("grid of squares", "grid"), ("grid view", "apps")),
    "list": (("list", "bullet list"), ("list view",)),
    "table": (("table",), ("table",)),
    "chart": (("bar chart", "chart"), ("statistics", "reports")),
    "pie chart": (("pie chart",), ("statistics",)),
    "tag": (("tag", "price tag"), ("labels",)),
    "bookmark": (("bookmark", "ribbon"), ("bookmark",)),
    "flag": (("flag",), ("report",)),
    "gift": (("gift box", "present"), ("offers",)),
    "truck": (("truck", "lorry"), ("delivery",)),
    "credit card": (("bank card", "credit card"), ("payment",)),
    "code": (("angle brackets", "code"), ("source code",)),
    "bug": (("beetle", "bug"), ("report a bug",)),
    "cloud": (("cloud",), ("cloud storage",)),
    "database": (("database", "stack of discs"), ("database",)),
    "bolt": (("lightning bolt", "bolt"), ("quick actions",)),
    "fire": (("flame", "fire"), ("trending",)),
    "book": (("book",), ("documentation",)),
    "briefcase": (("briefcase",), ("jobs",)),
    "wrench": (("wrench", "spanner"), ("tools",)),
    "sliders": (("sliders", "mixer"), ("adjust",)),
    "more": (("three dots", "dots"), ("more", "more options")),
    "expand": (("four arrows", "expand arrows"), ("full screen",)),
    "zoom in": (("magnifier with a plus",), ("zoom in",)),
    "zoom out": (("magnifier with a minus",), ("zoom out",)),
    "bold": (("bold letter B",), ("bold",)),
    "italic": (("slanted letter I",), ("italic",)),
    "underline": (("underlined U",), ("underline",)),
    "thumbs up": (("thumbs up",), ("like",)),
    "wifi": (("wireless waves",), ("wireless",)),
    "laptop": (("laptop",), ("devices",)),
    "desktop": (("monitor", "screen"), ("display",)),
    "mobile": (("mobile phone", "smartphone"), ("mobile",)),
    "rocket": (("rocket",), ("launch",)),
    "trophy": (("trophy", "cup"), ("awards",)),
    "coffee": (("coffee cup",), ("break",)),
    "plane": (("aeroplane", "plane"), ("flights",)),
    "dollar": (("dollar sign",), ("price", "money")),
    "percent": (("percent sign",), ("discount",)),
}

#: Other names of the same picture in icon sets.
ALIASES: dict[str, str] = {
    **dict.fromkeys(("cog", "settings", "cogs", "setting", "setup", "preferences"), "gear"),
    **dict.fromkeys(("trash can", "trash alt", "bin", "delete", "rubbish", "delete forever", "trashcan"), "trash"),
    **dict.fromkeys(("magnifier", "magnifying glass", "find"), "search"),
    **dict.fromkeys(("notifications", "notification", "alert bell"), "bell"),
    **dict.fromkeys(("house", "building home", "house door"), "home"),
    **dict.fromkeys(
        ("person", "account", "account circle", "profile", "people single", "single 02", "user circle", "avatar"),
        "user",
    ),
    **dict.fromkeys(("people", "group", "friends", "user friends", "team", "account group"), "users"),
    **dict.fromkeys(("mail", "email", "letter", "message envelope", "mail outline"), "envelope"),
    **dict.fromkeys(
        ("calendar grid", "event", "date range", "calendar days", "calendar today", "calendar event"), "calendar"
    ),
    **dict.fromkeys(("favorite", "favourite", "like heart"), "heart"),
    **dict.fromkeys(
        ("bars", "hamburger", "nav menu", "list menu", "menu hamburger", "sidenav toggler", "navicon"), "menu"
    ),
    **dict.fromkeys(("times", "x", "xmark", "remove", "cross", "closethick", "x lg", "close lg", "dismiss"), "close"),
    **dict.fromkeys(("add", "plus lg", "plusthick", "plus square"), "plus"),
    **dict.fromkeys(("dash", "minus thick", "minusthick", "subtract"), "minus"),
    **dict.fromkeys(("tick", "checkmark", "done", "check lg", "check bold"), "check"),
    **dict.fromkeys(("edit", "pen", "pencil alt", "pencil square", "create", "compose"), "pencil"),
    **dict.fromkeys(("cloud download", "file download", "get app", "download alt", "tray down"), "download"),
    **dict.fromkeys(("cloud upload", "file upload", "upload alt"), "upload"),
    **dict.fromkeys(("share alt", "share nodes", "sharing"), "share"),
    **dict.fromkeys(("chain", "insert link", "external link chain"), "link"),
    **dict.fromkeys(("locked", "padlock", "lock closed"), "lock"),
    **dict.fromkeys(("lock open", "unlocked", "unlock alt"), "unlock"),
    **dict.fromkeys(("shopping cart", "cart plus", "basket"), "cart"),
    **dict.fromkeys(("shopping bag", "bag 17", "handbag"), "bag"),
    **dict.fromkeys(("call", "telephone", "phone alt", "receiver"), "phone"),
    **dict.fromkeys(("photo", "picture", "images"), "image"),
    **dict.fromkeys(("video camera", "camera video", "film", "movie"), "video"),
    **dict.fromkeys(("play arrow", "play circle", "caret play"), "play"),
    **dict.fromkeys(("sync", "reload", "redo alt", "sync alt", "arrow clockwise", "renew", "arrows rotate"), "refresh"),
    **dict.fromkeys(("printer",), "print"),
    **dict.fromkeys(("floppy", "disk", "floppy disk"), "save"),
    **dict.fromkeys(("folder open", "folder collapsed", "directory"), "folder"),
    **dict.fromkeys(("document", "file alt", "page", "file text", "paper", "file earmark"), "file"),
    **dict.fromkeys(("content copy", "clone", "files", "duplicate"), "copy"),
    **dict.fromkeys(("scissors",), "cut"),
    **dict.fromkeys(("clipboard",), "paste"),
    **dict.fromkeys(("funnel", "filter alt"), "filter"),
    **dict.fromkeys(("visibility", "view", "show"), "eye"),
    **dict.fromkeys(("visibility off", "view off", "eye off", "hide"), "eye slash"),
    **dict.fromkeys(("info circle", "information", "circle info", "info sign"), "info"),
    **dict.fromkeys(("question", "question circle", "help circle", "question mark", "circle question"), "help"),
    **dict.fromkeys(("alert", "exclamation triangle", "exclamation", "triangle exclamation", "error"), "warning"),
    **dict.fromkeys(("world", "earth", "language", "public", "internet"), "globe"),
    **dict.fromkeys(
        ("location", "map marker", "map marker alt", "pin", "geo", "location dot", "place", "geo alt", "pin 3"),
        "map pin",
    ),
    **dict.fromkeys(("time", "schedule", "history", "watch time"), "clock"),
    **dict.fromkeys(
        ("comment", "comments", "message", "chat left", "forum", "comment alt", "comment dots", "chat round"), "chat"
    ),
    **dict.fromkeys(("send", "telegram plane"), "paper plane"),
    **dict.fromkeys(("attachment", "attach file", "clip"), "paperclip"),
    **dict.fromkeys(("mic",), "microphone"),
    **dict.fromkeys(("volume up", "speaker", "sound", "volume on"), "volume"),
    **dict.fromkeys(("power off",), "power"),
    **dict.fromkeys(("sign out", "log out", "sign out alt", "box arrow right", "exit"), "logout"),
    **dict.fromkeys(("sign in", "log in", "sign in alt", "box arrow in right"), "login"),
    **dict.fromkeys(("th", "th large", "apps", "app", "grid 3x3", "dashboard squares"), "grid"),
    **dict.fromkeys(("list ul", "list alt", "view list", "bullets"), "list"),
    **dict.fromkeys(("chart bar", "bar chart", "chart bar 32", "stats", "analytics"), "chart"),
    **dict.fromkeys(("chart pie", "pie chart alt"), "pie chart"),
    **dict.fromkeys(("tags", "price tag", "label"), "tag"),
    **dict.fromkeys(("shipping fast", "delivery fast", "local shipping"), "truck"),
    **dict.fromkeys(("card", "credit card alt", "payment"), "credit card"),
    **dict.fromkeys(("code slash", "html", "source code"), "code"),
    **dict.fromkeys(("lightning", "flash", "thunder"), "bolt"),
    **dict.fromkeys(("flame", "whatshot"), "fire"),
    **dict.fromkeys(("books", "read", "book bookmark", "book open"), "book"),
    **dict.fromkeys(("tools", "tool", "build", "spanner"), "wrench"),
    **dict.fromkeys(("tune", "sliders h", "settings adjust", "adjustments"), "sliders"),
    **dict.fromkeys(
        (
            "ellipsis h",
            "ellipsis v",
            "ellipsis",
            "more vert",
            "more horiz",
            "dots vertical",
            "dots horizontal",
            "three dots",
            "three dots vertical",
            "overflow menu vertical",
            "dots vertical rounded",
            "kebab horizontal",
            "kebab",
            "overflow menu horizontal",
        ),
        "more",
    ),
    **dict.fromkeys(("fullscreen", "expand arrows alt", "arrows fullscreen", "maximize"), "expand"),
    **dict.fromkeys(("zoomin", "zoom plus"), "zoom in"),
    **dict.fromkeys(("zoomout", "zoom minus"), "zoom out"),
    **dict.fromkeys(("format bold", "type bold"), "bold"),
    **dict.fromkeys(("format italic", "type italic"), "italic"),
    **dict.fromkeys(("format underlined", "type underline"), "underline"),
    **dict.fromkeys(("like", "thumb up", "hand thumbs up"), "thumbs up"),
    **dict.fromkeys(("computer", "laptop code"), "laptop"),
    **dict.fromkeys(("monitor", "tv 2", "display", "tv", "screen"), "desktop"),
    **dict.fromkeys(("mobile alt", "smartphone", "phone android", "mobile button"), "mobile"),
    **dict.fromkeys(("airplane", "flight", "plane departure"), "plane"),
    **dict.fromkeys(("dollar sign", "attach money", "currency dollar", "money"), "dollar"),
}

_BRANDS_WORDS = """
google facebook twitter github gitlab linkedin instagram youtube pinterest dribbble behance apple
android windows whatsapp slack discord reddit skype vimeo tumblr spotify amazon paypal stripe figma
airbnb dropbox wordpress bitcoin firefox chrome telegram medium stackoverflow codepen jquery angular
react bootstrap
"""
BRANDS = frozenset(_BRANDS_WORDS.split())
_PREFIX = re.compile(
    r"^(?:fa|fas|far|fab|fal|fad|bi|ti|tabler|mdi|bx|bxs|bxl|bxr|ni|ui-icon|uk-icon|icon|icons|glyphicon|feather|ri|la|"
    r"las|octicon|flaticon|bp|el-icon|anticon|layui-icon|mif|w2ui-icon|pf-icon|ph|lucide|codicon|pi|nc|pe-7s|zmdi|lni|"
    r"simple-icon|cui|cil|typcn|ion|md|bx--|cds--|mdui-icon|i-mdi)-+(.+)$"
)
_MODIFIER_WORDS = """
alt o fill filled outline outlined solid regular line round rounded sharp thin light bold duotone fw
lg sm xs xl md 2x 3x 4x 5x spin pulse left right icon icons symbol border li ul inverse stack e w n
s se nw 12 16 20 24 32 48 circle square flip rotate cog-old glyph size small large xsmall blank
default primary white dark ios md muted
"""
_MODIFIER = frozenset(_MODIFIER_WORDS.split())
#: Arrows are too many and too alike to be asked for.
_ARROWS_WORDS = """
arrow arrows chevron angle caret triangle carat expand_more sort dropdown unfold angles circlesmall
"""
ARROWS = frozenset(_ARROWS_WORDS.split())


def concept(icon: str) -> str:
    """The name in `CONCEPTS`, a brand, or the plain words of an icon's class names; empty without a usable name."""
    tokens = icon.replace("_", "-").lower().split()
    for token in tokens:
        match = _PREFIX.match(token)
        words = (match[1] if match else "").replace("-", " ").split()
        if found := _known(words):
            return found
    plain = re.sub(r"[-_]+", " ", icon.lower()).split()
    for length in (3, 2, 1):
        for start in range(len(plain) - length + 1):
            joined = " ".join(plain[start : start + length])
            if joined in CONCEPTS or joined in ALIASES:
                return ALIASES.get(joined, joined)
    return ""


def _known(words: list[str]) -> str:
    if not words or not any(word not in _MODIFIER for word in words):
        return ""
    for cut in range(len(words), 0, -1):
        joined = " ".join(words[:cut])
        if joined in CONCEPTS or joined in ALIASES:
            return ALIASES.get(joined, joined)
        if words[cut - 1] not in _MODIFIER:
            break
    significant = [word for word in words if word not in _MODIFIER and not word.isdigit()]
    if not significant or ARROWS & set(significant):
        return ARROW if significant else ""
    joined = " ".join(significant[:3])
    return joined if len(joined) > 2 and re.fullmatch(r"[a-z ]+", joined) else ""


#: What `concept` returns for any arrow.
ARROW = "arrow"
