"""Image names have one canonical form, and releases one key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.image import (
    ImageName,
    ImageRef,
    Release,
    image_name,
    is_digest,
    is_tag,
    parse_image_name,
    parse_image_ref,
    short_digest,
)

SHA256 = "sha256:" + "0123456789abcdef" * 4
SHA512 = "sha512:" + "0123456789abcdef" * 8


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        pytest.param("nginx", "docker.io/library/nginx", id="one part is Docker's own library"),
        pytest.param("acme/web", "docker.io/acme/web", id="no host is Docker Hub"),
        pytest.param("docker.io/nginx", "docker.io/library/nginx", id="Docker Hub by name"),
        pytest.param("index.docker.io/acme/web", "docker.io/acme/web", id="its old name"),
        pytest.param("registry-1.docker.io/nginx", "docker.io/library/nginx", id="its registry's name"),
        pytest.param("ghcr.io/acme/web", "ghcr.io/acme/web", id="a host"),
        pytest.param("GHCR.IO/acme/web", "ghcr.io/acme/web", id="a host in capitals"),
        pytest.param("quay.io:443/acme/web", "quay.io/acme/web", id="the usual port"),
        pytest.param("docker.io:443/nginx", "docker.io/library/nginx", id="the usual port of Docker Hub"),
        pytest.param("registry:5000/web", "registry:5000/web", id="a port makes a host"),
        pytest.param("localhost/web", "localhost/web", id="localhost"),
        pytest.param("registry:443/web", "registry:443/web", id="a port that alone makes a host stays"),
        pytest.param("LocalHost:443/web", "localhost/web", id="localhost in capitals"),
        pytest.param("[::1]:5000/web", "[::1]:5000/web", id="an IPv6 address"),
        pytest.param("10.0.0.1/a/b/c", "10.0.0.1/a/b/c", id="an address, a deep path"),
        pytest.param("ghcr.io/a__b/c-d.e---f", "ghcr.io/a__b/c-d.e---f", id="every separator"),
    ],
)
def test_a_name_has_one_canonical_form(text: str, canonical: str) -> None:
    assert str(parse_image_name(text)) == canonical
    assert parse_image_name(canonical) == parse_image_name(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "/", "ghcr.io/", "/web", "ghcr.io//web", "ghcr.io/Acme/web", "Nginx", "ghcr.io/acme/web:1.0",
        "ghcr.io/acme/web@" + SHA256, "nginx:1.0", "https://ghcr.io/acme/web", "ghcr.io/acme/../web",
        "ghcr.io/.a", "Registry/web",
        "ghcr.io/a..b", "ghcr.io/a___b", "ghcr.io/a_-b", "ghcr.io/-a", "ghcr.io/a-", "ghcr.io/acme/web\n",
        "gh cr.io/web", "-host.io/web", "host-.io/web", "host..io/web", "user@ghcr.io/web", "ghcr.io:/web",
        "ghcr.io:123456/web", "ghcr.io/" + "a" * 256, "ghcr.io/wéb", "ghсr.io/web", "ghcr.io/web/",
    ],
)  # fmt: skip
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a"):
        parse_image_name(text)


def test_the_name_is_built_from_its_parts() -> None:
    assert image_name(registry="Docker.io", path="nginx") == ImageName("docker.io", "library/nginx")
    with pytest.raises(ValueError, match="is not a registry host"):
        image_name(registry="a/b", path="web")


@pytest.mark.parametrize(
    ("text", "tag", "digest"),
    [
        ("ghcr.io/acme/web", None, None),
        ("ghcr.io/acme/web:1.0", "1.0", None),
        (f"ghcr.io/acme/web@{SHA256}", None, SHA256),
        (f"ghcr.io/acme/web:1.0@{SHA512}", "1.0", SHA512),
    ],
)
def test_a_reference_is_name_tag_and_digest(text: str, tag: str | None, digest: str | None) -> None:
    ref = parse_image_ref(text)
    assert ref == ImageRef(ImageName("ghcr.io", "acme/web"), tag, digest)
    assert str(ref) == text


def test_a_port_is_no_tag() -> None:
    assert parse_image_ref("registry:5000/web") == ImageRef(ImageName("registry:5000", "web"))
    assert parse_image_ref("registry:5000/web:1") == ImageRef(ImageName("registry:5000", "web"), "1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("web:", "'' is not a tag"),
        ("web:-x", "'-x' is not a tag"),
        ("web:" + "a" * 129, "is not a tag"),
        ("web@", "'' is not a digest"),
        ("web@sha256:abc", "'sha256:abc' is not a digest"),
        (f"web@{SHA256.upper()}", "is not a digest"),
        (f"web@{SHA256}@{SHA256}", "is not a digest"),
        ("web:1:2", "is not a"),
        (":1.0", "is not a"),
        ("", "is not a"),
    ],
)
def test_what_is_no_reference_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_image_ref(text)


@pytest.mark.parametrize("text", ["1", "latest", "_", "v1.0-rc.1", "A_b.c-d", "a" * 128, "1.0-", "1..0"])
def test_a_tag_follows_the_oci_grammar(text: str) -> None:
    assert is_tag(text)


@pytest.mark.parametrize(
    "text", ["", "-a", ".a", "a" * 129, "a b", "a\n", "a/b", "a:b", "a@b", "a+b", "é", "١"]
)
def test_what_breaks_the_grammar_is_no_tag(text: str) -> None:
    assert not is_tag(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SHA256, True),
        (SHA512, True),
        (SHA256[:-1], False),
        (SHA256 + "0", False),
        (SHA256 + "\n", False),
        (SHA256.replace("a", "A"), False),
        ("md5:" + "0" * 32, False),
        ("", False),
    ],
)
def test_a_digest_is_sha_256_or_512_in_small_letters(text: str, expected: bool) -> None:
    assert is_digest(text) is expected


def test_a_version_is_what_a_human_calls_it() -> None:
    name = ImageName("ghcr.io", "acme/web")
    assert ImageRef(name, "1.0", SHA256).version == "1.0"
    assert ImageRef(name, None, SHA256).version == "0123456789ab"
    assert ImageRef(name).version == "nothing"
    assert short_digest(None) == ""


API = ImageRef(ImageName("ghcr.io", "acme/api"), "2.0")
WEB = ImageRef(ImageName("ghcr.io", "acme/web"), "1.0", SHA256)


def test_a_release_is_the_same_in_every_order() -> None:
    one, other = Release.of({"web": WEB, "api": API}), Release.of({"api": API, "web": WEB})
    assert one == other
    assert one.key == other.key
    assert hash(one) == hash(other)
    assert list(one) == [("api", API), ("web", WEB)]
    assert one["web"] == WEB
    assert one.only(["web"]) == Release.of({"web": WEB})


def test_a_release_is_named_by_its_versions() -> None:
    assert Release.of({"web": WEB}).version == "1.0"
    assert Release.of({"web": WEB, "api": API}).version == "api 2.0, web 1.0"


@pytest.mark.parametrize(
    "other",
    [
        Release.of({"web": API}),
        Release.of({"www": WEB}),
        Release.of({"web": ImageRef(WEB.name, WEB.tag)}),
        Release.of({"web": ImageRef(WEB.name, "1.1", WEB.digest)}),
        Release.of({"web": WEB, "api": API}),
        Release.of({}),
    ],
)
def test_another_release_has_another_key(other: Release) -> None:
    key = Release.of({"web": WEB}).key
    assert len(key) == 12
    assert other.key != key


hosts = st.from_regex(r"[a-z0-9]{1,8}(\.[a-z0-9]{1,8}){1,2}(:[1-9][0-9]{0,3})?", fullmatch=True)
paths = st.from_regex(r"[a-z0-9]{1,8}((\.|_|__|-{1,3})[a-z0-9]{1,5})?(/[a-z0-9]{1,8}){0,2}", fullmatch=True)
tags = st.none() | st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,20}", fullmatch=True)
digests = st.none() | st.sampled_from([SHA256, SHA512])


@given(hosts, paths, tags, digests)
def test_what_is_written_is_read_back(host: str, path: str, tag: str | None, digest: str | None) -> None:
    ref = ImageRef(image_name(registry=host, path=path), tag, digest)
    assert parse_image_ref(str(ref)) == ref


@given(st.text(max_size=60))
def test_any_text_is_a_reference_or_a_value_error(text: str) -> None:
    try:
        ref = parse_image_ref(text)
    except ValueError:
        return
    assert str(ref).isascii()
    assert parse_image_ref(str(ref)) == ref
