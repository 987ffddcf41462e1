"""Directories: what copying one environment's directory over another's writes and keeps."""
