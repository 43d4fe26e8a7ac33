"""Writes a run as a suite in plain English, and as a pytest test that uses handeye's fixtures."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from handeye.agent.run_folder import RunConfig, slug
from handeye.policies.plain_english.parsing import parse
from handeye.scenarios.export.draft import DraftLine, SuiteDraft, is_expressible
from handeye.scenarios.export.english import english_step, ordinal, quote, target_phrases
from handeye.scenarios.export.transcript import PerformedAction
from handeye.tools.actions import describe, targets
from handeye.tools.errors import ActionRefused, UsageError

if TYPE_CHECKING:
    from handeye.policies.replay.signatures import TargetSignature
    from handeye.scenarios.export.transcript import Transcript

_VIEWPORT = RunConfig.model_fields["viewport"].default


def to_yaml(transcript: Transcript, out: Path | None = None) -> str:
    """The suite's text; paths in it are relative to the folder of `out` if possible."""
    return draft_of(transcript, out).render()


def draft_of(transcript: Transcript, out: Path | None = None) -> SuiteDraft:
    """The suite as a draft."""
    config = transcript.config
    size = "{}x{}".format(*config.viewport) if config.viewport != _VIEWPORT else ""
    draft = SuiteDraft(
        name=_name(config.goal),
        on=_start(config.on, transcript.device, out),
        device=transcript.device,
        viewport=size if transcript.device == "browser" else "",
    )
    draft.head.append(f"From the run “{_short(config.goal)}”.")
    if transcript.status != "succeeded":
        draft.head.append(f"That run ended as {transcript.status}: check these steps before you use them.")
    if transcript.explicit and is_expressible(config.goal):
        steps = split_goal(config.goal)
        draft.goal = "" if steps else config.goal
        draft.steps = [DraftLine(step) for step in steps]
    else:
        draft.steps = [draft_line(action) for action in transcript.actions]
    if not transcript.checks:
        draft.ensures = suggest_checks(transcript.end.title, transcript.end.url, transcript.device)
        draft.unchecked = not draft.ensures
    return draft


def split_goal(goal: str) -> list[str]:
    """The steps of an explicit goal; empty if a step alone would have another meaning."""
    try:
        clauses = parse(goal)
        spans = list(dict.fromkeys(clause.span for clause in clauses))
        steps = [" ".join(goal[start:end].split("\n")).strip(" ,;.") for start, end in spans]
        apart = [clause for step in steps for clause in parse(step)]
        return steps if apart == clauses and parse(", ".join(steps)) == clauses else []
    except (ActionRefused, UsageError):
        return []


def draft_line(performed: PerformedAction) -> DraftLine:
    """A step for the action, or a comment if plain English cannot express it."""
    phrase_of: dict[str, str] = {}
    for name in targets(performed.action):
        signature = performed.signatures.get(name)
        original = getattr(performed.action, name).phrase
        phrase_of[name] = best_phrase(signature, original) if signature else original
    step = english_step(performed.action, phrase_of)
    if step is None or not is_expressible(step):
        return DraftLine(comment=f"{describe(performed.action)}: plain English cannot express this; put a step here")
    in_pixels = any(phrase.startswith("(") for phrase in phrase_of.values())
    return DraftLine(step, "a point in pixels: no element there has a name" if in_pixels else "")


def best_phrase(signature: TargetSignature, original: str = "") -> str:
    """The phrase that matches only this target, as far as the event log shows; `original` is the goal's phrase."""
    candidates = list(target_phrases(signature))
    if signature.spot:
        return candidates[-1]
    if signature.of == 1 and signature.name:
        return candidates[1] if len(candidates) > 2 and candidates[1].startswith("the ") else candidates[0]
    if signature.name and (signature.row or signature.of > 1):
        distinction = " in the row with " if signature.row else f"the {ordinal(signature.nth)} "
        return next((phrase for phrase in candidates if distinction in phrase), candidates[0])
    return candidates[0] if signature.text or not signature.role else original or candidates[0]


