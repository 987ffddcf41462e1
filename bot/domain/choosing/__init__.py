"""Choosing: which tag each image should have, and why no other."""
