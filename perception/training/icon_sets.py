"""Reads the open icon sets that the icon encoder learns from: pictures, names and tags, from npm packages.

The pictures are in Iconify's packages (https://iconify.design/docs/types/iconify-json.html), one for each set. The tags
are in the packages of the sets themselves. Names and tags are facts; the licences of the pictures are in `SETS`.
"""

from __future__ import annotations

import json
import re
import subprocess
import tarfile
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from handeye.perception.icons.terms import name_terms, terms
from handeye.tools.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Split = Literal["train", "fit", "held-out"]


@dataclass(frozen=True)
class IconSet:
    """One set of icons in an npm package."""

    name: str
    """The name after `@iconify-json/`."""
    version: str
    licence: str
    split: Split
    """`train`: the encoder and the gallery are made from it; `fit`: the confidence; `held-out`: only measured."""
    colour: bool = False


@dataclass(frozen=True)
class NamedIcon:
    """One icon of a set."""

    set: str
    name: str
    """Its name in the set."""
    words: tuple[str, ...]
    """The stems of its name, without its style."""
    svg: str


SETS = (
    IconSet("lucide", "1.2.137", "ISC", "train"),
    IconSet("tabler", "1.2.41", "MIT", "train"),
    IconSet("ph", "1.2.2", "MIT", "train"),
    IconSet("fa7-solid", "1.2.5", "CC-BY-4.0", "train"),
    IconSet("fa7-regular", "1.2.3", "CC-BY-4.0", "train"),
    IconSet("fa7-brands", "1.2.4", "CC-BY-4.0", "train"),
    IconSet("mdi", "1.2.3", "Apache-2.0", "train"),
    IconSet("bi", "1.2.7", "MIT", "train"),
    IconSet("ion", "1.2.7", "MIT", "train"),
    IconSet("fluent", "1.2.60", "MIT", "train"),
    IconSet("heroicons", "1.2.3", "MIT", "train"),
    IconSet("material-symbols", "1.2.98", "Apache-2.0", "train"),
    IconSet("ic", "1.2.4", "Apache-2.0", "train"),
    IconSet("solar", "1.2.13", "CC-BY-4.0", "train"),
    IconSet("bx", "1.2.3", "MIT", "train"),
    IconSet("eva", "1.2.3", "MIT", "train"),
    IconSet("ep", "1.2.4", "MIT", "train"),
    IconSet("ant-design", "1.2.9", "MIT", "train"),
    IconSet("clarity", "1.2.4", "MIT", "train"),
    IconSet("pajamas", "1.2.15", "MIT", "train"),
    IconSet("ooui", "1.2.24", "MIT", "train"),
    IconSet("iconoir", "1.2.11", "MIT", "train"),
    IconSet("mingcute", "1.2.8", "Apache-2.0", "train"),
    IconSet("radix-icons", "1.2.6", "MIT", "train"),
    IconSet("hugeicons", "1.2.35", "MIT", "train"),
    IconSet("flat-color-icons", "1.2.3", "MIT", "train", colour=True),
    IconSet("fluent-color", "1.2.21", "MIT", "train", colour=True),
    IconSet("lets-icons", "1.2.2", "CC-BY-4.0", "fit"),
    IconSet("system-uicons", "1.2.4", "Unlicense", "fit"),
    IconSet("vaadin", "1.2.1", "Apache-2.0", "fit"),
    IconSet("gg", "1.2.2", "MIT", "fit"),
    IconSet("ri", "1.2.10", "Apache-2.0", "held-out"),
    IconSet("octicon", "1.2.36", "MIT", "held-out"),
    IconSet("carbon", "1.2.29", "Apache-2.0", "held-out"),
    IconSet("codicon", "1.2.74", "CC-BY-4.0", "held-out"),
    IconSet("uil", "1.2.3", "Apache-2.0", "held-out"),
)
#: The packages with tags, and the file in them.
TAGS = (
    ("lucide-static@1.62.0", "tags.json"),
    ("@tabler/icons@3.52.0", "icons.json"),
    ("@mdi/svg@7.4.47", "meta.json"),
    ("@fortawesome/fontawesome-free@7.3.1", "metadata/icon-families.json"),
    ("@phosphor-icons/core@2.1.1", "dist/index.mjs"),
)
_PHOSPHOR = re.compile(r'name: "([^"]+)".*?tags: \[(.*?)\]', re.DOTALL)


