"""Measures how often a model finds the described element on screenshots with a known answer."""
