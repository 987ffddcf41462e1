"""The kinds of values that sections are made of: each with its check and with its form in the JSON schema.

A check raises ValueError with a sentence that may quote the value; `Unquoted` where it does not.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue

from bot.configuration import duration
from bot.configuration.shorthand import OneOrMany
from bot.configuration.source import shown_key
from bot.configuration.urls import Unquoted, split_url
from bot.domain.choosing.platform import check_platform
from bot.domain.choosing.selection import Strategy
from bot.domain.choosing.strategies.names import ALIASES
from bot.domain.choosing.tag_filter import tag_filter
from bot.domain.edit.keypath import KeyPath
from bot.domain.edit.pattern import check_expression
from bot.domain.errors import Refused, sentence
from bot.domain.image import image_name, parse_image_name, parse_image_ref
from bot.domain.place import ObjectName
from bot.domain.repository_path import safe_path
from bot.domain.signing.signature import Identity
from bot.domain.window import Window, WindowKind

NAME = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_LONGEST_NAME = 63
_SUBSTITUTION = r"\$\{"
_ANY_SCHEDULE = "0 0 * * *"
_APPLICATION = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_MOST_PER_SECOND = 1000
_LARGEST_COUNT = 1000
PROXY_OF_ENVIRONMENT: Final = "environment"
"""What is written for a proxy that the environment names."""
_BRANCH = re.compile(
    r"(?![-./])(?!.*(?:\.\.|//|@\{|/\.|\.lock(?:/|$)))[^\s~^:?*\[\\\x00-\x20\x7f]{1,200}(?<![./])"
)


def _substitutable(schema: JsonSchemaValue) -> WithJsonSchema:
    """The schema of something that is no text, or that has a pattern, with room for `${NAME}`."""
    return WithJsonSchema({"anyOf": [schema, {"type": "string", "pattern": _SUBSTITUTION}]})


def _matching(pattern: str, **words: object) -> WithJsonSchema:
    """The schema of a text, for editors: the check says the same more exactly, and in words."""
    return WithJsonSchema({"type": "string", "pattern": f"{pattern}|{_SUBSTITUTION}", **words})


def _flag(value: object) -> object:
    words = {"true": True, "false": False}
    if isinstance(value, str):
        if value.lower() not in words:
            raise ValueError(f"{value[:40]!r} is neither true nor false (write true or false)")
        return words[value.lower()]
    return value


def _name(text: str, info: ValidationInfo) -> str:
    is_name = len(text) <= _LONGEST_NAME and re.fullmatch(NAME, text)
    if not is_name and not _is_excused(text, info):
        raise ValueError(
            "a name has at most 63 lower-case letters, digits and dashes, and no dash at either end"
            f" (write {name_like(shown_key(text)) or 'a name such as web'})"
        )
    return text


def _is_excused(text: str, info: ValidationInfo) -> bool:
    """Whether a key is known to be wrong, and is let pass so that what is below it can be checked."""
    return info.context is not None and text in info.context


def name_like(text: str) -> str:
    """The name that comes closest to a text; empty when nothing of it can stay."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower())[:_LONGEST_NAME].strip("-")


def _duration(value: object) -> object:
    return duration.parse_duration(value) if isinstance(value, str) else value


def _positive(value: timedelta) -> timedelta:
    if not value:
        raise ValueError("a deadline of nothing is always over (write a longer time, such as 5m)")
    return value


def _window_length(value: timedelta) -> timedelta:
    return Window(WindowKind.ALLOW, _ANY_SCHEDULE, value).duration


def _schedule(text: str) -> str:
    return Window(WindowKind.ALLOW, text, timedelta(hours=1)).schedule


def _time_zone(text: str) -> str:
    return Window(WindowKind.ALLOW, _ANY_SCHEDULE, timedelta(hours=1), text).time_zone


def _strategy(value: object) -> object:
    return Strategy.parse(value) if isinstance(value, str) else value


def _allow_tags(text: str) -> str:
    tag_filter(text, ())
    return text


def _ignore_tag(text: str) -> str:
    tag_filter("", (text,))
    return text


def _platform(text: str) -> str:
    check_platform(text)
    return text


