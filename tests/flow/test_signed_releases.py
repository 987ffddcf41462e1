"""The whole loop with signatures: what is not signed is proposed nowhere, until it is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from bot.domain.choosing.selection import SelectionPolicy
from bot.domain.errors import Unreachable
from bot.domain.signing.evidence import SimpleSigning
from bot.domain.signing.public_key import parse_public_keys
from bot.domain.signing.signature import SignaturePolicy
from bot.domain.status import State
from tests.flow.worlds import WEB, Bench
from tests.kit.signatures import b64, ecdsa, pem, simple_payload


class Signing:
    """A pipeline whose images must be signed by a key that no other test has; 1.0.0 runs, and is."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.bench = Bench(policy=SelectionPolicy(verify=SignaturePolicy(parse_public_keys(pem(self.key)))))
        self.sign(self.bench.registry.digest(WEB, "1.0.0") or "")

    def push(self, tag: str, content: str = "") -> str:
        return self.bench.registry.push(WEB, tag, content=content or tag)

    def sign(self, digest: str) -> None:
        """As `cosign sign` does it, some time after the image was pushed."""
        payload = simple_payload(digest)
        signature = b64(ecdsa(self.key)(payload))
        self.bench.registry.attach(WEB, digest, SimpleSigning(payload, signature))

    def runs(self) -> str:
        """What a look makes of it all."""
        self.bench.look()
        return (self.bench.file("dev") or b"").decode().rpartition("tag: ")[2].strip()

    def runs_later(self) -> str:
        self.bench.clock.pass_by(timedelta(minutes=6))
        return self.runs()


@pytest.fixture
def signing() -> Signing:
    return Signing()


def test_an_unsigned_release_is_not_proposed_until_it_is_signed(signing: Signing) -> None:
    digest = signing.push("1.1.0")
    assert signing.runs() == "1.0.0"
    assert signing.bench.status("dev").state is State.LIVE
    assert not signing.bench.forge.pull_requests("acme/infra", "tagboat/shop/dev")
    signing.sign(digest)
    assert signing.runs_later() == "1.1.0"


def test_a_signed_release_is_taken_where_a_newer_one_is_not_signed(signing: Signing) -> None:
    signing.sign(signing.push("1.1.0"))
    signing.push("1.2.0")
    assert signing.runs() == "1.1.0"


def test_the_signature_of_another_image_under_the_same_tag_is_nothing(signing: Signing) -> None:
    first = signing.push("1.1.0", content="what was signed")
    second = signing.push("1.1.0", content="what came in its place")
    assert first != second
    signing.sign(first)
    assert signing.runs() == "1.0.0"


def test_while_signatures_cannot_be_read_nothing_is_chosen(signing: Signing) -> None:
    signing.sign(signing.push("1.1.0"))
    digest = signing.push("1.2.0")
    signing.sign(digest)
    signing.bench.registry.fail(Unreachable("the registry is gone"), image=WEB, tag=digest)
    assert signing.runs() == "1.0.0"
    signing.bench.registry.recover()
    assert signing.runs_later() == "1.2.0"
