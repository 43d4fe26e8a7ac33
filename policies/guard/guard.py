"""The guard: judges each typed action before a hand moves. Its rules come from the person, never from the screen.

Refuses, under every setting, what the person's rules leave no room for: addresses outside the allowed domains, files
outside of folders that the person named, actions and labels that are refused, tools that are off. Asks (under `risky`)
before actions that would buy, pay, send, delete, publish, grant or install something, and before words the goal does
not contain go into a password field.

What an action would do is found by a hit test of the page (`Scene.hit_test`): the control at the point, the form that a
press or Enter sends, the dialog it answers, the scripts that listen. Where the platform has no hit test, the elements
under the point and the text read around it are all that is known. A button that lies about what it does is taken at its
word, and what the page does afterwards is not seen: requests that leave the allowed domains are stopped by the browser
device itself, and programs that may not be driven by the desktop device.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from handeye.perception.snapping import element_under
from handeye.policies.guard.guard_policy import GuardPolicy, says
from handeye.policies.guard.risk_words import (
    AMOUNT,
    Risk,
    agrees,
    apart,
    bin_risk,
    code_risk,
    description_risk,
    dismisses,
    explains,
    heading_risk,
    label_risk,
    message_risk,
    sign_risk,
    signs,
    wordless,
)
from handeye.tools.actions import Action, Call, Click, Drag, Key, Navigate, Select, Type, Upload, describe, targets
from handeye.tools.address import local_path, meant, names_address, names_path, scheme_of, typed
from handeye.tools.allow_list import AllowList
from handeye.tools.errors import ActionRefused, UsageError
from handeye.tools.geometry import Box
from handeye.tools.keyboard import parse_chord
from handeye.tools.screenshot import Screenshot

if TYPE_CHECKING:
    from collections.abc import Iterable

    from handeye.perception.observation import Observation
    from handeye.tools.element import Element
    from handeye.tools.hit import Form, Hit, Said

#: What only sets something, for a button elsewhere to send: its label promises nothing.
SETTING = frozenset({"checkbox", "radio", "textbox", "searchbox", "spinbutton", "slider", "tab"})

#: Keys that press what has the focus, and keys that delete what is chosen.
PRESSING = frozenset({"enter", "space"})
DELETING = frozenset({"delete", "backspace"})

#: Roles, also of programs, whose items the Delete key deletes.
LISTED = frozenset(
    {
        "listbox",
        "grid",
        "tree",
        "treegrid",
        "list",
        "table",
        "row",
        "option",
        "treeitem",
        "gridcell",
        "listitem",
        "cell",
    }
)

#: In these a key only moves or opens something, or is handled by the control itself.
FOCUSABLE = frozenset(
    {"button", "link", "checkbox", "radio", "switch", "tab", "menuitem", "option", "combobox", "slider"}
)

#: Schemes under which a page is not what its address names: made up on the spot, or the browser's own.
NO_PLACE = frozenset({"data", "blob", "javascript", "chrome", "view-source", "filesystem", "devtools", "chrome-error"})

#: What a model writes for a secret; the device puts the value in.
SECRET = re.compile(r"\{\{\s*secret:[^}]*\}\}")

#: Around a point, so many pixels each way are read where no element is known there: a button, with some room for OCR.
AROUND = (180, 120)

#: A dialog of so many buttons is a question; with more it is a tool, whose buttons have purposes of their own.
FEW, SOME = 3, 6

#: What a form or a dialog is for, by its heading, where the button that is pressed says something else.
GRAVE = frozenset({"buy", "pay", "delete", "transfer", "grant", "account"})


@dataclass(frozen=True)
class GuardDecision:
    """What the guard says of an action."""

    kind: Literal["allow", "ask", "deny"]
    reason: str = ""
    verb: str = ""
    """What it asks because of: a kind of risk, a word of the rules, or a kind of action. A person can allow that one
    for the whole run."""


ALLOW = GuardDecision("allow")


class Found(NamedTuple):
    """A risk, and where it was read."""

    risk: Risk
    text: str
    """What says so."""
    where: str = ""
    """What the text is, if not the label itself: `the dialog`."""


@dataclass(frozen=True)
class Guard:
    """Judges actions by fixed rules."""

    approve: Literal["never", "risky", "always"] = "risky"
    rules: GuardPolicy = field(default_factory=GuardPolicy)
    files: Path | tuple[Path, ...] | None = None
    """The folders whose files may be opened and given away, besides what the goal names; none without."""
    safe_tools: frozenset[str] = frozenset()
    """Custom tools that change nothing, and are not asked about under `risky`."""
    folder: Path | None = None
    """Where relative paths begin; the working folder without."""

    def judge(self, action: Action, observation: Observation, goal: str) -> GuardDecision:
        """Allow, ask or refuse; `goal` is the person's own words, the only text that can make a password known."""
        hits = _hits(action, observation)
        words = _said(action, observation, hits)
        if refusal := self._refusal(action, words, hits, observation, goal):
            return GuardDecision("deny", refusal)
        if self.approve == "never":
            return ALLOW
        if self.approve == "always":
            return GuardDecision("ask", f"{describe(action)}?", verb=action.kind)
        return self._risk(action, words, hits, observation, goal)

    def risky(self, action: Action, observation: Observation, goal: str) -> bool:
        """Whether the action would be asked about under `risky`: it may change something that cannot be taken back."""
        hits = _hits(action, observation)
        return self._risk(action, _said(action, observation, hits), hits, observation, goal).kind == "ask"

    def _refusal(
        self, action: Action, words: list[str], hits: tuple[Hit, ...], observation: Observation, goal: str
    ) -> str:
        rules = self.rules
        if action.kind in rules.refuse_actions:
            return f"{describe(action)}: the rules refuse every {action.kind}; choose another way (refuse-actions)"
        for text in words:
            if word := says(rules.refuse_words, text):
                return f"{describe(action)}: the rules refuse what says “{word}”; choose another way (refuse-words)"
        if isinstance(action, Navigate):
            return self._astray(action.url, goal)
        if isinstance(action, Upload):
            return self._given(action, goal)
        if isinstance(action, Call) and action.tool not in rules.tools:
            named = ", ".join(rules.tools) or "none"
            return f"the tool {action.tool} is not among the tools that may be called ({named}); see `tools` of [guard]"
        here = observation.signals.url.partition("#")[0]
        for hit in hits:
            if scheme_of(hit.link) == "file" and hit.link.partition("#")[0] != here:
                return self._astray(hit.link, goal)
        return ""

    def _astray(self, url: str, goal: str) -> str:
        """Why an address may not be opened."""
        scheme = scheme_of(url)
        made_up = scheme in NO_PLACE or (scheme == "about" and typed(url).lower().partition("#")[0] != "about:blank")
        if made_up and not names_address(goal, url):
            return f"{url[:100]} is no place on the web; open an address such as https://example.com"
        try:
            urls = meant(url)
        except UsageError as error:
            # The device refuses what means nothing, and names the remedy; a file of another machine is refused here.
            return str(error) if scheme == "file" else ""
        if scheme_of(urls[0]) == "file":
            return self._unreachable(url, goal)
        domains = AllowList(self.rules.allow_domains, self.rules.deny_domains)
        if not any(domains.allow(each) for each in urls):
            return f"{url} is outside the allowed domains ({domains}); widen --allow-domain"
        return ""

    def _given(self, action: Upload, goal: str) -> str:
        """Why files may not be given to a page."""
        return next((why for path in action.paths if (why := self._unreachable(path, goal))), "")

    def _unreachable(self, text: str, goal: str) -> str:
        """Why a file may not be opened or given away: it is in no folder that the person named."""
        try:
            path = local_path(text, self.folder)
        except UsageError as error:
            return str(error)
        files = (self.files,) if isinstance(self.files, Path) else self.files or ()
        folders = (*files, *map(Path, self.rules.allow_folders))
        if any(path.is_relative_to(folder.resolve()) for folder in folders) or names_path(goal, path, self.folder):
            return ""
        return (
            f"{text[:200]} is a file that the goal does not name, in no folder that it or the rules name; name it in"
            " the goal, or its folder in allow-folders of [guard]"
        )

    def _risk(
        self, action: Action, words: list[str], hits: tuple[Hit, ...], observation: Observation, goal: str
    ) -> GuardDecision:
        if action.kind in self.rules.ask_actions:
            return GuardDecision(
                "ask", f"{describe(action)}: the rules ask before every {action.kind}", verb=action.kind
            )
        if isinstance(action, Upload):
            return GuardDecision("ask", f"{describe(action)}: the files leave this machine", verb="upload")
        if isinstance(action, Call) and action.tool not in self.safe_tools:
            return GuardDecision("ask", f"{describe(action)}: the tool may change something", verb=action.tool)
        if isinstance(action, Type) and (exposed := _exposed(action, observation, goal)):
            return GuardDecision("ask", f"{describe(action)}: {exposed}", verb="password")
        for text in words:
            if word := says(self.rules.ask_words, text):
                return GuardDecision("ask", f"{describe(action)}: “{word}” is asked about by the rules", verb=word)
        found = _promised(action, words, hits, observation)
        if found is None:
            return ALLOW
        where = f" ({found.where})" if found.where else ""
        return GuardDecision(
            "ask", f"{describe(action)}: “{_short(found)}”{where} may not be undone", verb=found.risk.kind
        )


