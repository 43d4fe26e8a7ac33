"""Where a scenario begins, and what must be on the machine so that it can."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from handeye.agent.resources import looks_like_page
from handeye.tools.address import meant
from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from handeye.scenarios.suite.expansion import Scenario

#: A page of a site, and no machine of that name.
PAGE = re.compile(r"(?:[\w%~-][\w.%~-]*/)*[\w%~-][\w.%~-]*\.html?(?:[?#].*)?")


def skip_reason(scenario: Scenario) -> str:
    """Why a case is not run on this machine; empty when it is."""
    skip = scenario.spec.skip
    if skip:
        return skip if isinstance(skip, str) else "says `skip`"
    for program in (*scenario.suite.needs, *scenario.spec.needs):
        path = Path(program).expanduser()
        if shutil.which(scenario.file.parent.resolve() / path if len(path.parts) > 1 else path) is None:
            return f"needs: there is no program {program}; install it"
    return ""


def start_address(scenario: Scenario, on: str, base: str, served: str) -> str:
    """What the device is opened on. `on` is the scenario's and `base` the suite's; `served` what `${serve}` stands for.

    Raises UsageError, with file and line, where that is nothing.
    """
    device = scenario.suite.device
    if device == "desktop":
        return on or base or "desktop"
    if device == "virtual":
        command = on or base or "virtual"
        return command if command.startswith("app:") or command == "virtual" else f"app:{command}"
    folder, where = scenario.file.parent, f"{scenario.file}:{scenario.spec.line}: "
    try:
        first = _page(base, served, folder) if base else served
        found = _page(on, first, folder) if on else first
    except UsageError as error:
        raise UsageError(f"{where}{error}") from error
    if not found:
        raise UsageError(f"{where}“{scenario.name}” has no address; give `on`, or `serve` a folder")
    if not found.startswith("cdp:") and not looks_like_page(found):
        raise UsageError(f"{where}`on: {on or base}` is no page; give an address, a file, or `serve` what it is below")
    return found


def _page(on: str, base: str, folder: Path) -> str:
    """An address or a file as it is; what is a part of an address is joined to the base, as a link there would be."""
    whole = meant(base)[0] if base and not base.startswith("cdp:") else ""
    if on.startswith("/") and whole.startswith("http"):
        return urljoin(whole, on)
    if (folder / on).is_file():
        return str(folder / on)
    if not whole or on.startswith("cdp:") or (looks_like_page(on) and not PAGE.fullmatch(on)):
        return on
    return urljoin(whole, on)
