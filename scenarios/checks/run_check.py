"""Judging a check: `passed`, `failed` or `unknown`, what was expected, and what was seen instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from handeye.agent.run_folder import disk
from handeye.scenarios.checks import asking, external, picture_comparison, screen
from handeye.scenarios.checks.kinds import Ask, File, Http, Picture, Process, Python, Sql
from handeye.tools.errors import HandeyeError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from PIL import Image

    from handeye.perception.observation import Observation
    from handeye.perception.perception import Perception
    from handeye.scenarios.checks.kinds import Check

State = Literal["passed", "failed", "unknown"]


class Means(NamedTuple):
    """What some checks need besides the scene."""

    perception: Perception | None = None
    """Find the part a picture is of; their model is asked."""
    keep: Path | None = None
    """A file for the picture of a check that does not hold; none is kept without."""
    update: bool = False
    """Pictures that differ or are missing are written anew."""


class Judged(BaseModel):
    """A check and what became of it. `unknown` never counts as passed."""

    model_config = ConfigDict(frozen=True)

    expected: str
    state: State
    seen: str = ""
    kind: str = ""
    picture: str = ""
    """Of the screen as it was when the check did not hold, or of what differs; empty where none was kept."""
    when: Literal["requires", "ensures", "always", "never"] = "ensures"


def judge(check: Check, look: Callable[[], Observation], folder: Path, means: Means | None = None) -> Judged:
    """Judge a check now. `look` gives the scene, and is called only for checks of the screen; files are below
    `folder`."""
    means = means or Means()
    picture: Image.Image | None = None
    looked: list[Observation] = []

    def noted() -> Observation:
        looked.append(look())
        return looked[-1]

    try:
        if isinstance(check, Picture):
            holds, says, picture = picture_comparison.similar(
                check, noted(), means.perception, folder, update=means.update
            )
        elif isinstance(check, Ask):
            holds, says = asking.ask(check, noted(), means.perception)
        else:
            holds, says = _find(check, noted, folder)
    except HandeyeError as error:
        holds, says = None, str(error)
    state: State = "unknown" if holds is None else "passed" if holds else "failed"
    kept = ""
    if means.keep and state != "passed" and (picture or looked):
        kept = keep(picture or looked[-1].screenshot.image, means.keep)
    return Judged(expected=check.words(), state=state, seen=says, kind=check.kind, picture=kept)


def keep(picture: Image.Image, path: Path) -> str:
    """Keep what was seen; returns where. Raises SetupError when the disk takes no more."""
    with disk(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(path)
    return str(path)


def _find(check: Check, look: Callable[[], Observation], folder: Path) -> tuple[bool | None, str]:
    judges: dict[type, Callable[[Any], tuple[bool | None, str]]] = {
        File: lambda check: external.file(check, folder),
        Http: external.http,
        Sql: lambda check: external.sql(check, folder),
        Process: external.process,
        Python: lambda check: external.python(check, look(), folder),
    }
    if found := judges.get(type(check)):
        return found(check)
    return screen.find(check, look())


def of_the_screen(check: Check) -> bool:
    """Whether the check is about what is on the screen, and may become true a moment later."""
    return not isinstance(check, Ask | File | Http | Sql | Process | Python)
