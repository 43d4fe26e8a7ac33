"""The anchors of scenarios, in files beside their suite: `shop.anchors/<scenario>.yaml`, pictures in `patches/`."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import yaml
from filelock import FileLock
from pydantic import BaseModel, ConfigDict, ValidationError

from handeye.agent.anchors_from_run import RunAnchors, anchors_from_run
from handeye.agent.run_folder import slug
from handeye.policies.replay.anchors import Anchor
from handeye.policies.replay.policy import NAME, READ_ANEW
from handeye.tools.errors import UsageError
from handeye.tools.files import write_atomically

if TYPE_CHECKING:
    from PIL import Image

    from handeye.scenarios.suite.expansion import Scenario

#: Version 2 renamed keys; files of version 1 are read too.
VERSION = 2

RunPart = Literal["setup", "run", "teardown"]
RUN_PARTS: tuple[RunPart, ...] = ("setup", "run", "teardown")
_PLAIN = re.compile(r"[a-z0-9]+(?: [a-z0-9]+)*")
_PATCH = re.compile(r"^\s*patch: ['\"]?([0-9a-f]{16})", re.MULTILINE)


class AnchorFile(BaseModel):
    """A scenario's file of anchors."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scenario: str
    version: int = VERSION
    wanted: str
    """A digest of what the scenario asks for: with other steps, the anchors are out of date."""
    setup: tuple[Anchor, ...] = ()
    run: tuple[Anchor, ...] = ()
    teardown: tuple[Anchor, ...] = ()

    def part(self, name: RunPart) -> tuple[Anchor, ...]:
        return {"setup": self.setup, "run": self.run, "teardown": self.teardown}[name]

    @property
    def by_clauses(self) -> bool:
        """Whether plain English made them."""
        return any(each.clause is not None for each in self.run)


class AnchorUpdate(NamedTuple):
    """What a passed run has to say of its anchors."""

    replayed: int = 0
    """So many steps were done as before."""
    healed: tuple[str, ...] = ()
    """Steps that were not, in words."""
    told: str = ""
    """What became of the files: a note, or the difference that --update-anchors would write."""


class ScenarioAnchors:
    """The anchors of one scenario."""

    def __init__(self, scenario: Scenario, served: str = "") -> None:
        """`served` is the address of its suite in this run: in the files it is `${serve}`."""
        self.scenario, self._served = scenario, served.rstrip("/")
        self.folder = scenario.file.with_name(f"{scenario.file.stem}.anchors")
        self.path = self.folder / f"{file_name(scenario.name)}.yaml"
        self.stale = ""
        """Why what is there cannot be used; empty when it can, and when nothing is there."""
        self.kept = self._read()

    def picture(self, digest: str) -> Image.Image | None:
        """A patch; None when its file is gone."""
        from handeye.tools.screenshot import open_image

        try:
            return open_image(self.folder / "patches" / f"{digest}.png")
        except UsageError:
            return None

    def learn(self, runs: Path, *, update: bool, used: bool = True) -> AnchorUpdate:
        """Take in a passed run (its parts are folders of `runs`): written where there were none or with `update`.

        `used`: the anchors that are there were followed; where not, they are another policy's, and stay.
        """
        found = {name: anchors_from_run(runs / name) for name in RUN_PARTS if (runs / name / "trace.jsonl").exists()}
        replayed = sum(by == NAME for each in found.values() for by in each.by)
        if self.kept is None:
            if self._write({name: each.anchors for name, each in found.items()}, list(found.values())):
                return AnchorUpdate(replayed, (), f"anchors written to {self.path}")
            return AnchorUpdate(replayed, (), f"{self.folder} cannot be written: no anchors were kept")
        healed = tuple(each for name, one in found.items() if self.kept.part(name) for each in _healed(one))
        if not used:
            return AnchorUpdate()
        kept = {name: list(self.kept.part(name)) for name in RUN_PARTS}
        same = {name: merged(kept[name], each) for name, each in found.items()}
        told = difference(self._text(kept), self._text(kept | same), self.path.name) if healed else ""
        if update:
            fresh = {name: merged(kept[name], each, refresh=True) for name, each in found.items()}
            if self._text(kept | fresh) != self._text(kept):
                self._write(kept | fresh, list(found.values()))
                told = f"anchors updated in {self.path}\n{told}".rstrip()
        return AnchorUpdate(replayed, healed, told)

    def _read(self) -> AnchorFile | None:
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            self.stale = f"{self.path} cannot be read ({error})"
            return None
        try:
            kept = AnchorFile.model_validate(yaml.safe_load(self._filled(text)))
        except (ValidationError, yaml.YAMLError) as error:
            self.stale = f"{self.path} cannot be read ({str(error).splitlines()[0]})"
            return None
        if kept.version not in (1, VERSION) or kept.wanted != wanted(self.scenario):
            self.stale = f"{self.path} is out of date: the scenario says something else now"
            return None
        return kept

    def _filled(self, text: str) -> str:
        return text.replace("${serve}", self._served) if self._served else text

    def _text(self, parts: dict[RunPart, list[Anchor]]) -> str:
        told: dict[str, Any] = {"scenario": self.scenario.name, "version": VERSION, "wanted": wanted(self.scenario)}
        for name in RUN_PARTS:
            if parts.get(name):
                told[name] = [each.model_dump(mode="json", exclude_defaults=True) for each in parts[name]]
        text = yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None)
        return text.replace(self._served, "${serve}") if self._served else text

    def _write(self, parts: dict[RunPart, list[Anchor]], found: list[RunAnchors]) -> bool:
        """Write the file and the pictures it names, and throw away those that no file of the folder names any more."""
        patches = self.folder / "patches"
        text = self._text(parts)
        named = set(_PATCH.findall(text))
        lock = hashlib.sha256(str(self.folder.resolve()).encode()).hexdigest()[:16]
        try:
            with FileLock(Path(tempfile.gettempdir(), f"handeye-anchors-{lock}.lock")):
                patches.mkdir(parents=True, exist_ok=True)
                for digest, png in [pair for each in found for pair in each.patches.items()]:
                    path = patches / f"{digest}.png"
                    if digest in named and not path.exists():
                        write_atomically(path, png, sync=False)
                write_atomically(self.path, text)
                files = [each.read_text(encoding="utf-8") for each in self.folder.glob("*.yaml")]
                wanted_by = {hit[1] for each in files for hit in _PATCH.finditer(each)}
                for path in patches.glob("*.png"):
                    if path.stem not in wanted_by:
                        path.unlink()
        except OSError:
            return False
        return True


