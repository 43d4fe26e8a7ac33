"""Grounding measured on screens that are not ours: `python -m benchmarks.strangers`."""
