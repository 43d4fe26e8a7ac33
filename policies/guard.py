"""The guard: judges each typed action before a hand moves. Its rules come from the person, never from the screen.

Refuses, under every setting, what the person's rules leave no room for: addresses outside the allowed domains or of
files that were not named, actions and labels that are refused, tools that are off. Asks (under `risky`) before actions
whose target or key says that they buy, pay, send, delete, publish, grant or install something, and before words the
goal does not contain go into a password field. It sees the action and its element, not what the page does afterwards:
requests that leave the allowed domains are stopped by the browser device itself, and programs that may not be driven by
the desktop device. A button that lies about what it does is taken at its word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote, urlsplit

from handeye.perception.snapping import element_under
from handeye.policies.rules import Rules, says
from handeye.tools.actions import Action, Call, Click, Drag, Key, Navigate, Select, Type, Upload, describe, targets
from handeye.tools.domains import Domains
from handeye.tools.geometry import Box
from handeye.tools.plain import folded
from handeye.tools.screenshot import Screenshot

if TYPE_CHECKING:
    from handeye.perception.scene import Scene
    from handeye.tools.element import Element

#: Language knowledge (English, German, French, Spanish), whole words only: labels that hold one of these anywhere …
STRONG = re.compile(
    r"\b(buy|purchase|pay|pay now|place( the| your)? order|order now|donate|send|submit payment|delete|erase|wipe"
    r"|publish|grant|authori[sz]e|allow access|give access|install|uninstall|change password|reset password"
    r"|close account|deactivate|empty (trash|bin)|remove (account|user|everything|all)"
    r"|kaufen|bezahlen|zahlungspflichtig bestellen|senden|absenden|löschen|veröffentlichen|installieren"
    r"|acheter|payer|envoyer|supprimer|publier|installer|comprar|pagar|enviar|eliminar|borrar|publicar|instalar)\b",
    re.IGNORECASE,
)
#: … or begin with one of these promise something that cannot be taken back easily.
WEAK = re.compile(r"^\W*(post|tweet|share|transfer|withdraw|subscribe|format|destroy|discard)\b", re.IGNORECASE)

#: What only sets something, for a button elsewhere to send: its label promises nothing.
SETTING = frozenset({"checkbox", "radio", "textbox", "searchbox", "spinbutton", "slider", "tab"})

#: In a label longer than this (a whole card that can be clicked) only its beginning says what a click does.
LABEL = 60

#: Keys that press what has the focus.
PRESSING = frozenset({"enter", "return", "space"})


#: Schemes under which a page is not what its address names: made up on the spot, or the browser's own.
NO_PLACE = frozenset({"data", "blob", "javascript", "chrome", "view-source", "filesystem", "devtools", "chrome-error"})

#: What a model writes for a secret; the device puts the value in.
SECRET = re.compile(r"\{\{\s*secret:[^}]*\}\}")

#: Around a point, so many pixels each way are read where no element is known there: a button, with some room for OCR.
AROUND = (180, 120)


@dataclass(frozen=True)
class Ruling:
    """What the guard says of an action."""

    ruling: Literal["allow", "ask", "refuse"]
    reason: str = ""
    verb: str = ""
    """What it asks because of: a word, or a kind of action. A person can allow that one for the whole run."""


ALLOW = Ruling("allow")


@dataclass(frozen=True)
class Guard:
    """Judges actions by fixed rules."""

    approve: Literal["never", "risky", "always"] = "risky"
    rules: Rules = field(default_factory=Rules)
    files: Path | None = None
    """The folder whose pages may be opened; none without."""
    safe_tools: frozenset[str] = frozenset()
    """Custom tools that change nothing, and are not asked about under `risky`."""

    def judge(self, action: Action, scene: Scene, goal: str) -> Ruling:
        """Allow, ask or refuse; `goal` is the person's own words, the only text that can make a password known."""
        words = _said(action, scene)
        if refusal := self._refusal(action, words, goal):
            return Ruling("refuse", refusal)
        if self.approve == "never":
            return ALLOW
        if self.approve == "always":
            return Ruling("ask", f"{describe(action)}?", verb=action.kind)
        return self._risk(action, words, scene, goal)

    def risky(self, action: Action, scene: Scene, goal: str) -> bool:
        """Whether the action would be asked about under `risky`: it may change something that cannot be taken back."""
        return self._risk(action, _said(action, scene), scene, goal).ruling == "ask"

    def _refusal(self, action: Action, words: list[str], goal: str) -> str:
        rules = self.rules
        if action.kind in rules.refuse_actions:
            return f"{describe(action)}: the rules refuse every {action.kind}; choose another way (refuse-actions)"
        for text in words:
            if word := says(rules.refuse_words, text):
                return f"{describe(action)}: the rules refuse what says “{word}”; choose another way (refuse-words)"
        if isinstance(action, Navigate):
            return self._astray(action.url, goal)
        if isinstance(action, Call) and action.tool not in rules.tools:
            named = ", ".join(rules.tools) or "none"
            return f"the tool {action.tool} is not among the tools that may be called ({named}); see `tools` of [guard]"
        return ""

    def _astray(self, url: str, goal: str) -> str:
        """Why an address may not be opened."""
        scheme = re.sub(r"[\s\x00-\x1f]", "", url.partition(":")[0]).lower()
        if scheme in NO_PLACE and url not in goal:
            return f"{url[:100]} is no place on the web; open an address such as https://example.com"
        if scheme == "file":
            path = Path(unquote(urlsplit(url).path)).resolve()
            if not (url in goal or str(path) in goal or (self.files and path.is_relative_to(self.files.resolve()))):
                return f"{url} is a file that the goal does not name; pages of the run's own folder alone are opened"
            return ""
        domains = Domains(self.rules.allow_domains, self.rules.deny_domains)
        if not domains.allow(url if "://" in url else f"http://{url}"):
            return f"{url} is outside the allowed domains ({domains}); widen --allow-domain"
        return ""

    def _risk(self, action: Action, words: list[str], scene: Scene, goal: str) -> Ruling:
        if action.kind in self.rules.ask_actions:
            return Ruling("ask", f"{describe(action)}: the rules ask before every {action.kind}", verb=action.kind)
        if isinstance(action, Upload):
            return Ruling("ask", f"{describe(action)}: the files leave this machine", verb="upload")
        if isinstance(action, Call) and action.tool not in self.safe_tools:
            return Ruling("ask", f"{describe(action)}: the tool may change something", verb=action.tool)
        if isinstance(action, Type) and (exposed := _exposed(action, scene, goal)):
            return Ruling("ask", f"{describe(action)}: {exposed}", verb="password")
        for text in words:
            if word := says(self.rules.ask_words, text):
                return Ruling("ask", f"{describe(action)}: “{word}” is asked about by the rules", verb=word)
        aimed = _aimed(action, scene)
        if isinstance(action, Click) and aimed and all(element.role in SETTING for element in aimed):
            return ALLOW
        for text in words:
            plain = folded(text[: 4 * LABEL])
            if found := STRONG.search(plain[:LABEL]) or WEAK.search(plain):
                word = found[0].strip(" .,:;!?-–—•*#>→")
                return Ruling("ask", f"{describe(action)}: “{word}” may not be undone", verb=word)
        return ALLOW


