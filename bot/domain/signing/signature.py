"""Signatures of images by cosign: who must have signed, and what a registry holds as evidence of it.

What is signed is the digest that is deployed: of the index where the image has several platforms. Signatures
of the single platforms prove nothing of the index, as anybody could compose another one of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2

from bot.domain.errors import sentence
from bot.domain.signing.public_key import MOST_KEYS, PublicKey

_MOST_IDENTITIES = 32
_LONGEST_TEXT = 2000


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who signs without a key: what a certificate of Sigstore must say.

    `issuer` is the OpenID Connect provider's URL; the subject is given by `subject`, or by `subject_regexp`,
    an RE2 expression for all of it.

    Raises when built:
        ValueError: a part is missing or cannot be understood; the message says how to write it.
    """

    issuer: str
    subject: str = ""
    subject_regexp: str = ""

    def __post_init__(self) -> None:
        if not self.issuer.startswith(("https://", "http://")):
            fix = "write https://token.actions.githubusercontent.com"
            raise ValueError(sentence(f"issuer {self.issuer[:80]!r} is not a URL", fix=fix))
        if bool(self.subject) == bool(self.subject_regexp):
            raise ValueError("an identity has either subject or subject_regexp (write one of them)")
        if max(map(len, (self.issuer, self.subject, self.subject_regexp))) > _LONGEST_TEXT:
            raise ValueError(f"an identity is longer than {_LONGEST_TEXT} characters")
        _compiled(self.subject_regexp)

    def is_of(self, subject: str) -> bool:
        """Whether the certificate's subject is meant."""
        if self.subject:
            return subject == self.subject
        return bool(_compiled(self.subject_regexp).fullmatch(subject))


@dataclass(frozen=True, slots=True)
class SignaturePolicy:
    """Whose signature an image must carry: one by any of the keys, or of any of the identities, is enough.

    `annotations` must all stand in what was signed. `trusted_root` is the file that names the authorities
    behind identities; empty: those of the public Sigstore.

    Raises when built:
        ValueError: it asks for nobody's signature, or for too many.
    """

    keys: tuple[PublicKey, ...] = ()
    identities: tuple[Identity, ...] = ()
    annotations: tuple[tuple[str, str], ...] = ()
    trusted_root: str = ""

    def __post_init__(self) -> None:
        if not self.keys and not self.identities:
            raise ValueError("no key and no identity is named (give keys, or identities)")
        if len(self.keys) > MOST_KEYS or len(self.identities) > _MOST_IDENTITIES:
            raise ValueError(f"more than {MOST_KEYS} keys or {_MOST_IDENTITIES} identities are named")


@lru_cache(maxsize=256)
def _compiled(expression: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(expression, options)
    except re2.error as error:
        what = f"subject_regexp {expression[:80]!r} is no RE2 expression"
        raise ValueError(sentence(what, fix="see https://github.com/google/re2/wiki/Syntax")) from error
