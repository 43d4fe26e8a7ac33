"""Doing again what was done before, without a model: what each target was known by, and where that is now."""
