"""Applications that an ApplicationSet makes, as far as that can be told without a cluster.

Lists, directories and files of a repository that is at hand, and the matrix of two of them are expanded; what
asks a cluster, a Git host or a plugin is refused with that reason.
https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Generators/
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import re2
import yaml
from yaml import CSafeLoader

from bot.domain.errors import Refused
from bot.importing.address import same
from bot.importing.objects import YAML_FAULTS, is_bounded, mapping, mappings, text
from bot.importing.template import Template, check_filled, normalized

_MOST = 2_000
_VALUES = "values"
_WILD = re.compile(r"(\*\*/?|\*|\?)")
_MEANING = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
_ASKS = {
    "clusters": "the cluster",
    "clusterDecisionResource": "the cluster",
    "scmProvider": "the Git host",
    "pullRequest": "the Git host",
    "plugin": "a plugin",
}


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository at one commit: its address (or folder), its base branch where known, and its files."""

    url: str
    branch: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)

    def is_at(self, url: str) -> bool:
        """Whether an address leads to this repository; to a folder without a remote any may."""
        is_known = "://" in self.url or "@" in self.url
        return not is_known or same(url, self.url)


def generated(each: Mapping[str, Any], repository: Repository | None) -> list[dict[str, Any]]:
    """The Applications of an ApplicationSet, as objects.

    Raises:
        Refused: they cannot be told without asking something that is not at hand.
    """
    spec = mapping(each, "spec")
    is_go = spec.get("goTemplate") is True
    found = [
        parameters
        for generator in mappings(spec.get("generators"))
        for parameters in islice(_parameters(generator, Template({}, is_go), repository), _MOST + 1)
    ]
    if len(found) > _MOST:
        raise Refused("it makes too many Applications", why=f"at most {_MOST:,} are made")
    return [_application(each, Template(parameters, is_go)) for parameters in found]


def _application(each: Mapping[str, Any], template: Template) -> dict[str, Any]:
    spec = mapping(each, "spec")
    made = template.filled(mapping(spec, "template"))
    patch = text(spec.get("templatePatch"))
    if patch:
        made = _merged(made, _patch(template, patch))
    metadata = {"namespace": mapping(each, "metadata").get("namespace")} | mapping(made, "metadata")
    kind = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application"}
    application = kind | {"metadata": metadata, "spec": mapping(made, "spec")}
    check_filled(application)
    return application


def _patch(template: Template, patch: str) -> Any:
    try:
        filled = template.filled(patch)
        check_filled(filled)
        return _loaded(filled)
    except Refused as error:
        raise Refused(error.what.replace("template", "templatePatch", 1), why=error.why) from error
    except ValueError as error:
        raise Refused("its templatePatch is no YAML once its values are put in") from error


def _loaded(content: str | bytes) -> Any:
    """The one document of a text; raises ValueError when it is no YAML, or too much."""
    try:
        read = yaml.load(content, Loader=CSafeLoader)
    except YAML_FAULTS as error:
        raise ValueError("no YAML") from error
    if not is_bounded(read):
        raise ValueError("too many values")
    return read


def _merged(one: Any, other: Any) -> Any:
    if not isinstance(one, dict) or not isinstance(other, dict):
        return other
    return one | {key: _merged(one[key], value) if key in one else value for key, value in other.items()}


def _parameters(
    generator: Mapping[str, Any], template: Template, repository: Repository | None
) -> Iterator[dict[str, Any]]:
    """The parameters of each Application that a generator makes; `template` fills those of a matrix."""
    if generator.get("selector"):
        raise Refused("its generator has a selector", why="which is not evaluated here")
    for kind, value in generator.items():
        if kind in _ASKS:
            raise Refused(f"its generator {kind} asks {_ASKS[kind]}")
        if kind not in _READ:
            raise Refused(f"its generator {kind[:40]} is not evaluated here")
        if mapping(value, "template"):
            raise Refused(f"its generator {kind} has its own template", why="which is not evaluated here")
        yield from _READ[kind](mapping(value), template, repository)


