"""Targets: what is read from and written to the places where an image stands."""

from __future__ import annotations

from typing import Any

import pytest

from bot.domain.edit.targets import read_target, write_target
from bot.domain.errors import Malformed, NotFound, Permanent, Refused
from bot.domain.image import ImageName, ImageRef, parse_image_name
from bot.domain.pipeline import Target
from bot.domain.place import HelmValues

_WEB = parse_image_name("ghcr.io/acme/web")
_NGINX = parse_image_name("nginx")
_OLD, _NEW = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
_NEXT = ImageRef(_WEB, "1.5.0", _NEW)


def _target(**keys: Any) -> Target:
    return Target("web", "envs/dev/values.yaml", HelmValues(**keys))


_TAG = _target(tag="image.tag")
_TAG_DIGEST = _target(tag="image.tag", digest="image.digest")
_TAG_NAME = _target(tag="image.tag", repository="image.repository")
_REFERENCE = _target(reference="image")


@pytest.mark.parametrize(
    ("target", "content", "expected"),
    [
        (_TAG, "image: {tag: 1.4.2}", ImageRef(_WEB, "1.4.2")),
        (_TAG, "image: {tag: 1.10}", ImageRef(_WEB, "1.10")),
        (_TAG, "image: {tag: }", ImageRef(_WEB)),
        (_TAG, "image: {tag: ''}", ImageRef(_WEB)),
        (_TAG, f"image: {{tag: '1.4.2@{_OLD}'}}", ImageRef(_WEB, "1.4.2", _OLD)),
        (_TAG, f"image: {{tag: '@{_OLD}'}}", ImageRef(_WEB, None, _OLD)),
        (_TAG, f"image: {{tag: '{_OLD}'}}", ImageRef(_WEB, None, _OLD)),
        (_TAG_DIGEST, f"image: {{tag: 1.4.2, digest: '{_OLD}'}}", ImageRef(_WEB, "1.4.2", _OLD)),
        (_TAG_DIGEST, "image: {tag: 1.4.2, digest: ''}", ImageRef(_WEB, "1.4.2")),
        (_TAG_DIGEST, "image: {tag: 1.4.2, digest: null}", ImageRef(_WEB, "1.4.2")),
        (_TAG_DIGEST, f"image: {{tag: '1@{_OLD}', digest: '{_OLD}'}}", ImageRef(_WEB, "1", _OLD)),
        (_target(digest="digest"), f"digest: {_OLD}", ImageRef(_WEB, None, _OLD)),
        (_TAG_NAME, "image: {repository: GHCR.IO/acme/web, tag: '1'}", ImageRef(_WEB, "1")),
        (_TAG_NAME, "image: {repository: nginx, tag: '1'}", ImageRef(_NGINX, "1")),
        (_REFERENCE, "image: nginx", ImageRef(_NGINX)),
        (_REFERENCE, "image: nginx:1.27", ImageRef(_NGINX, "1.27")),
        (
            _REFERENCE,
            f"image: localhost:5000/web@{_OLD}",
            ImageRef(parse_image_name("localhost:5000/web"), None, _OLD),
        ),
        (_REFERENCE, f"image: ghcr.io/acme/web:1.4.2@{_OLD}", ImageRef(_WEB, "1.4.2", _OLD)),
        (_REFERENCE, "image: ''", ImageRef(_WEB)),
        (
            _target(reference="image", digest="digest"),
            f"{{image: nginx:1, digest: '{_OLD}'}}",
            ImageRef(_NGINX, "1", _OLD),
        ),
    ],
)
def test_every_spelling_of_an_image_is_read(target: Target, content: str, expected: ImageRef) -> None:
    assert read_target(content.encode(), target, _WEB) == expected


