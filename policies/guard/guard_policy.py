"""The user's rules for a run: allowed addresses, programs and files, actions that need approval, denied actions.

    [guard]                                     # in handeye.toml; [tool.handeye.guard] in pyproject.toml
    allow-domains = ["shop.example"]            # only these and their subdomains are reachable
    deny-domains = ["ads.shop.example"]         # never reachable, also when allow-domains contains it
    allow-apps = ["mousepad"]                   # programs that may be started, and whose windows may receive input
    deny-apps = ["keepassxc"]
    allow-folders = ["~/reports"]               # folders whose files may be opened and uploaded
    ask-words = ["archive"]                     # words on controls that need approval, in addition to the built-in ones
    refuse-words = ["transfer", "close account"]
    ask-actions = ["upload"]                    # kinds of action, see `handeye actions`
    refuse-actions = ["navigate"]
    tools = ["convert"]                         # custom tools that may be called
    shell = false                               # whether terminals may receive input and tools may run commands

Refusals and allow-lists apply under every `--approve`; rules that ask do not apply under `never`.
"""

from __future__ import annotations

import re
import tomllib
from difflib import get_close_matches
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from handeye.tools.actions import KINDS
from handeye.tools.address import local_path
from handeye.tools.allow_list import domain
from handeye.tools.desktop.driven_programs import TERMINALS
from handeye.tools.errors import UsageError
from handeye.tools.visible_text import foldings, written

if TYPE_CHECKING:
    from collections.abc import Iterable


class GuardPolicy(BaseModel):
    """Rules of a run, independent of any model, page or answer. Frozen; stored in the run's `run.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    allow_domains: tuple[str, ...] = ()
    """The browser reaches these and their subdomains only; everything when empty."""
    deny_domains: tuple[str, ...] = ()
    allow_apps: tuple[str, ...] = ()
    """Programs that may be started and driven, by the name of their file or window class; all when empty."""
    deny_apps: tuple[str, ...] = ()
    allow_folders: tuple[str, ...] = ()
    """Folders whose files may be opened and uploaded, in addition to files that the goal names; subfolders included."""
    ask_words: tuple[str, ...] = ()
    """Words on a pressed control that ask first under `risky`, in addition to the built-in ones."""
    refuse_words: tuple[str, ...] = ()
    ask_actions: tuple[str, ...] = ()
    """Kinds of action that ask first under `risky`."""
    refuse_actions: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    """Custom tools that may be called; none when empty."""
    shell: bool = False
    """Whether terminals may be driven, and tools that run commands may be called."""

    @field_validator("allow_domains", "deny_domains")
    @classmethod
    def _domains(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(dict.fromkeys(domain(name) for name in names))
        except UsageError as error:
            raise ValueError(str(error)) from None

    @field_validator("allow_folders")
    @classmethod
    def _folders(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(dict.fromkeys(str(local_path(name)) for name in names if name.strip()))
        except UsageError as error:
            raise ValueError(str(error)) from None

    @field_validator("allow_apps", "deny_apps")
    @classmethod
    def _apps(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return _some(dict.fromkeys(program(name) for name in names), "names of programs, such as mousepad")

    @field_validator("ask_words", "refuse_words")
    @classmethod
    def _words(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        return _some(
            dict.fromkeys(" ".join(each.lower().split()) for each in words), "words of buttons, such as transfer"
        )

    @field_validator("ask_actions", "refuse_actions")
    @classmethod
    def _kinds(cls, kinds: tuple[str, ...]) -> tuple[str, ...]:
        for kind in kinds:
            if kind not in KINDS:
                near = get_close_matches(kind, KINDS, n=1)
                hint = f"did you mean {near[0]}?" if near else f"choose from {', '.join(KINDS)}"
                raise ValueError(f"must be kinds of action, got {kind!r}: {hint}")
        return tuple(dict.fromkeys(kinds))

    def with_domains(self, names: Iterable[str]) -> GuardPolicy:
        """The policy with more allowed domains, such as those of `--allow-domain`."""
        return GuardPolicy.model_validate(self.model_dump() | {"allow_domains": (*self.allow_domains, *names)})

    def tightened(self, other: GuardPolicy) -> GuardPolicy:
        """The policy that allows what both allow. Lists of allowed things are intersected, others united."""
        made: dict[str, Any] = {}
        for name in ("deny_domains", "deny_apps", "ask_words", "refuse_words", "ask_actions", "refuse_actions"):
            made[name] = tuple(dict.fromkeys((*getattr(self, name), *getattr(other, name))))
        made["allow_folders"] = tuple(each for each in self.allow_folders if each in other.allow_folders)
        made["tools"] = tuple(each for each in self.tools if each in other.tools)
        made["shell"] = self.shell and other.shell
        made["allow_apps"] = _both(self.allow_apps, other.allow_apps, _same, "apps")
        made["allow_domains"] = _both(self.allow_domains, other.allow_domains, _inside, "domains")
        return GuardPolicy.model_validate(made)

    def starts(self, command: str) -> str:
        """Why a program must not be started, with the remedy; empty if it may. A terminal may: the user named it.

        `command` is a command line; its first word is the program.
        """
        return self._apart(program(command))

    def drives(self, name: str, named: str = "") -> str:
        """Why the windows of a program must not be driven, with the remedy; empty if they may.

        `name` is the program that the window reports, empty if it reports none; `named` is the program that the user
        started the run with.
        """
        plain = program(name)
        if why := self._apart(plain or "a window that does not report its program"):
            return why
        if plain in TERMINALS and not (self.shell or plain in (*self.allow_apps, named)):
            return f"{plain} is a terminal and shell is false: the user can set shell = true or add it to allow-apps"
        return ""

    def _apart(self, plain: str) -> str:
        if plain in self.deny_apps:
            return f"{plain} is in deny-apps: the user can remove it there"
        if self.allow_apps and plain not in self.allow_apps:
            allowed = ", ".join(self.allow_apps)
            return f"the program must be in allow-apps ({allowed}), got {plain}: the user can add it there"
        return ""


def program(name: str) -> str:
    """The normal form of a program's name: `/usr/bin/Mousepad`, `mousepad.exe` and `mousepad -o x` are `mousepad`."""
    first = name.strip().split()[0] if name.strip() else ""
    return PurePath(first.replace("\\", "/")).name.lower().removesuffix(".exe").removesuffix(".app")


