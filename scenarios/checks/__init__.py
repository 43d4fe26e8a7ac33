"""Checks: conditions on the screen or on the world outside of it, independent of the agent's own report."""
