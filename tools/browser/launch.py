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

from handeye.tools.browser.playwright_errors import plain
from handeye.tools.errors import SetupError
from handeye.tools.secrets.store import without_secrets

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Page, Playwright

#: Names under which a Chromium may stand on the PATH, the best first.
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

#: What has no window starts in two thirds of the time of what has one; distributions name it so.
WITHOUT_WINDOW = ("chromium-headless-shell",)

#: Where installers put it when it is not on the PATH.
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

#: The program inside a folder of Playwright's cache.
OWN = ("chrome-linux*/chrome", "chrome-mac*/*.app/Contents/MacOS/*", "chrome-win*/chrome.exe")
OWN_WITHOUT_WINDOW = ("chrome-*/headless_shell*", "chrome-*/chrome-headless-shell*")

REMEDY = "install one (sudo apt-get install -y chromium, or: playwright install chromium) or set HANDEYE_CHROMIUM"

#: Without a network, Chromium would spend its start on services of its own.
FLAGS = (
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium(*, headed: bool = False) -> Path | None:
    """The Chromium that `Browser` would start, or None. HANDEYE_CHROMIUM, when set, is the only one tried.

    Without `headed`, a build that has no window is preferred, as Playwright does: it starts sooner.
    """
    named = os.environ.get("HANDEYE_CHROMIUM", "")
    if named:
        path = Path(named).expanduser()
        found = path if path.is_file() else shutil.which(named)
        return Path(found) if found and os.access(found, os.X_OK) else None
    return _playwrights_own(headed) or _on_the_path(headed) or _in_the_usual_places()


def need_chromium(*, headed: bool) -> Path:
    """The same, or SetupError with the remedy."""
    path = find_chromium(headed=headed)
    if path is not None:
        return path
    named = os.environ.get("HANDEYE_CHROMIUM", "")
    if named:
        raise SetupError(f"HANDEYE_CHROMIUM={named} is no program that can be started; correct it, or unset it")
    raise SetupError(f"there is no Chromium on this machine; {REMEDY}")


def flags(*, headed: bool, scale: float = 1.0) -> list[str]:
    """Command-line flags for this machine and user, and for a screen of that device scale."""
    chosen = list(FLAGS)
    if scale != 1:
        # Were it only emulated, Chromium would enlarge the page for each picture: the mouse lies elsewhere meanwhile,
        # and stays there for good when one picture is given up.
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
    """The newest build in Playwright's cache."""
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
    found = [path for name in names if (path := shutil.which(name))]
    # A snap starts in a sandbox of its own that cannot read temporary profiles: the last choice.
    found.sort(key=lambda path: path.startswith("/snap/"))
    return Path(found[0]) if found else None


def _in_the_usual_places() -> Path | None:
    for place in PLACES.get(sys.platform, ()):
        path = Path(os.path.expandvars(place)).expanduser()
        if path.is_file() and os.access(path, os.X_OK):
            return path
    return None


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
