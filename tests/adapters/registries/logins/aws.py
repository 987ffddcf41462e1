"""AWS as far as logins need it: ECR, ECR Public and STS over HTTP, with signatures that are really checked.

The signature is computed anew from the request, by the letters of
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from tests.adapters.registries.hostile import Call, Reply, Server, reply_json, serving

ROLE = "arn:aws:iam::123456789012:role/pull"
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[A-Za-z0-9]+)/(?P<scope>(?P<day>[0-9]{8})/(?P<region>[a-z0-9-]+)"
    r"/(?P<service>[a-z0-9-]+)/aws4_request), SignedHeaders=(?P<headers>[a-z0-9;-]+),"
    r" Signature=(?P<signature>[0-9a-f]{64})"
)
_TARGETS = {
    "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken": "ecr",
    "SpencerFrontendService.GetAuthorizationToken": "ecr-public",
}
_ASSUMED = """<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result><Credentials>
<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey><SessionToken>{session}</SessionToken>
<Expiration>{until}</Expiration></Credentials></{action}Result></{action}Response>"""
_REFUSED = """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
<Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"""


@dataclass
class Aws:
    """Knows key ids with their secrets, and what answers are to go wrong."""

    server: Server
    keys: dict[str, str] = field(default_factory=lambda: {"AKIDMACHINE": "machine-secret"})
    sessions: dict[str, str] = field(default_factory=dict)
    web_identity: str = "the-token-of-the-pod"
    refusal: tuple[int, str] | None = None
    life: timedelta = timedelta(hours=12)
    body: bytes | None = None
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    """Service, region and key id of every login that was asked for, in order."""

    def __call__(self, call: Call) -> Reply:
        target = next((text for name, text in call.headers.items() if name.lower() == "x-amz-target"), "")
        if target in _TARGETS:
            return self._login(call, _TARGETS[target])
        form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
        return self._session(call, form)

    def _login(self, call: Call, service: str) -> Reply:
        if self.refusal:
            status, code = self.refusal
            return reply_json({"__type": code, "message": "no, and here is your request: ..."}, status=status)
        signer = self._signer(call, service)
        if signer is None:
            return reply_json({"__type": "UnrecognizedClientException", "message": "no"}, status=400)
        if self.body is not None:
            return Reply(200, self.body, {"Content-Type": "application/x-amz-json-1.1"})
        password = f"password-{len(self.asked)}"
        until = (datetime.now(UTC) + self.life).timestamp()
        entry = {
            "authorizationToken": base64.b64encode(f"AWS:{password}".encode()).decode(),
            "expiresAt": until,
        }
        return reply_json({"authorizationData": entry if service == "ecr-public" else [entry]})

    def _session(self, call: Call, form: Mapping[str, str]) -> Reply:
        action = form.get("Action", "")
        is_known = (
            form.get("WebIdentityToken") == self.web_identity
            if action == "AssumeRoleWithWebIdentity"
            else self._signer(call, "sts") is not None
        )
        if not is_known or form.get("RoleArn") != ROLE:
            return Reply(403, _REFUSED.format(code="AccessDenied").encode(), {"Content-Type": "text/xml"})
        key = f"ASIA{action.upper()}"
        self.keys[key], self.sessions[key] = f"secret-of-{key}", f"session-of-{key}"
        until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        body = _ASSUMED.format(
            action=action, key=key, secret=self.keys[key], session=self.sessions[key], until=until
        )
        return Reply(200, body.encode(), {"Content-Type": "text/xml"})

    def _signer(self, call: Call, service: str) -> str | None:
        """The key id that signed the request for this service, when the signature is right."""
        headers = {name.lower(): text for name, text in call.headers.items()}
        found = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
        if found is None or found["service"] != service or found["key"] not in self.keys:
            return None
        if headers.get("x-amz-security-token") != self.sessions.get(found["key"]):
            return None
        names = found["headers"].split(";")
        canonical = "\n".join(
            (
                *(call.method, call.path, ""),
                *(f"{name}:{' '.join(headers[name].split())}" for name in names),
                *("", found["headers"], hashlib.sha256(call.body).hexdigest()),
            )
        )
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = "\n".join(("AWS4-HMAC-SHA256", headers["x-amz-date"], found["scope"], digest))
        secret = f"AWS4{self.keys[found['key']]}".encode()
        for part in (*found["scope"].split("/"), text):
            secret = hmac.digest(secret, part.encode(), "sha256")
        if not hmac.compare_digest(secret.hex(), found["signature"]):
            return None
        self.asked.append((service, found["region"], found["key"]))
        return found["key"]


@contextmanager
def aws(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[Aws]:
    """AWS on loopback, and an environment in which its libraries find it and nothing else."""
    holder: list[Aws] = []
    with serving(lambda call: holder[0](call)) as server:
        holder.append(Aws(server))
        for service in ("ECR", "ECR_PUBLIC", "STS"):
            monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", f"http://{server.host}")
        for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDMACHINE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "machine-secret")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "config"))
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "credentials"))
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield holder[0]