def _issuer(text: str) -> str:
    return Identity(text, subject="anybody").issuer


def _subject_regexp(text: str) -> str:
    return Identity("https://any", subject_regexp=text).subject_regexp


def _image(text: str) -> str:
    try:
        return str(parse_image_name(text))
    except ValueError as error:
        bare = _without_tag(text)
        raise ValueError(
            sentence(f"{text[:120]!r} carries a tag or digest", fix=f"the strategy chooses it: write {bare}")
            if bare
            else sentence(str(error), fix="write it as docker pull does: ghcr.io/acme/web")
        ) from error


def _without_tag(text: str) -> str:
    try:
        return str(parse_image_ref(text).name)
    except ValueError:
        return ""


def _registry_host(text: str, info: ValidationInfo) -> str:
    if _is_excused(text, info):
        return text
    try:
        host = image_name(registry=text, path="any/name").registry
    except ValueError:
        raise Unquoted("this is not a registry host (write it as image names begin: ghcr.io)") from None
    if host != text:
        raise ValueError(f"the registry is called otherwise in image names (write {host})")
    return host


def _file(text: str) -> str:
    try:
        return safe_path(text, allow_workflows=True)
    except Refused as error:
        raise ValueError(str(error)) from error


def _marker_name(text: str) -> str:
    if not re.fullmatch(r"[\w.-]{1,100}", text, re.ASCII):
        raise ValueError(f"{text[:80]!r} is not the name of a marker (use letters, digits and . _ -)")
    return text


def _policy_name(text: str) -> str:
    namespace, _, name = text.partition(":")
    if not is_application(namespace) or not is_application(name):
        raise ValueError(f"{text[:80]!r} is not namespace:name of a policy (write flux-system:web)")
    return text


def _object_name(text: str) -> str:
    ObjectName.parse(text)
    return text


def _key_path(text: str) -> str:
    KeyPath.parse(text)
    return text


def _repository(text: str) -> str:
    forge, _, path = text.partition(":")
    if not forge or not path:
        raise ValueError(f"{text[:120]!r} does not begin with a forge (write github:acme/infra)")
    return text


def _branch(text: str) -> str:
    if not _BRANCH.fullmatch(text):
        raise ValueError(f"{text[:120]!r} is not a branch that Git would take (write main)")
    return text


def is_application(text: str) -> bool:
    """Tell whether the text can be the name of an Application or of a namespace in Kubernetes."""
    return _APPLICATION.fullmatch(text) is not None


def _kubernetes_name(text: str) -> str:
    if not is_application(text):
        raise ValueError(
            f"{text[:80]!r} is not a name in Kubernetes (use lower-case letters, digits, - and .)"
        )
    return text


def _git_address(text: str) -> str:
    parts = urlsplit(text) if "://" in text else None
    if parts and (parts.password is not None or (parts.scheme != "ssh" and parts.username is not None)):
        raise Unquoted("the address holds a login (leave it out: Argo CD compares without it)")
    return text


def _per_second(value: object) -> object:
    try:
        found = float(str(value))
    except ValueError:
        found = 0.0
    if not 0 < found <= _MOST_PER_SECOND:
        raise ValueError(f"{str(value)[:40]!r} is no rate (write requests a second, such as 10 or 0.5)")
    return found


def _count(value: int) -> int:
    if value > _LARGEST_COUNT:
        raise ValueError(f"{value} is too many (write at most {_LARGEST_COUNT})")
    return value


def _proxy(secret: SecretStr) -> SecretStr:
    """A proxy's address, which may hold a login: no message repeats it."""
    text = secret.get_secret_value()
    if text == PROXY_OF_ENVIRONMENT:
        return secret
    try:
        parts = urlsplit(text)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or parts.path.strip("/") or parts.query or parts.fragment or not text.isprintable():
        raise Unquoted("this is not the address of an HTTP proxy (write http://host:port, or environment)")
    return secret


def _secret_name(text: str) -> str:
    namespace, slash, name = text.partition("/")
    if not slash or not is_application(namespace) or not is_application(name):
        raise ValueError(f"{text[:120]!r} does not name a secret (write namespace/name)")
    return text


