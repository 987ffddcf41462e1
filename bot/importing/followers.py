"""Which Argo CD Applications deploy a file of a repository, and what they say of its environment."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.domain.errors import TagboatError
from bot.importing.documents import OVERRIDES, documents
from bot.importing.generated import Repository
from bot.importing.objects import Application, Source, mapping, parsed, text
from bot.importing.stage import Stage, stage_of
from bot.importing.updater import known_applications

_APPLICATION = re.compile(rb"^kind: *Application(?:Set)?\s*$", re.MULTILINE)
_SUFFIXES = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class Objects:
    """The Kubernetes objects of a repository, the Applications that deploy it, and notes on others."""

    all: tuple[Mapping[str, object], ...]
    applications: tuple[Application, ...]
    notes: tuple[str, ...] = ()


def objects_in(repository: Repository, *, holding: Iterable[bytes]) -> Objects:
    """The objects of all files that hold one of the words, and the Applications among them."""
    words = tuple(holding)
    found = [each for path in sorted(repository.files) for each in _objects(repository, path, words)]
    lost: list[str] = []
    known = known_applications(found, repository, lost, all_matter=True)
    here = [each for each in known if any(repository.is_at(one.repository) for one in each.sources)]
    notes = [*lost, *_elsewhere(here, repository)]
    followed = (one for one in here if _follows(one, repository))
    parents = _parents(repository)
    marked = tuple(replace(one, is_parent=_is_parent(one, parents)) for one in followed)
    return Objects(tuple(found), marked, tuple(notes))


def _objects(repository: Repository, path: str, words: Sequence[bytes]) -> list[dict[str, object]]:
    content = repository.files[path]
    if not path.lower().endswith(_SUFFIXES) or not any(word in content for word in words):
        return []
    try:
        return parsed(content, name=path)
    except TagboatError:
        return []  # A template: what it makes is not known here.


def _elsewhere(known: Sequence[Application], repository: Repository) -> Iterator[str]:
    for each in known:
        if not _follows(each, repository):
            revisions = ", ".join(sorted({source.revision for source in each.sources if source.revision}))
            yield f"Application {each.name} follows {revisions} and not {repository.branch}: it is left out."


def _parents(repository: Repository) -> dict[str, set[str]]:
    """The folders whose Applications are deployed with them, and the names of those: a chart's templates, or
    manifests that are no part of a chart."""
    folders: dict[str, set[str]] = {}
    for path, content in repository.files.items():
        if not _APPLICATION.search(content):
            continue
        folder = posixpath.dirname(path)
        is_template = posixpath.basename(folder) == "templates"
        whole = posixpath.normpath(posixpath.dirname(folder) if is_template else folder or ".")
        if is_template or f"{whole}/Chart.yaml" not in repository.files:
            folders.setdefault(whole, set()).update(
                text(mapping(each, "metadata").get("name")) for each in documents(path, content)
            )
            folders[whole] |= {""} if is_template else set()
    return folders


def _is_parent(application: Application, parents: Mapping[str, set[str]]) -> bool:
    """Whether what an Application deploys are other Applications."""
    folders = {posixpath.normpath(source.path) for source in application.sources if source.path}
    return any(parents.get(folder, set()) - {application.name} for folder in folders)


def _follows(application: Application, repository: Repository) -> bool:
    """Whether an Application takes its state from the branch that is looked at."""
    revisions = {
        one.revision for one in application.sources if repository.is_at(one.repository) and not one.chart
    }
    return not repository.branch or not revisions or bool(revisions & {"", "HEAD", repository.branch})


def deploys(application: Application, path: str, repository: Repository) -> bool:
    """Whether a file is among the values of an Application, or in its folder where it names none."""
    name = posixpath.basename(path)
    folders = {posixpath.normpath(one.path) for one in application.sources if one.path}
    if name.startswith(OVERRIDES):
        called = (f"-{application.name}", f"-{application.namespace}_{application.name}", "")
        own = {f"{OVERRIDES}{each}.yaml" for each in called}
        return name in own and posixpath.dirname(path) in folders
    named = [each for source in application.sources for each in _values(source)]
    if path in named:
        return True
    return any(_holds(one, path, repository) for one in application.sources if one.path)


def _values(source: Source) -> Iterator[str]:
    for file in source.value_files:
        below = file.partition("/")[2] if file.startswith("$") else posixpath.join(source.path, file)
        yield posixpath.normpath(below).lstrip("/")


def _holds(source: Source, path: str, repository: Repository) -> bool:
    """Whether a file is deployed with the folder of a source: of a chart its own values alone."""
    folder = posixpath.normpath(source.path)
    is_within = posixpath.dirname(path) == folder
    if f"{folder}/Chart.yaml" in repository.files or source.value_files or source.kind == "Helm":
        return is_within and posixpath.basename(path) == "values.yaml"
    return is_within or (source.recurses and path.startswith(f"{folder}/"))


def stage_by(applications: Sequence[Application]) -> Stage | None:
    """The environment that all these Applications agree on, by their names or by where they deploy to."""
    stages = [
        stage_of(each.name) or stage_of(each.target_namespace) or stage_of(each.cluster)
        for each in applications
    ]
    known = {stage.name: stage for stage in stages if stage}
    return next(iter(known.values())) if len(known) == 1 and all(stages) else None