def packed(folder: Path, package: str) -> Path:
    """Return the archive of an npm package in a folder; it is downloaded when it is not there.

    Raises SetupError when npm is not installed or the download fails.
    """
    name, _, version = package.rpartition("@")
    archive = folder / f"{name.lstrip('@').replace('/', '-')}-{version}.tgz"
    if not archive.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        try:
            command = ["npm", "pack", "--silent", package, "--pack-destination", str(folder)]
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)
        except FileNotFoundError as error:
            raise SetupError("the icon sets are npm packages; install npm") from error
        except (subprocess.SubprocessError, OSError) as error:
            output = getattr(error, "stderr", "") or error
            raise SetupError(f"npm pack {package} failed: {output}; check the network, then try again") from error
    return archive


def icons(folder: Path, of: IconSet) -> Iterator[NamedIcon]:
    """Yield the icons of a set in the order of their names. Other sizes of the same drawing are left out."""
    kit = json.loads(_file(packed(folder, f"@iconify-json/{of.name}@{of.version}"), "icons.json"))
    drawn: set[str] = set()
    for name, icon in sorted(kit["icons"].items()):
        words = name_terms(name)
        plain = re.sub(r"-(?:12|16|20|24|28|32|48)(?=-|$)", "", name)
        if icon.get("hidden") or not words or plain in drawn:
            continue
        drawn.add(plain)
        box = [icon.get(side, kit.get(side, default)) for side, default in
               (("left", 0), ("top", 0), ("width", 16), ("height", 16))]  # fmt: skip
        view = " ".join(str(number) for number in box)
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view}" color="#000">{icon["body"]}</svg>'
        yield NamedIcon(of.name, name, words, svg)


def synonyms(folder: Path) -> dict[tuple[str, ...], Counter[str]]:
    """Return the stems that the sets' own tags and aliases have for a name, with the number of sets that have them."""
    found: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for name, tags in _tags(folder):
        words = name_terms(name)
        found[words].update({stem for tag in tags for stem in terms(tag)} - set(words))
    for of in SETS:
        if of.split == "train":
            kit = json.loads(_file(packed(folder, f"@iconify-json/{of.name}@{of.version}"), "icons.json"))
            aliases: dict[tuple[str, ...], set[str]] = defaultdict(set)
            for alias, parent in kit.get("aliases", {}).items():
                if not {"rotate", "hFlip", "vFlip"} & set(parent):
                    aliases[name_terms(parent["parent"])].update(name_terms(alias))
            for words, others in aliases.items():
                found[words].update(others - set(words))
    return found


def _tags(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield a name and its tags, as the packages in `TAGS` have them."""
    lucide, tabler, mdi, awesome, phosphor = (_file(packed(folder, package), path) for package, path in TAGS)
    yield from json.loads(lucide).items()
    for name, about in json.loads(tabler).items():
        yield name, [str(tag) for tag in about["tags"]]
    for about in json.loads(mdi):
        yield about["name"], about["aliases"]
    for name, about in json.loads(awesome).items():
        search: dict[str, Any] = about.get("search", {})
        yield name, [*search.get("terms", []), *about.get("aliases", {}).get("names", [])]
    for name, tags in _PHOSPHOR.findall(phosphor.decode()):
        yield name, [tag for tag in re.findall(r'"([^"]+)"', tags) if not tag.startswith("*")]


def _file(archive: Path, name: str) -> bytes:
    """Return the bytes of a file in an npm package."""
    with tarfile.open(archive) as opened:
        member = opened.extractfile(f"package/{name}")
        if member is None:
            raise SetupError(f"{archive} has no {name}; delete it, and it is downloaded again")
        return member.read()