def _url(text: str) -> str:
    split_url(text)
    return text.rstrip("/")


Text = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Issuer = Annotated[Text, AfterValidator(_issuer)]
SubjectRegexp = Annotated[Text, AfterValidator(_subject_regexp)]
KeyText = Annotated[str, StringConstraints(min_length=1, max_length=64 * 1024)]
Secret = Annotated[SecretStr, Field(min_length=1)]
Secrets = Annotated[tuple[Secret, ...], Field(min_length=1), OneOrMany()]
Flag = Annotated[bool, BeforeValidator(_flag), _substitutable({"type": "boolean"})]
Number = Annotated[int, Field(gt=0), _substitutable({"type": "integer", "exclusiveMinimum": 0})]
Count = Annotated[Number, AfterValidator(_count)]
PerSecond = Annotated[
    float, BeforeValidator(_per_second), _substitutable({"type": "number", "exclusiveMinimum": 0})
]
ProxyText = Annotated[Secret, AfterValidator(_proxy)]
SecretName = Annotated[Text, AfterValidator(_secret_name), _matching("^[^/]+/[^/]+$")]
_NAME_SCHEMA = WithJsonSchema({"type": "string", "pattern": f"^{NAME}$", "maxLength": _LONGEST_NAME})
Name = Annotated[str, AfterValidator(_name), _NAME_SCHEMA]
# A name that is said elsewhere is judged there; of the reference only whether it leads anywhere.
Reference = Annotated[str, _NAME_SCHEMA]
_DURATION_SCHEMA = WithJsonSchema(
    {
        "type": "string",
        "pattern": rf"^({duration.PATTERN})$|{_SUBSTITUTION}",
        "examples": ["90s", "1h30m", "3d"],
    }
)
Duration = Annotated[timedelta, BeforeValidator(_duration), _DURATION_SCHEMA]
Deadline = Annotated[timedelta, AfterValidator(_positive), BeforeValidator(_duration), _DURATION_SCHEMA]
WindowLength = Annotated[
    timedelta, AfterValidator(_window_length), BeforeValidator(_duration), _DURATION_SCHEMA
]
Schedule = Annotated[Text, AfterValidator(_schedule)]
TimeZone = Annotated[Text, AfterValidator(_time_zone)]
StrategyName = Annotated[
    Strategy,
    BeforeValidator(_strategy),
    WithJsonSchema({"type": "string", "enum": [*Strategy, *ALIASES]}),
]
Constraint = Annotated[str, WithJsonSchema({"type": ["string", "number"]})]
AllowTags = Annotated[Text, AfterValidator(_allow_tags), _matching("^(any$|regexp:)")]
IgnoreTag = Annotated[Text, AfterValidator(_ignore_tag)]
Platform = Annotated[Text, AfterValidator(_platform), Field(examples=["linux/amd64"])]
ImageText = Annotated[Text, AfterValidator(_image)]
RegistryHost = Annotated[Text, AfterValidator(_registry_host), Field(examples=["ghcr.io"])]
ValuesFile = Annotated[Text, AfterValidator(_file)]
KeyPathText = Annotated[Text, AfterValidator(_key_path)]
ObjectText = Annotated[Text, AfterValidator(_object_name)]
SourceText = Annotated[Text, WithJsonSchema({"type": ["string", "integer"], "minimum": 0})]
MarkerName = Annotated[Text, AfterValidator(_marker_name)]
PolicyName = Annotated[Text, AfterValidator(_policy_name), _matching("^[^:]+:[^:]+$")]
Expression = Annotated[Text, AfterValidator(check_expression)]
RepositoryText = Annotated[Text, AfterValidator(_repository), _matching("^[^:]+:.+")]
Branch = Annotated[Text, AfterValidator(_branch)]
KubernetesName = Annotated[Text, AfterValidator(_kubernetes_name)]
Url = Annotated[Text, AfterValidator(_url), _matching("^https?://", examples=["https://host"])]
GitAddress = Annotated[Text, AfterValidator(_git_address)]
Listen = Annotated[Text, _matching(":[0-9]{1,5}$")]
