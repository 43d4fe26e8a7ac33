"""The types of check in a suite file, each a table with one key: `{text: Thank you}`, `{file: {path: a.txt}}`.

A plain text is a statement in plain English, as in `check that …`: `the page shows "Thank you"`.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator


class CheckBase(BaseModel):
    """Base of all checks."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    def words(self) -> str:
        """Return the check in words, for reports."""
        raise AssertionError(type(self).__name__)


class StatementCheck(CheckBase):
    """A statement in plain English: `“Save” is disabled`, `the page shows "Thank you"`."""

    kind: Literal["statement"] = "statement"
    says: str = Field(min_length=1)

    def words(self) -> str:
        """Return the check as text."""
        return self.says


class TextCheck(CheckBase):
    """The screen shows this text, in the page or in the screenshot; whole words and numbers are compared."""

    kind: Literal["text"] = "text"
    value: str = Field(min_length=1)

    def words(self) -> str:
        """Return the check as text."""
        return f"the screen shows “{self.value}”"


class UrlCheck(CheckBase):
    """The address contains this; with `*`, the whole address matches the pattern."""

    kind: Literal["url"] = "url"
    value: str = Field(min_length=1)

    def words(self) -> str:
        """Return the check as text."""
        return f"the address {'fits' if '*' in self.value else 'holds'} {self.value}"


class TitleCheck(CheckBase):
    """The title of the page or of the front window contains this."""

    kind: Literal["title"] = "title"
    value: str = Field(min_length=1)

    def words(self) -> str:
        """Return the check as text."""
        return f"the title holds “{self.value}”"


class WindowCheck(CheckBase):
    """A window or tab is open whose title contains this."""

    kind: Literal["window"] = "window"
    value: str = Field(min_length=1)

    def words(self) -> str:
        """Return the check as text."""
        return f"a window “{self.value}” is open"


class ElementCheck(CheckBase):
    """An element with this name, and role if given, exists and has these states."""

    kind: Literal["element"] = "element"
    name: str
    role: str = ""
    value: str | None = None
    enabled: bool | None = None
    checked: bool | None = None
    selected: bool | None = None
    expanded: bool | None = None
    pressed: bool | None = None
    focused: bool | None = None

    @property
    def states(self) -> dict[str, bool]:
        """The states that the check requires."""
        names = ("enabled", "checked", "selected", "expanded", "pressed", "focused")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}

    def words(self) -> str:
        """Return the check as text."""
        states = [name if wanted else f"not {name}" for name, wanted in self.states.items()]
        states += [f"holding “{self.value}”"] if self.value is not None else []
        return " ".join(filter(None, (self.role or "element", f"“{self.name}” is", " and ".join(states) or "there")))


class CountCheck(CheckBase):
    """The number of elements with a role, or with a text in their names."""

    kind: Literal["count"] = "count"
    role: str = ""
    text: str = ""
    equals: int | None = Field(default=None, ge=0)
    least: int | None = Field(default=None, ge=0)
    most: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _bounded(self) -> CountCheck:
        if not (self.role or self.text):
            raise ValueError("give `role` or `text` of the elements to count")
        if self.equals is None and self.least is None and self.most is None:
            raise ValueError("give `equals`, `least` or `most`")
        return self

    def words(self) -> str:
        """Return the check as text."""
        bounds = [
            f"{word} {bound}"
            for word, bound in (("exactly", self.equals), ("at least", self.least), ("at most", self.most))
            if bound is not None
        ]
        what = " ".join(filter(None, (self.role or "things", self.text and f"with “{self.text}”")))
        return f"there are {' and '.join(bounds)} {what}"


class FileCheck(CheckBase):
    """A file exists (with `exists: false`, does not exist), and contains a text."""

    kind: Literal["file"] = "file"
    path: str = Field(min_length=1)
    """Relative to the suite's folder, or absolute; `~` is the home folder."""
    exists: bool = True
    contains: str = ""
    equals: str | None = None

    def words(self) -> str:
        """Return the check as text."""
        if not self.exists:
            return f"there is no file {self.path}"
        more = f" and holds “{self.contains}”" if self.contains else ""
        more = f" and holds exactly “{self.equals}”" if self.equals is not None else more
        return f"the file {self.path} is there{more}"


class HttpCheck(CheckBase):
    """The response of an address; `json` maps paths such as `orders.0.id` to the expected values."""

    kind: Literal["http"] = "http"
    url: str = Field(min_length=1)
    status: int = 200
    contains: str = ""
    values: dict[str, Any] = Field(default_factory=dict, alias="json")

    def words(self) -> str:
        """Return the check as text."""
        wanted = [f"“{self.contains}”"] if self.contains else []
        wanted += [f"{path} = {value!r}" for path, value in self.values.items()]
        return f"{self.url} answers {self.status}{' with ' if wanted else ''}{', '.join(wanted)}"


class SqlCheck(CheckBase):
    """The first value of a query on an SQLite file or a PostgreSQL address, opened read-only."""

    kind: Literal["sql"] = "sql"
    database: str = Field(min_length=1)
    """An SQLite file relative to the suite's folder, or `postgresql://…` (needs `pip install 'handeye[sql]'`)."""
    query: str = Field(min_length=1)
    equals: str | int | float | None = None

    @property
    def redacted_database(self) -> str:
        """The database with its password removed, for reports."""
        hidden = re.sub(r"(://[^:/@]*):.*@", r"\1:…@", self.database)
        return re.sub(r"(?i)(\bpassword=)[^&\s]*", r"\1…", hidden)

    def words(self) -> str:
        """Return the check as text."""
        return f"{self.query} on {self.redacted_database} gives {self.equals!r}"


