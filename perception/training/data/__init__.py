"""Screens whose every box is known, because handeye made them."""
