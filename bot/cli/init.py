"""`tagboat init`: a configuration for a repository, guessed from what stands in it."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli.writing import ArgoCDUrl, Output


def init(
    repository: Annotated[str, typer.Argument(help="A folder, or the address of a Git repository.")] = ".",
    argocd_url: ArgoCDUrl = "",
    output: Output = None,
) -> None:
    """Propose a configuration for a Git repository.

    Images, environments and Argo CD's Applications are found by their usual keys and names. Comments say what
    was guessed.
    """
    from bot.cli.checkout import look_at
    from bot.cli.writing import write_out
    from bot.importing.draft import rendered
    from bot.importing.propose import proposed

    write_out(rendered(proposed(look_at(repository), argocd_url=argocd_url)), output)
