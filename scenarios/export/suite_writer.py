"""A run as a suite in plain English, and as a test for pytest with handeye's fixtures."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from handeye.agent.run_folder import RunConfig, slug
from handeye.policies.plain_english.parsing import parse
from handeye.scenarios.export.draft import DraftLine, SuiteDraft, sayable
from handeye.scenarios.export.english import ordinal, phrases, quoted, step_of
from handeye.scenarios.export.transcript import PerformedAction
from handeye.tools.actions import describe, targets
from handeye.tools.errors import ActionRefused, UsageError

if TYPE_CHECKING:
    from handeye.policies.replay.signatures import TargetSignature
    from handeye.scenarios.export.transcript import Transcript

_VIEWPORT = RunConfig.model_fields["viewport"].default


def to_yaml(story: Transcript, out: Path | None = None) -> str:
    """The suite's text; paths in it are below the folder of `out`, where they can be."""
    return draft_of(story, out).render()


def draft_of(story: Transcript, out: Path | None = None) -> SuiteDraft:
    """The suite, not yet written."""
    config = story.config
    size = "{}x{}".format(*config.viewport) if config.viewport != _VIEWPORT else ""
    draft = SuiteDraft(
        name=_name(config.goal),
        on=_place(config.on, story.device, out),
        device=story.device,
        viewport=size if story.device == "browser" else "",
    )
    draft.head.append(f"From the run “{_short(config.goal)}”.")
    if story.status != "succeeded":
        draft.head.append(f"That run ended as {story.status}: look at what is here before you trust it.")
    if story.explicit and sayable(config.goal):
        steps = split(config.goal)
        draft.goal = "" if steps else config.goal
        draft.steps = [DraftLine(step) for step in steps]
    else:
        draft.steps = [line_of(deed) for deed in story.deeds]
    if not story.checked:
        draft.ensures = suggested(story.end.title, story.end.url, story.device)
        draft.unchecked = not draft.ensures
    return draft


def split(goal: str) -> list[str]:
    """A goal's own steps, one by one; none where they mean something else apart."""
    try:
        clauses = parse(goal)
        spans = list(dict.fromkeys(clause.span for clause in clauses))
        steps = [" ".join(goal[start:end].split("\n")).strip(" ,;.") for start, end in spans]
        apart = [clause for step in steps for clause in parse(step)]
        return steps if apart == clauses and parse(", ".join(steps)) == clauses else []
    except (ActionRefused, UsageError):
        return []


def line_of(deed: PerformedAction) -> DraftLine:
    """A step for what was done; a comment where plain English has no words for it."""
    said: dict[str, str] = {}
    for name in targets(deed.action):
        signature = deed.signatures.get(name)
        given = getattr(deed.action, name).phrase
        said[name] = best_phrase(signature, given) if signature else given
    step = step_of(deed.action, said)
    if step is None or not sayable(step):
        return DraftLine(comment=f"{describe(deed.action)}: plain English has no words for this; put a step here")
    place = next((name for name, phrase in said.items() if phrase.startswith("(")), "")
    return DraftLine(step, "a place in pixels: nothing there has a name" if place else "")


def best_phrase(signature: TargetSignature, given: str = "") -> str:
    """The phrase that tells it from everything else, as far as the trace knows."""
    found = list(phrases(signature))
    if signature.spot:
        return found[-1]
    if signature.of == 1 and signature.name:
        return found[1] if len(found) > 2 and found[1].startswith("the ") else found[0]
    if signature.name and (signature.row or signature.of > 1):
        telling = " in the row with " if signature.row else f"the {ordinal(signature.nth)} "
        return next((phrase for phrase in found if telling in phrase), found[0])
    return found[0] if signature.text or not signature.role else given or found[0]


