"""Redacts what a device returns and raises."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from handeye.tools.errors import HandeyeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from handeye.tools.element import Element
    from handeye.tools.secrets.store import Secrets

C = TypeVar("C", bound=type)

#: What a device says: all its methods that answer with words, and those that can fail with some.
_REDACTED_METHODS = (
    "capture",
    "elements",
    "signals",
    "windows",
    "settle",
    "hit_test",
    "perform",
    "press",
    "device_state",
    "restore",
    "revive",
)


def redacts_secrets(device: C) -> C:
    """A device's class, made to hide the values of its `secrets` in all that its methods return and raise."""
    for name in _REDACTED_METHODS:
        if name in vars(device):
            setattr(device, name, _redacting(name, vars(device)[name]))
    return device


def _redacting(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        secrets: Secrets = self.secrets
        if name == "restore" and args:
            args = (secrets.redactor.unseal(args[0]), *args[1:])
        try:
            said = method(self, *args, **kwargs)
        except Exception as error:
            if not contains_secret(error, secrets):
                raise
            cleaned = _cleaned(error, secrets)
        else:
            if not secrets.redactor:
                return said
            return secrets.sealed(said) if name == "device_state" else _redacted_result(said, secrets)
        # Raised outside of the handler, so that the error which quotes a value is not kept as its context.
        raise cleaned

    return call


def contains_secret(error: BaseException, secrets: Secrets) -> bool:
    """Whether an error, or one that it came from, holds the value of a secret."""
    seen: set[int] = set()
    links: list[BaseException | None] = [error]
    while links:
        each = links.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        words = f"{each} {each.args!r} {getattr(each, '__notes__', '')} {vars(each)!r}"
        if secrets.redactor and secrets.redactor.spans(words):
            return True
        links += [each.__cause__, each.__context__]
    return False


def _cleaned(error: Exception, secrets: Secrets) -> Exception:
    words = secrets.redact(str(error))
    return type(error)(words) if isinstance(error, HandeyeError) else RuntimeError(f"{type(error).__name__}: {words}")


def _redacted_result(said: Any, secrets: Secrets) -> Any:
    from handeye.tools.element import Element

    if isinstance(said, str):
        return secrets.redact(said)
    if isinstance(said, list) and said and isinstance(said[0], Element):
        return _redacted_elements(said, secrets)
    if type(said) in (list, tuple):
        return type(said)(_redacted_result(each, secrets) for each in said)
    if isinstance(said, BaseModel):
        return secrets.redact_record(said)
    if hasattr(said, "__dataclass_fields__") and hasattr(said, "title"):
        from dataclasses import replace

        title = secrets.redact(said.title)
        return said if title == said.title else replace(said, title=title)
    return said


def _redacted_elements(found: list[Element], secrets: Secrets) -> list[Element]:
    """A page may have parted a value among elements that stand one after the other."""
    names = secrets.redactor.hide_each([element.name for element in found])
    made = []
    for element, name in zip(found, names, strict=True):
        changed = {"name": name}
        changed |= {
            each: secrets.redact(getattr(element, each))
            for each in ("value", "description", "key", "destination", "context")
        }
        differs = {key: value for key, value in changed.items() if value != getattr(element, key)}
        made.append(element.model_copy(update=differs) if differs else element)
    return made
