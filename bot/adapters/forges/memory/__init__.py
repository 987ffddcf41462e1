"""The forge's memory twins."""
