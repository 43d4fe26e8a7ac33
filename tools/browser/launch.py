"""Starting a Chromium of one's own, joining one that somebody uses, and making sure that one's own has ended."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from handeye.tools.browser.find import flags, need_chromium
from handeye.tools.browser.trouble import plain
from handeye.tools.errors import SetupError
from handeye.tools.secrets import without_secrets

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Page, Playwright

#: Seconds that a page gets to say whether it is in front.
ANSWERING = 3.0


async def play() -> Playwright:
    """Playwright's driver. Raises SetupError when it cannot be had."""
    try:
        from playwright.async_api import async_playwright
    except ImportError as error:
        raise SetupError(f"Playwright cannot be imported ({error}); pip install playwright") from error
    return await async_playwright().start()


async def launch(
    playwright: Playwright, *, headed: bool, rules: list[str], timeout: float, scale: float = 1.0
) -> Browser:
    """A Chromium with a clean profile. Raises SetupError when it cannot be started."""
    path = need_chromium(headed=headed)
    if headed and os.name == "posix" and os.uname().sysname == "Linux" and not _has_screen():
        raise SetupError("a visible browser needs a screen ($DISPLAY is not set); start it on a desktop, or headless")
    try:
        return await playwright.chromium.launch(
            executable_path=path,
            headless=not headed,
            args=flags(headed=headed, scale=scale) + rules,
            env={**without_secrets(os.environ)},
            timeout=timeout * 1000,
            # Ctrl-C is the agent's: it finishes the step and writes the books while the browser is still there.
            handle_sigint=False,
            handle_sigterm=False,
            handle_sighup=False,
        )
    except Exception as error:
        raise _not_started(error, path) from error


async def join(playwright: Playwright, address: str, timeout: float) -> Browser:
    """The Chromium that listens for debuggers at that address. Raises SetupError when none does."""
    try:
        return await playwright.chromium.connect_over_cdp(address, timeout=timeout * 1000)
    except Exception as error:
        raise SetupError(
            f"no Chromium listens at {address} ({plain(error)}); start it with --remote-debugging-port=9222 and a"
            " --user-data-dir of its own"
        ) from error


async def front_page(context: BrowserContext) -> Page | None:
    """The page that its person looks at, if there is one."""
    front = None
    for page in context.pages:
        with suppress(Exception):  # one that hangs is not looked at
            looks = "() => [document.hasFocus(), document.visibilityState === 'visible']"
            focus, visible = await asyncio.wait_for(page.evaluate(looks), ANSWERING)
            front = page if focus or (visible and front is None) else front
    return front


async def process_of(browser: Browser) -> int | None:
    """The browser's process, when it tells."""
    root = await browser.new_browser_cdp_session()
    processes = (await root.send("SystemInfo.getProcessInfo"))["processInfo"]
    return next((each["id"] for each in processes if each["type"] == "browser"), None)


def _has_screen() -> bool:
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _not_started(error: Exception, path: Path) -> SetupError:
    """What kept a Chromium from starting, with the remedy."""
    if isinstance(error, SetupError):
        return error
    detail = next((line for line in str(error).splitlines() if "rror" in line or "annot" in line), "")
    first = (str(error).splitlines() or [type(error).__name__])[0]
    said = " ".join(part for part in (first, detail.strip() if detail != first else "") if part)[:400]
    return SetupError(f"{path} could not be started ({said}); start it by hand to see why, or set HANDEYE_CHROMIUM")


def end_process(pid: int | None) -> None:
    """Make sure that a Chromium that did not end by itself is gone. Elsewhere than on Linux its pipe's end ends it."""
    try:
        if pid is not None and b"--remote-debugging-pipe" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGKILL)
    except OSError:
        return
