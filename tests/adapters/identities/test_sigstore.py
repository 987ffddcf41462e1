"""Identities by Sigstore's library, held to a Sigstore of our own: every part of a bundle must hold."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sigstore.errors import TUFError
from sigstore.models import TrustedRoot
from sigstore.verify import Verifier

from bot.adapters.identities.sigstore import SigstoreIdentities
from bot.domain.errors import Refused, Unreachable
from bot.domain.signing.evidence import Bundle, SimpleSigning
from bot.domain.signing.signature import Identity, SignaturePolicy
from tests.kit.signatures import signed_bundle
from tests.kit.sigstore import LocalSigstore, statement

MANIFEST = b'{"schemaVersion": 2}'
DIGEST = f"sha256:{hashlib.sha256(MANIFEST).hexdigest()}"
ISSUER, SUBJECT = "https://issuer.example.com", "release@example.com"
IDENTITY = Identity(ISSUER, SUBJECT)
LOCAL, FOREIGN = LocalSigstore(), LocalSigstore()


def sign(
    payload: bytes, *, subject: str = SUBJECT, late: bool = False, by: LocalSigstore = LOCAL
) -> dict[str, Any]:
    return by.sign(payload, issuer=ISSUER, subject=subject, late=late)


SIGNED = sign(statement(DIGEST, annotations={"env": "prod"}))


@pytest.fixture(scope="module")
def trusted_root(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("trust") / "trusted_root.json"
    file.write_bytes(LOCAL.trusted_root())
    return str(file)


@pytest.fixture(scope="module")
def identities() -> SigstoreIdentities:
    return SigstoreIdentities(fetch=lambda: pytest.fail("the public keys are not asked for"))


def bundle(document: Mapping[str, Any]) -> Bundle:
    return Bundle(json.dumps(document).encode())


def policy(trusted_root: str, **annotations: str) -> SignaturePolicy:
    return SignaturePolicy(
        identities=(IDENTITY,), annotations=tuple(annotations.items()), trusted_root=trusted_root
    )


def changed(change: Callable[[dict[str, Any]], object], document: Mapping[str, Any] = SIGNED) -> Bundle:
    """The bundle with a part of it changed in place."""
    new = copy.deepcopy(dict(document))
    change(new)
    return bundle(new)


def _entry(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["verificationMaterial"]["tlogEntries"][0]
    return found


def _flip(text: str) -> str:
    """The same Base64 with its last byte changed."""
    content = base64.b64decode(text)
    return base64.b64encode(content[:-1] + bytes([content[-1] ^ 1])).decode()


def test_a_good_bundle_with_its_annotations_is_accepted(
    identities: SigstoreIdentities, trusted_root: str
) -> None:
    assert identities.refusal(bundle(SIGNED), DIGEST, policy(trusted_root)) == ""
    assert identities.refusal(bundle(SIGNED), DIGEST, policy(trusted_root, env="prod")) == ""
    refused = identities.refusal(bundle(SIGNED), DIGEST, policy(trusted_root, env="test"))
    assert refused == "signed without the annotation env=test"


def test_a_signature_of_the_manifest_itself_is_accepted(
    identities: SigstoreIdentities, trusted_root: str
) -> None:
    signed = bundle(LOCAL.sign_manifest(MANIFEST, issuer=ISSUER, subject=SUBJECT))
    assert identities.refusal(signed, DIGEST, policy(trusted_root)) == ""
    other = f"sha256:{'00' * 32}"
    assert "for another digest" in identities.refusal(signed, other, policy(trusted_root))
    assert "annotation" in identities.refusal(signed, DIGEST, policy(trusted_root, env="prod"))


UNPROVED: dict[str, tuple[Bundle, str]] = {
    "another Sigstore": (bundle(sign(statement(DIGEST), by=FOREIGN)), "does not hold"),
    "signed when the certificate had run out": (
        bundle(sign(statement(DIGEST), late=True)),
        "not valid at validation time",
    ),
    "another statement": (
        changed(lambda new: new["dsseEnvelope"].update(sign(b"{}")["dsseEnvelope"])),
        "does not hold",
    ),
    "another signature": (
        changed(lambda new: new["dsseEnvelope"]["signatures"][0].update(sig=_flip("AAAA"))),
        "does not hold",
    ),
    "another type": (
        changed(lambda new: new["dsseEnvelope"].update(payloadType="text/plain")),
        "does not hold",
    ),
    "another time in the log": (
        changed(lambda new: _entry(new).update(integratedTime="1793534401")),
        "does not hold",
    ),
    "a forged promise": (
        changed(
            lambda new: _entry(new)["inclusionPromise"].update(
                signedEntryTimestamp=_flip(_entry(new)["inclusionPromise"]["signedEntryTimestamp"])
            )
        ),
        "does not hold",
    ),
    "a forged proof": (
        changed(
            lambda new: _entry(new)["inclusionProof"].update(
                rootHash=_flip(_entry(new)["inclusionProof"]["rootHash"])
            )
        ),
        "invalid root hash",
    ),
    "the log entry of another signature": (
        changed(
            lambda new: new["verificationMaterial"].update(
                tlogEntries=sign(statement(DIGEST))["verificationMaterial"]["tlogEntries"]
            )
        ),
        "does not match",
    ),
    "no log entry": (
        changed(lambda new: new["verificationMaterial"].update(tlogEntries=[])),
        "does not hold",
    ),
    "the certificate of another signature": (
        changed(
            lambda new: new["verificationMaterial"].update(
                certificate=sign(statement(DIGEST))["verificationMaterial"]["certificate"]
            )
        ),
        "does not hold",
    ),
    "a certificate that is none": (
        changed(lambda new: new["verificationMaterial"]["certificate"].update(rawBytes="AAAA")),
        "does not hold",
    ),
    "no certificate": (
        changed(lambda new: new["verificationMaterial"].pop("certificate")),
        "does not hold",
    ),
    "a key in its place": (bundle(signed_bundle(statement(DIGEST), lambda _: b"x")), "does not hold"),
    "another image": (
        bundle(sign(statement(f"sha256:{'ab' * 32}"))),
        "for another digest (abababababab)",
    ),
    "a scan": (
        bundle(sign(statement(DIGEST, predicateType="https://cosign.sigstore.dev/x"))),
        "what was signed is an attestation",
    ),
    "no statement": (bundle(sign(b"[]")), "statement cannot be read"),
    "a name of control characters": (
        bundle(sign(statement(DIGEST), subject="https://e/\x1b[2J")),
        "signed by https://e/ [2J, whom no identity names",
    ),
}


@pytest.mark.parametrize(("evidence", "why"), UNPROVED.values(), ids=UNPROVED)
def test_every_part_of_a_bundle_must_hold(
    identities: SigstoreIdentities, trusted_root: str, evidence: Bundle, why: str
) -> None:
    assert why in identities.refusal(evidence, DIGEST, policy(trusted_root))


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [path, *(found for key, each in value.items() for found in _paths(each, (*path, key)))]
    if isinstance(value, list):
        return [path, *(found for at, each in enumerate(value) for found in _paths(each, (*path, at)))]
    return [path]


PATHS = _paths(SIGNED)[1:]
_JUNK = st.sampled_from([None, "", "AAAA", "é", 0, -1, 2**70, [], {}, [None], {"x": 1}, "1" * 400, True])


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.sampled_from(PATHS), junk=_JUNK)
def test_whatever_a_bundle_holds_there_is_an_answer_and_no_other_image_is_proved(
    identities: SigstoreIdentities, trusted_root: str, at: tuple[Any, ...], junk: Any
) -> None:
    """No fault of the library's parsers ever escapes, and nothing else than what was signed is proved."""

    def change(new: dict[str, Any]) -> None:
        place: Any = new
        for step in at[:-1]:
            place = place[step]
        place[at[-1]] = junk

    assert identities.refusal(changed(change), DIGEST, policy(trusted_root)) is not None
    refused = identities.refusal(changed(change), f"sha256:{'00' * 32}", policy(trusted_root))
    assert refused != ""


