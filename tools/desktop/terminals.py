"""Programs that are terminals: what is typed there may be run, and keys of their own empty their line."""

from __future__ import annotations

#: Programs in whose windows one types commands. In the rules, `shell` allows them, or their name
#: in `allow_apps`.
TERMINALS = frozenset(
    {
        "alacritty", "cmd", "conhost", "cool-retro-term", "foot", "ghostty", "gnome-terminal", "gnome-terminal-server",
        "guake", "hyper", "iterm2", "kgx", "kitty", "konsole", "lxterminal", "mate-terminal", "mintty", "powershell",
        "ptyxis", "putty", "pwsh", "qterminal", "rio", "rxvt", "sakura", "st", "tabby", "terminal", "terminator",
        "terminology", "tilda", "tilix", "uxterm", "urxvt", "wezterm", "wezterm-gui", "windowsterminal",
        "xfce4-terminal", "xterm", "yakuake"
    }
)  # fmt: skip
