"""The command line: one file per verb, and what all of them share.

Only what `--help` needs is imported at the top of these modules; everything else inside the verb that needs
it, so that help and completion answer at once.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    from bot.cli.app import app

    for stream in (sys.stdout, sys.stderr):
        # A terminal that knows no arrows or letters of other scripts gets escapes, not a crash.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    app(prog_name="tagboat")