def wanted(scenario: Scenario) -> str:
    """A digest of what a scenario asks for."""
    suite, spec = scenario.suite, scenario.spec
    setup, teardown = ([each.step for each in steps] for steps in (suite.setup, suite.teardown))
    told: list[Any] = [setup, spec.wanted, teardown, suite.device, spec.on or suite.on]
    told += [sorted((name, str(value)) for name, value in suite.variables.items())]
    return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()[:16]


def file_name(name: str) -> str:
    """A scenario's name as a file's: told apart by a digest where letters had to be left out."""
    if _PLAIN.fullmatch(name) and len(name) <= 60:
        return slug(name, 60)
    return f"{slug(name, 60)}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def merged(old: list[Anchor], new: RunAnchors, *, refresh: bool = False) -> list[Anchor]:
    """The anchors after a run: what was done as before stays as it was, or with `refresh` is taken down anew where
    some signal differed; what was healed is new; what is optional and did not come stays in its place."""
    found: list[tuple[int, Anchor]] = []
    for anchor, repeated, whole in zip(new.anchors, new.repeated, new.steps, strict=True):
        if repeated >= 0:
            fresh = anchor.model_copy(update={"optional": old[repeated].optional, "checks": old[repeated].checks})
            found.append((repeated, old[repeated] if whole >= 0 or not refresh else fresh))
            continue
        before = next(
            (at for at, each in enumerate(old) if _read_anew(each) and each.description == anchor.description), -1
        )
        found.append((before, old[before]) if before >= 0 and not refresh else (-1, anchor))
    done = {at for at, _ in found}
    for at, anchor in enumerate(old):
        if anchor.optional and at not in done:
            place = next((number for number, (known, _) in enumerate(found) if known > at), len(found))
            found.insert(place, (at, anchor))
    return [anchor for _, anchor in found]


def difference(before: str, after: str, name: str) -> str:
    """How a file would change, for people."""
    lines = unified_diff(before.splitlines(), after.splitlines(), name, f"{name} (healed)", n=2, lineterm="")
    return "\n".join(lines)


def _read_anew(anchor: Anchor) -> bool:
    return anchor.action["kind"] in READ_ANEW


def _healed(new: RunAnchors) -> list[str]:
    pairs = zip(new.anchors, new.by, new.repeated, strict=True)
    return [each.description for each, by, repeated in pairs if by != NAME and repeated < 0 and not _read_anew(each)]
