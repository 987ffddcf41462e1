"""Who must have signed an image, as the configuration says it: keys in every form, and every mistake."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bot.domain.signing.public_key import parse_public_keys
from bot.domain.signing.signature import Identity, SignaturePolicy
from tests.configuration.files import changed, load_text, problems
from tests.kit.signatures import pem

KEY, OTHER = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
ISSUER = "https://token.actions.githubusercontent.com"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files that configurations below name."""
    (tmp_path / "cosign.pub").write_text(pem(KEY))
    (tmp_path / "both.pub").write_text(pem(KEY) + pem(OTHER))
    (tmp_path / "cosign.key").write_text(PRIVATE)
    (tmp_path / "huge.pub").write_text("#" * 70_000)
    (tmp_path / "binary.pub").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "trusted_root.json").write_text("{}")
    return tmp_path


def written(cosign: str) -> str:
    """The small configuration with this below `cosign`."""
    return changed(("web: acme/web", f"web: {{image: acme/web, verify: {{cosign: {cosign}}}}}"))


def policy(folder: Path, cosign: str, **environ: str) -> SignaturePolicy | None:
    (image,) = load_text(folder, written(cosign), environ).pipelines["web"].images
    return image.policy.verify


def in_one_line(text: str) -> str:
    """The text in double quotes."""
    return '"' + text.replace("\n", "\\n") + '"'


def test_nothing_is_verified_unless_asked_for(folder: Path) -> None:
    (image,) = load_text(folder, changed(), {}).pipelines["web"].images
    assert image.policy.verify is None


@pytest.mark.parametrize(
    "keys",
    [
        "cosign.pub",
        "[cosign.pub]",
        "./cosign.pub",
        '"${file:cosign.pub}"',
        '["${file:cosign.pub}", cosign.pub]',
        '"${PUBLIC_KEY}"',
        '"${KEY_FILE}"',
        in_one_line(pem(KEY)),
    ],
)
def test_a_key_is_a_file_or_its_text(folder: Path, keys: str) -> None:
    found = policy(folder, f"{{keys: {keys}}}", PUBLIC_KEY=pem(KEY), KEY_FILE="cosign.pub")
    assert found == SignaturePolicy(parse_public_keys(pem(KEY)))


def test_a_file_may_hold_several_keys(folder: Path) -> None:
    expected = SignaturePolicy(parse_public_keys(pem(KEY) + pem(OTHER)))
    assert policy(folder, "{keys: both.pub}") == expected
    assert policy(folder, "{keys: [cosign.pub, both.pub]}") == expected


def test_all_that_can_be_asked_for(folder: Path) -> None:
    found = policy(
        folder,
        f"""{{
            keys: cosign.pub, annotations: {{team: web, env: prod}}, trusted_root: trusted_root.json,
            identities: [{{issuer: {ISSUER}, subject: a@b.c}}, {{issuer: {ISSUER}, subject_regexp: '.*@b.c'}}]
        }}""",
    )
    assert found == SignaturePolicy(
        keys=parse_public_keys(pem(KEY)),
        identities=(Identity(ISSUER, "a@b.c"), Identity(ISSUER, "", ".*@b.c")),
        annotations=(("env", "prod"), ("team", "web")),
        trusted_root=str(folder / "trusted_root.json"),
    )


def test_one_identity_needs_no_list(folder: Path) -> None:
    found = policy(folder, f"{{identities: {{issuer: {ISSUER}, subject: a@b.c}}}}")
    assert found == SignaturePolicy(identities=(Identity(ISSUER, "a@b.c"),))


COSIGN = "pipelines.web.images.web.verify.cosign"
MISTAKES = {
    "nobody": ("{}", COSIGN, "no key and no identity", "give keys"),
    "only annotations": ("{annotations: {a: b}}", COSIGN, "no key and no identity", "give keys"),
    "no such file": ("{keys: cosing.pub}", f"{COSIGN}.keys", "there is no file", "public key"),
    "a folder": ("{keys: .}", f"{COSIGN}.keys", "there is no file", "public key"),
    "the second file": ("{keys: [cosign.pub, x.pub]}", f"{COSIGN}.keys[1]", "there is no file", "public key"),
    "a large file": ("{keys: huge.pub}", f"{COSIGN}.keys", "larger than 65536 bytes", "public key"),
    "a binary file": ("{keys: binary.pub}", f"{COSIGN}.keys", "no public key in PEM", "cosign public-key"),
    "the private key": ("{keys: cosign.key}", f"{COSIGN}.keys", "this is a private key", "public-key"),
    "the private key's text": (
        f"{{keys: {in_one_line(PRIVATE)}}}",
        f"{COSIGN}.keys",
        "this is a private key",
        "public-key",
    ),
    "an empty key": ('{keys: ""}', f"{COSIGN}.keys", "", ""),
    "a missing trusted root": (
        f"{{identities: {{issuer: {ISSUER}, subject: a}}, trusted_root: root.json}}",
        f"{COSIGN}.trusted_root",
        "there is no file",
        "",
    ),
    "a trusted root for nobody": (
        "{keys: cosign.pub, trusted_root: trusted_root.json}",
        f"{COSIGN}.trusted_root",
        "no identity is named",
        "leave it out",
    ),
    "an issuer by name": (
        "{identities: {issuer: github, subject: a}}",
        f"{COSIGN}.identities.issuer",
        "is not a URL",
        "https://token.actions",
    ),
    "an identity of nobody": (
        f"{{identities: [{{issuer: {ISSUER}}}]}}",
        f"{COSIGN}.identities[0]",
        "either subject or subject_regexp",
        "write one of them",
    ),
    "a broken expression": (
        f"{{identities: {{issuer: {ISSUER}, subject_regexp: '('}}}}",
        f"{COSIGN}.identities.subject_regexp",
        "no RE2 expression",
        "re2",
    ),
    "another tool": ("{keys: cosign.pub}, notary: {}", COSIGN.replace("cosign", "notary"), "no such key", ""),
}


@pytest.mark.parametrize(("cosign", "key", "what", "fix"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_where_it_stands(folder: Path, cosign: str, key: str, what: str, fix: str) -> None:
    (problem,) = problems(folder, written(cosign))
    assert problem.key == key
    assert what in problem.what
    assert fix in problem.fix
    assert PRIVATE.splitlines()[1][:20] not in f"{problem}{problem.excerpt}"


def test_every_mistake_is_named_at_once(folder: Path) -> None:
    identity = f"{{issuer: {ISSUER}}}"
    found = problems(folder, written(f"{{keys: [x.pub, y.pub], identities: {identity}}}"))
    assert [each.key for each in found] == [f"{COSIGN}.keys[0]", f"{COSIGN}.keys[1]", f"{COSIGN}.identities"]
