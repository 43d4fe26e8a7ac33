"""Anchors: the steps of a passed run with the signature of each target, and the file that stores them.

Data flows run → anchors file → policy: `agent.anchors_from_run` reads a run's event log and returns `RunAnchors`;
`AnchorStore` writes them to a YAML file; `ReplayPolicy` reads the anchors and repeats the steps without a model.
"""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass, field
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml
from filelock import FileLock
from pydantic import Field, ValidationError, model_validator

from handeye.perception.outcome_fields import OutcomeKind
from handeye.policies.replay.signatures import PATCH_REFERENCE, AnchorModel, TargetSignature
from handeye.tools.errors import UsageError
from handeye.tools.files import write_atomically

if TYPE_CHECKING:
    from PIL import Image

    from handeye.tools.actions import Action

#: Version 2 renamed keys; files of version 1 are read too.
VERSION = 2
#: The name by which the replay policy signs its decisions.
REPLAY = "replay"
#: Plain English decides these actions anew in each run: they read the screen, or only wait for it.
READ_ANEW = frozenset({"remember", "extract", "ask", "call", "wait", "zoom", "done"})

RunPart = Literal["setup", "run", "teardown"]
RUN_PARTS: tuple[RunPart, ...] = ("setup", "run", "teardown")


class ScreenState(AnchorModel):
    """The state of the screen before a step."""

    address: str = ""
    """Path, query and fragment of the page's address."""
    title: str = ""
    focus: str = ""
    screen: str = ""
    """The first letters of the screenshot's digest."""


class Anchor(AnchorModel):
    """One step that can be repeated."""

    description: str
    """The action in words."""
    reasoning: str = ""
    action: dict[str, Any]
    """The action with phrases for targets, without coordinates."""
    targets: dict[str, TargetSignature] = Field(default_factory=dict)
    before: ScreenState = ScreenState()
    after: str = ""
    """The first letters of the digest of the screenshot after the step."""
    effect: OutcomeKind = "unknown"
    optional: bool = False
    """The step closed something that appears only sometimes; it is skipped where that is absent."""
    checks: tuple[str, ...] = ()
    """Checks of the goal that were evaluated before this step."""
    memo: dict[str, Any] = Field(default_factory=dict)
    """The policy's memo from the decision for this step."""

    @model_validator(mode="before")
    @classmethod
    def _upgrade(cls, record: Any) -> Any:
        """Accept an anchor of version 1, which had other names for `description` and `reasoning`."""
        names = {"said": "description", "thought": "reasoning"}
        return {names.get(key, key): value for key, value in record.items()} if isinstance(record, dict) else record

    @property
    def clause(self) -> int | None:
        """The index of the goal's clause that the step belongs to; None where the policy has no clauses."""
        return self.memo.get("at")


def action_in_words(action: Action, signatures: dict[str, TargetSignature]) -> dict[str, Any]:
    """The action as an anchor stores it: with a phrase for each target."""
    record = action.model_dump(mode="json", exclude_defaults=True)
    for name, signature in signatures.items():
        phrase = getattr(action, name).phrase
        record[name] = phrase or signature.name or signature.text or signature.role or "this place"
    return {"kind": action.kind} | record


@dataclass
class RunAnchors:
    """The anchors of one run, with what is needed to compare them with those of an earlier run."""

    anchors: list[Anchor] = field(default_factory=list)
    patches: dict[str, bytes] = field(default_factory=dict)
    """The pictures of its targets by digest, as PNG."""
    by: list[str] = field(default_factory=list)
    """The name of the policy that decided each step."""
    steps: list[int] = field(default_factory=list)
    """The index of the earlier anchor that each step repeated with all its signals; -1 where some differed."""
    repeated: list[int] = field(default_factory=list)
    """The index of the earlier anchor that each step repeated; -1 for none."""

    def healed(self) -> list[str]:
        """Descriptions of the steps that could not be repeated and were done another way."""
        steps = zip(self.anchors, self.by, self.repeated, strict=True)
        return [
            each.description for each, by, repeated in steps if by != REPLAY and repeated < 0 and not _read_anew(each)
        ]

    def merge_into(self, old: list[Anchor], *, refresh: bool = False) -> list[Anchor]:
        """The old anchors with the changes of this run.

        A repeated step keeps its old anchor; with `refresh` it gets the new one where a signal differed. A healed step
        gets the new anchor. An optional step that did not occur stays where it was.
        """
        merged: list[tuple[int, Anchor]] = []
        for anchor, repeated, exact in zip(self.anchors, self.repeated, self.steps, strict=True):
            if repeated >= 0:
                fresh = anchor.model_copy(update={"optional": old[repeated].optional, "checks": old[repeated].checks})
                merged.append((repeated, old[repeated] if exact >= 0 or not refresh else fresh))
                continue
            before = next(
                (at for at, each in enumerate(old) if _read_anew(each) and each.description == anchor.description), -1
            )
            merged.append((before, old[before]) if before >= 0 and not refresh else (-1, anchor))
        done = {at for at, _ in merged}
        for at, anchor in enumerate(old):
            if anchor.optional and at not in done:
                place = next((number for number, (known, _) in enumerate(merged) if known > at), len(merged))
                merged.insert(place, (at, anchor))
        return [anchor for _, anchor in merged]


