"""Suites of scenarios: reading, running and reporting them; recording, export, evaluation, benchmarks and the UI."""
