"""`handeye ui`: view, approve, pause, take over, stop and start runs in a browser."""
