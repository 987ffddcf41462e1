"""A configuration that is proposed: its parts, with notes for people, and the YAML that they make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import indent, wrap
from typing import Any

import yaml

from bot.configuration.fields import name_like

_WIDTH = 100


@dataclass(frozen=True, slots=True)
class DraftTarget:
    """A file, and where an image stands in it; no `image`: every image, each by its own `write`."""

    file: str
    image: str = ""
    write: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DraftEnvironment:
    """An environment: its files, and the Applications that deploy them."""

    name: str
    targets: tuple[DraftTarget, ...]
    applications: tuple[str | Mapping[str, Any], ...] = ()
    after: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DraftImage:
    """An image by its alias, with the settings that the configuration has for it."""

    alias: str
    settings: Mapping[str, Any]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DraftPipeline:
    """A pipeline; `settings` are repository and branch."""

    name: str
    settings: Mapping[str, Any]
    images: tuple[DraftImage, ...]
    environments: tuple[DraftEnvironment, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A configuration; `notes` stand at its head, `settings` are about the whole."""

    forges: Mapping[str, Mapping[str, Any]]
    pipelines: tuple[DraftPipeline, ...]
    argocd: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    registries: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


def rendered(draft: Draft) -> str:
    """The YAML of a draft, each note as a comment before what it is about."""
    lines = ["# yaml-language-server: $schema=./tagboat.schema.json", *_comments(draft.notes)]
    lines += _mapping(draft.settings)
    lines += _mapping({"forges": dict(draft.forges)})
    for key, sections in (("argocd", draft.argocd), ("registries", draft.registries)):
        lines += _mapping({key: dict(sections)}) if sections else []
    lines += ["", "pipelines:"]
    for pipeline in draft.pipelines:
        lines += _indented([*_comments(pipeline.notes), f"{pipeline.name}:", *_indented(_pipeline(pipeline))])
    return "\n".join(lines) + "\n"


def unique(names: Sequence[str], *, otherwise: str) -> list[str]:
    """Names as the configuration takes them, made different by a number where two would be one."""
    taken: set[str] = set()
    result = []
    for name in names:
        base = name_like(name)[:55].strip("-") or otherwise
        number, told = 2, base
        while told in taken:
            number, told = number + 1, f"{base}-{number}"
        taken.add(told)
        result.append(told)
    return result


def literal(text: str) -> str:
    """A text that the configuration takes as it is: `${` would be read as a variable."""
    return text.replace("${", "$${")


def _pipeline(pipeline: DraftPipeline) -> Iterator[str]:
    yield from _mapping(pipeline.settings)
    yield "images:"
    for image in pipeline.images:
        yield from _indented([*_comments(image.notes), *_mapping({image.alias: dict(image.settings)})])
    yield "environments:"
    for each in pipeline.environments:
        section: dict[str, Any] = {"after": _one_or_many(each.after)} if each.after else {}
        section |= {"values": _one_or_many([_target(target) for target in each.targets])}
        section |= each.settings
        section |= {"argocd": _one_or_many(list(each.applications))} if each.applications else {}
        yield from _indented([*_comments(each.notes), *_mapping({each.name: section})])


def _target(target: DraftTarget) -> str | dict[str, Any]:
    if not target.image:
        return target.file
    section: dict[str, Any] = {"file": target.file, "image": target.image}
    return section | ({"write": dict(target.write)} if target.write else {})


def _one_or_many(values: Sequence[Any]) -> Any:
    return values[0] if len(values) == 1 else list(values)


def _mapping(value: Mapping[str, Any]) -> list[str]:
    """A mapping in block style, its innermost collections in one line where they fit."""
    return [line for key, each in value.items() for line in _entry(_in_line(key), each)]


def _entry(key: str, value: Any) -> list[str]:
    short = f"{key}: {_in_line(value)}"
    if isinstance(value, dict) and value and (len(short) > _WIDTH or _is_deep(value.values())):
        return [f"{key}:", *_indented(_mapping(value))]
    if isinstance(value, list) and (len(short) > _WIDTH or _is_deep(value)):
        return [f"{key}:", *(f"  - {_in_line(each)}" for each in value)]
    return [short]


def _is_deep(values: Iterable[Any]) -> bool:
    return any(isinstance(each, (dict, list)) for each in values)


def _in_line(value: Any) -> str:
    text = yaml.safe_dump(value, sort_keys=False, default_flow_style=True, width=10**9, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...")


def _comments(notes: Sequence[str]) -> list[str]:
    """Notes as comments. What others wrote may stand in them: it is kept to one line and to letters."""
    shown = (" ".join(note.split()) for note in notes)
    safe = ("".join(letter if letter.isprintable() else "?" for letter in note) for note in shown)
    return [f"# {line}" for note in safe for line in wrap(note, _WIDTH, break_long_words=False) or [""]]


def _indented(lines: Sequence[str] | Iterator[str]) -> list[str]:
    return [indent(line, "  ") for line in lines]
