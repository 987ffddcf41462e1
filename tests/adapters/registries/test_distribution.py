"""A registry's answers are never trusted: each lie, fault and oddity has its error or its answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

import pytest

from bot.adapters.registries.distribution import DistributionRegistry
from bot.domain.errors import Denied, Limited, Malformed, NotFound, Refused, TagboatError, Unreachable
from bot.domain.image import ImageName
from tests.adapters.registries.hostile import Answers, Call, Reply, Shelf, missing, reading, reply_json
from tests.kit.images import build_image, build_index

_IMAGE = ImageName("registry.example.com", "acme/web")
_HTML = Reply(200, b"<html>Please sign in</html>", {"Content-Type": "text/html; charset=utf-8"})
_MARCH = datetime(2026, 3, 1, 10, tzinfo=UTC)


def _pages(*pages: list[str], link: Callable[[int], str | None]) -> Answers:
    """A list in pages; `link` gives the Link header's target after page N."""

    def answer(call: Call) -> Reply:
        page = int(dict(call.query).get("page", "0"))
        target = link(page)
        tags = {"name": "acme/web", "tags": pages[min(page, len(pages) - 1)]}
        return reply_json(tags, Link=f'<{target}>; rel="next"') if target else reply_json(tags)

    return answer


def _next(page: int) -> str:
    return f"/v2/acme/web/tags/list?n=1000&page={page + 1}"


