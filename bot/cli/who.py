"""Who runs the command, as it is remembered and written into merges."""

from __future__ import annotations

import getpass

from bot.cli.display import clean


def me() -> str:
    """The user's name; a container may know none."""
    try:
        return f"{clean(getpass.getuser())} on the command line"
    except (KeyError, OSError):
        return "somebody on the command line"
