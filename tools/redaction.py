"""Redacting whole records: secrets leave the free texts of a model, its own vocabulary stays.

A secret may be equal to a field name or to a word such as `click` that a file of handeye means by itself. Field names
and `Literal` values are written by handeye alone, so they are never replaced: a record stays readable whatever a
secret's value is.
"""

from __future__ import annotations

import re
import types
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

#: Texts of ours that can hold no secret: a digest, a time.
FIXED = re.compile(r"[0-9a-f]{64}|\d{4}-\d\d-\d\dT[\d:.+Z-]+")

#: Fields with a word of a fixed list that is too open for a `Literal`: ARIA's roles.
VOCABULARY = frozenset({"role"})


def redact_record(value: T, redact: Callable[[str], str]) -> T:
    """The value with `hide` applied to every free text in it, at any depth; the same object where nothing changes.

    Models, lists, tuples and the values of dictionaries are followed. Keys of dictionaries are handeye's own.
    """
    changed: Any = _redacted(value, redact)
    return value if changed is value else changed  # type: ignore[no-any-return]


def _redacted(value: Any, redact: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        made = value if FIXED.fullmatch(value) else redact(value)
        return value if made == value else made
    if isinstance(value, BaseModel):
        fields = {name: getattr(value, name) for name in free_fields(type(value))}
        changed = {name: made for name, each in fields.items() if (made := _redacted(each, redact)) is not each}
        return value.model_copy(update=changed) if changed else value
    if isinstance(value, Path):
        made = redact(str(value))
        return value if made == str(value) else type(value)(made)
    if isinstance(value, dict):
        items = {key: _redacted(each, redact) for key, each in value.items()}
        return items if any(items[key] is not value[key] for key in items) else value
    if isinstance(value, list | tuple):
        parts = [_redacted(each, redact) for each in value]
        if all(one is other for one, other in zip(parts, value, strict=True)):
            return value
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return value


@cache
def free_fields(model: type[BaseModel]) -> tuple[str, ...]:
    """The names of a model's fields that may hold free text."""
    return tuple(
        name for name, field in model.model_fields.items() if name not in VOCABULARY and not _fixed(field.annotation)
    )


def _fixed(annotation: Any) -> bool:
    """Whether a field of this type holds nothing but words of a fixed list, numbers, truth values or nothing."""
    origin = get_origin(annotation)
    if origin is Literal or annotation in (int, float, bool, type(None), None):
        return True
    if origin is Annotated:
        return _fixed(get_args(annotation)[0])
    if origin in (Union, types.UnionType, tuple, list, frozenset):
        return all(each is ... or _fixed(each) for each in get_args(annotation))
    return False