def pressed(action: Action, observation: Observation) -> list[str]:
    """What the elements are called that the action aims at."""
    return [element.name for element in _aimed(action, observation)]


# What an action would do


def _promised(action: Action, words: list[str], hits: tuple[Hit, ...], observation: Observation) -> Found | None:
    """What an action would do that may not be undone; None for nothing known."""
    if isinstance(action, (Key, Type)):
        return _typed(action, words, hits, observation)
    if not isinstance(action, (Click, Drag, Select)):
        return None
    if isinstance(action, Drag):
        ends = [text for hit in hits if hit.at == "end" for text in (*hit.control.words, signs_of(hit.control))]
        ends += [*_labels_at(action, "end", observation), action.end.phrase]
        for text in ends:
            if risk := bin_risk(text) or sign_risk(text if wordless(text) else ""):
                return Found(risk, text, "where it is dropped")
        for hit in hits:
            if hit.at == "end" and all(map(wordless, hit.control.words)) and (risk := code_risk(hit.control.code)):
                return Found(risk, hit.control.code, "where it is dropped")
            # `Slide to pay`, next to what is slid
            slid = hit.at == "start" and hit.acts and all(map(wordless, hit.control.words)) and hit.message[-1:] != ":"
            if slid and (risk := heading_risk(hit.message)):
                return Found(risk, hit.message, "the text around it")
        if any(hit.at == "start" and hit.carried for hit in hits):
            hits, words = tuple(hit for hit in hits if hit.at == "end"), ends
    if isinstance(action, Select):
        if hits and all(hit.in_form and not hit.at_once for hit in hits if hit.control.role == "combobox"):
            return None
        if risk := label_risk(action.option):
            return Found(risk, action.option)
    for hit in hits:
        if found := _pressed(hit, observation, tuple(target.phrase for target in targets(action).values())):
            return found
    aimed = _aimed(action, observation)
    if isinstance(action, Click) and aimed and all(element.role in SETTING for element in aimed):
        return None
    if hits and _harmless(hits):
        return None
    return _in_words(words)