def _exposed(action: Type, scene: Scene, goal: str) -> str:
    """Why this text in this field is a matter for the person; empty when it is none."""
    fields = _aimed(action, scene) or [element for element in scene.elements if element.focused]
    if SECRET.search(action.text):
        known = [element for element in fields if element.takes_text]
        in_sight = known and not any(element.secret for element in known)
        return "a secret, and a field that shows what is typed" if in_sight else ""
    if action.text.strip() not in goal and any(element.secret for element in fields):
        return "a password field, and words the goal does not hold"
    return ""


def _said(action: Action, scene: Scene) -> list[str]:
    """What is written on that which the action presses; empty for one that presses nothing."""
    aimed = _aimed(action, scene)
    if isinstance(action, (Click, Drag, Select)):
        words = [target.phrase for target in targets(action).values()]
        words += [text for element in aimed for text in _labels(element)]
        words += [action.option] if isinstance(action, Select) else []
        return [*words, *([] if aimed else _read(action, scene))]
    presses = (isinstance(action, Key) and action.keys.lower().rpartition("+")[2] in PRESSING) or (
        isinstance(action, Type) and "\n" in action.text
    )
    if not presses:
        return []
    pressed = aimed or [element for element in scene.elements if element.focused]
    words = [target.phrase for target in targets(action).values()]
    words += [text for element in pressed for text in _labels(element)]
    # Enter in a field presses the button of its form, as far as the platform tells which that is.
    forms = {element.parent for element in pressed if element.takes_text and element.parent}
    buttons = [each.name for each in scene.elements if each.parent in forms and each.role == "button"]
    return words + buttons[:1]


def pressed(action: Action, scene: Scene) -> list[str]:
    """What the elements are called that the action aims at."""
    return [element.name for element in _aimed(action, scene)]


def _labels(element: Element) -> tuple[str, ...]:
    return tuple(text for text in (element.name, element.description) if text)


def _aimed(action: Action, scene: Scene) -> list[Element]:
    """The elements that targets name, and those that lie under their points: a target may name one and hit another."""
    found: dict[str, Element] = {}
    for target in targets(action).values():
        under = element_under(target.point, scene) if target.point else None
        for element in (_element(scene, target.element), under):
            if element:
                found[element.id] = element
    return list(found.values())


def _read(action: Action, scene: Scene) -> list[str]:
    """Text around points of which no element is known, read from the picture; a desktop has nothing else to say."""
    points = [target.point for target in targets(action).values() if target.point]
    if scene.read:
        return [each.name for each in scene.read if any(each.box.holds(point) for point in points)]
    if scene.reader is None or scene.elements:
        return []
    words: list[str] = []
    for x, y in points:
        part = Box(x - AROUND[0], y - AROUND[1], x + AROUND[0], y + AROUND[1]).within(
            scene.screenshot.width, scene.screenshot.height
        )
        if part:
            near = scene.reader(Screenshot(scene.screenshot.image.crop(part)))
            at = (x - part.left, y - part.top)
            words += [each.name for each in near if each.box.holds(at)]
    return words


def _element(scene: Scene, identity: str) -> Element | None:
    if not identity:
        return None
    return next((element for element in (*scene.elements, *scene.read) if element.id == identity), None)
