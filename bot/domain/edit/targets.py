"""Targets: which image stands at a place in a file, and how another one is written there.

Each kind of place has a module of its own with two functions, `read` and `write`; here one is chosen.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import assert_never

from bot.domain.edit import helm_values, json_file, marker, pattern, setters, toml_file
from bot.domain.edit.parts import check
from bot.domain.errors import Malformed, NotFound, Refused
from bot.domain.image import ImageName, ImageRef
from bot.domain.pipeline import Target
from bot.domain.place import HelmValues, JsonPaths, Marker, Pattern, Place, Setter, TomlPaths

_LONGEST_PATH = 1_000
_GIT_FOLDERS = {".git", "git~1"}
_WORKFLOW_FOLDERS = {".github", ".gitea", ".forgejo"}
_PIPELINE_FILES = {".gitlab-ci.yml", ".gitlab-ci.yaml"}


def read_target(content: bytes, target: Target, name: ImageName) -> ImageRef:
    """The image that stands at the target; `name` is taken where the file says nothing of the name.

    Empty values are no error: a target that was never filled gives a reference without tag and digest.

    Raises:
        NotFound: what the target names is not in the file.
        Malformed: the file cannot be parsed, or what stands there is no image reference.
        Refused: a value cannot be told for certain.
    """
    with _naming(target.file):
        return _read(content, target.place, name)


def write_target(content: bytes, target: Target, ref: ImageRef, *, pin_digest: bool) -> bytes:
    """The file with the image at the target; the same bytes where it says so already.

    `pin_digest` asks for the digest to be written even where there is no key for it: behind the tag or
    the reference, after `@`. A digest that stands there is never dropped and never left to grow stale.

    Raises:
        NotFound: what the target names is not in the file.
        Malformed: the file cannot be parsed, or what stands there is no image reference.
        Refused: the image lacks a part that the target needs, or the edit is not safe.
    """
    with _naming(target.file):
        check(ref)
        return _write(content, target.place, ref, pin_digest=pin_digest)


def safe_path(path: str) -> str:
    """Return the path of a file in a repository when it is one that Tagboat may write.

    Raises:
        Refused: the path leaves the repository, or leads to Git's own files or to what runs in CI.
    """
    why = _danger(path)
    if why:
        raise Refused(
            f"the file {path[:200]!r} is never written",
            why=why,
            fix="name a values file by its path from the root of the repository",
        )
    return path


def _read(content: bytes, place: Place, name: ImageName) -> ImageRef:
    match place:
        case HelmValues():
            return helm_values.read(content, place, name)
        case JsonPaths():
            return json_file.read(content, place, name)
        case TomlPaths():
            return toml_file.read(content, place, name)
        case Marker():
            return marker.read(content, place, name)
        case Pattern():
            return pattern.read(content, place, name)
        case Setter():
            return setters.read(content, place, name)
        case _:
            assert_never(place)


def _write(content: bytes, place: Place, ref: ImageRef, *, pin_digest: bool) -> bytes:
    match place:
        case HelmValues():
            return helm_values.write(content, place, ref, pin_digest=pin_digest)
        case JsonPaths():
            return json_file.write(content, place, ref, pin_digest=pin_digest)
        case TomlPaths():
            return toml_file.write(content, place, ref, pin_digest=pin_digest)
        case Marker():
            return marker.write(content, place, ref, pin_digest=pin_digest)
        case Pattern():
            return pattern.write(content, place, ref, pin_digest=pin_digest)
        case Setter():
            return setters.write(content, place, ref, pin_digest=pin_digest)
        case _:
            assert_never(place)


@contextmanager
def _naming(file: str) -> Iterator[None]:
    """Put the file's name in front of what went wrong in it."""
    try:
        yield
    except (NotFound, Malformed, Refused) as error:
        raise type(error)(f"{file}: {error.what}", why=error.why, fix=error.fix) from error


def _danger(path: str) -> str:
    """Why the path must not be written, or nothing. Compared as the least strict file system would do."""
    if not path or len(path) > _LONGEST_PATH:
        return f"a path has between 1 and {_LONGEST_PATH:,} characters"
    if "\\" in path or not path.isprintable():
        return "it holds a backslash or a character that cannot be seen"
    if path.startswith("/"):
        return "it is absolute"
    parts = path.casefold().split("/")
    if any(part.strip(" .") == "" for part in parts):
        return "a part of it is empty or only dots"
    names = [part.partition(":")[0].rstrip(" .") for part in parts]
    if not _GIT_FOLDERS.isdisjoint(names):
        return "it leads into Git's own folder"
    if names[0] in _WORKFLOW_FOLDERS and names[1:2] == ["workflows"]:
        return "it is a workflow that CI would run"
    if names[-1] in _PIPELINE_FILES:
        return "it is a pipeline that CI would run"
    return ""
