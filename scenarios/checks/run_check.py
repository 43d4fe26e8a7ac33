"""Runs a check: returns `passed`, `failed` or `unknown`, with what was expected and what was found."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, model_validator

from handeye.agent.run_folder import disk
from handeye.perception.engines.engine import Request
from handeye.perception.internvl.prompt import PromptPrefix, escape_control_tokens
from handeye.scenarios.checks import external, picture_comparison, screen
from handeye.scenarios.checks.kinds import (
    AskCheck,
    FileCheck,
    HttpCheck,
    PictureCheck,
    ProcessCheck,
    PythonCheck,
    SqlCheck,
)
from handeye.tools.errors import HandeyeError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PIL import Image

    from handeye.perception.observation import Observation
    from handeye.perception.perception import Perception
    from handeye.scenarios.checks.kinds import Check

#: The word that an answer must begin with; another answer is no vote.
WORD = re.compile(r"\W*(yes|no)\b", re.IGNORECASE)
GRAMMAR = 'root ::= "yes" | "no" | "unclear"'
#: The sampling temperature for several votes; at 0 all would be equal.
TEMPERATURE = 0.7

CheckStatus = Literal["passed", "failed", "unknown"]


class CheckContext(NamedTuple):
    """Objects that some checks need in addition to the observation."""

    perception: Perception | None = None
    """Grounds the region of a picture check; its model answers questions."""
    keep: Path | None = None
    """The file for the screenshot of a failed check; None saves none."""
    update: bool = False
    """Whether picture files that differ or are missing are written."""


class CheckResult(BaseModel):
    """The result of a check. `unknown` never counts as passed."""

    model_config = ConfigDict(frozen=True)

    expected: str
    status: CheckStatus
    actual: str = ""
    kind: str = ""
    picture: str = ""
    """The file of the screenshot or of the marked differences after a failure; empty if none was saved."""
    when: Literal["requires", "ensures", "always", "never"] = "ensures"

    @classmethod
    def of(cls, holds: bool | None, expected: str, actual: str, kind: str, picture: str = "") -> CheckResult:
        """Return the result of a check that passed (True), failed (False), or could not be decided (None)."""
        status: CheckStatus = "unknown" if holds is None else "passed" if holds else "failed"
        return cls(expected=expected, status=status, actual=actual, kind=kind, picture=picture)

    @model_validator(mode="before")
    @classmethod
    def _upgrade(cls, record: Any) -> Any:
        """Accept a record of version 0.1, which had `state` for `status` and `seen` for `actual`."""
        names = {"state": "status", "seen": "actual"}
        return {names.get(key, key): value for key, value in record.items()} if isinstance(record, dict) else record


def run_check(
    check: Check, look: Callable[[], Observation], folder: Path, means: CheckContext | None = None
) -> CheckResult:
    """Return the result of a check now.

    `look` returns the observation, and is called only for checks of the screen. Relative paths are below `folder`.
    """
    means = means or CheckContext()
    picture: Image.Image | None = None
    looked: list[Observation] = []

    def noted() -> Observation:
        looked.append(look())
        return looked[-1]

    try:
        if isinstance(check, PictureCheck):
            holds, says, picture = picture_comparison.similar(
                check, noted(), means.perception, folder, update=means.update
            )
        elif isinstance(check, AskCheck):
            holds, says = _ask_model(check, noted(), means.perception)
        else:
            holds, says = _find(check, noted, folder)
    except HandeyeError as error:
        holds, says = None, str(error)
    saved = ""
    if means.keep and not holds and (picture or looked):
        saved = keep(picture or looked[-1].screenshot.image, means.keep)
    return CheckResult.of(holds, check.words(), says, check.kind, saved)


def keep(picture: Image.Image, path: Path) -> str:
    """Save a picture, and return its path. Raises SetupError when the disk is full."""
    with disk(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(path)
    return str(path)


def _find(check: Check, look: Callable[[], Observation], folder: Path) -> tuple[bool | None, str]:
    judges: dict[type, Callable[[Any], tuple[bool | None, str]]] = {
        FileCheck: lambda check: external.file(check, folder),
        HttpCheck: external.http,
        SqlCheck: lambda check: external.sql(check, folder),
        ProcessCheck: external.process,
        PythonCheck: lambda check: external.python(check, look(), folder),
    }
    if found := judges.get(type(check)):
        return found(check)
    return screen.check_screen(check, look())


def is_screen_check(check: Check) -> bool:
    """Return whether the check depends on the screen, so that it may pass a moment later."""
    return not isinstance(check, AskCheck | FileCheck | HttpCheck | SqlCheck | ProcessCheck | PythonCheck)


def _ask_model(check: AskCheck, observation: Observation, perception: Perception | None) -> tuple[bool | None, str]:
    """Return the majority of the model's votes; None without a model or without a majority."""
    engine = getattr(perception, "engine", None)
    if engine is None:
        return None, "there is no model to ask; name one with --model, or check with a sentence"
    question = (
        "Answer from the screenshot alone, with one word: yes, no, or unclear when it cannot be told.\n"
        f"Question: {escape_control_tokens(check.question)}"
    )
    prompt = PromptPrefix(engine.profile.system).ask(observation.screenshot.image, question)
    drawn = TEMPERATURE if check.votes > 1 else 0.0
    answers = engine.generate(Request(prompt, max_tokens=16, temperature=drawn, samples=check.votes, grammar=GRAMMAR))
    words = [hit[1].lower() if (hit := WORD.match(answer.text)) else "unclear" for answer in answers]
    counts = {word: words.count(word) for word in ("yes", "no", "unclear") if word in words}
    counts_text = f"{', '.join(f'{number} {word}' for word, number in counts.items())} of {check.votes}"
    for word in ("yes", "no"):
        if 2 * counts.get(word, 0) > check.votes:
            return word == check.answer, f"the model says {counts_text}"
    return None, f"the model's votes have no majority: {counts_text}"