class TestTags:
    def test_pages_are_joined_in_order_and_without_repeats(self) -> None:
        pages = _pages(["1", "2"], ["2", "3"], ["4"], link=lambda page: _next(page) if page < 2 else None)
        with reading(pages) as (registry, server):
            assert list(registry.listing(_IMAGE).tags) == ["1", "2", "3", "4"]
            assert server.calls[0].query == [("n", "1000")]
            assert len(server.calls) == 3

    @pytest.mark.parametrize(
        "target",
        [
            "{base}/v2/acme/web/tags/list?page=1",
            "/v2/acme/web/tags/list?page=1",
            "list?page=1",
            "?page=1",
        ],
    )
    def test_a_next_page_may_be_written_in_any_form_of_url(self, target: str) -> None:
        def answer(call: Call) -> Reply:
            if call.query == [("page", "1")]:
                return reply_json({"tags": ["2"]})
            url = target.format(base=f"http://{call.headers['Host']}")
            return reply_json({"tags": ["1"]}, Link=f"<{url}>; rel=next")

        with reading(answer) as (registry, _):
            assert list(registry.listing(_IMAGE).tags) == ["1", "2"]

    @pytest.mark.parametrize("tags", [[], None], ids=["empty", "null"])
    def test_a_repository_without_tags_is_an_empty_list(self, tags: object) -> None:
        with reading(lambda call: reply_json({"name": "acme/web", "tags": tags})) as (registry, _):
            assert list(registry.listing(_IMAGE).tags) == []

    @pytest.mark.parametrize(
        "target",
        [
            "http://{other}/v2/acme/web/tags/list?page=1",
            "//{other}/v2/acme/web/tags/list?page=1",
            "https://{own}/v2/acme/web/tags/list?page=1",
            "http://user@{own}/v2/acme/web/tags/list",
            "file:///etc/passwd",
            "http://[broken/",
            "http://{ip}:1/v2/acme/web/tags/list?page=1",
        ],
        ids=["other host", "no scheme", "other scheme", "with user", "file", "no URL", "other port"],
    )
    def test_a_next_page_at_another_origin_is_refused_and_not_asked_for(self, target: str) -> None:
        def answer(call: Call) -> Reply:
            own = call.headers["Host"]
            url = target.format(own=own, other=own.replace("127.0.0.1", "localhost"), ip="127.0.0.1")
            return reply_json({"tags": ["1"]}, Link=f'<{url}>; rel="next"')

        with reading(answer) as (registry, server):
            with pytest.raises(Refused, match="another host"):
                registry.listing(_IMAGE)
            assert len(server.calls) == 1

    def test_a_circle_of_pages_is_an_error(self) -> None:
        pages = _pages(["1"], ["2"], ["3"], link=lambda page: _next(page % 2))
        with reading(pages) as (registry, server):
            with pytest.raises(Malformed, match="circle"):
                registry.listing(_IMAGE)
            assert len(server.calls) == 3

    def test_the_same_tags_under_ever_new_addresses_are_an_error(self) -> None:
        with reading(_pages(["1"], link=_next)) as (registry, server):
            with pytest.raises(Malformed, match="again and again"):
                registry.listing(_IMAGE)
            assert len(server.calls) == 2

    def test_pages_without_end_are_an_error_even_when_they_are_empty(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("bot.adapters.registries.paging._MOST_PAGES", 10)
        with reading(_pages([], link=_next)) as (registry, server):
            with pytest.raises(Refused, match="pages of tags"):
                registry.listing(_IMAGE)
            assert len(server.calls) == 10

    def test_too_many_tags_are_an_error_and_not_a_shortened_list(self) -> None:
        tags = [f"t{number}" for number in range(100_001)]
        with (
            reading(lambda call: reply_json({"tags": tags})) as (registry, _),
            pytest.raises(Refused, match="over 100000 tags"),
        ):
            registry.listing(_IMAGE)

    def test_a_list_that_takes_too_long_is_given_up(self) -> None:
        clock = count(step=50)
        pages = _pages(*([str(number)] for number in range(50)), link=_next)
        with (
            reading(pages, monotonic=lambda: float(next(clock))) as (registry, _),
            pytest.raises(Unreachable, match="too slow"),
        ):
            registry.listing(_IMAGE)

    def test_words_that_are_no_tags_are_left_out(self) -> None:
        bad = ["a\nb", "$(id)", "x" * 129, "\x1b[31mred", "a\u202eb", "é", "", "-x", "1.0.0\n"]
        with reading(lambda call: reply_json({"tags": ["1.0.0", *bad, "2.0.0"]})) as (registry, _):
            assert list(registry.listing(_IMAGE).tags) == ["1.0.0", "2.0.0"]

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"[]",
            b"null",
            b'"tags"',
            b"{}",
            b'{"tags": [1]}',
            b'{"tags": "1"}',
            b"[" * 100_000,
            b"\xff",
        ],
        ids=["empty", "cut", "list", "null", "text", "no tags", "numbers", "no list", "deep", "binary"],
    )
    def test_junk_is_an_error_and_never_an_empty_list(self, body: bytes) -> None:
        with (
            reading(lambda call: Reply(200, body)) as (registry, _),
            pytest.raises(Malformed, match="no list of tags"),
        ):
            registry.listing(_IMAGE)

    def test_an_endless_page_is_cut_off(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("bot.adapters.registries.paging.LARGEST_PAGE", 1000)
        with (
            reading(lambda call: Reply(200, b" " * 200_000)) as (registry, _),
            pytest.raises(Malformed, match="more than 1000 bytes"),
        ):
            registry.listing(_IMAGE)


_READS: dict[str, Callable[[DistributionRegistry], object]] = {
    "tags": lambda registry: registry.listing(_IMAGE).tags,
    "digest": lambda registry: registry.digest(_IMAGE, "1.0.0"),
    "details": lambda registry: registry.details(_IMAGE, "1.0.0", ()),
}


@pytest.mark.parametrize("read", _READS.values(), ids=_READS)
@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        pytest.param(_HTML, Unreachable, "web page", id="a web page with 200"),
        pytest.param(replace(_HTML, status=404), Unreachable, "web page", id="a web page with 404"),
        pytest.param(Reply(403), Denied, "no login", id="403"),
        pytest.param(Reply(401), Denied, "no login", id="401 without a challenge"),
        pytest.param(Reply(429), Limited, "slow down", id="429"),
        pytest.param(Reply(500), Unreachable, "HTTP 500", id="500"),
        pytest.param(Reply(503), Unreachable, "HTTP 503", id="503 for ever"),
        pytest.param(Reply(418), Refused, "HTTP 418", id="another refusal"),
        pytest.param(Reply(204), Refused, "HTTP 204", id="a success that is none"),
    ],
)
def test_a_fault_is_an_error_that_says_why(
    read: Callable[[DistributionRegistry], object], reply: Reply, error: type[TagboatError], words: str
) -> None:
    with reading(lambda call: reply) as (registry, server):
        with pytest.raises(error, match=words) as caught:
            read(registry)
        assert server.host in str(caught.value)


@pytest.mark.parametrize("read", _READS.values(), ids=_READS)
def test_a_registry_that_comes_back_after_a_moment_is_no_fault(
    read: Callable[[DistributionRegistry], object],
) -> None:
    shelf, faults = Shelf(), [502, 504]
    shelf.put("1.0.0", build_image())
    with reading(lambda call: Reply(faults.pop()) if faults else shelf(call)) as (registry, _):
        assert read(registry)


