"""`handeye record`: a person works, and handeye writes the suite."""
