"""Input backends: X11 (XTEST), and PyAutoGUI for Windows and macOS."""