def test_a_refusal_shows_the_registrys_code_but_not_its_words() -> None:
    body = {"errors": [{"code": "NAME_INVALID", "message": "hunter2 <!channel>"}]}
    with (
        reading(lambda call: reply_json(body, status=400)) as (registry, _),
        pytest.raises(Refused, match="NAME_INVALID") as caught,
    ):
        registry.listing(_IMAGE)
    assert "hunter2" not in str(caught.value)


def test_nobody_at_the_address_is_unreachable() -> None:
    with reading(missing) as (_, server):
        host = server.host
    registry = DistributionRegistry(host=host, plain_http=True)
    with pytest.raises(Unreachable, match="refused"):
        registry.listing(_IMAGE)
    registry.close()


class TestDigest:
    def test_it_costs_one_head_that_takes_every_kind_of_manifest(self) -> None:
        shelf = Shelf()
        digest = shelf.put("1.0.0", build_image())
        with reading(shelf) as (registry, server):
            assert registry.digest(_IMAGE, "1.0.0") == digest
            (call,) = server.calls
            assert (call.method, call.path) == ("HEAD", "/v2/acme/web/manifests/1.0.0")
            for kind in ("image.index", "manifest.list", "image.manifest", "distribution.manifest.v2"):
                assert kind in call.headers["Accept"]

    def test_without_the_header_it_is_computed_from_the_body(self) -> None:
        image = build_image()
        reply = Reply(200, image.top.body, {"Content-Type": image.top.media_type})
        with reading(lambda call: reply) as (registry, server):
            assert registry.digest(_IMAGE, "1.0.0") == image.digest
            assert [call.method for call in server.calls] == ["HEAD", "GET"]

    @pytest.mark.parametrize("text", ["sha256:abc", "md5:1", "latest", "sha256:" + "A" * 64])
    def test_a_header_that_is_no_digest_is_an_error(self, text: str) -> None:
        with (
            reading(lambda call: Reply(200, b"", {"Docker-Content-Digest": text})) as (registry, _),
            pytest.raises(Malformed, match="digest"),
        ):
            registry.digest(_IMAGE, "1.0.0")


