"""How fast handeye is, always as a ratio with both sides measured in the same run: `python -m benchmarks`."""
