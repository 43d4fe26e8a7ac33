"""Logging in and searching: small tasks of several actions that work on any page that has the usual fields."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from handeye.perception.phrases.match import Match
from handeye.perception.reading.groups import ancestors
from handeye.policies.plain_english.acts_forms import spoken
from handeye.policies.plain_english.labelled import likely
from handeye.policies.plain_english.moment import Fail, Moment, Next, Step
from handeye.policies.plain_english.reaching import clear, reach
from handeye.tools.actions import Click, Key, Type, Wait

if TYPE_CHECKING:
    import handeye.policies.plain_english.clauses as c
    from handeye.policies.decision import StepSummary
    from handeye.tools.element import Element

#: Language knowledge: what these fields and buttons are called.
USER = ("username", "user name", "user", "e-mail", "email", "email address", "login", "account", "user id", "member",
        "benutzername", "benutzer", "nutzername", "anmeldename", "kennung", "e-mail-adresse", "utilisateur",
        "nom d'utilisateur", "identifiant", "usuario", "correo", "correo electrónico", "nome utente", "gebruikersnaam",
        "phone", "customer number", "kundennummer", "name")  # fmt: skip
PASSWORD = ("password", "passwort", "kennwort", "pin", "passphrase", "passcode", "mot de passe", "contraseña",
            "wachtwoord", "senha")  # fmt: skip
LOG_IN = ("log in", "sign in", "login", "log on", "anmelden", "einloggen", "connexion", "se connecter",
          "iniciar sesión", "entrar", "accedi", "inloggen", "submit", "continue", "next", "weiter", "go", "enter", "ok",
          "unlock")  # fmt: skip
SEARCH = ("search", "find", "suche", "suchen", "suchbegriff", "recherche", "rechercher", "buscar", "búsqueda", "cerca",
          "zoeken", "sök", "szukaj", "query", "q", "keywords", "what are you looking for", "filter",
          "look up")  # fmt: skip
_ASIDE = ("show password", "show", "hide", "forgot password", "forgot", "reset", "cancel", "register", "sign up")
_TRIES = 3
_WRONG = re.compile(
    r"\b(?:wrong|invalid|incorrect|failed|denied|not match|falsch|ungültig|incorrecto)\b", re.IGNORECASE
)


def log_in(clause: c.LogIn, moment: Moment) -> Step:
    """Fill in user name and password, and submit them."""
    stage, last = moment.progress.stage, moment.last
    in_vain = last and moment.failed and last.result and not moment.refused and not isinstance(last.action, Wait)
    if last and in_vain and moment.progress.tried("failed") >= 2:
        return Fail(f"logging in did not work: {last.result}")
    if stage == "submitted" and not moment.refused:
        return _submitted(clause, moment)
    typed = last and stage in ("user", "password") and isinstance(last.action, Type) and not moment.refused
    if last and typed and last.outcome.kind == "unexpected" and not _elsewhere(last):
        return Fail(f"logging in did not work: {last.outcome.evidence}")
    secret = next((field for field in moment.visible(moment.fields()) if field.secret), None)
    if stage == "password" and not moment.refused:
        return _submit(clause, moment, secret)
    if stage == "user" and not moment.refused:
        return _password(clause, moment, secret)
    user = _user_field(moment, secret)
    if user is None and stage == "" and (secret is None or not moment.observation.elements):
        return _find_form(moment)
    if user is None:
        return _password(clause, moment, secret)
    held = clear(moment, user, "the field for the user name")
    if not isinstance(held, Match):
        return held
    name = held.element.name or held.element.description or "the user name"
    action = Type(text=clause.user, target=moment.at(held.element, name), clear=held.element.source != "ocr")
    return moment.do(action, f"type the user name into “{name}”", "user")


def _elsewhere(past: StepSummary) -> bool:
    """Whether typing led to another page, which sent or replaced the form."""
    return "address" in past.outcome.evidence or "page was loaded" in past.outcome.evidence


def _user_field(moment: Moment, secret: Element | None) -> Match | None:
    plain = [field for field in moment.visible(moment.fields()) if not field.secret and field.role != "searchbox"]
    if secret is not None:
        order = [element.id for element in moment.observation.elements]
        before = [field for field in plain if order.index(field.id) < order.index(secret.id)]
        ranked = likely(before[-3:], USER)
        if ranked and ranked[0][0] >= 0.62:
            return Match(ranked[0][1], ranked[0][0], "named so")
        return Match(before[-1], 0.8, "before the password") if before else None
    ranked = likely(plain, USER[:-1])
    if ranked and ranked[0][0] >= 0.72:
        return Match(ranked[0][1], ranked[0][0], "named so")
    if not moment.observation.elements:
        for name in ("Username", "E-mail", "User", "Login", "Benutzername"):
            if found := [match for match in moment.find(f"{name} field", "type") if match.score >= 0.7]:
                return found[0]
    return None


def _find_form(moment: Moment) -> Step:
    """No field for a user name here: a link may lead to it."""
    ranked = likely(
        [each for each in moment.visible(moment.observation.elements) if each.acts and not each.takes_text], LOG_IN[:12]
    )
    if ranked and ranked[0][0] >= 0.84 and not moment.progress.tried("opened"):
        element = ranked[0][1]
        return moment.do(Click(target=moment.at(element)), f"open the log-in form with “{element.name}”", "")
    if moment.progress.tried("waited") < _TRIES:
        return moment.do(Wait(seconds=1), "no log-in form yet; wait a little", "")
    return Fail("there is no log-in form: no field for a user name, and nothing that is called “Log in”")


def _password(clause: c.LogIn, moment: Moment, secret: Element | None) -> Step:
    if not clause.password:
        return _submit(clause, moment, secret)
    if secret is None and not moment.observation.elements:
        for name in ("Password", "Passwort", "PIN"):
            if found := [match for match in moment.find(f"{name} field", "type") if match.score >= 0.7]:
                action = Type(text=clause.password, target=moment.aim(found[0], name))
                return moment.do(action, "type the password", "password")
    if secret is None:
        named = likely([field for field in moment.visible(moment.fields()) if field.role == "textbox"], PASSWORD)
        secret = named[0][1] if named and named[0][0] >= 0.8 else None
    if secret is None:
        return _two_pages(moment)
    held = clear(moment, Match(secret, 1.0, ""), "the password field")
    if not isinstance(held, Match):
        return held
    name = secret.name or "Password"
    action = Type(text=clause.password, target=moment.at(secret, name), clear=True)
    return moment.do(action, f"type the password into “{name}”", "password")


def _two_pages(moment: Moment) -> Step:
    """The password is asked for on a second page: go there with Enter, and wait for it."""
    if not moment.progress.tried("next"):
        return moment.do(Key(keys="enter"), "the password is asked for later: press Enter", "user")
    if moment.progress.tried("password") < _TRIES:
        return moment.do(Wait(seconds=1), "wait for the password field", "user")
    return Fail("there is no password field on this page")


def _submit(clause: c.LogIn, moment: Moment, secret: Element | None) -> Step:
    del clause
    button = _button(moment, secret) if not moment.progress.tried("button") else None
    if button is not None and not button.covered and button.box.within(*moment.size):
        return moment.do(Click(target=moment.at(button)), f"send it with “{button.name or 'the button'}”", "submitted")
    return moment.do(Key(keys="enter"), "send it with Enter", "submitted")


def _button(moment: Moment, secret: Element | None) -> Element | None:
    """The button that sends the form: named so and in the same form, else the first one after the password."""
    elements = list(moment.observation.elements)
    buttons = [each for each in elements if each.role == "button" and each.enabled]
    form: Element | None = None
    by_id = {each.id: each for each in elements}
    if secret is not None:
        form = next((each for each in ancestors(secret, by_id) if each.role in {"form", "dialog"}), None)
        if form is not None:
            buttons = [each for each in buttons if form in ancestors(each, by_id)]
        order = {each.id: place for place, each in enumerate(elements)}
        after = [each for each in buttons if order[each.id] > order.get(secret.id, -1)]
        buttons = after or buttons
    buttons = [each for each in buttons if not (each.name and likely([each], _ASIDE)[0][0] >= 0.84)]
    ranked = likely(buttons, LOG_IN)
    if ranked and ranked[0][0] >= 0.7:
        return ranked[0][1]
    if not buttons and form is not None:  # some pages send a form by what is a link to the browser
        links = [each for each in elements if each.role in {"link", "clickable"} and form in ancestors(each, by_id)]
        named = likely(links, LOG_IN)
        return named[0][1] if named and named[0][0] >= 0.9 else None
    return buttons[0] if buttons and secret is not None else None


def _submitted(clause: c.LogIn, moment: Moment) -> Step:
    """Logged in when the password field is gone; a field that stays means that it did not work."""
    secret = next((field for field in moment.visible(moment.fields()) if field.secret), None)
    if secret is None or not clause.password:
        return Next()
    if moment.failed and not moment.progress.tried("enter"):
        return moment.do(Key(keys="enter"), "nothing changed: send it with Enter", "submitted")
    if moment.progress.tried("still") < 2:
        return moment.do(Wait(seconds=1), "the log-in form is still there; wait a little", "submitted")
    said = [each.name for each in moment.observation.elements if each.role in {"alert", "status"} and each.name]
    said = said or [
        each.name for each in moment.observation.elements if each.role == "text" and _WRONG.search(each.name)
    ]
    return Fail(f"the log-in form is still there{f'; it says “{said[0][:120]}”' if said else ''}")


def search(clause: c.SearchFor, moment: Moment) -> Step:
    """Type the text into the search field and submit it."""
    text = spoken(clause.text, moment, clause.fact)
    stage, last = moment.progress.stage, moment.last
    if stage in ("typed", "entered") and last and last.result and moment.failed and not moment.refused:
        return Fail(f"searching did not work: {last.result}")
    if stage == "typed" and last and last.outcome.kind == "unexpected" and not moment.refused and not _elsewhere(last):
        return Fail(f"“{text}” could not be typed into the search box: {last.outcome.evidence}")
    if stage == "typed" and not moment.refused:
        return moment.do(Key(keys="enter"), "start the search with Enter", "entered")
    if stage == "entered" and not moment.refused:
        button = _search_button(moment) if moment.failed else None
        if button is not None and not moment.progress.tried("button"):
            return moment.do(Click(target=moment.at(button)), f"Enter did nothing: click “{button.name}”", "entered")
        return Next(note="Enter changed nothing further" if moment.failed else "")
    if clause.target:
        found: Match | Step | None = reach(moment, clause.target, "type")
    else:
        found = _search_field(moment)
        if found is None:
            return _open_search(moment)
        found = clear(moment, found, "the search box")
    if not isinstance(found, Match):
        return found  # type: ignore[return-value]
    name = found.element.name or found.element.description or "the search box"
    replace = found.element.source != "ocr"
    return moment.do(
        Type(text=text, target=moment.at(found.element, name), clear=replace), f"type it into “{name[:60]}”", "typed"
    )


def can_search(moment: Moment) -> bool:
    """Return whether the page or program has a search field, or a button that opens one."""
    return _search_field(moment) is not None or _search_button(moment) is not None


def _search_field(moment: Moment) -> Match | None:
    fields = sorted((field for field in moment.fields() if not field.secret), key=lambda field: field.covered)
    boxes = [field for field in fields if field.role == "searchbox"]
    ranked = likely(fields, SEARCH)
    for field in (*moment.visible(boxes), *[element for score, element in ranked if score >= 0.62], *boxes):
        return Match(field, 0.9, "a search box")
    near = [field for field in moment.visible(fields) if _beside_search(field, moment)]
    if near:
        return Match(near[0], 0.8, "beside a search button")
    if len(moment.visible(fields)) == 1 and moment.progress.tries.get("waited", 0) >= _TRIES - 1:
        moment.notes.append("no search box is named so; this is the only field")
        return Match(moment.visible(fields)[0], 0.7, "the only field")
    if not moment.observation.elements:
        for name in ("Search", "Find", "Suche"):
            if found := [match for match in moment.find(name, "type") if match.score >= 0.6]:
                return found[0]
    return None


def _beside_search(field: Element, moment: Moment) -> bool:
    button = _search_button(moment)
    if button is None:
        return False
    return abs(button.box.centre.y - field.box.centre.y) < 30 and 0 <= button.box.left - field.box.right < 120


def _search_button(moment: Moment) -> Element | None:
    acting = [
        each
        for each in moment.visible(moment.observation.elements)
        if each.acts and not each.takes_text and not each.covered
    ]
    ranked = likely(acting, (*SEARCH[:12], "go"))
    return ranked[0][1] if ranked and ranked[0][0] >= 0.8 else None


def _open_search(moment: Moment) -> Step:
    """No search box is in sight: an icon or link may open one, or the page is late."""
    button = _search_button(moment)
    if button is not None and not moment.progress.tried("opened"):
        return moment.do(
            Click(target=moment.at(button)), f"open the search with “{button.name or button.description}”", ""
        )
    if moment.progress.tried("waited") < _TRIES - 1:
        return moment.do(Wait(seconds=1), "no search box yet; wait a little", "")
    return Fail("there is no search box on this page, nor anything called “Search”")
