"""The demo of handeye, its web shop, and the small model that is trained on it."""