class CellCheck(CheckBase):
    """The content of a table cell, by a text in its row and the header of its column."""

    kind: Literal["cell"] = "cell"
    row: str = Field(min_length=1)
    """A text that only one row contains."""
    column: str = Field(min_length=1)
    """The text of the column's header."""
    equals: str | int | float | None = None
    contains: str = ""

    @model_validator(mode="after")
    def _check_question(self) -> CellCheck:
        if (self.equals is None) == (not self.contains):
            raise ValueError("give either `equals` or `contains`")
        return self

    def words(self) -> str:
        """Return the check as text."""
        wanted = f"holds “{self.contains}”" if self.contains else f"is “{self.equals}”"
        return f"“{self.column}” in the row with “{self.row}” {wanted}"


class PictureCheck(CheckBase):
    """The screen, or a part of it, equals a picture file; `of` describes the part, `region` is its box."""

    kind: Literal["picture"] = "picture"
    file: str = Field(min_length=1)
    of: str = ""
    """The part of the screen to compare, in words, such as `the chart`."""
    region: tuple[int, int, int, int] | None = None
    """The box of the part: left, top, right, bottom in pixels."""
    tolerance: float = Field(default=0.0001, ge=0, le=1)
    """The share of pixels that may differ."""

    @model_validator(mode="after")
    def _one_part(self) -> PictureCheck:
        if self.of and self.region:
            raise ValueError("give either `of` or `region`")
        if self.region and not (0 <= self.region[0] < self.region[2] and 0 <= self.region[1] < self.region[3]):
            raise ValueError("`region` is [left, top, right, bottom] in pixels")
        return self

    def words(self) -> str:
        """Return the check as text."""
        part = f"“{self.of}”" if self.of else f"{list(self.region)} of the screen" if self.region else "the screen"
        return f"{part} looks like {self.file}"


class AskCheck(CheckBase):
    """A yes-or-no question about the screen that a model answers; the majority of the votes decides."""

    kind: Literal["ask"] = "ask"
    question: str = Field(min_length=1)
    answer: Literal["yes", "no"] = "yes"
    """The expected answer."""
    votes: int = Field(default=1, ge=1, le=25)
    """The number of answers; more than half must agree."""

    @field_validator("answer", mode="before")
    @classmethod
    def _word(cls, value: Any) -> Any:
        return {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value

    def words(self) -> str:
        """Return the check as text."""
        return f"“{self.question}” is answered with {self.answer}"


class ProcessCheck(CheckBase):
    """A program with this name runs; with `running: false`, it does not run."""

    kind: Literal["process"] = "process"
    name: str = Field(min_length=1)
    running: bool = True

    def words(self) -> str:
        """Return the check as text."""
        return f"{self.name} {'runs' if self.running else 'does not run'}"


class PythonCheck(CheckBase):
    """A function `module:name` returns true for the observation, or a text that describes the mistake."""

    kind: Literal["python"] = "python"
    function: str = Field(pattern=r"^[\w.]+:\w+$")

    def words(self) -> str:
        """Return the check as text."""
        return f"{self.function} holds"


#: Types that can be written with one plain value, and the field of that value.
SHORT = {
    "text": "value", "url": "value", "title": "value", "window": "value", "element": "name", "file": "path",
    "http": "url", "process": "name", "python": "function", "picture": "file", "ask": "question",
}  # fmt: skip
CHECK_TYPES = (
    StatementCheck, TextCheck, UrlCheck, TitleCheck, WindowCheck, ElementCheck, CountCheck, CellCheck,
    PictureCheck, AskCheck, FileCheck, HttpCheck, SqlCheck, ProcessCheck, PythonCheck,
)  # fmt: skip
NAMES = tuple(kind.model_fields["kind"].default for kind in CHECK_TYPES)
Check = Annotated[
    StatementCheck
    | TextCheck
    | UrlCheck
    | TitleCheck
    | WindowCheck
    | ElementCheck
    | CountCheck
    | CellCheck
    | PictureCheck
    | AskCheck
    | FileCheck
    | HttpCheck
    | SqlCheck
    | ProcessCheck
    | PythonCheck,
    Field(discriminator="kind"),
]


def as_check(value: Any) -> Any:
    """Return a check as written in a file, with its type as the field `kind`."""
    if isinstance(value, str):
        return {"kind": "statement", "says": value}
    if not isinstance(value, dict) or "kind" in value or len(value) != 1:
        return value
    ((kind, given),) = value.items()
    if isinstance(given, dict):
        return {"kind": kind, **given}
    return {"kind": kind, SHORT[kind]: given} if kind in SHORT else value


def as_checks(value: Any) -> Any:
    """Return a list of checks, from one or several."""
    values = value if isinstance(value, list | tuple) else [value]
    return [as_check(each) for each in values]


Checks = Annotated[tuple[Check, ...], BeforeValidator(as_checks)]
