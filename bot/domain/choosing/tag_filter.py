"""Which tags may be candidates at all, by their names: `allow_tags` and `ignore_tags`.

Patterns run on RE2: in time linear in the tag, whatever a pattern looks like.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from bot.domain.errors import sentence
from bot.domain.expression import Expression, checked, compile_expression
from bot.domain.glob import translate
from bot.domain.image import is_tag

_REGEXP = "regexp:"
# What cosign puts beside an image, and the referrers' tag of registries without a referrers API:
# https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md#tag-based-discovery,
# https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema
_ARTEFACT = re.compile(r"sha(?:256|512)-[0-9a-f]{64}(?:\.(sig|att|sbom))?")
_ARTEFACTS = {"sig": "signature", "att": "attestation", "sbom": "bill of materials"}


class TagFilter:
    """Refuses tags by name. What breaks the OCI grammar is refused first; ignore wins over allow.

    `allow_tags` is empty or `any` (all), or `regexp:` and an RE2 expression that must be found anywhere in
    the tag. `ignore_tags` are globs in the grammar of Go's `filepath.Match` that match the whole tag; `*`
    ignores everything. Signatures and what else is stored beside an image are refused always.

    Raises:
        ValueError: a pattern does not compile; the message says which and why.
    """

    def __init__(self, *, allow_tags: str, ignore_tags: Sequence[str]) -> None:
        self._allow_refusal = f"does not match allow_tags {allow_tags!r}"
        self._allow = _allow_pattern(allow_tags)
        self._globs = [
            (glob, compile_expression(translate(checked(glob)), shown=glob)) for glob in ignore_tags
        ]
        joined = "|".join(translate(glob) for glob in ignore_tags)
        self._ignore = compile_expression(joined, shown="ignore_tags") if ignore_tags else None

    def refusal(self, tag: str) -> str:
        """Why the tag may not be a candidate, or the empty string when it may."""
        if not is_tag(tag):
            return f"{tag[:80]!a} is not a tag by the OCI grammar"
        artefact = artefact_of(tag)
        if artefact:
            return f"{artefact} of another image, and no image"
        return self._refusal(tag.encode())

    def _refusal(self, tag: bytes) -> str:
        if self._ignore and self._ignore.fullmatch(tag):
            glob = next(glob for glob, pattern in self._globs if pattern.fullmatch(tag))
            return f"matches ignore_tags {glob!r}"
        if self._allow and not self._allow.search(tag):
            return self._allow_refusal
        return ""


@lru_cache(maxsize=1024)
def tag_filter(allow_tags: str, ignore_tags: tuple[str, ...]) -> TagFilter:
    """The filter for these patterns, compiled once; raises what `TagFilter` raises."""
    return TagFilter(allow_tags=allow_tags, ignore_tags=ignore_tags)


def artefact_of(tag: str) -> str:
    """What a tag holds beside the image whose digest is its name, or the empty string for other tags."""
    found = _ARTEFACT.fullmatch(tag)
    return _ARTEFACTS.get(found[1], "list of artefacts") if found else ""


def _allow_pattern(allow_tags: str) -> Expression | None:
    if allow_tags in {"", "any"}:
        return None
    if not allow_tags.startswith(_REGEXP):
        fix = f"write any, or for example {_REGEXP}^v[0-9]+$"
        raise ValueError(sentence(f"allow_tags {allow_tags[:80]!r} is not a tag pattern", fix=fix))
    return compile_expression(checked(allow_tags).removeprefix(_REGEXP), shown=allow_tags)