def says(words: Iterable[str], text: str) -> str:
    """The first of the words that the text contains as a whole word, also in look-alike letters; empty if none."""
    forms = foldings(text)
    for word in words:
        bounded = r"(?<!\w){}(?!\w)" if _SPACED.search(word) else "{}"
        if any(re.search(bounded.format(re.escape(way)), form) for way in written(word) for form in forms):
            return word
    return ""


#: Words of scripts with spaces between words; in others (Chinese, Japanese, Thai) a word is matched anywhere.
_SPACED = re.compile(r"^[^\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]*$")


def read_rules(path: Path, table: object) -> GuardPolicy:
    """The rules of a `[guard]` table. Raises UsageError that names the file, the key and the remedy."""
    where = f"{path}: [guard]"
    if not isinstance(table, dict):
        raise UsageError(f"{where} must be a table, got {table!r}: write its keys under a line [guard]")
    known = {name: name.replace("_", "-") for name in GuardPolicy.model_fields}
    plain: dict[str, Any] = {}
    for key, value in table.items():
        if (name := key.replace("-", "_")) not in known:
            near = get_close_matches(key.replace("_", "-"), known.values(), n=1)
            hint = f"did you mean {near[0]}?" if near else f"choose from {', '.join(known.values())}"
            raise UsageError(f"{where} must have known keys, got {key!r}: {hint}")
        if name != "shell" and not isinstance(value, list):
            raise UsageError(f'{where} {key} must be a list, got {value!r}: write {key} = ["…"]')
        plain[name] = tuple(value) if isinstance(value, list) else value
    try:
        return GuardPolicy.model_validate(plain, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0]).replace("_", "-")
        if first["type"] == "value_error":
            problem = str(first["ctx"]["error"])
            colon = "" if problem.startswith("must") else ":"
            raise UsageError(f"{where} {key}{colon} {problem}") from None
        required = {"bool_type": "true or false", "string_type": "a list of texts"}.get(first["type"], first["msg"])
        raise UsageError(f"{where} {key} must be {required}, got {first['input']!r}: correct the value") from None


def rules_file(path: Path) -> GuardPolicy:
    """The rules of a policy file: its `[guard]` table, or that of `[tool.handeye]`. Raises UsageError."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"--guard must be a readable file, got {path} ({error.strerror}): name a file with a [guard] table"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} must be valid TOML ({error}): correct it") from error
    except RecursionError:
        raise UsageError(f"{path} is nested too deeply to be parsed: flatten it") from None
    table = content if "guard" in content else content.get("tool", {}).get("handeye", {})
    if "guard" not in table:
        raise UsageError(f"{path} must have a table [guard], got none: write the rules under a line [guard]")
    return read_rules(path, table["guard"])


def _some(names: Iterable[str], what: str) -> tuple[str, ...]:
    entries = tuple(names)
    if "" in entries:
        raise ValueError(f"must be {what}, got an empty text: remove it")
    return entries


def _both(ours: tuple[str, ...], theirs: tuple[str, ...], narrower: Any, what: str) -> tuple[str, ...]:
    """Entries that both lists allow; an empty list allows everything. Raises UsageError if nothing remains."""
    if not (ours and theirs):
        return ours or theirs
    shared = [each for each in ours if any(narrower(each, other) for other in theirs)]
    shared += [each for each in theirs if each not in shared and any(narrower(each, other) for other in ours)]
    if not shared:
        raise UsageError(
            f"the rules must allow one of the run's {what} {', '.join(ours)}, got {', '.join(theirs)}: "
            "name a file with other rules by --guard FILE"
        )
    return tuple(shared)


def _same(one: str, other: str) -> bool:
    return one == other


def _inside(one: str, other: str) -> bool:
    """Whether a domain is another one or a subdomain of it, and its port is allowed."""
    host, _, port = one.rpartition(":") if re.search(r":\d+$", one) else (one, "", "")
    wanted, _, wanted_port = other.rpartition(":") if re.search(r":\d+$", other) else (other, "", "")
    return (host == wanted or host.endswith(f".{wanted}")) and wanted_port in ("", port)
