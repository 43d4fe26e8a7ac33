"""Find a Chromium, start it, or connect to one over CDP."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from handeye.tools.browser.playwright_errors import short_message
from handeye.tools.errors import SetupError
from handeye.tools.secrets.store import without_secrets

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Page, Playwright

#: Program names of Chromium on the PATH, in order of preference.
NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "microsoft-edge-stable",
    "brave-browser",
)

#: A build without window support starts in two thirds of the time.
WITHOUT_WINDOW = ("chromium-headless-shell",)

#: Paths of installers that do not change the PATH.
PLACES = {
    "darwin": (
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
        "~/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "~/Applications/Chromium.app/Contents/MacOS/Chromium",
    ),
    "win32": (
        r"%ProgramFiles%\Google\Chrome\Application\chrome.exe",
        r"%ProgramFiles(x86)%\Google\Chrome\Application\chrome.exe",
        r"%LocalAppData%\Google\Chrome\Application\chrome.exe",
        r"%LocalAppData%\Chromium\Application\chrome.exe",
        r"%ProgramFiles(x86)%\Microsoft\Edge\Application\msedge.exe",
        r"%ProgramFiles%\Microsoft\Edge\Application\msedge.exe",
    ),
    "linux": ("/usr/lib/chromium/chromium", "/opt/google/chrome/chrome", "/snap/bin/chromium"),
}

#: Path of the program inside a folder of Playwright's cache.
OWN = ("chrome-linux*/chrome", "chrome-mac*/*.app/Contents/MacOS/*", "chrome-win*/chrome.exe")
OWN_WITHOUT_WINDOW = ("chrome-*/headless_shell*", "chrome-*/chrome-headless-shell*")

REMEDY = "install one (sudo apt-get install -y chromium, or: playwright install chromium) or set HANDEYE_CHROMIUM"

#: Switch off Chromium's background services, which delay its start without a network.
FLAGS = (
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium(*, headed: bool = False) -> Path | None:
    """Return the path of the Chromium that `Browser` starts, or None. HANDEYE_CHROMIUM, when set, has no alternative.

    Without `headed`, a build without window support is preferred, as in Playwright: it starts faster.
    """
    named = os.environ.get("HANDEYE_CHROMIUM", "")
    if named:
        path = Path(named).expanduser()
        candidates = path if path.is_file() else shutil.which(named)
        return Path(candidates) if candidates and os.access(candidates, os.X_OK) else None
    return _playwrights_own(headed) or _on_the_path(headed) or _in_the_usual_places()


def need_chromium(*, headed: bool) -> Path:
    """Like `find_chromium`, but raises SetupError with the remedy when there is none."""
    path = find_chromium(headed=headed)
    if path is not None:
        return path
    named = os.environ.get("HANDEYE_CHROMIUM", "")
    if named:
        raise SetupError(f"HANDEYE_CHROMIUM={named} is no program that can be started; correct it, or unset it")
    raise SetupError(f"there is no Chromium on this machine; {REMEDY}")


def flags(*, headed: bool, scale: float = 1.0) -> list[str]:
    """Return Chromium's command-line flags for this machine, this user and a device scale."""
    chosen = list(FLAGS)
    if scale != 1:
        # With an emulated scale Chromium resizes the page for each screenshot. Mouse coordinates are wrong meanwhile,
        # and stay wrong when a screenshot is cancelled.
        chosen.append(f"--force-device-scale-factor={scale:g}")
    if not headed:
        chosen.append("--disable-gpu")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        chosen.append("--no-sandbox")
    return chosen


def _cache() -> Path:
    named = os.environ.get("PLAYWRIGHT_BROWSERS_PATH", "")
    if named and named != "0":
        return Path(named)
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches/ms-playwright"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", str(Path.home() / "AppData/Local"))) / "ms-playwright"
    return Path(os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))) / "ms-playwright"


