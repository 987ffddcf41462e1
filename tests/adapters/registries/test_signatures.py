"""Signatures of hostile and of broken registries: bounded, never believed, and never taken for none."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

import pytest

from bot.adapters.registries.layout import LayoutRegistry
from bot.adapters.registries.signatures import LARGEST_BUNDLE, LARGEST_PAYLOAD
from bot.domain.errors import Damaged, Denied, Limited, Refused, TagboatError, Unreachable
from bot.domain.image import ImageName
from bot.domain.signing.evidence import Bundle, Evidence, Illegible, SimpleSigning
from tests.adapters.registries.hostile import Answers, Call, Reply, reading, reply_json
from tests.adapters.registries.referrers import ReferrersShelf
from tests.kit.images import Blob, Image, build_image, write_layout
from tests.kit.signatures import (
    EMPTY,
    bundle_artifact,
    referrer,
    referrers_index,
    referrers_tag,
    signature_tag,
    simple_artifact,
)

IMAGE = build_image()
OTHER = build_image(created="2026-04-01T10:00:00Z")
SIMPLE = SimpleSigning(b"payload", "c2ln")
BUNDLE = Bundle(b'{"a": "bundle"}')
_PAGE = Reply(200, b"<html>", {"Content-Type": "text/html"})


def put_simple(shelf: ReferrersShelf, *signed: SimpleSigning) -> Image:
    artifact = simple_artifact([(each.payload, each.signature) for each in signed])
    shelf.put(signature_tag(IMAGE.digest), artifact)
    return artifact


def put_bundle(shelf: ReferrersShelf, bundle: Bundle = BUNDLE, subject: Image = IMAGE) -> Image:
    artifact = bundle_artifact(bundle.document, subject=subject)
    shelf.refer(IMAGE.digest, artifact)
    return artifact


def found(answers: Answers) -> Sequence[Evidence]:
    with reading(answers) as (registry, server):
        return list(registry.signatures(ImageName(server.host, "acme/web"), IMAGE.digest))


def calls(answers: Answers, *, most: int | None = None) -> Sequence[str]:
    """What is asked to get so many pieces of evidence."""
    with reading(answers) as (registry, server):
        name = ImageName(server.host, "acme/web")
        list(islice(registry.signatures(name, IMAGE.digest), most))
        return [call.path.removeprefix("/v2/acme/web/").partition("/")[0] for call in server.calls]


def instead(shelf: ReferrersShelf, part: str, reply: Reply) -> Answers:
    """The shelf's answers, but for targets that hold this part."""
    return lambda call: reply if part in call.target else shelf(call)


@pytest.fixture
def shelf() -> ReferrersShelf:
    return ReferrersShelf()


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply(404, b"404 page not found"), id="404"),
        pytest.param(Reply(404, b"<html>", {"Content-Type": "text/html"}), id="404 as a page"),
        pytest.param(reply_json({"errors": [{"code": "UNSUPPORTED"}]}, status=400), id="400"),
        pytest.param(Reply(405), id="405"),
        pytest.param(Reply(406), id="406"),
    ],
)
def test_where_a_registry_knows_no_referrers_a_tag_lists_them(shelf: ReferrersShelf, reply: Reply) -> None:
    artifact = bundle_artifact(BUNDLE.document, subject=IMAGE)
    shelf.put(referrers_tag(IMAGE.digest), referrers_index(artifact))
    assert found(instead(shelf, "/referrers/", reply)) == [BUNDLE]


def test_where_a_registry_knows_referrers_no_tag_lists_them(shelf: ReferrersShelf) -> None:
    artifact = bundle_artifact(b"old", subject=IMAGE)
    shelf.put(referrers_tag(IMAGE.digest), referrers_index(artifact))
    put_bundle(shelf)
    assert found(shelf) == [BUNDLE]


@pytest.mark.parametrize("part", ["/referrers/", "/blobs/", ".sig"])
@pytest.mark.parametrize(
    ("reply", "error"),
    [
        pytest.param(Reply(403), Denied, id="403"),
        pytest.param(Reply(500), Unreachable, id="500"),
        pytest.param(Reply(429, b"", {"Retry-After": "9"}), Limited, id="429"),
        pytest.param(_PAGE, Unreachable, id="a login wall"),
    ],
)
def test_what_cannot_be_read_now_is_an_error_and_not_none(
    shelf: ReferrersShelf, part: str, reply: Reply, error: type[TagboatError]
) -> None:
    put_bundle(shelf)
    with pytest.raises(error):
        found(instead(shelf, part, reply))


