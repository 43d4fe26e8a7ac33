"""The suites that come with handeye."""
