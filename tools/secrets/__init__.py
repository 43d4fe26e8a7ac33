"""Secrets: their sources, and their redaction in texts and screenshots."""
