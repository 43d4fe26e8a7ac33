"""Measures the architecture of the five packages: `python -m tests.architecture` prints the figures.

`--json` prints them as one JSON object, `--list` also prints each module, class, function or word that a rule forbids.
`tests/test_architecture.py` asserts the rules.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import tokenize
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parent.parent
#: Each package imports only from the packages before it.
FLOORS = ("tools", "perception", "policies", "agent", "scenarios")
#: A module with one importer must have at least this many lines; a shorter one belongs into its importer.
SHORTEST_SINGLE_IMPORTER = 60
LONGEST_FUNCTION = 80

#: The rules, by the names of the methods that list what breaks them.
RULES = (
    "upward_imports",
    "cycles",
    "short_single_importers",
    "duplicate_module_names",
    "duplicate_classes",
    "long_functions",
    "undocumented",
    "retired_names",
    "retired_variables",
    "retired_words",
)

#: Parts of names (classes, functions, modules, parameters) that the glossary replaced.
RETIRED_NAMES = frozenset(
    [
        "books",
        "crew",
        "eyes",
        "heard",
        "heeded",
        "hider",
        "keeper",
        "ladder",
        "memento",
        "mind",
        "overheard",
        "parcels",
        "patience",
        "poised",
        "poising",
        "rung",
        "ruling",
        "scene",
        "shelf",
        "sight",
        "sighting",
        "station",
        "stir",
        "telling",
        "told",
        "wake",
    ]
)
#: Parts of names of variables and attributes, and words of texts, that do not say what a value is.
RETIRED_VARIABLES = frozenset(["asked", "beside", "brought", "heard", "judged", "kept", "said", "shown", "told"])
#: Paths where `RETIRED_VARIABLES` still occur, in names and texts. Shorten this list; never extend it.
NOT_RENAMED = (
    "perception/phrases/",
    "policies/plain_english/",
)
#: Words of docstrings and comments that stand for a term of the field.
RETIRED_WORDS = frozenset(
    [
        "beside",
        "besides",
        "crew",
        "heard",
        "ladder",
        "memento",
        "nobody",
        "overheard",
        "parcels",
        "rung",
        "shelf",
        "somebody",
        "told",
        "whoever",
    ]
)


@dataclass(frozen=True)
class Function:
    """A function or method: where it is defined, its length in lines, and whether it lacks a docstring it needs."""

    name: str
    line: int
    lines: int


@dataclass
class Module:
    """One module of the packages, parsed."""

    name: str
    path: Path
    source: str
    tree: ast.Module
    imports: set[str] = field(default_factory=set)
    """Modules of the packages that it imports, in functions and under TYPE_CHECKING too."""
    import_statements: int = 0

    @property
    def floor(self) -> str:
        """The package at the top of its path."""
        return self.name.split(".")[1]

    @property
    def lines(self) -> int:
        """All lines of its file."""
        return self.source.count("\n")

    @cached_property
    def functions(self) -> list[Function]:
        """All functions and methods, nested ones too."""
        found = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found.append(Function(node.name, node.lineno, (node.end_lineno or node.lineno) - node.lineno + 1))
        return found

    @cached_property
    def classes(self) -> list[ast.ClassDef]:
        """The classes at its top level."""
        return [node for node in self.tree.body if isinstance(node, ast.ClassDef)]


class Architecture:
    """The modules of the five packages and the rules that they are measured by."""

    def __init__(self, root: Path = ROOT) -> None:
        self.root = root
        self.modules: dict[str, Module] = {}
        for floor in FLOORS:
            for path in sorted((root / floor).rglob("*.py")):
                parts = path.relative_to(root).with_suffix("").parts
                name = ".".join(("handeye", *(parts[:-1] if parts[-1] == "__init__" else parts)))
                source = path.read_text(encoding="utf-8")
                self.modules[name] = Module(name, path, source, ast.parse(source))
        for module in self.modules.values():
            self._read_imports(module)

    def _read_imports(self, module: Module) -> None:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Import):
                module.import_statements += len(node.names)
                module.imports |= {alias.name for alias in node.names if alias.name in self.modules}
            elif isinstance(node, ast.ImportFrom):
                module.import_statements += 1
                for alias in node.names:
                    full = f"{node.module}.{alias.name}"
                    # `from package import module` runs the package's `__init__` too.
                    module.imports |= {full, str(node.module)} & self.modules.keys()
        module.imports.discard(module.name)

    @cached_property
    def importers(self) -> dict[str, set[str]]:
        """For each module, the modules that import it."""
        found: dict[str, set[str]] = defaultdict(set)
        for module in self.modules.values():
            for name in module.imports:
                found[name].add(module.name)
        return found

    @cached_property
    def single_importer(self) -> list[Module]:
        """Modules that exactly one other module imports; packages' `__init__` are not counted."""
        modules = (module for module in self.modules.values() if not module.path.name.startswith("__"))
        return [module for module in modules if len(self.importers[module.name]) == 1]

    @cached_property
    def cycles(self) -> list[list[str]]:
        """Groups of modules that import each other in a circle, type-only imports included (Tarjan's algorithm)."""
        index: dict[str, int] = {}
        low: dict[str, int] = {}
        stack: list[str] = []
        groups: list[list[str]] = []

        def visit(name: str) -> None:
            index[name] = low[name] = len(index)
            stack.append(name)
            for other in sorted(self.modules[name].imports):
                if other not in index:
                    visit(other)
                    low[name] = min(low[name], low[other])
                elif other in stack:
                    low[name] = min(low[name], index[other])
            if low[name] == index[name]:
                at = stack.index(name)
                group, stack[at:] = stack[at:], []
                if len(group) > 1:
                    groups.append(sorted(group))

        for name in sorted(self.modules):
            if name not in index:
                visit(name)
        return groups

    def upward_imports(self) -> list[str]:
        """Imports from a floor to one above it."""
        return [
            f"{module.name} imports {name}"
            for module in self.modules.values()
            for name in sorted(module.imports)
            if FLOORS.index(name.split(".")[1]) > FLOORS.index(module.floor)
        ]

    def short_single_importers(self) -> list[str]:
        """Modules with one importer and too few lines to stand alone."""
        return [
            f"{module.name} ({module.lines} lines) is imported by {next(iter(self.importers[module.name]))} alone"
            for module in self.single_importer
            if module.lines < SHORTEST_SINGLE_IMPORTER
        ]

    def duplicate_module_names(self) -> list[str]:
        """File names that occur more than once within a floor."""
        names: dict[tuple[str, str], list[str]] = defaultdict(list)
        for module in self.modules.values():
            if not module.path.name.startswith("__"):
                names[module.floor, module.path.name].append(module.name)
        return [f"{name}: {', '.join(where)}" for (_, name), where in sorted(names.items()) if len(where) > 1]

    def duplicate_classes(self) -> list[str]:
        """Names of public classes that are defined more than once."""
        names: dict[str, list[str]] = defaultdict(list)
        for module in self.modules.values():
            for node in module.classes:
                if not node.name.startswith("_"):
                    names[node.name].append(module.name)
        return [f"{name}: {', '.join(where)}" for name, where in sorted(names.items()) if len(where) > 1]

    def long_functions(self) -> list[str]:
        """Functions with too many lines."""
        return [
            f"{module.name}.{each.name} has {each.lines} lines"
            for module in self.modules.values()
            for each in module.functions
            if each.lines >= LONGEST_FUNCTION
        ]

    @cached_property
    def protocol_methods(self) -> set[str]:
        """Methods that a Protocol of the packages documents: a class that has one need not describe it again."""
        found = set()
        for module in self.modules.values():
            for node in module.classes:
                if any("Protocol" in ast.unparse(base) for base in node.bases):
                    found |= {
                        each.name
                        for each in node.body
                        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(each)
                    }
        return found

    def undocumented(self) -> list[str]:
        """Public modules, classes, functions and methods without a docstring."""
        found = []
        for module in self.modules.values():
            if not ast.get_docstring(module.tree) and module.tree.body:
                found.append(module.name)
            for node in module.tree.body:
                if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                    continue
                if node.name.startswith("_") or is_overload(node):
                    continue
                if not ast.get_docstring(node):
                    found.append(f"{module.name}.{node.name}")
                if isinstance(node, ast.ClassDef):
                    found += [f"{module.name}.{node.name}.{each}" for each in self._undocumented_methods(node)]
        return found

    def _undocumented_methods(self, node: ast.ClassDef) -> list[str]:
        return [
            each.name
            for each in node.body
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
            and not each.name.startswith("_")
            and each.name not in self.protocol_methods
            and not ast.get_docstring(each)
            and not is_overload(each)
        ]

    def retired_names(self) -> list[str]:
        """Modules, classes, functions and parameters whose name has a part that the glossary replaced."""
        found = []
        for module in self.modules.values():
            names = [(module.name.rsplit(".", 1)[-1], 1)]
            for node in ast.walk(module.tree):
                if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                    names.append((node.name, node.lineno))
                elif isinstance(node, ast.arg):
                    names.append((node.arg, node.lineno))
            for name, line in names:
                if bad := name_parts(name) & RETIRED_NAMES:
                    where = f"{module.path.relative_to(self.root)}:{line}"
                    found.append(f"{where}: {name} ({', '.join(sorted(bad))})")
        return found

    def retired_variables(self) -> list[str]:
        """Variables, attributes, parameters and functions whose name has a part that does not say what the value is."""
        found = []
        for module in self.modules.values():
            where = module.path.relative_to(self.root).as_posix()
            if where.startswith(NOT_RENAMED):
                continue
            for node in ast.walk(module.tree):
                name = ""
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    name = node.id
                elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                    name = node.attr
                elif isinstance(node, ast.arg):
                    name = node.arg
                elif isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                    name = node.name
                if name_parts(name) & RETIRED_VARIABLES:
                    found.append(f"{where}:{getattr(node, 'lineno', 0)}: {name}")
        return found

    def retired_words(self) -> list[str]:
        """Comments and docstrings with a word that the glossary replaced."""
        found = []
        for module in self.modules.values():
            where = module.path.relative_to(self.root).as_posix()
            words = RETIRED_WORDS if where.startswith(NOT_RENAMED) else RETIRED_WORDS | RETIRED_VARIABLES
            pattern = re.compile(rf"\b(?:{'|'.join(sorted(words))})\b", re.IGNORECASE)
            for line, text in prose(module):
                found += [
                    f"{where}:{line + text[: hit.start()].count(chr(10))}: {hit[0]}" for hit in pattern.finditer(text)
                ]
        return found

    def figures(self) -> dict[str, float | int]:
        """The figures by name."""
        longest = max((each for module in self.modules.values() for each in module.functions), key=lambda f: f.lines)
        modules = self.modules.values()
        return {
            "package files": len(modules),
            "lines": sum(module.lines for module in modules),
            "imports per file": round(sum(module.import_statements for module in modules) / len(modules), 1),
            "modules with a single importer": len(self.single_importer),
            f"of these under {SHORTEST_SINGLE_IMPORTER} lines": len(self.short_single_importers()),
            "import cycles": len(self.cycles),
            "imports to a floor above": len(self.upward_imports()),
            "module names used twice within a floor": len(self.duplicate_module_names()),
            "public class names used twice": len(self.duplicate_classes()),
            "longest function (lines)": longest.lines,
            f"functions of {LONGEST_FUNCTION} lines or more": len(self.long_functions()),
            "public names without docstring": len(self.undocumented()),
            "names with a retired word": len(self.retired_names()),
            "variables with a retired word": len(self.retired_variables()),
            "retired words in comments and docstrings": len(self.retired_words()),
        }


