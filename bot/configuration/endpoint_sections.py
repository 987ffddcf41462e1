"""The sections of webhook endpoints, as they are written. Each text below a key is its help in editors."""

from __future__ import annotations

import base64
import re
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, SecretStr

from bot.configuration.fields import RegistryHost, Secrets, Text
from bot.configuration.pipeline_sections import Section
from bot.configuration.senders import Sender, rules
from bot.configuration.urls import Unquoted
from bot.domain.image import image_name

_MARK = "whsec_"
_KEY_BYTES = range(24, 65)
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
_EMAIL = re.compile(r"[^@\s]{1,200}@[^@\s]{1,200}")


def _signing_secrets(secrets: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    for secret in secrets:
        text = secret.get_secret_value()
        if not text.startswith(_MARK) or len(_key(text.removeprefix(_MARK))) not in _KEY_BYTES:
            raise Unquoted(
                "this is no secret of Standard Webhooks (write whsec_ and the base64 of 24 to 64 bytes)"
            )
    return secrets


def _key(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise Unquoted("what follows whsec_ is not base64 (copy the secret whole)") from None


def _header(text: str) -> str:
    if not _HEADER.fullmatch(text):
        raise ValueError(f"{text[:80]!r} is not the name of a header (write X-Api-Key)")
    return text


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise ValueError(
            f"{text[:80]!r} is not an e-mail address (write NAME@PROJECT.iam.gserviceaccount.com)"
        )
    return text


def _prefix(text: str) -> str:
    host, slash, path = text.partition("/")
    try:
        name = image_name(registry=host, path=path if slash else "any/name")
    except ValueError:
        raise ValueError(
            f"{text[:80]!r} is not how an image name begins (write a host, or a host and a path)"
        ) from None
    if name.registry != host:
        raise ValueError(f"the registry is called otherwise in image names (write {name.registry})")
    return text


SigningSecrets = Annotated[Secrets, AfterValidator(_signing_secrets)]
HeaderName = Annotated[Text, AfterValidator(_header), Field(examples=["X-Api-Key"])]
Email = Annotated[Text, AfterValidator(_email)]
Prefix = Annotated[Text, AfterValidator(_prefix), Field(examples=["nexus.example.com:5000"])]


class EndpointSection(Section):
    """A sender of webhooks that has no other place here. One with the name of a forge tells of that forge."""

    model_config = ConfigDict(json_schema_extra=rules())

    sender: Sender
    """Who sends: it decides how a delivery is checked and read, and which keys belong here."""
    secret: Secrets | None = None
    """The key of the sender's signatures; for senders that sign nothing, `?secret=…` in the address."""
    authorization: Secrets | None = None
    """What the sender was told to send in its Authorization header, or in the one that `header` names."""
    header: HeaderName | None = None
    """The header that holds `authorization`. Default: Authorization."""
    signing_secret: SigningSecrets | None = None
    """The secret of Standard Webhooks, whsec_ and base64; several, for rotation."""
    audience: Text | None = None
    """For gar: the audience that the Pub/Sub subscription puts into its tokens."""
    email: Email | None = None
    """For gar: the service account that the Pub/Sub subscription sends as."""
    registry: RegistryHost | None = None
    """The host that image names begin with, where the registry calls itself otherwise or not at all."""
    prefixes: dict[Text, Prefix] | None = None
    """For nexus and artifactory: by repository, what the names of its images begin with."""
