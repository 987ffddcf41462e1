"""Logins that are not written down: given by clouds for a while, or kept in a cluster."""
