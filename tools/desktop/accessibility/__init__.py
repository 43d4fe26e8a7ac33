"""Elements from AT-SPI, the accessibility interface of programs on X11."""
