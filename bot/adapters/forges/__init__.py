"""Forges: GitHub by its API, plain Git without any, and a memory twin."""
