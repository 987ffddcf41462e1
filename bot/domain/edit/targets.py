"""Targets: which image stands at a place in a values file, and how another one is written there.

Charts spell images in several ways; each is read leniently and kept as it is: `tag: 1.2@sha256:…` in one
key, a `digest` beside the tag, a `repository` in Docker Hub's short form, or one string for all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from bot.domain.edit.keypath import KeyPath
from bot.domain.edit.values import Values
from bot.domain.errors import Malformed, NotFound, Refused
from bot.domain.image import ImageName, ImageRef, is_digest, is_tag, parse_image_name, parse_image_ref
from bot.domain.pipeline import Target

_LONGEST_PATH = 1_000
_GIT_FOLDERS = {".git", "git~1"}
_WORKFLOW_FOLDERS = {".github", ".gitea", ".forgejo"}
_PIPELINE_FILES = {".gitlab-ci.yml", ".gitlab-ci.yaml"}


def read_target(content: bytes, target: Target, name: ImageName) -> ImageRef:
    """The image that stands at the target; `name` is taken where the file says nothing of the name.

    Empty values are no error: a target that was never filled gives a reference without tag and digest.

    Raises:
        NotFound: a key of the target is not in the file.
        Malformed: the file is no YAML, or what stands there is no image reference.
        Refused: a value cannot be told for certain (`bot.domain.edit.values`).
    """
    with _naming(target.file):
        values = Values.parse(content)
        written = _written_reference(values, target, name)
        if target.repository:
            written = replace(written, name=_written_name(values, target.repository))
        if target.tag:
            written = _joined(written, _split_tag(values.need(_path(target.tag)), target.tag), target.tag)
        if target.digest:
            written = _joined(written, (None, _written_digest(values, target.digest)), target.digest)
        return written


def write_target(content: bytes, target: Target, ref: ImageRef, *, pin_digest: bool) -> bytes:
    """The file with the image at the target; the same bytes where it says so already.

    `pin_digest` asks for the digest to be written even where there is no key for it: behind the tag or
    the reference, after `@`. A digest that stands there is never dropped and never left to grow stale.

    Raises:
        NotFound: a key of the target is not in the file.
        Malformed: the file is no YAML, or what stands there is no image reference.
        Refused: the image lacks a part that the target needs, or the edit is not safe.
    """
    with _naming(target.file):
        _check(ref)
        values = Values.parse(content)
        return values.replaced(list(_assignments(values, target, ref, pin_digest=pin_digest)))


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


def _assignments(
    values: Values, target: Target, ref: ImageRef, *, pin_digest: bool
) -> Iterator[tuple[KeyPath, str]]:
    has_other_place = bool(target.digest or target.reference)
    if target.tag:
        path = _path(target.tag)
        _, written = _split_tag(values.need(path), target.tag)
        pinned = bool(written) or (pin_digest and not has_other_place)
        yield path, _required(ref.tag, "tag") + (f"@{_required(ref.digest, 'digest')}" if pinned else "")
    if target.digest:
        yield _path(target.digest), _required(ref.digest, "digest")
    if target.repository:
        path = _path(target.repository)
        if not values.need(path) or _written_name(values, target.repository) != ref.name:
            yield path, str(ref.name)
    if target.reference:
        yield _path(target.reference), _reference(values, target.reference, ref, pin_digest=pin_digest)


def _reference(values: Values, key: str, ref: ImageRef, *, pin_digest: bool) -> str:
    """The whole reference, with the written spelling of the name where that names the same image."""
    text = values.need(_path(key))
    written = _parsed_reference(text, key) if text else ImageRef(ref.name)
    name = _name_of(text) if text and written.name == ref.name else str(ref.name)
    pinned = pin_digest or written.digest is not None or ref.tag is None
    return (
        name + (f":{ref.tag}" if ref.tag else "") + (f"@{_required(ref.digest, 'digest')}" if pinned else "")
    )


def _name_of(text: str) -> str:
    """The part of a valid reference in front of tag and digest, as it is spelled."""
    rest = text.partition("@")[0]
    head, colon, tag = rest.rpartition(":")
    return head if colon and "/" not in tag else rest


def _written_reference(values: Values, target: Target, name: ImageName) -> ImageRef:
    text = values.need(_path(target.reference)) if target.reference else ""
    return _parsed_reference(text, target.reference or "") if text else ImageRef(name)


def _parsed_reference(text: str, key: str) -> ImageRef:
    try:
        return parse_image_ref(text)
    except ValueError as error:
        raise _malformed(key, text, "ghcr.io/acme/web:1.2.3") from error


def _written_name(values: Values, key: str) -> ImageName:
    text = values.need(_path(key))
    try:
        return parse_image_name(text)
    except ValueError as error:
        raise _malformed(key, text, "ghcr.io/acme/web") from error


def _written_digest(values: Values, key: str) -> str | None:
    text = values.need(_path(key))
    if text and not is_digest(text):
        raise _malformed(key, text, "sha256: and 64 lower-case hexadecimal digits")
    return text or None


def _split_tag(text: str, key: str) -> tuple[str | None, str | None]:
    """Tag and digest of `1.2`, `1.2@sha256:…`, `@sha256:…`, `sha256:…` or an empty text."""
    tag, at, digest = text.partition("@")
    if not at and is_digest(text):
        return None, text
    if (tag and not is_tag(tag)) or (at and not is_digest(digest)):
        raise _malformed(key, text, "1.2.3 or 1.2.3@sha256:…")
    return tag or None, digest or None


def _joined(written: ImageRef, parts: tuple[str | None, str | None], key: str) -> ImageRef:
    """The reference with parts that another key gives; two keys must not contradict each other."""
    tag, digest = parts
    if (tag and written.tag not in {None, tag}) or (digest and written.digest not in {None, digest}):
        raise Malformed(
            f"`{key}` contradicts another key of the same target",
            why=f"it says {(digest or tag or '')[:80]}, the other one {written.digest or written.tag}",
            fix="let both say the same, or leave one of them empty",
        )
    return replace(written, tag=tag or written.tag, digest=digest or written.digest)


def _required(part: str | None, what: str) -> str:
    if part:
        return part
    raise Refused(
        "the image is not written",
        why=f"the file has a place for the {what}, but the {what} of the image is not known",
        fix="the old one would stay beside the new image: let the policy choose an image that has both",
    )


def _check(ref: ImageRef) -> None:
    """Tags and digests come from outside: nothing that breaks their grammar reaches a file."""
    if ref.tag is not None and not is_tag(ref.tag):
        raise Refused("the image is not written", why=f"{ref.tag[:80]!r} is no tag", fix="choose another tag")
    if ref.digest is not None and not is_digest(ref.digest):
        raise Refused(
            "the image is not written", why=f"{ref.digest[:80]!r} is no digest", fix="read it again"
        )


def _path(key: str) -> KeyPath:
    try:
        return KeyPath.parse(key)
    except ValueError as error:
        raise Refused("the target cannot be read", why=str(error), fix="correct the key path") from error


def _malformed(key: str, text: str, example: str) -> Malformed:
    return Malformed(
        f"`{key}` says {text[:80]!r}", why="that is not what stands there in an image", fix=f"write {example}"
    )


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
