"""Policies of signatures: whom they mean, and which of them are refused when they are built."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from bot.domain.signing.public_key import MOST_KEYS, parse_public_keys
from bot.domain.signing.signature import Identity, SignaturePolicy
from tests.kit.signatures import pem

ISSUER = "https://token.actions.githubusercontent.com"
WORKFLOW = "https://github.com/acme/web/.github/workflows/release.yml@refs/tags/v1.2.3"
KEYS = parse_public_keys(pem(ec.generate_private_key(ec.SECP256R1())))


@pytest.mark.parametrize(
    ("identity", "subject", "is_of"),
    [
        pytest.param(Identity(ISSUER, WORKFLOW), WORKFLOW, True, id="the very same"),
        pytest.param(Identity(ISSUER, WORKFLOW), WORKFLOW + ".evil", False, id="longer"),
        pytest.param(Identity(ISSUER, "a.b@c.d"), "aXb@c.d", False, id="a subject is no expression"),
        pytest.param(Identity(ISSUER, "a@b.c"), "A@b.c", False, id="capitals are others"),
        pytest.param(Identity(ISSUER, "", r".*@refs/tags/v[0-9.]+"), WORKFLOW, True, id="an expression"),
        pytest.param(Identity(ISSUER, "", "github.com/acme"), WORKFLOW, False, id="a part is not enough"),
        pytest.param(Identity(ISSUER, "", "|evil"), WORKFLOW, False, id="an alternative of nothing"),
        pytest.param(Identity(ISSUER, "", "[^@]+"), "", False, id="nobody"),
        pytest.param(Identity(ISSUER, "", "a.c"), "a\nc", False, id="a line end is no character"),
    ],
)
def test_an_identity_is_somebody(identity: Identity, subject: str, is_of: bool) -> None:
    assert identity.is_of(subject) is is_of


@pytest.mark.parametrize(
    ("build", "why"),
    [
        pytest.param(lambda: Identity("", "a@b.c"), "is not a URL", id="no issuer"),
        pytest.param(lambda: Identity("github", "a@b.c"), "is not a URL", id="an issuer by name"),
        pytest.param(lambda: Identity(ISSUER), "either subject or subject_regexp", id="nobody"),
        pytest.param(lambda: Identity(ISSUER, "a", "b"), "either subject or subject_regexp", id="both"),
        pytest.param(lambda: Identity(ISSUER, "", "("), "is no RE2 expression", id="no expression"),
        pytest.param(lambda: Identity(ISSUER, "", "(?=a)"), "is no RE2 expression", id="lookaround"),
        pytest.param(lambda: Identity(ISSUER, "", "a" * 2001), "longer than", id="endless"),
        pytest.param(SignaturePolicy, "no key and no identity", id="an empty policy"),
        pytest.param(lambda: SignaturePolicy(KEYS * (MOST_KEYS + 1)), "more than", id="too many keys"),
        pytest.param(
            lambda: SignaturePolicy(identities=(Identity(ISSUER, "a@b.c"),) * 33),
            "more than",
            id="too many identities",
        ),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused(build: Callable[[], object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        build()


def test_equal_policies_are_one_policy() -> None:
    """What was proved by one is proved by the other."""
    first, second = (SignaturePolicy(KEYS, (Identity(ISSUER, "a@b.c"),), (("a", "b"),)) for _ in range(2))
    assert first == second
    assert len({first, second, SignaturePolicy(KEYS)}) == 2
