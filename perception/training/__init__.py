"""The recipe: screens with exact boxes, and a small InternVL trained on them (see docs/training.md)."""
