"""Checks: what must be so, told from a scene or from outside of it, and never from what the agent says."""
