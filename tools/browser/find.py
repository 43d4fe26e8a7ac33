"""Which Chromium to use: Playwright's own when it is installed, else one of the system's."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from handeye.tools.errors import SetupError

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
