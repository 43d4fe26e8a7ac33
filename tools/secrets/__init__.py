"""Secrets: where their values come from, and how texts and screenshots are kept free of them."""
