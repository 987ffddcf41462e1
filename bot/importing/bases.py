"""What files leave to others: the name of an image to the chart's own values, its tag to a Kustomize base."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from bot.importing.documents import documents, is_kustomization, reference
from bot.importing.objects import mappings, text, texts
from bot.importing.sources import values_in
from bot.importing.stage import stage_of
from bot.importing.values import containers_in, names_in, tags_in

_WORD = re.compile(r"[a-z0-9]+")
_HOLDS = (b"repository", b"image", b"tag:")
_MOST_STEPS = 200
_MOST_ALIKE = 64
_PLAIN = {"values", "yaml", "yml"}
_KUSTOMIZATION_KEYS = ("resources", "bases", "components")


class Bases:
    """The values files of a repository, to find out what an image is called whose tag stands elsewhere."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        """Read what the files call images; raises nothing: what is no YAML is left out."""
        self._names: dict[str, dict[str, str]] = {}
        self._unnamed: dict[str, list[str]] = {}
        self._by_tag: dict[str, dict[str, list[str]]] = {}
        for path, content in files.items():
            if not any(word in content for word in _HOLDS) or is_kustomization(path):
                continue
            for values in (each for one in documents(path, content) for each in values_in(path, one)):
                self._names.setdefault(path, {}).update(names_in(values))
                self._unnamed.setdefault(path, []).extend(tags_in(values))
        for path, names in self._names.items():
            for tag in names:
                for word in ("", *_words(path)):
                    self._by_tag.setdefault(tag, {}).setdefault(word, []).append(path)

    def names_for(self, path: str) -> dict[str, str]:
        """What the images are called whose tags alone stand in a file, by their key paths."""
        found = {tag: self._named(path, tag) for tag in self._unnamed.get(path, ())}
        return {tag: name for tag, name in found.items() if name}

    def unnamed_in(self, path: str) -> list[str]:
        """Key paths of tags in a file of which nobody can tell what the image is called."""
        return [tag for tag in self._unnamed.get(path, ()) if not self._named(path, tag)]

    def _named(self, path: str, tag: str) -> str:
        """What the nearest files call the image; empty where they differ, or none does."""
        known = self._by_tag.get(tag, {})
        alike = [known[word] for word in _words(path) if word in known]
        # A word that many paths have tells nothing, and would be slow in a repository of thousands.
        telling = [paths for paths in alike if len(paths) <= _MOST_ALIKE]
        tried = {each for paths in telling or [known.get("", [])] for each in paths}
        near = {base: _nearness(path, base) for base in tried}
        best = max(near.values(), default=None)
        names = {self._names[base][tag] for base in tried if near[base] == best}
        return names.pop() if len(names) == 1 else ""


def _words(path: str) -> set[str]:
    """What a path says of an application: its words, but for the environment and the kind of file."""
    return {word for word in _WORD.findall(path.lower()) if word not in _PLAIN and not stage_of(word)}


def _nearness(path: str, base: str) -> tuple[int, int]:
    """How much two files have in common: words of their paths, and folders."""
    one, other = path.split("/")[:-1], base.split("/")[:-1]
    shared = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        shared += 1
    return len(_words(path) & _words(base)), shared


def inherited(path: str, files: Mapping[str, bytes]) -> dict[str, str]:
    """The images that a kustomization without `images` takes from elsewhere, by name, with their tags.

    What stands in its own folder is written there, and needs no entry.
    """
    own = documents(path, files[path])
    if not is_kustomization(path) or any(mappings(each.get("images")) for each in own):
        return {}
    folder = posixpath.dirname(path)
    found: dict[str, str] = {}
    waiting, seen = [path], {path}
    while waiting and len(seen) < _MOST_STEPS:
        each = waiting.pop()
        for document in documents(each, files[each]):
            if not each.startswith(f"{folder}/"):
                found |= dict(_images(document))
            for next_one in _referred(each, document, files):
                if next_one not in seen:
                    seen.add(next_one)
                    waiting.append(next_one)
    return found


def _images(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for _, image in containers_in(document):
        ref = reference(image)
        if ref:
            yield str(ref.name), ref.tag or ""
    for entry in (
        mappings(document.get("images")) if document.get("kind", "Kustomization") == "Kustomization" else ()
    ):
        ref = reference(text(entry.get("newName")) or text(entry.get("name")))
        if ref:
            yield str(ref.name), text(entry.get("newTag"))


def _referred(path: str, document: Mapping[str, Any], files: Mapping[str, bytes]) -> Iterator[str]:
    """The files that a kustomization names, or those of Kustomize in the folders that it names."""
    folder = posixpath.dirname(path)
    for key in _KUSTOMIZATION_KEYS if is_kustomization(path) else ():
        for named in texts(document.get(key)):
            below = posixpath.normpath(posixpath.join(folder, named))
            tried = (
                below,
                f"{below}/kustomization.yaml",
                f"{below}/kustomization.yml",
                f"{below}/Kustomization",
            )
            yield from (each for each in tried if each in files)
