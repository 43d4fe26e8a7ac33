"""Save downloads of pages, and upload files to pages."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING

from handeye.tools.browser.playwright_errors import translate
from handeye.tools.errors import ActionFailed, ActionRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.async_api import Download

    from handeye.tools.actions import Upload
    from handeye.tools.browser.input import PageInput
    from handeye.tools.browser.session import BrowserSession
    from handeye.tools.browser.targets import TargetLocator

#: Seconds for which a button may take to open a file chooser.
FILE_CHOOSER_SECONDS = 3.0

#: Return the file input of an element: itself, a label's control or a descendant.
OWN_FILE_FIELD = """el => {
  const field = 'input[type=file]';
  const near = el.matches(field) ? el : el.closest('label')?.control || el.querySelector?.(field);
  return near?.type === 'file' ? near : null }"""

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


class FileUploader:
    """Uploads files, without the native file chooser, which no screenshot shows."""

    def __init__(self, session: BrowserSession, locator: TargetLocator, page_input: PageInput) -> None:
        self.session, self.locator, self.page_input = session, locator, page_input

    async def upload(self, action: Upload) -> str:
        """Set the files of a field, or press the button that opens a file chooser and answer it."""
        paths = [Path(path).expanduser() for path in action.paths]
        for path in paths:
            if not path.is_file():
                raise ActionRefused(f"there is no file {path}; give the path of one that exists")
        place = await self.locator.at(action.target, "upload at")
        await self.page_input.press_check.check_unchanged(action.target)
        field = await self.locator.related(action.target, place, OWN_FILE_FIELD)
        if field is not None:
            if len(paths) > 1 and not await field.evaluate("el => el.multiple || el.webkitdirectory"):
                raise ActionRefused(f"{action.target} takes one file and was given {len(paths)}; give one")
            await field.set_input_files(paths)
            return ""
        self.session.file_chooser = asyncio.get_running_loop().create_future()
        try:
            await self.page_input.click_at(action.target, place)
            chooser = await asyncio.wait_for(self.session.file_chooser, FILE_CHOOSER_SECONDS)
        except TimeoutError:
            raise ActionFailed(f"{action.target} does not ask for files; aim at what does") from None
        finally:
            self.session.file_chooser = None
        if len(paths) > 1 and not chooser.is_multiple():
            raise ActionRefused(f"{action.target} takes one file and was given {len(paths)}; give one")
        await chooser.set_files(paths)
        return ""