def _typed(action: Key | Type, words: list[str], hits: tuple[Hit, ...], observation: Observation) -> Found | None:
    """What keys would do."""
    held, key = _chord(action)
    for hit in hits:
        if found := _keyed(action, held, key, hit, observation):
            return found
    if hits or isinstance(action, Type):
        return None if hits else _in_words(words)
    if key in DELETING:
        focused = [element for element in observation.elements if element.focused]
        in_list = any(element.role in LISTED for element in focused)
        if in_list or (key == "delete" and not any(element.takes_text for element in focused)):
            return Found(Risk("delete", key), key, "a key")
    return _in_words(words)


def _keyed(action: Key | Type, held: tuple[str, ...], key: str, hit: Hit, observation: Observation) -> Found | None:
    """What keys would do to what the hit test found."""
    if hit.at == "access key":
        return _pressed(hit, observation)
    if hit.at == "target" and not hit.takes_text and (isinstance(action, Type) or hit.control.role not in FOCUSABLE):
        return _pressed(hit, observation)  # it is clicked to have the keyboard
    heard = "key" in hit.listens | hit.delegated
    if key in DELETING and not hit.takes_text and (hit.listed or heard):
        return Found(Risk("delete", key), key, "a key")
    if key == "space" and not hit.takes_text:
        return _pressed(hit, observation)
    if key != "enter":
        return None
    if not hit.takes_text and hit.form is None:
        if found := _pressed(hit, observation):
            return found
        heard = "key" in hit.listens
    if isinstance(action, Type) and hit.lines:  # a line feed is put into it, without a key
        return None
    if hit.form and (found := _sent(hit.form)):
        return found
    tabbed = isinstance(action, Type) and "\t" in action.text.rpartition("\n")[0]
    if hit.next and (tabbed or (heard and held != ("shift",))):
        return _next(hit, hit.next)
    return None


