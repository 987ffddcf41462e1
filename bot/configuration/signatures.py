"""Sections to policies: who must have signed an image. Public keys are read here, and checked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bot.configuration.pipeline_sections import CosignSection, IdentitySection, VerifySection
from bot.configuration.report import Report
from bot.configuration.substitution import LARGEST_FILE
from bot.configuration.trail import Trail
from bot.domain.errors import sentence
from bot.domain.signing.public_key import PublicKey, parse_public_keys
from bot.domain.signing.signature import Identity, SignaturePolicy

_BEGIN = "-----BEGIN"


def signature_policy(
    section: VerifySection | None, trail: Trail, base: Path, report: Report
) -> SignaturePolicy | None:
    """The policy that the section at `trail` asks for; None where it asks for none, or something is wrong.

    Relative files are relative to `base`.
    """
    if section is None:
        return None
    cosign, trail = section.cosign, (*trail, "cosign")
    keys = tuple(_keys(cosign, trail, base, report))
    identities = tuple(_identities(cosign, trail, report))
    trusted_root = base / cosign.trusted_root if cosign.trusted_root else None
    if trusted_root and not trusted_root.is_file():
        report.add_value((*trail, "trusted_root"), f"there is no file {str(trusted_root)[:200]!r}")
    if trusted_root and not cosign.identities:
        report.add((*trail, "trusted_root"), "no identity is named", "leave it out, or name identities")
    try:
        return SignaturePolicy(
            keys=tuple(dict.fromkeys(keys)),
            identities=identities,
            annotations=tuple(sorted(cosign.annotations.items())),
            trusted_root=str(trusted_root or ""),
        )
    except ValueError as error:
        if len(keys) >= len(cosign.keys) and len(identities) == len(cosign.identities):
            report.add(trail, str(error))
        return None


def _keys(cosign: CosignSection, trail: Trail, base: Path, report: Report) -> Iterator[PublicKey]:
    for position, text in enumerate(cosign.keys):
        place = (*trail, "keys", position)
        try:
            yield from parse_public_keys(text if _BEGIN in text else _content(base / text))
        except ValueError as error:
            # Not `add_value`: it would show the line, and somebody may have given a private key.
            report.add(place, str(error))


def _content(path: Path) -> str:
    """The text of a file of keys; ValueError says why there is none."""
    shown = repr(str(path)[:200])
    try:
        if not path.is_file():
            raise ValueError(sentence(f"there is no file {shown}", fix="name the file of a public key"))
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        why = error.strerror or type(error).__name__
        fix = "let Tagboat's user read it"
        raise ValueError(sentence(f"the file {shown} cannot be read", why, fix)) from error
    if len(content) > LARGEST_FILE:
        raise ValueError(f"the file {shown} is larger than {LARGEST_FILE} bytes (name that of a public key)")
    return content.decode(errors="replace")


def _identities(cosign: CosignSection, trail: Trail, report: Report) -> Iterator[Identity]:
    for position, each in enumerate(cosign.identities):
        try:
            yield _identity(each)
        except ValueError as error:
            report.add((*trail, "identities", position), str(error))


def _identity(section: IdentitySection) -> Identity:
    return Identity(section.issuer, section.subject or "", section.subject_regexp or "")