def suggest_checks(title: str, url: str, device: str) -> list[DraftLine | tuple[str, str]]:
    """A check of the final page, for a scenario without checks."""
    from urllib.parse import urlsplit

    hint = "Nothing was checked: this is a suggestion. State what must be true at the end."
    if title and is_expressible(title) and (name := quote(title)):
        if device == "browser":
            return [DraftLine(f"the title is {name}", hint)]
        return [DraftLine(comment=hint), ("window", title)]
    if device == "browser" and url:
        return [DraftLine(comment=hint), ("url", urlsplit(url).path or url)]
    return []


def to_pytest(transcript: Transcript, out: Path | None = None) -> str:
    """A test file for pytest, in an environment that has handeye."""
    draft = draft_of(transcript, out)
    steps = [draft.goal] if draft.goal else [line.text for line in draft.steps if line.text]
    missing = [line.comment for line in draft.steps if not line.text]
    for check in draft.ensures:
        sentence = check.text if isinstance(check, DraftLine) else _sentence(*check)
        steps += [f"check that {sentence}"] if sentence else []
    config = transcript.config
    body = [f"STEPS = {python_literal(steps)}", "", ""]
    body += [f"# Missing: {' '.join(each.split())}" for each in missing]
    name = slug(config.goal).replace("-", "_")
    if transcript.device == "browser" and "{{secret:" in config.goal + "".join(steps):
        # A secret may only be typed on the site where the browser starts.
        body = ["from handeye.tools import Browser", "", *body]
        body += [f"def test_{name}(agent):", f"    with Browser({python_literal(_absolute(config.on))}) as browser:"]
        body += ['        run = agent(browser, ", ".join(STEPS))']
    elif transcript.device == "browser":
        body = ["from handeye.tools.actions import Navigate", "", *body]
        body += [f"def test_{name}(agent, handeye_browser):"]
        body += [f"    handeye_browser.perform(Navigate(url={python_literal(_absolute(config.on))}))"]
        body += ['    run = agent(handeye_browser, ", ".join(STEPS))']
    else:
        program = config.on.removeprefix("app:") if config.on.startswith("app:") else ""
        device = (
            f"Virtual({python_literal(program) if program else ''})" if transcript.device == "virtual" else "Desktop()"
        )
        body = [f"from handeye.tools import {device.partition('(')[0]}", "", *body]
        body += [f"def test_{name}(agent):", f"    with {device} as desktop:"]
        body += ['        run = agent(desktop, ", ".join(STEPS))']
    body += ['    assert run.status == "succeeded", run.reason']
    head = f'"""{docstring_text(config.goal)}"""'
    return "\n".join([head, "", *body]) + "\n"


def python_literal(value: object) -> str:
    """A Python literal on one line, or a list with one item on each."""
    if isinstance(value, list):
        return "\n".join(["[", *(f"    {python_literal(each)}," for each in value), "]"])
    if isinstance(value, str):
        text = ascii(value) if not value.isprintable() else repr(value)
        plain = text.startswith("'") and '"' not in text and "\\" not in text
        return f'"{text[1:-1]}"' if plain else text
    return repr(value)


def _sentence(kind: str, value: str) -> str:
    name = quote(value)
    return {"url": f"the address contains {name}", "window": f"the title contains {name}"}[kind] if name else ""


def docstring_text(goal: str) -> str:
    """A goal as a sentence that cannot end a docstring."""
    text = "".join(letter if letter.isprintable() else " " for letter in _short(goal))
    text = text.replace("\\", "/").replace('"', "'")
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _name(goal: str) -> str:
    return " ".join(_short(goal, 70).replace("$", "").split()) or "exported run"


def _short(goal: str, limit: int = 100) -> str:
    goal = " ".join(goal.split())
    return goal if len(goal) <= limit else goal[: limit - 1] + "…"


def _absolute(on: str) -> str:
    return Path(on).resolve().as_uri() if Path(on).is_file() else on


def _start(on: str, device: str, out: Path | None) -> str:
    """The value of `on` for a suite in the folder of `out`."""
    if device == "desktop":
        return ""
    if device == "virtual":
        return on.removeprefix("app:")
    if not Path(on).is_file():
        return on
    return os.path.relpath(Path(on).resolve(), (out or Path("x")).resolve().parent)
