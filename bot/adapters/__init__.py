"""Adapters translate between a port and one vendor; what is decided is decided elsewhere."""
