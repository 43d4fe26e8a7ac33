"""The effect of an action: what it does that may not be undone, found before it is performed.

A hit test of the page (`Observation.hit_test`) finds the control at the point, the form that a press or Enter sends,
the dialog that it answers, and the scripts that listen. If the platform has no hit test, only the elements under the
point and the text around it are known. Its sign, its link and the text near it
classify a control without words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from handeye.perception.snapping import element_under
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
from handeye.tools.actions import Action, Click, Drag, Key, Select, Type, targets
from handeye.tools.address import scheme_of
from handeye.tools.errors import ActionRefused
from handeye.tools.keyboard import parse_chord
from handeye.tools.screenshot import Screenshot

if TYPE_CHECKING:
    from collections.abc import Iterable

    from handeye.perception.observation import Observation
    from handeye.tools.element import Element
    from handeye.tools.hit import ControlLabel, Form, Hit

#: Roles of controls that only set a value, which a button elsewhere sends.
SETTING_ROLES = frozenset({"checkbox", "radio", "textbox", "searchbox", "spinbutton", "slider", "tab"})

#: Keys that activate the focused control, and keys that delete the selection.
PRESSING_KEYS = frozenset({"enter", "space"})
DELETING_KEYS = frozenset({"delete", "backspace"})

#: Roles, also of programs, whose items the Delete key deletes.
LIST_ROLES = frozenset(
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

#: Roles in which a key only moves or opens something, or the control itself handles it.
FOCUSABLE_ROLES = frozenset(
    {"button", "link", "checkbox", "radio", "switch", "tab", "menuitem", "option", "combobox", "slider"}
)

#: The placeholder of a secret; the device replaces it by the value.
SECRET = re.compile(r"\{\{\s*secret:[^}]*\}\}")

#: A control without words is read in the picture if it is at most so wide and high, in pixels.
READ_SIZE = (720, 240)

#: The most buttons of a dialog that is a question, and of any dialog; with more buttons it is a tool window.
QUESTION_BUTTONS, DIALOG_BUTTONS = 3, 6

#: Risks in the heading of a form or dialog that count even if the pressed button says something else.
GRAVE_RISKS = frozenset({"buy", "pay", "delete", "transfer", "grant", "account"})


class Effect(NamedTuple):
    """An effect of an action that may be irreversible, and the text that indicates it."""

    risk: Risk
    text: str
    """The text that indicates the effect."""
    where: str = ""
    """The kind of the text, such as `the dialog`; empty for the label itself."""

    @property
    def short_text(self) -> str:
        """The text on one line, at most 200 characters."""
        text = " ".join(self.text.split())
        return text if len(text) <= 200 else f"{text[:199]}…"


# The effect of an action


def find_effect(action: Action, words: list[str], hits: tuple[Hit, ...], observation: Observation) -> Effect | None:
    """Return the effect of an action that may be irreversible; None if none is known."""
    if isinstance(action, (Key, Type)):
        return _keyboard_effect(action, words, hits, observation)
    if not isinstance(action, (Click, Drag, Select)):
        return None
    if isinstance(action, Drag):
        ends = [text for hit in hits if hit.at == "end" for text in (*hit.control.words, _sign_names(hit.control))]
        ends += [*_labels_at(action, "end", observation), action.end.phrase]
        for text in ends:
            if risk := bin_risk(text) or sign_risk(text if wordless(text) else ""):
                return Effect(risk, text, "where it is dropped")
        for hit in hits:
            if hit.at == "end" and all(map(wordless, hit.control.words)) and (risk := code_risk(hit.control.code)):
                return Effect(risk, hit.control.code, "where it is dropped")
            # `Slide to pay`, next to the slider
            slid = hit.at == "start" and hit.acts and all(map(wordless, hit.control.words)) and hit.message[-1:] != ":"
            if slid and (risk := heading_risk(hit.message)):
                return Effect(risk, hit.message, "the text around it")
        if any(hit.at == "start" and hit.carried for hit in hits):
            hits, words = tuple(hit for hit in hits if hit.at == "end"), ends
    if isinstance(action, Select):
        if hits and all(hit.in_form and not hit.at_once for hit in hits if hit.control.role == "combobox"):
            return None
        if risk := label_risk(action.option):
            return Effect(risk, action.option)
    for hit in hits:
        if found := _press_effect(hit, observation, tuple(target.phrase for target in targets(action).values())):
            return found
    targeted = _target_elements(action, observation)
    if isinstance(action, Click) and targeted and all(element.role in SETTING_ROLES for element in targeted):
        return None
    if hits and _is_known_harmless(hits):
        return None
    return _first_risk(words)


def _keyboard_effect(
    action: Key | Type, words: list[str], hits: tuple[Hit, ...], observation: Observation
) -> Effect | None:
    """Return the effect of keys."""
    held, key = _key_chord(action)
    for hit in hits:
        if found := _key_effect(action, held, key, hit, observation):
            return found
    if hits or isinstance(action, Type):
        return None if hits else _first_risk(words)
    if key in DELETING_KEYS:
        focused = [element for element in observation.elements if element.focused]
        in_list = any(element.role in LIST_ROLES for element in focused)
        if in_list or (key == "delete" and not any(element.takes_text for element in focused)):
            return Effect(Risk("delete", key), key, "a key")
    return _first_risk(words)


def _key_effect(
    action: Key | Type, held: tuple[str, ...], key: str, hit: Hit, observation: Observation
) -> Effect | None:
    """Return the effect of keys on one target of the hit test."""
    if hit.at == "access key":
        return _press_effect(hit, observation)
    if (
        hit.at == "target"
        and not hit.takes_text
        and (isinstance(action, Type) or hit.control.role not in FOCUSABLE_ROLES)
    ):
        return _press_effect(hit, observation)  # the device clicks it to give it the focus
    handles_key = "key" in hit.listens | hit.delegated
    if key in DELETING_KEYS and not hit.takes_text and (hit.listed or handles_key):
        return Effect(Risk("delete", key), key, "a key")
    if key == "space" and not hit.takes_text:
        return _press_effect(hit, observation)
    if key != "enter":
        return None
    if not hit.takes_text and hit.form is None:
        if found := _press_effect(hit, observation):
            return found
        handles_key = "key" in hit.listens
    if isinstance(action, Type) and hit.lines:  # the device inserts a line feed, without a key
        return None
    if hit.form and (found := _form_effect(hit.form)):
        return found
    tabbed = isinstance(action, Type) and "\t" in action.text.rpartition("\n")[0]
    if hit.next and (tabbed or (handles_key and held != ("shift",))):
        return _next_control_effect(hit, hit.next)
    return None


def _next_control_effect(hit: Hit, button: ControlLabel) -> Effect | None:
    """The effect of the button after a field, which a script may press on Enter."""
    if found := _label_effect(button, where="the button that comes next"):
        return found
    label = _label_words(button)
    return None if dismisses(label) else _agreement_effect(hit, label)


def _key_chord(action: Key | Type) -> tuple[tuple[str, ...], str]:
    """Return modifiers and key by handeye's names; for typed text the last key that activates a control."""
    if isinstance(action, Type):
        return (), "enter" if "\n" in action.text else "space" if " " in action.text else ""
    try:
        held, key = parse_chord(action.keys)
    except ActionRefused:  # the device refuses it
        return (), ""
    return held, key


