"""Verb families: one module each, with templates, what they mean, and examples. Importing this registers them all."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

#: The modules of families, found by themselves: a new verb is one new file.
MODULES = tuple(sorted(each.name for each in iter_modules(__path__)))
for _name in MODULES:
    import_module(f"{__name__}.{_name}")