def name_parts(name: str) -> set[str]:
    """The lower-case parts of a name in snake_case or CamelCase."""
    return set(re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()))


def is_overload(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function is an overload, setter or deleter, which another function of its name documents."""
    names = {ast.unparse(each).rsplit(".", 1)[-1] for each in node.decorator_list}
    return bool(names & {"overload", "setter", "deleter"})


def prose(module: Module) -> list[tuple[int, str]]:
    """The comments and docstrings of a module, each with the line it begins at."""
    found = []
    with tokenize.open(module.path) as file:
        found += [
            (each.start[0], each.string)
            for each in tokenize.generate_tokens(file.readline)
            if each.type == tokenize.COMMENT
        ]
    for node in ast.walk(module.tree):
        body = getattr(node, "body", None)
        for each in body if isinstance(body, list) else ():
            # A string that is a statement documents what stands before it: a module, class, function or field.
            if (
                isinstance(each, ast.Expr)
                and isinstance(each.value, ast.Constant)
                and isinstance(each.value.value, str)
            ):
                found.append((each.lineno, each.value.value))
    return found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--list", metavar="RULE", choices=RULES, help=f"print what breaks a rule: {', '.join(RULES)}")
    parser.add_argument("--under", default="", help="with --list: only lines that contain this text")
    given = parser.parse_args()
    architecture = Architecture()
    if given.list:
        rule = getattr(architecture, given.list)
        for each in rule() if callable(rule) else rule:
            if given.under in str(each):
                print(each)
        return
    figures = architecture.figures()
    if given.json:
        print(json.dumps(figures))
        return
    width = max(map(len, figures))
    for name, value in figures.items():
        print(f"{name:<{width}}  {value:>9,}")
    print()
    for floor, count in Counter(module.floor for module in architecture.modules.values()).items():
        lines = sum(module.lines for module in architecture.modules.values() if module.floor == floor)
        print(f"{floor:<{width}}  {count:>4} files, {lines:>6,} lines")


if __name__ == "__main__":
    main()