def suggested(title: str, url: str, device: str) -> list[DraftLine | tuple[str, str]]:
    """A check for a scenario that has none: where it ended."""
    from urllib.parse import urlsplit

    hint = "Nothing was checked: this is a suggestion. Say what must be so in the end."
    if title and sayable(title) and (name := quoted(title)):
        if device == "browser":
            return [DraftLine(f"the title is {name}", hint)]
        return [DraftLine(comment=hint), ("window", title)]
    if device == "browser" and url:
        return [DraftLine(comment=hint), ("url", urlsplit(url).path or url)]
    return []


def to_pytest(story: Transcript, out: Path | None = None) -> str:
    """A test file that pytest runs where handeye is installed."""
    draft = draft_of(story, out)
    steps = [draft.goal] if draft.goal else [line.text for line in draft.steps if line.text]
    lost = [line.comment for line in draft.steps if not line.text]
    for check in draft.ensures:
        said = check.text if isinstance(check, DraftLine) else _sentence(*check)
        steps += [f"check that {said}"] if said else []
    config = story.config
    body = [f"STEPS = {literal(steps)}", "", ""]
    body += [f"# Lost: {' '.join(each.split())}" for each in lost]
    name = slug(config.goal).replace("-", "_")
    if story.device == "browser" and "{{secret:" in config.goal + "".join(steps):
        # A secret is bound to the place where a browser begins.
        body = ["from handeye.tools import Browser", "", *body]
        body += [f"def test_{name}(agent):", f"    with Browser({literal(_absolute(config.on))}) as browser:"]
        body += ['        run = agent(browser, ", ".join(STEPS))']
    elif story.device == "browser":
        body = ["from handeye.tools.actions import Navigate", "", *body]
        body += [f"def test_{name}(agent, handeye_browser):"]
        body += [f"    handeye_browser.perform(Navigate(url={literal(_absolute(config.on))}))"]
        body += ['    run = agent(handeye_browser, ", ".join(STEPS))']
    else:
        program = config.on.removeprefix("app:") if config.on.startswith("app:") else ""
        made = f"Virtual({literal(program) if program else ''})" if story.device == "virtual" else "Desktop()"
        body = [f"from handeye.tools import {made.partition('(')[0]}", "", *body]
        body += [f"def test_{name}(agent):", f"    with {made} as desktop:"]
        body += ['        run = agent(desktop, ", ".join(STEPS))']
    body += ['    assert run.verdict == "succeeded", run.reason']
    head = f'"""{in_a_docstring(config.goal)}"""'
    return "\n".join([head, "", *body]) + "\n"


def literal(value: object) -> str:
    """A Python literal on one line, or a list with one item on each."""
    if isinstance(value, list):
        return "\n".join(["[", *(f"    {literal(each)}," for each in value), "]"])
    if isinstance(value, str):
        told = ascii(value) if not value.isprintable() else repr(value)
        plain = told.startswith("'") and '"' not in told and "\\" not in told
        return f'"{told[1:-1]}"' if plain else told
    return repr(value)


def _sentence(kind: str, value: str) -> str:
    name = quoted(value)
    return {"url": f"the address contains {name}", "window": f"the title contains {name}"}[kind] if name else ""


def in_a_docstring(goal: str) -> str:
    """A goal as a sentence that ends no string."""
    text = "".join(letter if letter.isprintable() else " " for letter in _short(goal))
    text = text.replace("\\", "/").replace('"', "'")
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _name(goal: str) -> str:
    return " ".join(_short(goal, 70).replace("$", "").split()) or "what was done"


def _short(goal: str, most: int = 100) -> str:
    goal = " ".join(goal.split())
    return goal if len(goal) <= most else goal[: most - 1] + "…"


def _absolute(on: str) -> str:
    return Path(on).resolve().as_uri() if Path(on).is_file() else on


def _place(on: str, device: str, out: Path | None) -> str:
    """Where it begins, as a suite in the folder of `out` says it."""
    if device == "desktop":
        return ""
    if device == "virtual":
        return on.removeprefix("app:")
    if not Path(on).is_file():
        return on
    return os.path.relpath(Path(on).resolve(), (out or Path("x")).resolve().parent)