def _press_effect(hit: Hit, observation: Observation, phrases: tuple[str, ...] = ()) -> Effect | None:
    """The effect of pressing a control."""
    if hit.control.role in ("checkbox", "radio", "menuitemcheckbox", "menuitemradio") and not hit.at_once:
        return None
    if hit.takes_text or hit.control.role in ("slider", "tab"):
        return None
    if hit.request == "delete":
        return Effect(Risk("delete", hit.request), hit.request, "the request that it sends")
    if hit.only_opens:
        return None
    goes = _only_navigates(hit)
    for control in (hit.control, *hit.outer):
        found = _label_effect(control)
        if found and not ((goes or hit.opens) and explains(found.text)) and not (goes and _only_names_place(found)):
            return found
    label = _label_words(hit.control)
    if not label and hit.acts and (found := _wordless_effect(hit, observation, phrases)):
        return found
    if (label and dismisses(label)) or (not label and dismisses(apart(hit.control.code))) or hit.control.resets:
        return None
    if hit.submits and hit.form and (found := _form_effect(hit.form)):
        return found
    if goes or not hit.acts:
        return None
    return _agreement_effect(hit, label)


def _label_effect(control: ControlLabel, where: str = "") -> Effect | None:
    """The effect that the words or signs on a control announce."""
    for text in control.words:
        if risk := label_risk(text):
            return Effect(risk, text, where)
    for text in control.words[1:]:
        if risk := description_risk(text):
            return Effect(risk, text, where or "its description")
    amounts = [text for text in control.words if AMOUNT.search(text)]
    if any(agrees(" ".join(AMOUNT.sub(" ", text).split())) for text in amounts):
        return Effect(Risk("pay", "amount"), amounts[0], where)
    if not control.words or all(map(wordless, control.words)):
        if risk := sign_risk(_sign_names(control)):
            return Effect(risk, _sign_names(control), where or "its sign")
        if risk := code_risk(control.code):
            return Effect(risk, control.code, where or "its sign")
    elif control.pictured and (named := next((text for text in control.words if sign_risk(text)), "")):
        return Effect(sign_risk(named) or Risk("", ""), named, where or "its sign")
    elif (risk := sign_risk(_sign_names(control))) and risk.kind == "delete" and control.role != "link":
        return Effect(risk, _sign_names(control), where or "its sign")
    return None


