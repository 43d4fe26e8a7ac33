"""Redact the return values and errors of a device."""

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

#: The methods of a device whose return values or errors can contain text.
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
    """Wrap the methods of a device class so that their return values and errors never contain values of `secrets`."""
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
            result = method(self, *args, **kwargs)
        except Exception as error:
            if not contains_secret(error, secrets):
                raise
            cleaned = _cleaned(error, secrets)
        else:
            if not secrets.redactor:
                return result
            return secrets.sealed(result) if name == "device_state" else _redacted_result(result, secrets)
        # Raised outside of the handler, so that the error with the secret value does not become its context.
        raise cleaned

    return call


def contains_secret(error: BaseException, secrets: Secrets) -> bool:
    """Whether an error, or one of its causes or contexts, contains the value of a secret."""
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


def _redacted_result(result: Any, secrets: Secrets) -> Any:
    from handeye.tools.element import Element

    if isinstance(result, str):
        return secrets.redact(result)
    if isinstance(result, list) and result and isinstance(result[0], Element):
        return _redacted_elements(result, secrets)
    if type(result) in (list, tuple):
        return type(result)(_redacted_result(each, secrets) for each in result)
    if isinstance(result, BaseModel):
        return secrets.redact_record(result)
    if hasattr(result, "__dataclass_fields__") and hasattr(result, "title"):
        from dataclasses import replace

        title = secrets.redact(result.title)
        return result if title == result.title else replace(result, title=title)
    return result


def _redacted_elements(found: list[Element], secrets: Secrets) -> list[Element]:
    """Redact elements; a page may split a value over the names of consecutive elements."""
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
