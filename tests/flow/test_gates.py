"""A tag's age is that of its digest, and a signature may come after its image."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from bot.domain.choosing.selection import MovedTags, SelectionPolicy, Strategy
from bot.domain.errors import Limited, Unreachable
from bot.domain.image import ImageRef
from bot.domain.signing.evidence import SimpleSigning
from bot.domain.signing.public_key import parse_public_keys
from bot.domain.signing.signature import SignaturePolicy
from tests.flow.choosing import POLL, Choosing
from tests.flow.worlds import WEB
from tests.kit.signatures import b64, ecdsa, pem, simple_payload

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
AGED = SelectionPolicy(min_age=2 * HOUR)


class TestAge:
    def test_a_tag_is_chosen_when_its_digest_is_known_for_long_enough(self) -> None:
        choosing = Choosing(AGED)
        choosing.clock.pass_by(3 * HOUR)
        choosing.registry.push(WEB, "1.1.0", content="new")
        pushed_at = choosing.clock.now()
        answer = choosing.choose()
        assert (answer.choice.tag, answer.choice.wake_at) == ("1.0.0", pushed_at + 2 * HOUR)
        choosing.clock.pass_by(2 * HOUR)
        assert choosing.choose().choice.tag == "1.1.0"

    def test_a_tag_that_is_pushed_again_counts_anew(self) -> None:
        choosing = Choosing(AGED)
        choosing.clock.pass_by(3 * HOUR)
        choosing.registry.push(WEB, "1.1.0", content="new")
        choosing.choose()
        choosing.clock.pass_by(HOUR)
        choosing.registry.push(WEB, "1.1.0", content="rebuilt")
        moved_at = choosing.clock.now()
        assert choosing.choose().choice.wake_at == moved_at + 2 * HOUR
        choosing.clock.pass_by(HOUR)
        assert choosing.choose().choice.tag == "1.0.0"

    def test_a_tag_that_comes_back_to_a_digest_keeps_that_digest_s_age(self) -> None:
        choosing = Choosing(AGED)
        choosing.registry.push(WEB, "1.1.0", content="new")
        choosing.choose()
        choosing.registry.push(WEB, "1.1.0", content="rebuilt")
        choosing.choose()
        choosing.clock.pass_by(2 * HOUR - timedelta(seconds=1))
        choosing.registry.push(WEB, "1.1.0", content="new")
        assert choosing.choose().choice.tag is None
        choosing.clock.pass_by(timedelta(seconds=1))
        assert choosing.choose().choice.tag == "1.1.0"

    def test_what_the_place_was_given_before_has_its_age(self) -> None:
        choosing = Choosing(AGED)
        digest = choosing.registry.push(WEB, "1.1.0", content="new")
        given = [ImageRef(WEB, "1.1.0", digest)]
        assert choosing.choose(remembered=given).choice.tag == "1.1.0"

    def test_where_moves_are_followed_what_was_given_is_no_excuse(self) -> None:
        choosing = Choosing(SelectionPolicy(min_age=2 * HOUR, moved_tags=MovedTags.FOLLOW))
        digest = choosing.registry.push(WEB, "1.1.0", content="new")
        choosing.registry.push(WEB, "1.1.0", content="rebuilt")
        given = [ImageRef(WEB, "1.1.0", digest)]
        assert choosing.choose(remembered=given).choice.tag is None


@pytest.fixture
def key() -> ec.EllipticCurvePrivateKey:
    """A key of this test alone, so that nothing was proved or refused by it before."""
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def signing(key: ec.EllipticCurvePrivateKey) -> Choosing:
    """Choosing among signed tags: 1.0.0 is signed."""
    choosing = Choosing(SelectionPolicy(verify=SignaturePolicy(parse_public_keys(pem(key)))))
    sign(choosing, key, choosing.registry.push_silently(WEB, "1.0.0"))
    choosing.clock.pass_by(POLL)
    assert choosing.choose().choice.tag == "1.0.0"
    choosing.registry.take_asked()
    return choosing


def sign(choosing: Choosing, key: ec.EllipticCurvePrivateKey, digest: str) -> None:
    payload = simple_payload(digest)
    choosing.registry.attach(WEB, digest, SimpleSigning(payload, b64(ecdsa(key)(payload))))


class TestSignatures:
    def test_an_unsigned_tag_is_passed_over_until_its_signature_is_announced(
        self, signing: Choosing, key: ec.EllipticCurvePrivateKey
    ) -> None:
        digest = signing.registry.push(WEB, "1.1.0", content="new")
        answer = signing.choose()
        assert answer.choice.tag == "1.0.0"
        assert (
            "no signature for sha256:" in {each.tag: each.reason for each in answer.choice.verdicts}["1.1.0"]
        )
        sign(signing, key, digest)
        assert signing.choose().choice.tag == "1.0.0", "nobody said that anything was pushed"
        signing.registry.push(WEB, f"{digest.replace(':', '-')}.sig")
        assert signing.choose().choice.tag == "1.1.0"

    def test_a_signature_that_nobody_announces_is_found_with_the_next_poll(
        self, signing: Choosing, key: ec.EllipticCurvePrivateKey
    ) -> None:
        digest = signing.registry.push(WEB, "1.1.0", content="new")
        assert signing.choose().choice.tag == "1.0.0"
        sign(signing, key, digest)
        signing.clock.pass_by(POLL)
        assert signing.choose().choice.tag == "1.1.0"

    def test_however_many_choose_a_signature_is_looked_for_once_in_a_poll_interval(
        self, signing: Choosing
    ) -> None:
        signing.registry.push(WEB, "1.1.0", content="new")
        for _ in range(50):
            signing.choose()
        assert [each[:10] for each in signing.registry.take_asked()] == ["HEAD 1.1.0", "SIGNATURES"]
        assert [[each[:10] for each in sweep] for sweep in signing.sweep(times=2)] == [
            ["SIGNATURES", "LIST"]
        ] * 2

    def test_of_many_builds_the_newest_alone_is_asked_for_its_signature(
        self, signing: Choosing, key: ec.EllipticCurvePrivateKey
    ) -> None:
        for day in range(1, 9):
            built = signing.clock.now() - day * DAY
            sign(signing, key, signing.registry.push_silently(WEB, f"build-{day}", created=built))
        signing.clock.pass_by(POLL)
        signing.registry.take_asked()
        policy = SelectionPolicy(
            Strategy.NEWEST_BUILD, verify=signing.policy.verify, allow_tags="regexp:^build-"
        )
        assert signing.choose(policy).choice.tag == "build-1"
        asked = [each for each in signing.registry.take_asked() if each.startswith("SIGNATURES")]
        assert len(asked) == 1

    def test_signatures_that_cannot_be_read_are_waited_for(self, signing: Choosing) -> None:
        digest = signing.registry.push(WEB, "1.1.0", content="new")
        signing.registry.fail(Unreachable("HTTP 503"), image=WEB, tag=digest)
        answer = signing.choose()
        assert (answer.choice.tag, answer.choice.is_waiting) == (None, True)
        assert "whether it is signed cannot be read: HTTP 503" in answer.choice.reason

    def test_a_limit_is_the_registry_s_and_not_the_tag_s(self, signing: Choosing) -> None:
        digest = signing.registry.push(WEB, "1.1.0", content="new")
        signing.registry.fail(Limited("slow down", retry_after=HOUR), image=WEB, tag=digest)
        with pytest.raises(Limited):
            signing.choose()
