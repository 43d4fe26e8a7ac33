"""What pages give to keep."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from handeye.tools.browser.playwright_errors import translate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.async_api import Download

#: Characters that some file system takes for something else.
FORBIDDEN = re.compile(r'[\x00-\x1f<>:"/\\|?*]')


class Downloads:
    """Saves each file under a name that is still free, and says so."""

    def __init__(self, folder: Path | None, say: Callable[[str], None]) -> None:
        self.folder = folder
        """Where they are kept; None: nowhere."""
        self.count = 0
        """Files received so far, with those whose download was reported as unfinished."""
        self.under_way: dict[asyncio.Task[None], str] = {}
        """The names of the files that are still being received."""
        self._say = say
        self._reported: set[asyncio.Task[None]] = set()

    def begin(self, download: Download) -> None:
        """Save it beside whatever else goes on."""
        name = FORBIDDEN.sub("_", download.suggested_filename).strip(". ") or "download"
        task = asyncio.ensure_future(self._save(download, name))
        self.under_way[task] = name
        task.add_done_callback(self._ended)

    def awaited(self) -> bool:
        """Whether a file is still being received of which that was not reported yet."""
        return any(task not in self._reported for task in self.under_way)

    def report_unfinished(self) -> None:
        """Say once of each file that is still being received that its download began: it may never end."""
        for task, name in self.under_way.items():
            if task not in self._reported:
                self._reported.add(task)
                self.count += 1
                self._say(f"the download of {name} began and has not ended yet")

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.under_way.pop(task, None)
        self._reported.discard(task)

    async def _save(self, download: Download, name: str) -> None:
        from playwright.async_api import Error

        try:
            if self.folder is None:
                await download.path()
                self._say(f"{name} was downloaded and not kept")
            else:
                self.folder.mkdir(parents=True, exist_ok=True)
                path = _unused(self.folder / name)
                await download.save_as(path)
                self._say(f"{name} was downloaded to {path} ({path.stat().st_size} bytes)")
            self.count += asyncio.current_task() not in self._reported
        except (Error, OSError) as error:
            self._say(f"{name} could not be downloaded ({translate(error, 'download')})")


def _unused(path: Path) -> Path:
    count = 1
    free = path
    while free.exists():
        free = path.with_name(f"{path.stem} ({count}){path.suffix}")
        count += 1
    return free
