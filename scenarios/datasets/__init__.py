"""Data sets of grounding questions: a screenshot, an instruction and the true place."""