def test_a_blob_that_was_damaged_on_its_way_is_an_error(shelf: ReferrersShelf) -> None:
    put_simple(shelf, SIMPLE)
    with pytest.raises(Damaged):
        found(instead(shelf, "/blobs/", Reply(200, b"daolyap")))


def test_a_signature_tag_that_is_not_what_its_digest_says_is_an_error(shelf: ReferrersShelf) -> None:
    put_simple(shelf, SIMPLE)
    reply = Reply(200, b"{}", {"Docker-Content-Digest": IMAGE.digest})
    with pytest.raises(Damaged):
        found(instead(shelf, ".sig", reply))


def _broken(body: bytes) -> Callable[[ReferrersShelf], None]:
    blob = Blob("application/vnd.oci.image.manifest.v1+json", body)
    return lambda shelf: shelf.tags.update({signature_tag(IMAGE.digest): shelf.put("x", Image(blob))})


def _without_blob(shelf: ReferrersShelf) -> None:
    put_simple(shelf, SIMPLE)
    shelf.blobs.clear()


def _listed_only(shelf: ReferrersShelf) -> None:
    del shelf.manifests[put_bundle(shelf).digest]


def _large_payload(shelf: ReferrersShelf) -> None:
    put_simple(shelf, SimpleSigning(bytes(LARGEST_PAYLOAD + 1), "c2ln"))


def _large_bundle(shelf: ReferrersShelf) -> None:
    put_bundle(shelf, Bundle(bytes(LARGEST_BUNDLE + 1)))


def _larger_than_told(shelf: ReferrersShelf) -> None:
    artifact = put_simple(shelf, SIMPLE)
    shelf.blobs[artifact.blobs[1].digest] = bytes(LARGEST_PAYLOAD + 1)


BROKEN = {
    "a manifest that is no JSON": (_broken(b"\xff"), "is no document of its kind"),
    "a manifest that is a list": (_broken(b"[]"), "is no document of its kind"),
    "a manifest without layers": (_broken(b"{}"), "is no document of its kind"),
    "a manifest without end": (_broken(b"[" * 100_000), "is no document of its kind"),
    "a payload that is not there": (_without_blob, "has no such thing"),
    "a referrer that is not there": (_listed_only, "is listed and not there"),
    "a payload that is too large": (_large_payload, "is not read"),
    "a bundle that is too large": (_large_bundle, "is not read"),
    "a payload that is larger than was said": (_larger_than_told, "more than 65536 bytes"),
}


@pytest.mark.parametrize(("put", "why"), BROKEN.values(), ids=BROKEN)
def test_what_can_never_be_read_is_said_and_hides_nothing(
    shelf: ReferrersShelf, put: Callable[[ReferrersShelf], None], why: str
) -> None:
    put(shelf)
    second = bundle_artifact(b"second", subject=IMAGE)
    shelf.refer(IMAGE.digest, second)
    first, *rest = found(shelf)
    assert isinstance(first, Illegible)
    assert why in first.reason
    assert rest in ([Bundle(b"second")], [])
    assert rest or put is _without_blob


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b'{"manifests": 1}', b'{"manifests": [1]}'])
def test_a_list_of_referrers_that_is_none_is_said(shelf: ReferrersShelf, body: bytes) -> None:
    put_simple(shelf, SIMPLE)
    first, second = found(instead(shelf, "/referrers/", Reply(200, body)))
    assert first == SIMPLE
    assert isinstance(second, Illegible)


@pytest.mark.parametrize("body", [b"{}", b'{"manifests": null}', b'{"manifests": []}'])
def test_an_empty_list_of_referrers_is_empty(shelf: ReferrersShelf, body: bytes) -> None:
    assert found(instead(shelf, "/referrers/", Reply(200, body))) == []


def test_of_very_many_signatures_the_last_ones_count(shelf: ReferrersShelf) -> None:
    many = [SimpleSigning(b"payload", f"{position}") for position in range(50)]
    put_simple(shelf, *many)
    told, *rest = found(shelf)
    assert told == Illegible("only the last 32 of 50 signatures are looked at")
    assert rest == many[-32:]
    assert calls(shelf).count("blobs") == 1


def test_of_very_many_referrers_the_last_ones_count() -> None:
    shelf = ReferrersShelf(page=10)
    many = [Bundle(f"{position}".encode()) for position in range(40)]
    for each in many:
        put_bundle(shelf, each)
    told, *rest = found(shelf)
    assert told == Illegible("only the last 32 of 40 signatures are looked at")
    assert rest == many[-32:]