@pytest.mark.parametrize(
    ("evidence", "why"),
    [
        pytest.param(SimpleSigning(b"{}", "c2ln", has_certificate=True), "cosign's old form", id="old form"),
        pytest.param(SimpleSigning(b"{}", "c2ln"), "signed by a key", id="a key"),
    ],
)
def test_the_old_form_says_what_to_do(
    identities: SigstoreIdentities, evidence: SimpleSigning, why: str
) -> None:
    assert why in identities.refusal(evidence, DIGEST, policy("/not/read"))


@pytest.mark.parametrize(
    "content",
    [None, b"", b"{}", b"[]", b'{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1"}'],
    ids=repr,
)
def test_a_trusted_root_that_cannot_be_used_is_named(
    identities: SigstoreIdentities, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "trusted_root.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Refused, match="cosign trusted-root create") as error:
        identities.refusal(bundle(SIGNED), DIGEST, policy(str(file)))
    assert str(file) in str(error.value)


class Public:
    """The public Sigstore, in place of which stands our own; `errors` are raised first."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.asked = 0

    def fetch(self) -> Verifier:
        self.asked += 1
        if self.errors:
            raise self.errors.pop(0)
        return Verifier(trusted_root=TrustedRoot(TrustedRoot.from_file(self.file)._inner))

    file = ""


def test_the_public_keys_are_fetched_once_a_day(trusted_root: str) -> None:
    public, now = Public(), [1000.0]
    public.file = trusted_root
    identities = SigstoreIdentities(fetch=public.fetch, monotonic=lambda: now[0])
    for seconds in (0, 3600, 23 * 3600 - 1, 3600):
        now[0] += seconds
        assert identities.refusal(bundle(SIGNED), DIGEST, policy("")) == ""
    assert public.asked == 2


@pytest.mark.parametrize("error", [TUFError("no answer"), OSError("read-only file system")], ids=repr)
def test_public_keys_that_cannot_be_fetched_are_asked_for_again(trusted_root: str, error: Exception) -> None:
    public = Public(error)
    public.file = trusted_root
    identities = SigstoreIdentities(fetch=public.fetch)
    with pytest.raises(Unreachable, match="trusted_root"):
        identities.refusal(bundle(SIGNED), DIGEST, policy(""))
    assert identities.refusal(bundle(SIGNED), DIGEST, policy("")) == ""