@pytest.mark.parametrize(
    ("target", "content", "error", "says"),
    [
        (_TAG, "image: {tag: 'a b'}", Malformed, "`image.tag` in line 1 says 'a b'"),
        (_TAG, "image: {tag: '1.4.2 '}", Malformed, "`image.tag` in line 1 says '1.4.2 '"),
        (_TAG, "image: {tag: '1@sha256:ab'}", Malformed, "`image.tag` in line 1 says '1@sha256:ab'"),
        (_TAG, "image: {tag: '1@'}", Malformed, "`image.tag` in line 1 says '1@'"),
        (_TAG, "image: {tags: 1}", NotFound, "did you mean `image.tags`?"),
        (_TAG, "image: [", Malformed, "line 1"),
        (_TAG, "image: &i {tag: 1}\nb: {<<: *i}\nimage: {}", Refused, "stands 2 times"),
        (_TAG_DIGEST, "image: {tag: 1}", NotFound, "`image.digest` is not in the file"),
        (_TAG_DIGEST, "image: {tag: 1, digest: abc}", Malformed, "`image.digest` in line 1 says 'abc'"),
        (
            _TAG_DIGEST,
            f"image: {{tag: '1@{_OLD}', digest: '{_NEW}'}}",
            Malformed,
            f"it says {_NEW}, the other one {_OLD}",
        ),
        (_TAG_NAME, "image: {tag: 1, repository: ''}", Malformed, "`image.repository` in line 1 says ''"),
        (
            _TAG_NAME,
            "image: {tag: 1, repository: 'a:1'}",
            Malformed,
            "`image.repository` in line 1 says 'a:1'",
        ),
        (_REFERENCE, "image: 'A b'", Malformed, "`image` in line 1 says 'A b'"),
        (
            _target(reference="image", tag="tag"),
            "{image: 'nginx:1', tag: '2'}",
            Malformed,
            "it says 2, the other one 1",
        ),
        (_target(tag="image..tag"), "image: {tag: 1}", Refused, "is not a key path"),
    ],
)
def test_what_is_no_image_is_named_with_its_file(
    target: Target, content: str, error: type[Permanent], says: str
) -> None:
    with pytest.raises(error) as caught:
        read_target(content.encode(), target, _WEB)
    assert says in str(caught.value)
    assert str(caught.value).startswith("envs/dev/values.yaml: ")


@pytest.mark.parametrize(
    ("target", "before", "ref", "pin_digest", "after"),
    [
        (_TAG, "image:\n  tag: 1.4.2 # c\n", _NEXT, False, "image:\n  tag: 1.5.0 # c\n"),
        (_TAG, "image:\n  tag: 1.4.2\n", _NEXT, True, f"image:\n  tag: 1.5.0@{_NEW}\n"),
        (_TAG, f"image:\n  tag: '1@{_OLD}'\n", _NEXT, False, f"image:\n  tag: '1.5.0@{_NEW}'\n"),
        (_TAG, f"image:\n  tag: 1.5.0@{_NEW}\n", _NEXT, True, f"image:\n  tag: 1.5.0@{_NEW}\n"),
        (_TAG, "image:\n  tag:\n", ImageRef(_WEB, "1.10"), False, 'image:\n  tag: "1.10"\n'),
        (
            _TAG_DIGEST,
            f"image:\n  tag: v1\n  digest: {_OLD}\n",
            _NEXT,
            True,
            f"image:\n  tag: 1.5.0\n  digest: {_NEW}\n",
        ),
        (
            _TAG_DIGEST,
            "image: {tag: v1, digest: ''}",
            _NEXT,
            False,
            f"image: {{tag: 1.5.0, digest: '{_NEW}'}}",
        ),
        (_target(digest="d"), f"d: {_OLD}", ImageRef(_WEB, None, _NEW), False, f"d: {_NEW}"),
        (
            _TAG_NAME,
            "image:\n  repository: ghcr.io/acme/old\n  tag: v1\n",
            _NEXT,
            False,
            "image:\n  repository: ghcr.io/acme/web\n  tag: 1.5.0\n",
        ),
        (
            _TAG_NAME,
            "image:\n  repository: library/nginx\n  tag: v1\n",
            ImageRef(_NGINX, "v2"),
            False,
            "image:\n  repository: library/nginx\n  tag: v2\n",
        ),
        (
            _TAG_NAME,
            "image:\n  repository:\n  tag: v1\n",
            ImageRef(_NGINX, "v1"),
            False,
            "image:\n  repository: docker.io/library/nginx\n  tag: v1\n",
        ),
        (
            _REFERENCE,
            "image: nginx:1.27 # c\n",
            ImageRef(_NGINX, "1.28", _NEW),
            False,
            "image: nginx:1.28 # c\n",
        ),
        (
            _REFERENCE,
            "image: nginx:1.27\n",
            ImageRef(_NGINX, "1.28", _NEW),
            True,
            f"image: nginx:1.28@{_NEW}\n",
        ),
        (
            _REFERENCE,
            f"image: nginx:1@{_OLD}\n",
            ImageRef(_NGINX, "2", _NEW),
            False,
            f"image: nginx:2@{_NEW}\n",
        ),
        (_REFERENCE, "image: nginx\n", ImageRef(_NGINX, "2"), False, "image: nginx:2\n"),
        (_REFERENCE, "image: nginx:1\n", ImageRef(_NGINX, None, _NEW), False, f"image: nginx@{_NEW}\n"),
        (_REFERENCE, "image: nginx:1\n", _NEXT, False, "image: ghcr.io/acme/web:1.5.0\n"),
        (_REFERENCE, "image: GHCR.IO:443/acme/web:1\n", _NEXT, False, "image: GHCR.IO:443/acme/web:1.5.0\n"),
        (_REFERENCE, "image:\n", _NEXT, False, "image: ghcr.io/acme/web:1.5.0\n"),
        (
            _REFERENCE,
            "image: localhost:5000/web\n",
            ImageRef(parse_image_name("localhost:5000/web"), "2"),
            False,
            "image: localhost:5000/web:2\n",
        ),
        (
            _target(reference="image", tag="tag"),
            "image: ghcr.io/acme/web:v1\ntag: v1\n",
            _NEXT,
            True,
            f"image: ghcr.io/acme/web:1.5.0@{_NEW}\ntag: 1.5.0\n",
        ),
    ],
)
def test_an_image_is_written_as_the_file_spells_images(
    target: Target, before: str, ref: ImageRef, pin_digest: bool, after: str
) -> None:
    written = write_target(before.encode(), target, ref, pin_digest=pin_digest)
    assert written.decode() == after
    assert write_target(written, target, ref, pin_digest=pin_digest) == written
    found = read_target(written, target, ref.name)
    assert (found.name, found.tag) == (ref.name, ref.tag)
    assert found.digest in {None, ref.digest}


