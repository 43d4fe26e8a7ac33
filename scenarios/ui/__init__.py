"""`handeye ui`: runs as they happen, in a browser: see, approve, pause, take over, stop, and start."""
