"""Deciding: from what was observed to what should be done, environment by environment."""