@pytest.mark.parametrize(
    ("target", "content", "ref", "pin_digest", "error", "says"),
    [
        (_TAG, "image: {tag: a}", ImageRef(_WEB, "b"), True, Refused, "the digest of the image is not known"),
        (_TAG, f"image: {{tag: 'a@{_OLD}'}}", ImageRef(_WEB, "b"), False, Refused, "the digest of the image"),
        (
            _TAG,
            "image: {tag: a}",
            ImageRef(_WEB, None, _NEW),
            False,
            Refused,
            "the tag of the image is not known",
        ),
        (
            _TAG_DIGEST,
            "image: {tag: a, digest: ''}",
            ImageRef(_WEB, "b"),
            False,
            Refused,
            "the digest of the",
        ),
        (
            _REFERENCE,
            f"image: nginx@{_OLD}",
            ImageRef(_NGINX, "b"),
            False,
            Refused,
            "the digest of the image",
        ),
        (_REFERENCE, "image: nginx", ImageRef(_NGINX), False, Refused, "the digest of the image"),
        (_TAG, "image: {tag: a}", ImageRef(_WEB, "b\nx: y"), False, Refused, "'b\\nx: y' is no tag"),
        (_TAG, "image: {tag: a}", ImageRef(_WEB, "b" * 10_000), False, Refused, "is no tag"),
        (_TAG, "image: {tag: a}", ImageRef(_WEB, "b", "sha256:x"), False, Refused, "'sha256:x' is no digest"),
        (_TAG, "image: {tags: a}", _NEXT, False, NotFound, "did you mean `image.tags`?"),
        (_TAG, "image: {tag: 'a b'}", _NEXT, False, Malformed, "`image.tag` in line 1 says 'a b'"),
        (_TAG, "image: &i {tag: a}\nb: *i", _NEXT, False, Refused, "more than one value would change"),
        (
            _TAG_NAME,
            "image: {tag: a, repository: 'A:'}",
            _NEXT,
            False,
            Malformed,
            "`image.repository` in line 1 says 'A:'",
        ),
        (_REFERENCE, "image: '{{ .x }}'", _NEXT, False, Malformed, "`image` in line 1 says '{{ .x }}'"),
    ],
)
def test_what_would_leave_a_wrong_image_is_refused(
    target: Target, content: str, ref: ImageRef, pin_digest: bool, error: type[Permanent], says: str
) -> None:
    with pytest.raises(error) as caught:
        write_target(content.encode(), target, ref, pin_digest=pin_digest)
    assert says in str(caught.value)
    assert str(caught.value).startswith("envs/dev/values.yaml: ")


def test_the_name_is_taken_from_the_image_where_the_file_says_none() -> None:
    other = ImageName("quay.io", "acme/other")
    assert read_target(b"image: {tag: a}", _TAG, other) == ImageRef(other, "a")