class TestDetails:
    def test_of_an_image_for_one_platform_they_cost_its_manifest_and_its_config(self) -> None:
        shelf = Shelf()
        shelf.put("1.0.0", build_image())
        with reading(shelf) as (registry, server):
            registry.details(_IMAGE, "1.0.0", ("linux/amd64",))
            kinds = [f"{call.method} {call.path.split('/')[-2]}" for call in server.calls]
            assert kinds == ["GET manifests", "GET blobs"]

    def test_what_was_read_once_costs_one_head_when_the_tag_has_not_moved(self) -> None:
        shelf = Shelf()
        shelf.put("1.0.0", build_index([build_image(), build_image(platform="linux/arm64")]))
        with reading(shelf) as (registry, server):
            first = registry.details(_IMAGE, "1.0.0", ("linux/arm64",))
            assert len(server.calls) == 3, "index, manifest, config of one platform"
            server.calls.clear()
            assert registry.details(_IMAGE, "1.0.0", ("linux/arm64",)) == first
            assert [call.method for call in server.calls] == ["HEAD"]

    def test_what_is_asked_for_by_digest_is_read_once(self) -> None:
        shelf = Shelf()
        digest = shelf.put("1.0.0", build_image())
        with reading(shelf) as (registry, server):
            first = registry.details(_IMAGE, digest, ())
            server.calls.clear()
            assert registry.details(_IMAGE, digest, ()) == first
            assert server.calls == []

    def test_a_kept_document_of_one_repository_is_not_shown_for_another(self) -> None:
        shelf = Shelf()
        digest = shelf.put("1.0.0", build_image())
        with reading(shelf) as (registry, _):
            registry.details(_IMAGE, digest, ())
            with pytest.raises(NotFound):
                registry.details(ImageName("registry.example.com", "acme/secret"), digest, ())

    def test_a_tag_that_vanished_since_is_not_found(self) -> None:
        shelf = Shelf()
        shelf.put("1.0.0", build_image())
        with reading(shelf) as (registry, _):
            registry.details(_IMAGE, "1.0.0", ())
            shelf.tags.clear()
            with pytest.raises(NotFound):
                registry.details(_IMAGE, "1.0.0", ())

    @pytest.mark.parametrize("docker", [False, True], ids=["OCI", "Docker"])
    def test_both_families_of_media_types_are_read(self, docker: bool) -> None:
        shelf = Shelf()
        shelf.put("1.0.0", build_index([build_image(docker=docker)], docker=docker, attested=True))
        with reading(shelf) as (registry, _):
            details = registry.details(_IMAGE, "1.0.0", ())
        assert (details.created, details.platforms) == (_MARCH, ("linux/amd64",))

    def test_a_manifest_with_another_digest_than_its_header_says_is_refused(self) -> None:
        image, other = build_image(), build_image(created=None)
        reply = Reply(200, image.top.body, {"Docker-Content-Digest": other.digest})
        with (
            reading(lambda call: reply) as (registry, _),
            pytest.raises(Malformed, match="not what its digest says"),
        ):
            registry.details(_IMAGE, "1.0.0", ())

    def test_a_manifest_with_another_digest_than_was_asked_for_is_refused(self) -> None:
        image, other = build_image(), build_image(created=None)
        reply = Reply(200, image.top.body, {"Docker-Content-Digest": image.digest})
        with (
            reading(lambda call: reply) as (registry, _),
            pytest.raises(Malformed, match="not what its digest says"),
        ):
            registry.details(_IMAGE, other.digest, ())

    def test_a_config_with_another_digest_is_refused(self) -> None:
        shelf, image = Shelf(), build_image()
        shelf.put("1.0.0", image)
        config = image.blobs[-1]
        shelf.blobs[config.digest] = config.body.replace(b"2026", b"2036")
        with (
            reading(shelf) as (registry, _),
            pytest.raises(Malformed, match="not what its digest says"),
        ):
            registry.details(_IMAGE, "1.0.0", ())

    def test_a_manifest_that_is_too_large_is_cut_off_while_it_is_read(self) -> None:
        with (
            reading(lambda call: Reply(200, b"{" + b" " * 5_000_000)) as (registry, _),
            pytest.raises(Malformed, match="more than 4194304 bytes"),
        ):
            registry.details(_IMAGE, "1.0.0", ())

    def test_a_config_longer_than_announced_is_cut_off(self) -> None:
        shelf, image = Shelf(), build_image()
        shelf.put("1.0.0", image)
        config = image.blobs[-1]
        shelf.blobs[config.digest] = config.body + b" " * 1_000_000
        with (
            reading(shelf) as (registry, _),
            pytest.raises(Malformed, match=f"more than {len(config.body)} bytes"),
        ):
            registry.details(_IMAGE, "1.0.0", ())

    def test_an_answer_cut_in_the_middle_is_a_fault_of_the_moment(self) -> None:
        body = build_image().top.body
        with (
            reading(lambda call: Reply(200, body, announced=len(body) + 10)) as (registry, _),
            pytest.raises(Unreachable, match="cut in the middle"),
        ):
            registry.details(_IMAGE, "1.0.0", ())

    def test_docker_schema_1_is_named_with_the_way_out(self) -> None:
        kind = "application/vnd.docker.distribution.manifest.v1+prettyjws"
        body = b'{"schemaVersion": 1, "name": "acme/web", "tag": "1.0.0", "fsLayers": [], "signatures": []}'
        with (
            reading(lambda call: Reply(200, body, {"Content-Type": kind})) as (registry, _),
            pytest.raises(Malformed, match=r"schema 1.*push the image again"),
        ):
            registry.details(_IMAGE, "1.0.0", ())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param({"url": "http://registry:5000"}, "plain_http", id="http without plain_http"),
        pytest.param(
            {"url": "https://registry", "plain_http": True}, "plain_http", id="https with plain_http"
        ),
        pytest.param({"url": "https://registry/v2"}, "path", id="a path"),
        pytest.param({"url": "https://bot:pw@registry"}, "url", id="a login in the url"),
        pytest.param({"url": "file:///srv"}, "url", id="no web address"),
    ],
)
def test_a_wrong_address_is_an_error_when_the_registry_is_built(
    options: dict[str, object], words: str
) -> None:
    with pytest.raises(Malformed, match=words) as caught:
        DistributionRegistry(host="registry.example.com", **options)  # type: ignore[arg-type]
    assert "pw@" not in str(caught.value)


def test_the_registry_may_answer_elsewhere_than_its_name_says() -> None:
    shelf = Shelf()
    shelf.put("1.0.0", build_image())
    with reading(shelf) as (_, server):
        registry = DistributionRegistry(
            host="registry.example.com", url=f"http://{server.host}/", plain_http=True
        )
        assert list(registry.listing(_IMAGE).tags) == ["1.0.0"]
        registry.close()


def test_docker_hub_is_asked_at_the_host_of_its_api() -> None:
    registry = DistributionRegistry(host="docker.io")
    assert registry._site._transport.base == "https://registry-1.docker.io"
    registry.close()