def _next(hit: Hit, button: Said) -> Found | None:
    """What the button after a field does, which a script may press when it hears Enter."""
    if found := _label(button, where="the button that comes next"):
        return found
    label = _written(button)
    return None if dismisses(label) else _answered(hit, label)


def _chord(action: Key | Type) -> tuple[tuple[str, ...], str]:
    """Held keys and key, by our names; of typed text the last that presses something."""
    if isinstance(action, Type):
        return (), "enter" if "\n" in action.text else "space" if " " in action.text else ""
    try:
        held, key = parse_chord(action.keys)
    except ActionRefused:  # the device refuses it
        return (), ""
    return held, key


def _pressed(hit: Hit, observation: Observation, phrases: tuple[str, ...] = ()) -> Found | None:
    """What pressing a control does."""
    if hit.control.role in ("checkbox", "radio", "menuitemcheckbox", "menuitemradio") and not hit.at_once:
        return None
    if hit.takes_text or hit.control.role in ("slider", "tab"):
        return None
    if hit.request == "delete":
        return Found(Risk("delete", hit.request), hit.request, "the request that it sends")
    if hit.only_opens:
        return None
    goes = _only_goes(hit)
    for said in (hit.control, *hit.outer):
        found = _label(said)
        if found and not ((goes or hit.opens) and explains(found.text)) and not (goes and _only_names(found)):
            return found
    label = _written(hit.control)
    if not label and hit.acts and (found := _unnamed(hit, observation, phrases)):
        return found
    if (label and dismisses(label)) or (not label and dismisses(apart(hit.control.code))) or hit.control.resets:
        return None
    if hit.submits and hit.form and (found := _sent(hit.form)):
        return found
    if goes or not hit.acts:
        return None
    return _answered(hit, label)


def _label(said: Said, where: str = "") -> Found | None:
    """What the words on a control promise."""
    for text in said.words:
        if risk := label_risk(text):
            return Found(risk, text, where)
    for text in said.words[1:]:
        if risk := description_risk(text):
            return Found(risk, text, where or "its description")
    amounts = [text for text in said.words if AMOUNT.search(text)]
    if any(agrees(" ".join(AMOUNT.sub(" ", text).split())) for text in amounts):
        return Found(Risk("pay", "amount"), amounts[0], where)
    if not said.words or all(map(wordless, said.words)):
        if risk := sign_risk(signs_of(said)):
            return Found(risk, signs_of(said), where or "its sign")
        if risk := code_risk(said.code):
            return Found(risk, said.code, where or "its sign")
    elif said.pictured and (named := next((text for text in said.words if sign_risk(text)), "")):
        return Found(sign_risk(named) or Risk("", ""), named, where or "its sign")
    elif (risk := sign_risk(signs_of(said))) and risk.kind == "delete" and said.role != "link":
        return Found(risk, signs_of(said), where or "its sign")
    return None


