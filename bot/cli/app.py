"""The `tagboat` command: its verbs, its global option, and what its exit codes mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from bot.cli.beat import beat
from bot.cli.demo import demo
from bot.cli.explain import explain
from bot.cli.import_ import app as import_
from bot.cli.init import init
from bot.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from bot.cli.orders import VERBS, orders
from bot.cli.plan import plan
from bot.cli.pr import app as pr
from bot.cli.status import status
from bot.cli.up import up
from bot.cli.web import web
from bot.cli.worker import worker
from bot.domain.errors import TagboatError

_HELP = """Carry container images through environments: an image push becomes a pull request per
environment, Argo CD is followed until it is healthy, and people are told.

\b
Exit codes:
  0  done
  1  something went wrong at run time; one sentence says what, why and the next step
  2  the command line or the configuration is wrong
  3  with --exit-code (plan, status): something waits for a human
"""


class _Verbs(TyperGroup):
    """Answers every stop with a sentence and an exit code, for all verbs alike."""

    def invoke(self, ctx: Any) -> Any:
        """Run the verb; errors of ours end as text on the standard error."""
        try:
            return super().invoke(ctx)
        except TagboatError as error:
            raise typer.Exit(_tell(error)) from error


def _tell(error: TagboatError) -> int:
    from bot.cli import exit_codes
    from bot.cli.display import write_error
    from bot.configuration.problems import ConfigurationError

    if not isinstance(error, ConfigurationError):
        write_error(str(error))
        return exit_codes.FAILED
    for problem in error.problems:
        write_error(str(problem))
    return exit_codes.MISUSED


app = typer.Typer(
    cls=_Verbs,
    help=_HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"tagboat {version('tagboat')}")
        raise typer.Exit


@app.callback()
def tagboat(
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="The configuration; may stand before or after the verb."),
    ] = None,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options of every verb; `bot.cli.options` finds `config` in the context."""
    del config, show_version


def check(
    file: Annotated[Path | None, typer.Argument(help="The file; default: that of --config.")] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Check the configuration, without connecting to anything.

    Every problem is shown with its line and its fix.
    """
    from bot.cli.check import check as check_file

    raise typer.Exit(check_file(file or config, as_json))


_VERBS: Sequence[Callable[..., None]] = (
    demo,
    init,
    check,
    up,
    web,
    worker,
    beat,
    plan,
    status,
    explain,
    *VERBS,
    orders,
)
for _verb in _VERBS:
    app.command()(_verb)
app.add_typer(pr, name="pr")
app.add_typer(import_, name="import")