def test_pages_without_end_are_not_read(shelf: ReferrersShelf) -> None:
    def endless(call: Call) -> Reply:
        reply = reply_json({"manifests": []}, Link='<?after=1>; rel="next"')
        return reply if "/referrers/" in call.target else shelf(call)

    with pytest.raises(Refused, match="over 16 pages"):
        found(endless)


@pytest.mark.parametrize(
    "target", ["http://evil.example.com/x", "//evil.example.com/x", "file:///x", "http://["]
)
def test_the_next_page_is_at_the_same_host(shelf: ReferrersShelf, target: str) -> None:
    reply = reply_json({"manifests": []}, Link=f'<{target}>; rel="next"')
    with pytest.raises(Refused, match="another host"):
        found(instead(shelf, "/referrers/", reply))


def test_a_document_about_another_image_is_no_evidence(shelf: ReferrersShelf) -> None:
    put_bundle(shelf, subject=OTHER)
    assert found(shelf) == []


@pytest.mark.parametrize("kind", ["", "application/vnd.oci.empty.v1+json"])
def test_what_the_list_does_not_tell_the_document_does(shelf: ReferrersShelf, kind: str) -> None:
    shelf.refer(IMAGE.digest, bundle_artifact(BUNDLE.document, subject=IMAGE), kind)
    shelf.refer(IMAGE.digest, simple_artifact([(b"payload", "c2ln")], subject=IMAGE), kind)
    assert found(shelf) == [BUNDLE, SIMPLE]


def test_what_is_no_signature_is_not_read(shelf: ReferrersShelf) -> None:
    shelf.refer(IMAGE.digest, bundle_artifact(b"sbom", subject=IMAGE), "application/spdx+json")
    assert found(shelf) == []
    assert calls(shelf) == ["manifests", "referrers"]


def test_a_large_statement_of_another_kind_is_not_read(shelf: ReferrersShelf) -> None:
    notes = {"dev.sigstore.bundle.predicateType": "https://slsa.dev/provenance/v1"}
    shelf.refer(IMAGE.digest, bundle_artifact(bytes(10), subject=IMAGE, notes=notes))
    assert found(shelf) == []
    assert "blobs" not in calls(shelf)


def test_an_artifact_that_calls_itself_something_else_is_none(shelf: ReferrersShelf) -> None:
    body = json.loads(bundle_artifact(BUNDLE.document, subject=IMAGE).top.body)
    top = Blob(body["mediaType"], json.dumps(body | {"artifactType": "application/x"}).encode())
    shelf.refer(IMAGE.digest, Image(top, [EMPTY]), "application/vnd.dev.sigstore.bundle.v0.3+json")
    assert found(shelf) == []


def test_no_more_is_asked_than_is_needed(shelf: ReferrersShelf) -> None:
    put_simple(shelf, SIMPLE, SimpleSigning(b"another", "c2ln"))
    put_bundle(shelf)
    assert calls(shelf, most=1) == ["manifests", "blobs"]
    assert calls(shelf) == ["manifests", "blobs", "blobs", "referrers", "manifests", "blobs"]


def test_only_digests_are_asked_for(shelf: ReferrersShelf) -> None:
    with reading(shelf) as (registry, server):
        for reference in ("1.0.0", "sha256:abc", "../../evil", ""):
            with pytest.raises(Refused):
                list(registry.signatures(ImageName(server.host, "acme/web"), reference))
        assert server.calls == []


def test_a_layout_knows_referrers_without_a_tag(tmp_path: Path) -> None:
    """As `oras copy --recursive` writes them: entries of the index, with a kind and without a name."""
    artifact = bundle_artifact(BUNDLE.document, subject=IMAGE)
    write_layout(tmp_path, "acme/web", "1.0.0", IMAGE)
    write_layout(tmp_path, "acme/web", "x", artifact)
    index = tmp_path / "acme" / "web" / "index.json"
    written = json.loads(index.read_bytes())
    written["manifests"][1] = referrer(artifact)
    index.write_text(json.dumps(written))
    registry, name = LayoutRegistry(root=tmp_path), ImageName("registry.example.com", "acme/web")
    assert list(registry.signatures(name, IMAGE.digest)) == [BUNDLE]
    assert list(registry.signatures(name, OTHER.digest)) == []
