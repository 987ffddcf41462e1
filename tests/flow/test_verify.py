"""The signature gate: documents that cosign itself wrote, and what is remembered of them.

`signed/` is an image layout with what cosign 2.6.5 and 3.1.3 left in a real registry; each tag says which
one signed, in which form and with which key. The private keys are gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from bot.adapters.identities.memory import MemoryIdentities
from bot.adapters.registries.layout import LayoutRegistry
from bot.adapters.registries.memory import MemoryRegistry
from bot.domain.errors import Denied, Refused, TagboatError, Unreachable
from bot.domain.image import ImageName
from bot.domain.signing.evidence import Evidence, Illegible, SimpleSigning
from bot.domain.signing.public_key import PublicKey, parse_public_keys
from bot.domain.signing.signature import Identity, SignaturePolicy
from bot.flow.verify import refusal
from tests.kit.signatures import b64, ecdsa, pem, simple_payload

HERE = Path(__file__).parent
SIGNED = ImageName("registry.example.com", "signed")
LAYOUT = LayoutRegistry(root=HERE)
CASES = sorted(tag for tag in LAYOUT.listing(SIGNED).tags if tag.startswith(("v2-", "v3-")))
KINDS = ("p256", "p384", "p521", "rsa", "ed25519")

WEB = ImageName("registry.example.com", "acme/web")
ISSUER = "https://issuer.example.com"


def real_key(name: str) -> PublicKey:
    (found,) = parse_public_keys((HERE / "signed" / "keys" / f"{name}.pub").read_text())
    return found


def by_keys(*names: str, **annotations: str) -> SignaturePolicy:
    return SignaturePolicy(tuple(map(real_key, names)), annotations=tuple(sorted(annotations.items())))


def of_layout(tag: str, policy: SignaturePolicy) -> str:
    digest = LAYOUT.digest(SIGNED, tag)
    assert digest is not None
    return refusal(LAYOUT, SIGNED, digest, policy)


def test_there_are_cases_of_every_key_and_of_both_tools() -> None:
    assert {tag.rpartition("-")[2] for tag in CASES} == set(KINDS)
    assert len(CASES) == 22


@pytest.mark.parametrize("tag", [each for each in CASES if "attested" not in each])
def test_what_cosign_signed_is_proved_by_its_key_alone(tag: str) -> None:
    key = tag.rpartition("-")[2]
    others = [each for each in KINDS if each != key]
    assert of_layout(tag, by_keys(*others)) == "signed by none of the 4 keys"
    assert of_layout(tag, by_keys(key)) == ""
    assert of_layout(tag, by_keys(*KINDS)) == ""


@pytest.mark.parametrize("tag", ["v2-annotated-p256", "v3-annotated-p256"])
def test_what_cosign_annotated_can_be_asked_for(tag: str) -> None:
    assert of_layout(tag, by_keys("p256", env="prod", team="web")) == ""
    assert of_layout(tag, by_keys("p256", env="test")) == "signed without the annotation env=test"


@pytest.mark.parametrize("tag", ["v2-twice-p256", "v3-twice-p256"])
def test_of_several_signatures_one_is_enough(tag: str) -> None:
    assert of_layout(tag, by_keys("other")) == ""
    assert of_layout(tag, by_keys("p256")) == ""
    assert of_layout(tag, by_keys("rsa")) == "not signed by the key"


def test_an_attestation_is_no_signature() -> None:
    assert of_layout("v3-attested-p256", by_keys("p256")).startswith("no signature for sha256:")


def test_without_any_signature_the_digest_is_named() -> None:
    digest = LAYOUT.digest(SIGNED, "unsigned")
    assert digest is not None
    assert of_layout("unsigned", by_keys(*KINDS)) == f"no signature for {digest[:19]}"


@pytest.mark.parametrize("tag", ["v2-index-p256", "v3-index-p256"])
def test_the_signature_of_an_index_is_none_of_its_platforms(tag: str) -> None:
    _, index = LAYOUT.manifest(SIGNED, tag)
    assert index.manifests
    for platform in index.manifests:
        assert refusal(LAYOUT, SIGNED, platform.digest, by_keys("p256")).startswith("no signature for")


# From here on everything is made up.

KEY = ec.generate_private_key(ec.SECP256R1())
POLICY = SignaturePolicy(parse_public_keys(pem(KEY)))


def signature(digest: str) -> SimpleSigning:
    payload = simple_payload(digest)
    return SimpleSigning(payload, b64(ecdsa(KEY)(payload)))


class Watched(MemoryRegistry):
    """Counts how often it was asked."""

    asked = 0

    def signatures(self, image: ImageName, digest: str) -> Iterator[Evidence]:
        self.asked += 1
        return super().signatures(image, digest)


@pytest.fixture
def registry() -> Watched:
    return Watched()


@pytest.fixture
def digest(registry: Watched, request: pytest.FixtureRequest) -> str:
    """Of an image that no other test knows, as proofs are remembered."""
    return registry.push(WEB, "1.0.0", content=request.node.nodeid)


def test_a_proof_is_remembered(registry: Watched, digest: str) -> None:
    registry.attach(WEB, digest, signature(digest))
    assert [refusal(registry, WEB, digest, POLICY) for _ in range(3)] == ["", "", ""]
    assert registry.asked == 1
    registry.fail(Unreachable("the registry is gone"))
    assert refusal(registry, WEB, digest, POLICY) == ""


def test_a_proof_is_nothing_to_another_policy(registry: Watched, digest: str) -> None:
    registry.attach(WEB, digest, signature(digest))
    stranger = SignaturePolicy(parse_public_keys(pem(ec.generate_private_key(ec.SECP256R1()))))
    asks_more = SignaturePolicy(POLICY.keys, annotations=(("env", "prod"),))
    assert refusal(registry, WEB, digest, POLICY) == ""
    assert refusal(registry, WEB, digest, stranger) == "not signed by the key"
    assert refusal(registry, WEB, digest, asks_more) == "signed without the annotation env=prod"


def test_a_refusal_is_asked_for_again_as_signatures_come_later(registry: Watched, digest: str) -> None:
    assert refusal(registry, WEB, digest, POLICY) == f"no signature for {digest[:19]}"
    registry.attach(WEB, digest, signature(f"sha256:{'ab' * 32}"))
    assert refusal(registry, WEB, digest, POLICY) == "the signature is for another digest (abababababab)"
    registry.attach(WEB, digest, signature(digest))
    assert refusal(registry, WEB, digest, POLICY) == ""


@pytest.mark.parametrize("error", [Unreachable("no answer"), Denied("no rights")], ids=["later", "never"])
def test_what_cannot_be_read_is_neither_a_yes_nor_a_no(
    registry: Watched, digest: str, error: TagboatError
) -> None:
    registry.attach(WEB, digest, signature(digest))
    registry.fail(error)
    with pytest.raises(type(error)):
        refusal(registry, WEB, digest, POLICY)
    registry.recover()
    assert refusal(registry, WEB, digest, POLICY) == ""


def test_an_error_behind_a_good_signature_is_never_met(digest: str) -> None:
    class Broken(MemoryRegistry):
        def signatures(self, image: ImageName, digest: str) -> Iterator[Evidence]:
            yield signature(digest)
            raise Unreachable("the referrers cannot be read")

    assert refusal(Broken(), WEB, digest, POLICY) == ""


def test_all_reasons_are_told_each_once_and_a_few_of_many(registry: Watched, digest: str) -> None:
    for text in "abcde":
        registry.attach(WEB, digest, Illegible(f"{text} is too large"))
        registry.attach(WEB, digest, Illegible("a is too large"))
    found = refusal(registry, WEB, digest, POLICY)
    assert found == "a is too large; b is too large; c is too large; and 2 more such reasons"


def test_an_identity_may_have_signed_where_no_key_has(registry: Watched, digest: str) -> None:
    identities = MemoryIdentities()
    policy = SignaturePolicy(POLICY.keys, (Identity(ISSUER, "release@example.com"),))
    assert refusal(registry, WEB, digest, policy, identities=identities).startswith("no signature")
    registry.attach(WEB, digest, identities.sign(digest, issuer=ISSUER, subject="evil@example.com"))
    found = refusal(registry, WEB, digest, policy, identities=identities)
    assert found == "its bundle cannot be read; signed by evil@example.com, whom no identity names"
    registry.attach(WEB, digest, identities.sign(digest, issuer=ISSUER, subject="release@example.com"))
    assert refusal(registry, WEB, digest, policy, identities=identities) == ""


def test_identities_are_not_asked_where_a_key_has_signed(registry: Watched, digest: str) -> None:
    identities = MemoryIdentities()
    identities.fail(Unreachable("their keys cannot be fetched"))
    policy = SignaturePolicy(POLICY.keys, (Identity(ISSUER, "release@example.com"),))
    registry.attach(WEB, digest, signature(digest))
    assert refusal(registry, WEB, digest, policy, identities=identities) == ""


def test_identities_that_cannot_be_checked_are_no_yes(registry: Watched, digest: str) -> None:
    identities = MemoryIdentities()
    policy = SignaturePolicy(identities=(Identity(ISSUER, "release@example.com"),))
    registry.attach(WEB, digest, identities.sign(digest, issuer=ISSUER, subject="release@example.com"))
    with pytest.raises(Refused, match=r"tagboat\[sigstore\]"):
        refusal(registry, WEB, digest, policy)
    identities.fail(Unreachable("their keys cannot be fetched"))
    with pytest.raises(Unreachable):
        refusal(registry, WEB, digest, policy, identities=identities)
