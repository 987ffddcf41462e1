"""Lists come whole or not at all, and again without being sent where nothing changed."""

from __future__ import annotations

import pytest

from bot.adapters.registries.credentials import Configured
from bot.domain.choosing.listing import Listing
from bot.domain.errors import Denied, Malformed, NotFound, Refused
from bot.domain.image import ImageName
from tests.adapters.registries.hostile import Call, Reply, reading, reply_json
from tests.contracts.registry_vendors import PASSWORD, USER, VENDORS, VendorHost
from tests.kit.images import build_image

_IMAGE = ImageName("registry.example.com", "acme/web")
_DIGEST = "sha256:" + "a" * 64
_OTHER = "sha256:" + "b" * 64


def _list(tags: list[str], **headers: str) -> Reply:
    right = reply_json({"name": "acme/web", "tags": tags})
    return Reply(200, right.body, {**right.headers, **headers})


class TestConditional:
    def test_a_list_that_did_not_change_is_not_sent_again(self) -> None:
        def answer(call: Call) -> Reply:
            if call.headers.get("If-None-Match") == 'W/"7"':
                return Reply(304, b"", {"Etag": 'W/"7"'})
            return _list(["1.0.0"], Etag='W/"7"')

        with reading(answer) as (registry, server):
            first = registry.listing(_IMAGE)
            assert first == Listing(("1.0.0",), 'W/"7"')
            assert registry.listing(_IMAGE, known=first) is first
            assert len(server.calls) == 2

    def test_one_that_did_is_read_anew_with_its_new_mark(self) -> None:
        known = Listing(("1.0.0",), '"7"')
        with reading(lambda call: _list(["1.0.0", "2.0.0"], Etag='"8"')) as (registry, server):
            assert registry.listing(_IMAGE, known=known) == Listing(("1.0.0", "2.0.0"), '"8"')
            assert server.calls[0].headers["If-None-Match"] == '"7"'

    def test_the_mark_of_one_page_is_not_that_of_a_whole_list(self) -> None:
        def answer(call: Call) -> Reply:
            if dict(call.query).get("last"):
                return _list(["2"], Etag='"second"')
            return _list(["1"], Etag='"first"', Link='</v2/acme/web/tags/list?last=1>; rel="next"')

        with reading(answer) as (registry, _):
            assert registry.listing(_IMAGE).validator is None

    @pytest.mark.parametrize(
        "mark", ["hub 1 2026-01-01T00:00:00Z", "junk", 'a"b"', '"' + "x" * 300 + '"', '"a b"', '"ä"', ""]
    )
    def test_what_is_no_mark_is_not_sent(self, mark: str) -> None:
        with reading(lambda call: _list(["1"])) as (registry, server):
            registry.listing(_IMAGE, known=Listing(("1",), mark))
            assert "If-None-Match" not in server.calls[0].headers

    def test_unchanged_is_no_answer_to_who_knows_nothing(self) -> None:
        with reading(lambda call: Reply(304)) as (registry, _), pytest.raises(Refused, match="HTTP 304"):
            registry.listing(_IMAGE)

    def test_a_page_size_that_is_refused_does_not_lose_the_condition(self) -> None:
        def answer(call: Call) -> Reply:
            return Reply(400) if dict(call.query).get("n") == "1000" else Reply(304)

        known = Listing(("1",), '"7"')
        with reading(answer) as (registry, _):
            assert registry.listing(_IMAGE, known=known) is known


class TestSize:
    @pytest.mark.parametrize("status", [400, 405])
    @pytest.mark.parametrize(
        ("taken", "asked"),
        [(("100",), ["1000", "100"]), ((None,), ["1000", "100", None])],
        ids=["a smaller one", "none at all"],
    )
    def test_one_that_is_refused_is_asked_for_smaller(
        self, status: int, taken: tuple[str | None], asked: list[str | None]
    ) -> None:
        def answer(call: Call) -> Reply:
            return _list(["1"]) if dict(call.query).get("n") in taken else Reply(status)

        with reading(answer) as (registry, server):
            assert registry.listing(_IMAGE).tags == ("1",)
            assert [dict(call.query).get("n") for call in server.calls] == asked

    def test_whatever_is_refused_then_is_an_error(self) -> None:
        body = {"errors": [{"code": "NAME_INVALID"}]}
        with (
            reading(lambda call: reply_json(body, status=400)) as (registry, server),
            pytest.raises(Refused, match="NAME_INVALID"),
        ):
            registry.listing(_IMAGE)
        assert len(server.calls) == 3

    @pytest.mark.parametrize(("status", "error"), [(403, Denied), (404, NotFound)])
    def test_other_refusals_are_not_asked_again(self, status: int, error: type[Exception]) -> None:
        with reading(lambda call: Reply(status)) as (registry, server):
            with pytest.raises(error):
                registry.listing(_IMAGE)
            assert len(server.calls) == 1