def _label_words(control: ControlLabel) -> str:
    """The label of a control; empty if it has no words."""
    return " ".join(text for text in control.words[:1] if not wordless(text))


def _sign_names(control: ControlLabel) -> str:
    """The names of the signs and emoji on a control."""
    return "; ".join(name for text in control.words if (name := signs(text)))


def _wordless_effect(hit: Hit, observation: Observation, phrases: tuple[str, ...]) -> Effect | None:
    """The effect of a control without words, by the phrase for it, its link, its row and its picture."""
    for phrase in phrases:
        if risk := sign_risk(phrase):
            return Effect(risk, phrase, "the phrase for it")
    link = hit.link.partition("#")[0].partition("//")[2].partition("/")[2]
    if risk := sign_risk(apart(link)):
        return Effect(risk, hit.link, "where it leads")
    for line in hit.row.split("\n"):
        if risk := label_risk(line):
            return Effect(risk, line, "its row")
    if hit.drawn and hit.box and observation.reader and not dismisses(apart(hit.control.code)):
        part = hit.box.within(observation.screenshot.width, observation.screenshot.height)
        if part and part.width <= READ_SIZE[0] and part.height <= READ_SIZE[1]:
            for read in observation.reader(Screenshot(observation.screenshot.image.crop(part))):
                if risk := label_risk(read.name):
                    return Effect(risk, read.name, "its picture")
    return None


def _form_effect(form: Form) -> Effect | None:
    """The effect of sending a form, by its button, its headings, its address and its text."""
    button = form.button
    if button and (found := _label_effect(button, where="the button of the form")):
        return found
    label = _label_words(button) if button else ""
    if label and dismisses(label):
        return None
    plain = not label or agrees(label)
    for heading in form.headings:
        if (risk := heading_risk(heading)) and (plain or risk.kind in GRAVE_RISKS | {"send"}):
            return Effect(risk, heading, "the form")
    if form.method == "post":
        path = apart(re.sub(r"^\w+://[^/]*|[?#].*$", "", form.action))
        if risk := label_risk(" ".join(path.split()[-3:])):
            return Effect(risk, form.action, "where the form goes")
    if plain and (risk := message_risk(form.message)):
        return Effect(risk, form.message, "the form")
    return None


def _agreement_effect(hit: Hit, label: str) -> Effect | None:
    """The effect that a press agrees to, by the text of its dialog or the text around it."""
    plain = not label or agrees(label)
    dialog = hit.dialog
    if dialog and dialog.buttons <= DIALOG_BUTTONS and (plain or dialog.buttons <= QUESTION_BUTTONS):
        text = f"{dialog.title}\n{dialog.message}".strip()
        risk = heading_risk(dialog.title) or message_risk(text)
        if risk and (plain or risk.kind in GRAVE_RISKS):
            return Effect(risk, text, "the dialog")
        if plain and AMOUNT.search(text) and (dialog.buttons > 1 or re.search(r"[?？؟]", text)):
            return Effect(Risk("pay", "amount"), text, "the dialog")
    if plain and (risk := message_risk(hit.message)):
        return Effect(risk, hit.message, "the text around it")
    return None


def _only_navigates(hit: Hit) -> bool:
    """Whether a press only follows a link to another page, as far as the page reports."""
    return bool(hit.link) and scheme_of(hit.link) in ("http", "https", "file") and "press" not in hit.listens


def _only_names_place(found: Effect) -> bool:
    """Whether a sign on a link names a destination: an envelope leads to a page about mail, or opens a mail program."""
    return found.where == "its sign" and found.risk.kind in ("send", "publish", "pay")


