"""The user's own screen, and what a virtual one has in common with it."""
