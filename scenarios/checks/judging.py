"""Judging a check: `passed`, `failed` or `unknown`, what was expected, and what was seen instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from handeye.scenarios.checks import looking, outside
from handeye.scenarios.checks.kinds import File, Http, Process, Python, Sql
from handeye.tools.errors import HandeyeError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from handeye.perception.scene import Scene
    from handeye.scenarios.checks.kinds import Check

State = Literal["passed", "failed", "unknown"]


class Finding(NamedTuple):
    """What looking came to: True, False, or None where it cannot be told; and what is so, in words."""

    holds: bool | None
    says: str


class Judged(BaseModel):
    """A check and what became of it. `unknown` never counts as passed."""

    model_config = ConfigDict(frozen=True)

    expected: str
    state: State
    seen: str = ""
    kind: str = ""
    when: Literal["requires", "ensures", "always", "never"] = "ensures"


def judge(check: Check, look: Callable[[], Scene], folder: Path) -> Judged:
    """Judge a check now. `look` gives the scene, and is called only for checks of the screen; files are below
    `folder`."""
    try:
        holds, says = _find(check, look, folder)
    except HandeyeError as error:
        holds, says = None, str(error)
    state: State = "unknown" if holds is None else "passed" if holds else "failed"
    return Judged(expected=check.words(), state=state, seen=says, kind=check.kind)


def _find(check: Check, look: Callable[[], Scene], folder: Path) -> tuple[bool | None, str]:
    judges: dict[type, Callable[[Any], tuple[bool | None, str]]] = {
        File: lambda check: outside.file(check, folder),
        Http: outside.http,
        Sql: lambda check: outside.sql(check, folder),
        Process: outside.process,
        Python: lambda check: outside.python(check, look(), folder),
    }
    if found := judges.get(type(check)):
        return found(check)
    return looking.find(check, look())


def of_the_screen(check: Check) -> bool:
    """Whether the check is about what is on the screen, and may become true a moment later."""
    return not isinstance(check, File | Http | Sql | Process | Python)
