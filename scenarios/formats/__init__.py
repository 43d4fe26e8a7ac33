"""Suite formats of other tools that handeye test runs unchanged."""
