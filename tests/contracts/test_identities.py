"""What everything promises that knows who signed without a key."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.adapters.identities.memory import MemoryIdentities
from bot.adapters.identities.sigstore import SigstoreIdentities
from bot.domain.signing.evidence import Bundle, SimpleSigning
from bot.domain.signing.signature import Identity, SignaturePolicy
from bot.ports import Identities
from tests.kit.sigstore import LocalSigstore, statement

DIGEST, ANOTHER = f"sha256:{'12' * 32}", f"sha256:{'ab' * 32}"
GITHUB = "https://token.actions.githubusercontent.com"
WORKFLOW = "https://github.com/acme/web/.github/workflows/release.yml@refs/heads/main"
PERSON = "release@example.com"


@dataclass(frozen=True)
class Subject:
    """A way to know identities, and to sign as one: digest, issuer and subject give evidence."""

    identities: Identities
    sign: Callable[[str, str, str], Bundle]
    trusted_root: str = ""

    def refusal(self, evidence: SimpleSigning | Bundle, digest: str, *identities: Identity) -> str:
        policy = SignaturePolicy(identities=identities, trusted_root=self.trusted_root)
        return self.identities.refusal(evidence, digest, policy)


def _memory(_: Path) -> Subject:
    identities = MemoryIdentities()
    return Subject(
        identities, lambda digest, issuer, subject: identities.sign(digest, issuer=issuer, subject=subject)
    )


def _sigstore(folder: Path) -> Subject:
    local = LocalSigstore()
    file = folder / "trusted_root.json"
    file.write_bytes(local.trusted_root())

    def sign(digest: str, issuer: str, subject: str) -> Bundle:
        return Bundle(json.dumps(local.sign(statement(digest), issuer=issuer, subject=subject)).encode())

    return Subject(SigstoreIdentities(), sign, str(file))


@pytest.fixture(params=[pytest.param(_memory, id="memory"), pytest.param(_sigstore, id="sigstore")])
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Subject:
    made: Subject = request.param(tmp_path)
    return made


@pytest.mark.parametrize("who", [WORKFLOW, PERSON])
def test_the_identity_that_signed_is_accepted(subject: Subject, who: str) -> None:
    evidence = subject.sign(DIGEST, GITHUB, who)
    assert subject.refusal(evidence, DIGEST, Identity(GITHUB, who)) == ""


def test_one_of_several_identities_is_enough(subject: Subject) -> None:
    evidence = subject.sign(DIGEST, GITHUB, WORKFLOW)
    strangers = (Identity(GITHUB, PERSON), Identity("https://other.example.com", WORKFLOW))
    assert subject.refusal(evidence, DIGEST, *strangers, Identity(GITHUB, "", ".*@refs/heads/main")) == ""


@pytest.mark.parametrize(
    "identity",
    [
        pytest.param(Identity(GITHUB, PERSON), id="somebody else"),
        pytest.param(Identity("https://evil.example.com", WORKFLOW), id="the same name of another issuer"),
        pytest.param(Identity(GITHUB, "", "https://github.com/acme/web/"), id="a part of the name"),
        pytest.param(Identity(f"{GITHUB}/", WORKFLOW), id="nearly the issuer"),
    ],
)
def test_anybody_else_is_named_and_refused(subject: Subject, identity: Identity) -> None:
    evidence = subject.sign(DIGEST, GITHUB, WORKFLOW)
    expected = f"signed by {WORKFLOW}, whom no identity names"
    assert subject.refusal(evidence, DIGEST, identity) == expected


def test_a_signature_is_of_its_digest_alone(subject: Subject) -> None:
    evidence = subject.sign(ANOTHER, GITHUB, PERSON)
    assert "for another digest" in subject.refusal(evidence, DIGEST, Identity(GITHUB, PERSON))


@pytest.mark.parametrize("evidence", [Bundle(b""), Bundle(b"{}"), SimpleSigning(b"{}", "c2ln")], ids=repr)
def test_what_no_identity_signed_is_refused(subject: Subject, evidence: SimpleSigning | Bundle) -> None:
    assert subject.refusal(evidence, DIGEST, Identity(GITHUB, PERSON)) != ""
