"""Midscene's YAML flows, run as they are: their verbs become steps in plain English, or errors that name the line."""
