"""`handeye export`: runs told again, as suites and as tests."""