def _playwrights_own(headed: bool) -> Path | None:
    """Return the newest build in Playwright's cache."""
    kinds = ([] if headed else [("chromium_headless_shell-*", OWN_WITHOUT_WINDOW)]) + [("chromium-*", OWN)]
    for folders, patterns in kinds:
        for folder in sorted(_cache().glob(folders), key=_revision, reverse=True):
            for pattern in patterns:
                for path in sorted(folder.glob(pattern)):
                    if path.is_file() and os.access(path, os.X_OK):
                        return path
    return None


def _revision(folder: Path) -> int:
    digits = folder.name.rpartition("-")[2]
    return int(digits) if digits.isdigit() else 0


def _on_the_path(headed: bool) -> Path | None:
    names = NAMES if headed else WITHOUT_WINDOW + NAMES
    candidates = [path for name in names if (path := shutil.which(name))]
    # A snap runs in a sandbox that cannot read temporary profiles, so it is the last choice.
    candidates.sort(key=lambda path: path.startswith("/snap/"))
    return Path(candidates[0]) if candidates else None


def _in_the_usual_places() -> Path | None:
    for place in PLACES.get(sys.platform, ()):
        path = Path(os.path.expandvars(place)).expanduser()
        if path.is_file() and os.access(path, os.X_OK):
            return path
    return None


#: Seconds for which a page may take to report whether it is in front.
ANSWERING = 3.0


async def start_playwright() -> Playwright:
    """Start Playwright's driver. Raises SetupError when Playwright is not installed."""
    try:
        from playwright.async_api import async_playwright
    except ImportError as error:
        raise SetupError(f"Playwright cannot be imported ({error}); pip install playwright") from error
    return await async_playwright().start()


async def launch(
    playwright: Playwright, *, headed: bool, rules: list[str], timeout: float, scale: float = 1.0
) -> Browser:
    """Start a Chromium with a clean profile. Raises SetupError when it does not start."""
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
            # The agent handles Ctrl-C: it finishes the step and writes its logs while the browser still runs.
            handle_sigint=False,
            handle_sigterm=False,
            handle_sighup=False,
        )
    except Exception as error:
        raise _not_started(error, path) from error


async def connect(playwright: Playwright, address: str, timeout: float) -> Browser:
    """Connect to the Chromium that listens at a CDP address. Raises SetupError when there is none."""
    try:
        return await playwright.chromium.connect_over_cdp(address, timeout=timeout * 1000)
    except Exception as error:
        raise SetupError(
            f"no Chromium listens at {address} ({short_message(error)}); start it with --remote-debugging-port=9222 "
            "and a --user-data-dir of its own"
        ) from error


async def front_page(context: BrowserContext) -> Page | None:
    """Return the page that has the focus, else a visible one, else None."""
    front = None
    for page in context.pages:
        with suppress(Exception):  # a page that hangs is skipped
            looks = "() => [document.hasFocus(), document.visibilityState === 'visible']"
            focus, visible = await asyncio.wait_for(page.evaluate(looks), ANSWERING)
            front = page if focus or (visible and front is None) else front
    return front


async def browser_process_id(browser: Browser) -> int | None:
    """Return the process id of the browser, or None when it is unknown."""
    root = await browser.new_browser_cdp_session()
    processes = (await root.send("SystemInfo.getProcessInfo"))["processInfo"]
    return next((each["id"] for each in processes if each["type"] == "browser"), None)


def _has_screen() -> bool:
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _not_started(error: Exception, path: Path) -> SetupError:
    """Return the error for a Chromium that did not start, with the remedy."""
    if isinstance(error, SetupError):
        return error
    detail = next((line for line in str(error).splitlines() if "rror" in line or "annot" in line), "")
    first = (str(error).splitlines() or [type(error).__name__])[0]
    problem = " ".join(part for part in (first, detail.strip() if detail != first else "") if part)[:400]
    return SetupError(f"{path} could not be started ({problem}); start it by hand to see why, or set HANDEYE_CHROMIUM")


def end_process(pid: int | None) -> None:
    """Kill a Chromium that did not close. On systems other than Linux it ends when its pipe is closed."""
    try:
        if pid is not None and b"--remote-debugging-pipe" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGKILL)
    except OSError:
        return
