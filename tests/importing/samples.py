"""Applications and custom resources as people have them, and the configuration that they become."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from pathlib import Path

from bot.configuration.build import load
from bot.configuration.settings import Settings
from bot.domain.pipeline import Pipeline
from bot.importing.carry import Carried, carried
from bot.importing.draft import Draft, rendered
from bot.importing.installation import installation
from bot.importing.objects import parsed
from bot.importing.watching import found

IN_GIT = "{repoURL: 'https://github.com/acme/infra.git', path: apps/web, targetRevision: main, helm: {}}"
PREFIX = "argocd-image-updater.argoproj.io/"


def application(
    name: str,
    annotations: Mapping[str, str],
    *,
    source: str = IN_GIT,
    labels: str = "{}",
) -> str:
    """An Application with annotations of the Image Updater, their prefix left out."""
    said = "".join(f"    {PREFIX}{key}: '{value}'\n" for key, value in annotations.items()) or "    a: b\n"
    kind = "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
    head = f"---\n{kind}metadata:\n  name: {name}\n  namespace: argocd\n  labels: {labels}\n"
    return f"{head}  annotations:\n{said}spec:\n  source: {source}\n"


def updater(text: str, *, namespace: str = "argocd") -> str:
    """An ImageUpdater with this `spec`."""
    metadata = f"{{name: all, namespace: {namespace}}}"
    head = f"---\napiVersion: {PREFIX}v1alpha1\nkind: ImageUpdater\nmetadata: {metadata}\nspec:\n"
    return f"{head}{textwrap.indent(textwrap.dedent(text), '  ')}"


def carry(*documents: str) -> Carried:
    """What the documents are carried over to."""
    objects = parsed("".join(documents).encode(), name="sample")
    return carried(found(objects), installation(objects))


def loaded(draft: Draft | None, folder: Path) -> Settings:
    """The draft as the configuration reads it; raises what `tagboat check` would say."""
    assert draft is not None
    text = rendered(draft)
    file = folder / "tagboat.yaml"
    file.write_text(text, encoding="utf-8")
    return load(file, dict.fromkeys(re.findall(r"\$\{([A-Z_]+)\}", text), "dummy"))


def only_pipeline(draft: Draft | None, folder: Path) -> Pipeline:
    """The one pipeline of a draft."""
    (pipeline,) = loaded(draft, folder).pipelines.values()
    return pipeline