class AnchorFile(AnchorModel):
    """The content of an anchors file."""

    scenario: str
    version: int = VERSION
    wanted: str
    """A digest of what the scenario asks for: when it differs, the anchors are out of date."""
    setup: tuple[Anchor, ...] = ()
    run: tuple[Anchor, ...] = ()
    teardown: tuple[Anchor, ...] = ()

    def part(self, name: RunPart) -> tuple[Anchor, ...]:
        """The anchors of one part."""
        return {"setup": self.setup, "run": self.run, "teardown": self.teardown}[name]


class AnchorStore:
    """Reads and writes one anchors file; the patches of all files of a folder are in its `patches/`."""

    def __init__(self, path: Path, scenario: str, wanted: str, served: str = "") -> None:
        """`wanted` is the scenario's digest. `served` is the suite's address in this run, `${serve}` in the file."""
        self.path, self.folder, self.scenario, self.wanted = path, path.parent, scenario, wanted
        self._served = served.rstrip("/")
        self.stale = ""
        """Why an existing file cannot be used; empty when it can, and when there is none."""
        self.stored = self._read()

    def picture(self, digest: str) -> Image.Image | None:
        """A patch; None when its file is missing."""
        from handeye.tools.screenshot import open_image

        try:
            return open_image(self.folder / "patches" / f"{digest}.png")
        except UsageError:
            return None

    def text(self, parts: dict[RunPart, list[Anchor]]) -> str:
        """The file's text with these anchors."""
        record: dict[str, Any] = {"scenario": self.scenario, "version": VERSION, "wanted": self.wanted}
        for name in RUN_PARTS:
            if parts.get(name):
                record[name] = [each.model_dump(mode="json", exclude_defaults=True) for each in parts[name]]
        text = yaml.safe_dump(record, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None)
        return text.replace(self._served, "${serve}") if self._served else text

    def write(self, parts: dict[RunPart, list[Anchor]], patches: dict[str, bytes]) -> bool:
        """Write the file and its patches, and delete patches that no file of the folder names; False on failure."""
        folder = self.folder / "patches"
        text = self.text(parts)
        named = set(PATCH_REFERENCE.findall(text))
        lock = hashlib.sha256(str(self.folder.resolve()).encode()).hexdigest()[:16]
        try:
            with FileLock(Path(tempfile.gettempdir(), f"handeye-anchors-{lock}.lock")):
                folder.mkdir(parents=True, exist_ok=True)
                for digest, png in patches.items():
                    path = folder / f"{digest}.png"
                    if digest in named and not path.exists():
                        write_atomically(path, png, sync=False)
                write_atomically(self.path, text)
                files = [each.read_text(encoding="utf-8") for each in self.folder.glob("*.yaml")]
                in_use = {hit[1] for each in files for hit in PATCH_REFERENCE.finditer(each)}
                for path in folder.glob("*.png"):
                    if path.stem not in in_use:
                        path.unlink()
        except OSError:
            return False
        return True

    def _read(self) -> AnchorFile | None:
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            self.stale = f"{self.path} cannot be read ({error})"
            return None
        try:
            text = text.replace("${serve}", self._served) if self._served else text
            content = AnchorFile.model_validate(yaml.safe_load(text))
        except (ValidationError, yaml.YAMLError) as error:
            self.stale = f"{self.path} cannot be read ({str(error).splitlines()[0]})"
            return None
        if content.version not in (1, VERSION) or content.wanted != self.wanted:
            self.stale = f"{self.path} is out of date: the scenario has changed since"
            return None
        return content


def anchor_diff(before: str, after: str, name: str) -> str:
    """The unified diff of an anchors file before and after healing."""
    lines = unified_diff(before.splitlines(), after.splitlines(), name, f"{name} (healed)", n=2, lineterm="")
    return "\n".join(lines)


def _read_anew(anchor: Anchor) -> bool:
    return anchor.action["kind"] in READ_ANEW
