"""A program that writes down every press, motion and scroll it gets, one a line, for tests to read."""

import sys
from pathlib import Path

from Xlib import X
from Xlib.display import Display

display = Display()
window = display.screen().root.create_window(
    0, 0, 600, 400, 0, X.CopyFromParent, background_pixel=display.screen().white_pixel,
    event_mask=X.ButtonPressMask | X.ButtonReleaseMask | X.ButtonMotionMask | X.ExposureMask,
)  # fmt: skip
window.set_wm_name("Logger")
window.set_wm_class("logger", "Logger")
window.map()
pen = window.create_gc(foreground=display.screen().black_pixel)
with Path(sys.argv[1]).open("w", buffering=1) as log:
    while True:
        event = display.next_event()
        if event.type == X.Expose:
            window.fill_rectangle(pen, 20, 20, 200, 100)
        elif event.type in (X.ButtonPress, X.ButtonRelease):
            kind = "press" if event.type == X.ButtonPress else "release"
            print(kind, event.detail, event.state & 0xFF, event.event_x, event.event_y, file=log)
        elif event.type == X.MotionNotify:
            print("move", 0, event.state & 0xFF, event.event_x, event.event_y, file=log)