def _listed(
    section: Mapping[str, Any], template: Template, repository: Repository | None
) -> Iterator[dict[str, Any]]:
    del repository
    if section.get("elementsYaml"):
        raise Refused("its generator list has elementsYaml", why="which is not evaluated here")
    yield from template.filled(mappings(section.get("elements")))


def _matrix(
    section: Mapping[str, Any], template: Template, repository: Repository | None
) -> Iterator[dict[str, Any]]:
    """Each of the first generator's with each of the second's, whose text may name those of the first."""
    both = mappings(section.get("generators"))
    if len(both) != 2:
        raise Refused("its generator matrix has not two generators")
    for one in _parameters(both[0], template, repository):
        known = dict(template.parameters) | one
        for other in _parameters(both[1], Template(known, template.is_go), repository):
            yield _merged(one, other)


def _in_git(
    section: Mapping[str, Any], template: Template, repository: Repository | None
) -> Iterator[dict[str, Any]]:
    raw, section = section, template.filled({key: each for key, each in section.items() if key != _VALUES})
    url = text(section.get("repoURL"))
    if repository is None or not repository.is_at(url):
        raise Refused(f"its generator git reads {url[:200]}", fix="name a clone of it by --repository")
    found = [*_directories(section, repository), *_files(section, repository)]
    prefix, values = text(section.get("pathParamPrefix")), mapping(raw, _VALUES)
    for each in found:
        parameters = {**each, prefix: {"path": each["path"]}} if prefix else each
        if prefix:
            del parameters["path"]
        filled = Template(dict(template.parameters) | parameters, template.is_go).filled(values)
        yield parameters | ({_VALUES: filled} if filled else {})


_READ: dict[str, Callable[[Mapping[str, Any], Template, Repository | None], Iterator[dict[str, Any]]]] = {
    "list": _listed,
    "git": _in_git,
    "matrix": _matrix,
}


def _directories(section: Mapping[str, Any], repository: Repository) -> Iterator[dict[str, Any]]:
    wanted = mappings(section.get("directories"))
    if not wanted:
        return
    folders = {folder for path in repository.files for folder in _parents(path)}
    for folder in sorted(folders):
        hits = [each for each in wanted if _matches(folder, text(each.get("path")))]
        if hits and not any(each.get("exclude") is True for each in hits):
            yield {"path": _path(folder)}


def _files(section: Mapping[str, Any], repository: Repository) -> Iterator[dict[str, Any]]:
    wanted = [text(each.get("path")) for each in mappings(section.get("files"))]
    for path, content in sorted(repository.files.items()) if wanted else ():
        if not any(_matches(path, glob) for glob in wanted):
            continue
        try:
            read = _loaded(content)
        except ValueError as error:
            raise Refused(f"its generator git reads {path}", why="which is neither YAML nor JSON") from error
        folder, name = posixpath.split(path)
        where = _path(folder) | {"filename": name, "filenameNormalized": normalized(name)}
        for each in read if isinstance(read, list) else [read]:
            yield mapping(each) | {"path": where}


def _path(folder: str) -> dict[str, Any]:
    base = posixpath.basename(folder)
    parts = {"basename": base, "basenameNormalized": normalized(base), "segments": folder.split("/")}
    return {"path": folder} | parts


def _parents(path: str) -> Iterator[str]:
    """The folders that a file is in; those that begin with a dot are never looked into."""
    parts = path.split("/")[:-1]
    for end in range(1, len(parts) + 1):
        if any(part.startswith(".") for part in parts[:end]):
            return
        yield "/".join(parts[:end])


def _matches(path: str, glob: str) -> bool:
    """Whether a path fits a glob, in which `*` stays within a folder and `**` does not."""
    words = _WILD.split(glob.removeprefix("./").strip("/"))
    expression = "".join(_MEANING.get(word) or re2.escape(word) for word in words)
    return re2.fullmatch(expression, path) is not None
