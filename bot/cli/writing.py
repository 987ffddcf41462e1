"""Where a proposed configuration goes: the standard output, or a file that is not there yet."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.domain.errors import Refused

Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Write to this file, which must not be there yet; default: print."),
]
ArgoCDUrl = Annotated[str, typer.Option("--argocd-url", help="Where Argo CD answers, for the configuration.")]


def write_out(text: str, output: Path | None) -> None:
    """Print a configuration, or write it to a new file.

    Raises:
        Refused: the file is there already, or cannot be written.
    """
    if output is None:
        sys.stdout.write(text)
        return
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise Refused(f"{output} is there already", fix="name another file, or move it away") from error
    except OSError as error:
        raise Refused(f"{output} cannot be written", why=error.strerror or "") from error
