"""Measures how well a model finds things: asks the questions of a data set, and counts the right answers."""
