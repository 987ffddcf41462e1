"""Registries: the OCI distribution API, image layouts on disk, and a memory twin; and how to log in."""