class TestCut:
    """A list as long as it was asked to be, and no word on whether it goes on."""

    @pytest.mark.parametrize("total", [999, 1000, 1001, 2000, 2500])
    def test_is_read_to_its_real_end(self, total: int) -> None:
        fake = VendorHost(next(vendor for vendor in VENDORS if vendor.name == "nexus-group"))
        digest = fake.shelf.put("x", build_image())
        fake.shelf.tags = {f"t{number:05}": digest for number in range(total)}
        with reading(fake, credentials=Configured(USER, PASSWORD)) as (registry, _):
            assert len(registry.listing(_IMAGE).tags) == total

    def test_ends_where_the_registry_only_says_the_same_again(self) -> None:
        tags = [f"t{number}" for number in range(1000)]
        with reading(lambda call: _list(tags)) as (registry, server):
            assert len(registry.listing(_IMAGE).tags) == 1000
            assert len(server.calls) == 2

    def test_a_fault_on_the_way_is_a_fault_of_the_whole(self) -> None:
        tags = [f"t{number}" for number in range(1000)]
        with (
            reading(lambda call: Reply(404) if "last" in call.target else _list(tags)) as (registry, _),
            pytest.raises(NotFound),
        ):
            registry.listing(_IMAGE)


class TestLinks:
    def test_a_last_page_that_comes_twice_is_taken_once(self) -> None:
        def answer(call: Call) -> Reply:
            if "next_page" in call.target:
                return _list(["1", "2"])
            return _list(["1", "2"], Link='</v2/acme/web/tags/list?next_page=x>; rel="next"')

        with reading(answer) as (registry, _):
            assert registry.listing(_IMAGE).tags == ("1", "2")

    @pytest.mark.parametrize(
        "target",
        [
            "/v2/web/tags/list?last=1&n=1",
            "/repository/docker/v2/acme/web/tags/list?last=1&n=1",
            "?last=1&n=1",
            "http://{host}/elsewhere?last=1&n=1",
        ],
    )
    def test_of_a_next_page_only_the_query_counts(self, target: str) -> None:
        def answer(call: Call) -> Reply:
            if "last" in call.target:
                return _list(["2"])
            link = target.format(host=call.headers["Host"])
            return _list(["1"], Link=f'<{link}>; rel="next"')

        with reading(answer) as (registry, server):
            assert registry.listing(_IMAGE).tags == ("1", "2")
            assert server.calls[1].target == "/v2/acme/web/tags/list?last=1&n=1"

    def test_a_next_page_without_a_query_is_a_circle(self) -> None:
        with (
            reading(lambda call: _list(["1"], Link='</v2/acme/web/tags/list>; rel="next"')) as (registry, _),
            pytest.raises(Malformed, match="circle"),
        ):
            registry.listing(_IMAGE)

    def test_a_registry_that_redirects_everything_names_its_next_page_there(self) -> None:
        def answer(call: Call) -> Reply:
            host = call.headers["Host"]
            if not host.startswith("localhost"):
                port = host.rpartition(":")[2]
                return Reply(307, b"", {"Location": f"http://localhost:{port}{call.target}"})
            if "last" in call.target:
                return _list(["2"])
            return _list(["1"], Link='</v2/acme/web/tags/list?last=1>; rel="next"')

        with reading(answer) as (registry, _):
            assert registry.listing(_IMAGE).tags == ("1", "2")


class TestDigests:
    def test_those_that_come_with_the_list_are_kept(self) -> None:
        manifests = {_DIGEST: {"tag": ["1", "latest"], "timeUploadedMs": "0"}, _OTHER: {"tag": []}}
        body = {"tags": ["1", "2", "latest"], "manifest": manifests}
        with reading(lambda call: reply_json(body)) as (registry, _):
            listing = registry.listing(_IMAGE)
        assert listing.tags == ("1", "2", "latest")
        assert listing.digests == {"1": _DIGEST, "latest": _DIGEST}

    @pytest.mark.parametrize(
        "manifests",
        [
            {_DIGEST: {"tag": ["1"]}, _OTHER: {"tag": ["1"]}},
            {"latest": {"tag": ["1"]}},
            {_DIGEST: {"tag": ["another"]}},
            {_DIGEST: {"tag": 1}},
            {_DIGEST: None},
            [],
            "text",
            7,
        ],
        ids=["two for one tag", "no digest", "no such tag", "number", "null", "list", "text", "count"],
    )
    def test_those_that_make_no_sense_are_left_out_and_the_tags_are_not(self, manifests: object) -> None:
        with reading(lambda call: reply_json({"tags": ["1"], "manifest": manifests})) as (registry, _):
            assert registry.listing(_IMAGE) == Listing(("1",))
