"""Saves the downloads of pages."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING

from handeye.tools.browser.playwright_errors import translate

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.async_api import Download


#: Characters that a file system does not allow in names.
FORBIDDEN = re.compile(r'[\x00-\x1f<>:"/\\|?*]')


class Downloads:
    """Saves each file under an unused name and adds a remark."""

    def __init__(self, folder: Path | None, remark: Callable[[str], None]) -> None:
        self.folder = folder
        """Folder for the files; None: they are discarded."""
        self.count = 0
        """Number of received files, including those that were reported as unfinished."""
        self.active: dict[asyncio.Task[None], str] = {}
        """Names of the files that are still being received."""
        self._remark = remark
        self._reported: set[asyncio.Task[None]] = set()

    def start(self, download: Download) -> None:
        """Save a file in the background."""
        name = FORBIDDEN.sub("_", download.suggested_filename).strip(". ") or "download"
        task = asyncio.ensure_future(self._save(download, name))
        self.active[task] = name
        task.add_done_callback(self._on_ended)

    def has_pending(self) -> bool:
        """Whether a file is being received that was not reported as unfinished."""
        return any(task not in self._reported for task in self.active)

    def report_unfinished(self) -> None:
        """Report once for each file that it is still being received; its download may never end."""
        for task, name in self.active.items():
            if task not in self._reported:
                self._reported.add(task)
                self.count += 1
                self._remark(f"the download of {name} began and has not ended yet")

    def _on_ended(self, task: asyncio.Task[None]) -> None:
        self.active.pop(task, None)
        self._reported.discard(task)

    async def _save(self, download: Download, name: str) -> None:
        from playwright.async_api import Error

        try:
            if self.folder is None:
                await download.path()
                self._remark(f"{name} was downloaded and not kept")
            else:
                self.folder.mkdir(parents=True, exist_ok=True)
                path = _unused(self.folder / name)
                await download.save_as(path)
                self._remark(f"{name} was downloaded to {path} ({path.stat().st_size} bytes)")
            self.count += asyncio.current_task() not in self._reported
        except (Error, OSError) as error:
            self._remark(f"{name} could not be downloaded ({translate(error, 'download')})")


def _unused(path: Path) -> Path:
    count = 1
    free = path
    while free.exists():
        free = path.with_name(f"{path.stem} ({count}){path.suffix}")
        count += 1
    return free