def _written(said: Said) -> str:
    """The label of a control; empty for one that has none in words."""
    return " ".join(text for text in said.words[:1] if not wordless(text))


def signs_of(said: Said) -> str:
    """The names of the signs and emoji on a control."""
    return "; ".join(name for text in said.words if (name := signs(text)))


def _unnamed(hit: Hit, observation: Observation, phrases: tuple[str, ...]) -> Found | None:
    """What a control without words may do: by what it is called, where it leads, its row, and its picture."""
    for phrase in phrases:
        if risk := sign_risk(phrase):
            return Found(risk, phrase, "what it is taken for")
    link = hit.link.partition("#")[0].partition("//")[2].partition("/")[2]
    if risk := sign_risk(apart(link)):
        return Found(risk, hit.link, "where it leads")
    for line in hit.row.split("\n"):
        if risk := label_risk(line):
            return Found(risk, line, "its row")
    if hit.drawn and hit.box and observation.reader and not dismisses(apart(hit.control.code)):
        part = hit.box.within(observation.screenshot.width, observation.screenshot.height)
        if part and part.width <= 4 * AROUND[0] and part.height <= 2 * AROUND[1]:
            for read in observation.reader(Screenshot(observation.screenshot.image.crop(part))):
                if risk := label_risk(read.name):
                    return Found(risk, read.name, "its picture")
    return None


def _sent(form: Form) -> Found | None:
    """What sending a form does, by its button and by what the form says it is for."""
    button = form.button
    if button and (found := _label(button, where="the button of the form")):
        return found
    label = _written(button) if button else ""
    if label and dismisses(label):
        return None
    plain = not label or agrees(label)
    for heading in form.headings:
        if (risk := heading_risk(heading)) and (plain or risk.kind in GRAVE | {"send"}):
            return Found(risk, heading, "the form")
    if form.method == "post":
        path = apart(re.sub(r"^\w+://[^/]*|[?#].*$", "", form.action))
        if risk := label_risk(" ".join(path.split()[-3:])):
            return Found(risk, form.action, "where the form goes")
    if plain and (risk := message_risk(form.message)):
        return Found(risk, form.message, "the form")
    return None


def _answered(hit: Hit, label: str) -> Found | None:
    """What a press agrees to: the words of the dialog it is in, or those close around it."""
    plain = not label or agrees(label)
    dialog = hit.dialog
    if dialog and dialog.buttons <= SOME and (plain or dialog.buttons <= FEW):
        text = f"{dialog.title}\n{dialog.message}".strip()
        risk = heading_risk(dialog.title) or message_risk(text)
        if risk and (plain or risk.kind in GRAVE):
            return Found(risk, text, "the dialog")
        if plain and AMOUNT.search(text) and (dialog.buttons > 1 or re.search(r"[?？؟]", text)):
            return Found(Risk("pay", "amount"), text, "the dialog")
    if plain and (risk := message_risk(hit.message)):
        return Found(risk, hit.message, "the text around it")
    return None


def _only_goes(hit: Hit) -> bool:
    """Whether a press only follows a link to another page, as far as the page tells."""
    return bool(hit.link) and scheme_of(hit.link) in ("http", "https", "file") and "press" not in hit.listens


def _only_names(found: Found) -> bool:
    """Whether a sign on a link names a place: an envelope leads to a page about mail, or opens a mail program."""
    return found.where == "its sign" and found.risk.kind in ("send", "publish", "pay")


def _harmless(hits: tuple[Hit, ...]) -> bool:
    """Whether the hit test knows what is pressed, so that the elements' labels say nothing more."""
    settings = all(hit.takes_text or hit.control.role in SETTING for hit in hits)
    return settings or all(
        hit.only_opens or ((_only_goes(hit) or hit.opens) and any(explains(text) for text in hit.control.words))
        for hit in hits
    )


def _in_words(words: Iterable[str]) -> Found | None:
    return next((Found(risk, text) for text in words if (risk := label_risk(text))), None)


def _short(found: Found) -> str:
    """The words that say so, on one line."""
    text = " ".join(found.text.split())
    return text if len(text) <= 200 else f"{text[:199]}…"


