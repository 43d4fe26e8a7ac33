"""Ranking of everything visible by the evidence of a phrase, with calibrated confidence."""