def _is_known_harmless(hits: tuple[Hit, ...]) -> bool:
    """Whether the hit test shows that the press is harmless, so that labels of elements are not needed."""
    settings = all(hit.takes_text or hit.control.role in SETTING_ROLES for hit in hits)
    return settings or all(
        hit.only_opens or ((_only_navigates(hit) or hit.opens) and any(explains(text) for text in hit.control.words))
        for hit in hits
    )


def _first_risk(words: Iterable[str]) -> Effect | None:
    return next((Effect(risk, text) for text in words if (risk := label_risk(text))), None)


def find_exposed_secret(action: Type, observation: Observation, goal: str) -> str:
    """Return the reason why a person must approve this text in this field; empty if no approval is needed."""
    fields = _target_elements(action, observation) or [element for element in observation.elements if element.focused]
    if SECRET.search(action.text):
        known = [element for element in fields if element.takes_text]
        visible = known and not any(element.secret for element in known)
        return "a secret, and a field that does not mask its text" if visible else ""
    if action.text.strip() not in goal and any(element.secret for element in fields):
        return "a password field, and text that is not in the goal"
    return ""


# The target of an action


def hit_targets(action: Action, observation: Observation) -> tuple[Hit, ...]:
    """Return the controls that the action acts on, from a hit test; empty if the platform has none."""
    if observation.hit_test is None or not isinstance(action, (Click, Drag, Select, Type, Key)):
        return ()
    return observation.hit_test(action)


def texts_on_target(action: Action, observation: Observation, hits: tuple[Hit, ...]) -> list[str]:
    """Return the texts on the control that the action activates; empty if it activates none."""
    targeted = _target_elements(action, observation)
    found = [text for hit in hits for text in hit.control.words]
    if isinstance(action, (Click, Drag, Select)):
        words = [target.phrase for target in targets(action).values()]
        words += [text for element in targeted for text in _labels(element)]
        words += [action.option] if isinstance(action, Select) else []
        return [*words, *found, *([] if targeted or found else _read_text_at(action, observation))]
    if isinstance(action, Key) and any(hit.at == "access key" for hit in hits):
        return [text for hit in hits if hit.at == "access key" for text in hit.control.words]
    if not isinstance(action, (Key, Type)) or _key_chord(action)[1] not in PRESSING_KEYS:
        return []
    if hits:
        entered = [each for hit in hits if hit.form and hit.form.button for each in hit.form.button.words]
        pressing = [text for hit in hits if not hit.takes_text for text in hit.control.words]
        return pressing + (entered if _key_chord(action)[1] == "enter" else [])
    if isinstance(action, Type) and "\n" not in action.text:
        return []
    pressed = targeted or [element for element in observation.elements if element.focused]
    words = [target.phrase for target in targets(action).values()]
    words += [text for element in pressed for text in _labels(element)]
    # Enter in a field presses the button of its form, if the platform reports it.
    forms = {element.parent for element in pressed if element.takes_text and element.parent}
    buttons = [each.name for each in observation.elements if each.parent in forms and each.role == "button"]
    return words + buttons


def _labels(element: Element) -> tuple[str, ...]:
    return tuple(text for text in (element.name, element.description) if text)


def _labels_at(action: Action, name: str, observation: Observation) -> list[str]:
    """The labels of the elements under one of the action's targets."""
    target = targets(action)[name]
    under = element_under(target.point, observation) if target.point else None
    return [text for each in (_find_element(observation, target.element), under) if each for text in _labels(each)]


def _target_elements(action: Action, observation: Observation) -> list[Element]:
    """The elements that targets name, and those under their points: a target may name one and hit another."""
    found: dict[str, Element] = {}
    for target in targets(action).values():
        under = element_under(target.point, observation) if target.point else None
        for element in (_find_element(observation, target.element), under):
            if element:
                found[element.id] = element
    return list(found.values())


def _read_text_at(action: Action, observation: Observation) -> list[str]:
    """Text around points without a known element, read by OCR; a desktop may report nothing else."""
    points = [target.point for target in targets(action).values() if target.point]
    if observation.elements and not observation.read:
        return []
    # The whole screen is read: a part of it is enlarged for reading, and neighbouring labels are then read as one line.
    return [each.name for each in observation.words if any(each.box.holds(point) for point in points)]


def _find_element(observation: Observation, identity: str) -> Element | None:
    if not identity:
        return None
    return next((element for element in (*observation.elements, *observation.read) if element.id == identity), None)
