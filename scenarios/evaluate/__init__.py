"""The command `handeye eval`."""
