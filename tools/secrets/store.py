"""Secrets: `{{secret:shop}}` to everybody, and its value to the device alone, at the moment it is typed.

A secret comes from a file, from the environment (`HANDEYE_SECRET_SHOP`) or from the system's keyring, in this order.
It is bound to places: domains, such as `shop.example` (its subdomains too) or `localhost:8000`, and programs, such as
`app:mousepad`. One that names no place is bound to where the run began. A file is TOML when its name ends so:

    shop = "open sesame"

    [bank]
    value = "…"                                 # left out: the environment or the keyring has it
    for = ["bank.example", "app:gnucash"]

Any other file holds lines NAME=value, and NAME_FOR=place,place for what a secret is bound to. In the keyring the user
is the secret's name, and the service is `handeye`, or `handeye:PLACE` for a secret that is bound to that place.

Not protected: values of fewer than four characters where a text or picture shows them outside of the field they were
typed into; a secret from a page or program that it was given to; and programs that may read the memory of this process.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar
from weakref import WeakSet

from handeye.tools.errors import ActionRefused, UsageError
from handeye.tools.secrets.redact import SHORTEST, Redactor, names_in, placeholder, redact_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from handeye.tools.actions import Action
    from handeye.tools.element import Element
    from handeye.tools.screenshot import Screenshot

T = TypeVar("T")

PREFIX = "HANDEYE_SECRET_"
SERVICE = "handeye"
_NAME = re.compile(r"[A-Za-z0-9_][\w.-]{0,63}")
#: Those of this process, for errors that reach a person by a way that knows of no run.
_KNOWN: WeakSet[Secrets] = WeakSet()


@dataclass(frozen=True)
class Destination:
    """Where something is about to be typed."""

    words: str
    """For people: `http://shop.example`, `the program mousepad`."""
    url: str = ""
    """Of the document that the field belongs to; empty on desktops."""
    program: str = ""
    """That has the keyboard; empty in browsers."""
    own: bool = False
    """Whether the run began here."""


@dataclass(frozen=True)
class Secret:
    """One secret. Its value shows in no repr, and it refuses to be pickled."""

    name: str
    value: str = field(repr=False)
    places: tuple[str, ...] = ()
    """Domains, and programs as `app:NAME`; empty: where the run began."""

    def fits(self, place: Destination) -> bool:
        """Whether it may be typed there."""
        return any(_names(each, place) for each in self.places) if self.places else place.own

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"the secret {self.name} is not written down")


def _names(bound: str, place: Destination) -> bool:
    if bound.startswith("app:"):
        return bool(place.program) and bound.removeprefix("app:").casefold() == place.program.casefold()
    from handeye.tools.allow_list import AllowList

    return place.url.startswith(("http://", "https://")) and AllowList([bound]).allow(place.url)


class Secrets:
    """The secrets of one run; without arguments there are none."""

    def __init__(self, found: Iterable[Secret] = (), bound: Mapping[str, tuple[str, ...]] | None = None) -> None:
        """`bound` are the places of secrets whose value the keyring has, if they are to be looked for there at all."""
        self._bound = bound
        self._found = {_key(secret.name): secret for secret in found}
        self._redactor = Redactor({})
        self.notes: list[str] = []
        """What the person should know, in words."""
        self.given: set[str] = set()
        """The names of those that were typed in this run."""
        self.reader: Callable[[Screenshot], Iterable[Element]] | None = None
        """Reads the text of a picture, for devices that know nothing of what is on their screen."""
        self._learn()
        _KNOWN.add(self)

    @classmethod
    def read(cls, file: Path | None = None, environ: Mapping[str, str] = os.environ) -> Secrets:
        """Return the secrets of a file and of the environment; the keyring is queried for single names later.

        Raises UsageError for a file that cannot be read; the message never holds a part of it.
        """
        values, places = _of_environment(environ)
        notes = list[str]()
        if file is not None:
            notes = _mode_notes(file)
            more, where = _of_file(file)
            values, places = values | more, places | where
        _check_places(places)
        secrets = cls((Secret(name, value, places.get(name, ())) for name, value in values.items()), places)
        secrets.notes = [*notes, *secrets.notes]
        return secrets

    @property
    def names(self) -> list[str]:
        """The names of the known secrets; a name in the keyring is unknown until it is requested."""
        return sorted(secret.name for secret in self._found.values())

    def get(self, name: str) -> Secret | None:
        """Return the secret of that name, or None; the keyring is queried last."""
        key = _key(name)
        if key not in self._found and self._bound is not None and (stored := self._of_keyring(name)):
            self._found[key] = stored
            self._learn()
        secret = self._found.get(key)
        if secret is not None and secret.name != name:  # it gets the name of the request
            secret = self._found[key] = replace(secret, name=name)
            self._learn()
        return secret

    def check(self, goal: str, what: str = "goal") -> None:
        """Raise UsageError when a goal, or another setting `what`, names a missing secret or holds the value of one."""
        for name in names_in(goal):
            if self.get(name) is None:
                raise UsageError(self._unknown(name))
        for name in dict.fromkeys(name for _, _, name in self._redactor.spans(goal)):
            raise UsageError(f"the {what} holds the value of the secret {name}; write {placeholder(name)} instead")

    def use(self, name: str, place: Destination) -> str:
        """The value, to be typed there at once. Raises ActionRefused where it must not be typed."""
        secret = self.get(name)
        if secret is None:
            raise ActionRefused(self._unknown(name))
        if not secret.fits(place):
            bound = ", ".join(secret.places) or "the place where the run began"
            raise ActionRefused(
                f"{placeholder(name)} is bound to {bound} and is not typed into {place.words}; type it there, "
                "or let the person bind it to this place as well"
            )
        self.given.add(_key(name))
        return secret.value

    def allow(self, text: str, place: Destination) -> None:
        """Raise ActionRefused, before anything is touched, when a secret in the text must not be typed there."""
        for name in names_in(text):
            before = set(self.given)
            self.use(name, place)
            self.given = before

    def recall(self, text: str) -> None:
        """What a run that goes on has typed before: its names stand in the text of the journal."""
        for name in names_in(text):
            if self.get(name):
                self.given.add(_key(name))

    @property
    def redactor(self) -> Redactor:
        """Knows the values that may stand in texts."""
        return self._redactor

    def redact(self, text: str) -> str:
        """The text with names for values."""
        return self._redactor.redact(text) if self._redactor else text

    def sealed(self, device_state: dict[str, Any]) -> dict[str, Any]:
        """A device state without values, which can be reversed; its `url` is that of the signals, to compare."""
        if not self._redactor:
            return device_state
        visible = {"url": self.redact(device_state["url"])} if "url" in device_state else {}
        return {**self._redactor.seal(device_state), **visible}

    def redact_record(self, record: T) -> T:
        """A record with names for values in its free texts; its keys, digests and times are left as they are."""
        return redact_record(record, self._redactor.redact) if self._redactor else record

    def values_given(self) -> dict[str, str]:
        """The secrets that were typed in this run and are long enough to be recognised in text."""
        given = {self._found[key].name: self._found[key].value for key in self.given if key in self._found}
        return {name: value for name, value in given.items() if len(value.strip()) >= SHORTEST}

    def _learn(self) -> None:
        self._redactor = Redactor({secret.name: secret.value for secret in self._found.values()})
        for secret in self._found.values():
            note = (
                f"the secret {secret.name} has fewer than {SHORTEST} characters: it is hidden in password fields and "
                "in the field of a page that it is typed into, and not where else a text or picture shows it"
            )
            if len(secret.value.strip()) < SHORTEST and note not in self.notes:
                self.notes.append(note)

    def _unknown(self, name: str) -> str:
        known = ", ".join(self.names) or "none"
        variable = f"{PREFIX}{re.sub(r'[.-]', '_', name).upper()}"
        return (
            f"no secret is called {name!r} (known: {known}); put it into --secrets FILE, set {variable}, or save it "
            f"in the keyring: keyring set {SERVICE} {name}"
        )

    def _of_keyring(self, name: str) -> Secret | None:
        try:
            import keyring
            from keyring.errors import KeyringError
        except ImportError:
            return None  # an extra: the message for an unknown secret says what can be done
        places = (self._bound or {}).get(_key(name), ())
        try:
            for service, bound in [*((f"{SERVICE}:{place}", places) for place in places), (SERVICE, places)]:
                if value := keyring.get_password(service, name):
                    return Secret(name, value, bound)
        except KeyringError as error:
            note = f"the keyring cannot be asked ({type(error).__name__}); unlock it, or use --secrets FILE"
            self.notes += [note] if note not in self.notes else []
        return None

    def __repr__(self) -> str:
        return f"Secrets({', '.join(sorted(secret.name for secret in self._found.values()))})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("secrets are not written down")


def refuse_elsewhere(action: Action) -> None:
    """Raise ActionRefused for a secret in what is neither typed into a field nor chosen in a list."""
    for part, value in action.model_dump(exclude={"target", "start", "end"}).items():
        filled_in = (action.kind, part) in (("type", "text"), ("select", "option"), ("wait", "text"))
        if not filled_in and isinstance(value, (str, tuple)) and (names := names_in(str(value))):
            placeholders = ", ".join(placeholder(name) for name in names)
            raise ActionRefused(f"{action.kind}: {placeholders} is only typed into fields or chosen in lists; use type")


def hide_known(text: str) -> str:
    """The text with names for the values of all secrets that this process has read."""
    for secrets in list(_KNOWN):
        text = secrets.redact(text)
    return text


def without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """Environment variables for a program that must not inherit any secret."""
    return {name: value for name, value in environ.items() if not name.upper().startswith(PREFIX)}


def _key(name: str) -> str:
    """Environment variables know neither case nor points."""
    return re.sub(r"[.-]", "_", name).casefold()


def _of_environment(environ: Mapping[str, str]) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    named = {name[len(PREFIX) :].lower(): value for name, value in environ.items() if name.startswith(PREFIX)}
    return _with_places({name: value for name, value in named.items() if name and value})


def _with_places(named: dict[str, str]) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """NAME_FOR says where NAME is bound to, if there is a NAME or it lists places."""
    places: dict[str, tuple[str, ...]] = {}
    for name in list(named):
        owner = re.sub(r"_for$", "", name, flags=re.IGNORECASE)
        if owner != name and _key(owner) in {_key(each) for each in named}:
            places[_key(owner)] = tuple(re.split(r"[,\s]+", named.pop(name).strip()))
    return {_key(name): value for name, value in named.items()}, places


def _of_file(file: Path) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", "") or "not UTF-8"
        raise UsageError(f"the secrets file {file} cannot be read ({why}); give a TOML or dotenv file") from None
    return _of_toml(file, text) if file.suffix.lower() == ".toml" else _with_places(_of_dotenv(file, text))


def _of_toml(file: Path, text: str) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"line \d+", str(error))  # and no word of what stands there
        raise UsageError(f"{file} is not valid TOML ({where[0] if where else 'at its end'}); mend it") from None
    values, places = dict[str, str](), dict[str, tuple[str, ...]]()
    for name, entry in table.items():
        _check_name(name, file)
        entry = {"value": entry} if isinstance(entry, str) else entry
        bound = entry.get("for", []) if isinstance(entry, dict) else None
        bound = [bound] if isinstance(bound, str) else bound
        if not isinstance(bound, list) or not all(isinstance(each, str) for each in bound):
            raise UsageError(f'{file}: {name} is no secret; write {name} = "…", or a table with value and for')
        if wrong := set(entry) - {"value", "for"}:
            raise UsageError(f"{file}: {name} has no setting {', '.join(sorted(wrong))}; it may have value and for")
        value: Any = entry.get("value", "")
        if not isinstance(value, str) or (value == "" and "value" in entry):
            raise UsageError(f"{file}: the value of {name} must be a text in quotes that is not empty")
        if value:
            values[_key(name)] = value
        if bound:
            places[_key(name)] = tuple(bound)
    return values, places


def _of_dotenv(file: Path, text: str) -> dict[str, str]:
    named: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip().removeprefix("export ").strip()
        if not line or line.startswith("#"):
            continue
        name, sign, value = line.partition("=")
        name, value = name.strip(), value.strip()
        if not sign:
            raise UsageError(f"{file}, line {number}: write NAME=value")
        _check_name(name, file)
        if value[:1] in ("'", '"'):
            end = value.find(value[0], 1)
            while value[0] == '"' and end > 0 and value[end - 1] == "\\":
                end = value.find('"', end + 1)
            if end < 0:
                raise UsageError(f"{file}, line {number}: the value of {name} has no closing quote")
            inner = value[1:end]
            value = re.sub(r'\\([\\"$])', r"\1", inner) if value[0] == '"' else inner
        else:
            value = re.split(r"\s#", value)[0].rstrip()
        if not value:
            raise UsageError(f"{file}, line {number}: {name} has no value")
        named[name] = value
    return named


def _check_places(places: Mapping[str, tuple[str, ...]]) -> None:
    from handeye.tools.allow_list import AllowList

    for name, bound in places.items():
        if "app:" in bound or "" in bound:
            raise UsageError(f"the secret {name} is bound to an empty name; write a domain, or app:PROGRAM")
        try:
            AllowList([each for each in bound if not each.startswith("app:")])
        except UsageError as error:
            raise UsageError(f"the secret {name}: {error}; programs are written as app:NAME") from None


def _check_name(name: str, file: Path) -> None:
    if not _NAME.fullmatch(name):
        raise UsageError(f"{file}: {name[:20]!r} cannot be a secret's name; use letters, digits, _ . and -")


def _mode_notes(file: Path) -> list[str]:
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
    except OSError:
        return []
    if os.name != "posix" or not mode & 0o077:
        return []
    return [f"others on this machine can read {file} (mode {mode:o}); run: chmod 600 {file}"]
