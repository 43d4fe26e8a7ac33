"""What pages give to keep."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from handeye.tools.browser.trouble import translate

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
        """Files given so far."""
        self.under_way: set[asyncio.Task[None]] = set()
        self._say = say

    def begin(self, download: Download) -> None:
        """Save it beside whatever else goes on."""
        task = asyncio.ensure_future(self._save(download))
        self.under_way.add(task)
        task.add_done_callback(self.under_way.discard)

    async def _save(self, download: Download) -> None:
        from playwright.async_api import Error

        name = FORBIDDEN.sub("_", download.suggested_filename).strip(". ") or "download"
        try:
            if self.folder is None:
                await download.path()
                self._say(f"{name} was downloaded and not kept")
            else:
                self.folder.mkdir(parents=True, exist_ok=True)
                path = _unused(self.folder / name)
                await download.save_as(path)
                self._say(f"{name} was downloaded to {path} ({path.stat().st_size} bytes)")
            self.count += 1
        except (Error, OSError) as error:
            self._say(f"{name} could not be downloaded ({translate(error, 'download')})")


def _unused(path: Path) -> Path:
    count = 1
    free = path
    while free.exists():
        free = path.with_name(f"{path.stem} ({count}){path.suffix}")
        count += 1
    return free