def _exposed(action: Type, observation: Observation, goal: str) -> str:
    """Why this text in this field is a matter for the person; empty when it is none."""
    fields = _aimed(action, observation) or [element for element in observation.elements if element.focused]
    if SECRET.search(action.text):
        known = [element for element in fields if element.takes_text]
        in_sight = known and not any(element.secret for element in known)
        return "a secret, and a field that shows what is typed" if in_sight else ""
    if action.text.strip() not in goal and any(element.secret for element in fields):
        return "a password field, and words the goal does not hold"
    return ""


# What an action acts on


def _hits(action: Action, observation: Observation) -> tuple[Hit, ...]:
    if observation.hit_test is None or not isinstance(action, (Click, Drag, Select, Type, Key)):
        return ()
    return observation.hit_test(action)


def _said(action: Action, observation: Observation, hits: tuple[Hit, ...]) -> list[str]:
    """What is written on that which the action presses; empty for one that presses nothing."""
    aimed = _aimed(action, observation)
    found = [text for hit in hits for text in hit.control.words]
    if isinstance(action, (Click, Drag, Select)):
        words = [target.phrase for target in targets(action).values()]
        words += [text for element in aimed for text in _labels(element)]
        words += [action.option] if isinstance(action, Select) else []
        return [*words, *found, *([] if aimed or found else _read(action, observation))]
    if isinstance(action, Key) and any(hit.at == "access key" for hit in hits):
        return [text for hit in hits if hit.at == "access key" for text in hit.control.words]
    if not isinstance(action, (Key, Type)) or _chord(action)[1] not in PRESSING:
        return []
    if hits:
        entered = [each for hit in hits if hit.form and hit.form.button for each in hit.form.button.words]
        pressing = [text for hit in hits if not hit.takes_text for text in hit.control.words]
        return pressing + (entered if _chord(action)[1] == "enter" else [])
    if isinstance(action, Type) and "\n" not in action.text:
        return []
    pressed = aimed or [element for element in observation.elements if element.focused]
    words = [target.phrase for target in targets(action).values()]
    words += [text for element in pressed for text in _labels(element)]
    # Enter in a field presses the button of its form, as far as the platform tells which that is.
    forms = {element.parent for element in pressed if element.takes_text and element.parent}
    buttons = [each.name for each in observation.elements if each.parent in forms and each.role == "button"]
    return words + buttons


def _labels(element: Element) -> tuple[str, ...]:
    return tuple(text for text in (element.name, element.description) if text)


def _labels_at(action: Action, name: str, observation: Observation) -> list[str]:
    """The labels of the elements under one of the action's targets."""
    target = targets(action)[name]
    under = element_under(target.point, observation) if target.point else None
    return [text for each in (_element(observation, target.element), under) if each for text in _labels(each)]


def _aimed(action: Action, observation: Observation) -> list[Element]:
    """The elements that targets name, and those that lie under their points: a target may name one and hit another."""
    found: dict[str, Element] = {}
    for target in targets(action).values():
        under = element_under(target.point, observation) if target.point else None
        for element in (_element(observation, target.element), under):
            if element:
                found[element.id] = element
    return list(found.values())


def _read(action: Action, observation: Observation) -> list[str]:
    """Text around points of which no element is known, read from the picture; a desktop has nothing else to say."""
    points = [target.point for target in targets(action).values() if target.point]
    if observation.read:
        return [each.name for each in observation.read if any(each.box.holds(point) for point in points)]
    if observation.reader is None or observation.elements:
        return []
    words: list[str] = []
    for x, y in points:
        part = Box(x - AROUND[0], y - AROUND[1], x + AROUND[0], y + AROUND[1]).within(
            observation.screenshot.width, observation.screenshot.height
        )
        if part:
            near = observation.reader(Screenshot(observation.screenshot.image.crop(part)))
            at = (x - part.left, y - part.top)
            words += [each.name for each in near if each.box.holds(at)]
    return words


def _element(observation: Observation, identity: str) -> Element | None:
    if not identity:
        return None
    return next((element for element in (*observation.elements, *observation.read) if element.id == identity), None)
