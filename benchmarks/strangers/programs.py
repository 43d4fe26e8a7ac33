"""The programs of Debian that are shown on a virtual display, and the fixed split by program."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from handeye.tools.errors import SetupError

if TYPE_CHECKING:
    from benchmarks.strangers.screens import Split


@dataclass(frozen=True)
class Program:
    """One program: its Debian package, command and toolkit."""

    package: str
    split: Split
    toolkit: str
    command: str
    keys: tuple[str, ...] = ()
    """Keys that each open one more screen, such as a menu or the preferences."""

    @property
    def name(self) -> str:
        """The name of its screens."""
        return f"{self.package}-{self.toolkit}"


#: GTK 4 is missing: the extents that GTK 4.8 reports over AT-SPI leave out padding and are displaced by it.
PROGRAMS = (
    Program("gedit", "fit", "gtk3", "gedit", ("F10", "ctrl+f")),
    Program("mousepad", "fit", "gtk3", "mousepad", ("alt+f", "ctrl+h")),
    Program("xfce4-taskmanager", "fit", "gtk3", "xfce4-taskmanager"),
    Program("geany", "fit", "gtk3", "geany", ("alt+f", "alt+e", "ctrl+f")),
    Program("featherpad", "fit", "qt6", "featherpad", ("alt+f", "alt+e")),
    Program("qpdfview", "fit", "qt5", "qpdfview", ("alt+f", "alt+v")),
    Program("qt5ct", "fit", "qt5", "qt5ct"),
    Program("galculator", "look", "gtk3", "galculator", ("alt+v",)),
    Program("thunar", "look", "gtk3", "thunar /usr/share", ("alt+f", "alt+v")),
    Program("atril", "look", "gtk3", "atril", ("alt+f",)),
    Program("transmission-gtk", "look", "gtk3", "transmission-gtk", ("alt+f", "alt+e")),
    Program("speedcrunch", "look", "qt5", "speedcrunch", ("alt+v",)),
    Program("lximage-qt", "look", "qt5", "lximage-qt", ("alt+f",)),
    Program("designer-qt6", "look", "qt6", "/usr/lib/qt6/bin/designer"),
    Program("engrampa", "blind", "gtk3", "engrampa", ("alt+f", "alt+v")),
    Program("eog", "blind", "gtk3", "eog", ("F10",)),
    Program("gucharmap", "blind", "gtk3", "gucharmap", ("ctrl+f",)),
    Program("mate-calc", "blind", "gtk3", "mate-calc", ("alt+v",)),
    Program("gcolor3", "blind", "gtk3", "gcolor3"),
    Program("dconf-editor", "blind", "gtk3", "dconf-editor"),
    Program("xarchiver", "blind", "gtk3", "xarchiver", ("alt+a",)),
    Program("pcmanfm-qt", "blind", "qt5", "pcmanfm-qt /usr/share", ("alt+f", "alt+v")),
    Program("keepassxc", "blind", "qt5", "keepassxc", ("alt+d",)),
    Program("qterminal", "blind", "qt5", "qterminal", ("alt+f",)),
    Program("qt6ct", "blind", "qt6", "qt6ct"),
    Program("linguist-qt6", "blind", "qt6", "/usr/lib/qt6/bin/linguist"),
    Program("focuswriter", "blind", "qt6", "focuswriter"),
)
#: Icon themes and styles that the programs use in turn.
THEMES = (
    "papirus-icon-theme",
    "elementary-xfce-icon-theme",
    "tango-icon-theme",
    "adwaita-icon-theme",
    "adwaita-qt",
    "adwaita-qt6",
)


def install() -> None:
    """Install programs and themes with apt; raises SetupError when that fails. Needs root."""
    packages = sorted({program.package for program in PROGRAMS} | set(THEMES))
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "--no-install-recommends", *packages]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SetupError(f"{' '.join(command[:2])} failed: {done.stderr.strip()[-300:]}")


def is_installed(program: Program) -> bool:
    """Whether its command is there."""
    return shutil.which(program.command.split()[0]) is not None
