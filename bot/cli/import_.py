"""`tagboat import`: a configuration that does what another tool did."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli.writing import ArgoCDUrl, Output

_SUFFIXES = {".yaml", ".yml", ".json"}

app = typer.Typer(help="Take over what another tool does, as a configuration.", no_args_is_help=True)


@app.callback()
def import_() -> None:
    """Take over what another tool does, as a configuration."""


@app.command("argocd-image-updater")
def argocd_image_updater(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Files or folders with Applications and their kind; - for the standard input."),
    ] = None,
    cluster: Annotated[
        bool, typer.Option("--cluster", help="Read them from the Kubernetes cluster.")
    ] = False,
    kubeconfig: Annotated[Path | None, typer.Option("--kubeconfig", help="How to reach the cluster.")] = None,
    context: Annotated[str, typer.Option("--context", help="The context of the kubeconfig to use.")] = "",
    repository: Annotated[
        str,
        typer.Option("--repository", help="What is written, and generators read: a clone, or an address."),
    ] = "",
    api: Annotated[
        bool, typer.Option("--api", help="Read Applications from Argo CD at --argocd-url, by $ARGOCD_TOKEN.")
    ] = False,
    argocd_url: ArgoCDUrl = "",
    output: Output = None,
) -> None:
    """Write the configuration that does what Argo CD Image Updater did.

    It reads the annotations of Applications, also of those that ApplicationSets make, and ImageUpdater
    resources. What cannot be carried over is told.
    """
    from bot.cli.checkout import look_at
    from bot.cli.display import write_error
    from bot.cli.writing import write_out
    from bot.domain.errors import NotFound
    from bot.importing.carry import carried
    from bot.importing.draft import rendered
    from bot.importing.installation import installation
    from bot.importing.watching import found

    if not (paths or cluster or api):
        raise typer.BadParameter("name files, or --cluster, or --api", param_hint="PATHS")
    if api and not argocd_url:
        raise typer.BadParameter("say where Argo CD answers", param_hint="--argocd-url")
    objects = list(_objects(paths or (), cluster=cluster, kubeconfig=kubeconfig, context=context))
    objects += _by_api(argocd_url) if api else ()
    clone = look_at(repository) if repository else None
    done = carried(found(objects, clone), installation(objects), argocd_url=argocd_url, repository=clone)
    for each in done.lost:
        write_error(f"not carried over: {each}")
    if done.draft is None:
        raise NotFound(
            "nothing was found that could be carried over",
            why=f"{len(objects)} objects were read",
            fix="name Applications with the annotation argocd-image-updater.argoproj.io/image-list",
        )
    write_out(rendered(done.draft), output)


def _objects(
    paths: Sequence[Path], *, cluster: bool, kubeconfig: Path | None, context: str
) -> Iterator[dict[str, Any]]:
    from bot.importing.objects import LARGEST, flattened, parsed

    for path in paths:
        if str(path) == "-":
            yield from parsed(sys.stdin.buffer.read(LARGEST + 1), name="the standard input")
        else:
            for file in _files(path):
                yield from parsed(_content(file), name=str(file))
    if cluster:
        from bot.adapters.argocd.survey import by_cluster

        yield from flattened(by_cluster(kubeconfig=kubeconfig, context=context), name="the cluster")


def _files(path: Path) -> list[Path]:
    """The file, or those of a folder that look like YAML or JSON."""
    if not path.is_dir():
        return [path]
    return sorted(each for each in path.rglob("*") if each.suffix.lower() in _SUFFIXES and each.is_file())


def _content(file: Path) -> bytes:
    from bot.domain.errors import NotFound
    from bot.importing.objects import LARGEST

    try:
        with file.open("rb") as opened:
            return opened.read(LARGEST + 1)
    except OSError as error:
        raise NotFound(f"{file} cannot be read", why=error.strerror or "") from error


def _by_api(url: str) -> list[dict[str, Any]]:
    from bot.adapters.argocd.connection import Connection
    from bot.adapters.argocd.survey import by_api
    from bot.importing.objects import flattened

    answer: Mapping[str, Any] = by_api(Connection(url, token=os.environ.get("ARGOCD_TOKEN", "")))
    # Argo CD leaves out of its lists what every element of them is.
    kind = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application"}
    return [kind | each for each in flattened([answer], name="Argo CD's answer")]
