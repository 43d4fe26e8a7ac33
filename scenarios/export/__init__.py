"""`handeye export`: exports runs as suites and tests."""
