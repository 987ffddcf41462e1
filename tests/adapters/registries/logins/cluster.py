"""A Kubernetes API server as far as a pull secret needs it: TLS, bearer tokens, RBAC on one secret."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.adapters.registries.hostile import Call, Reply, Server, reply_json, serving

TOKEN = "token-of-the-service-account"


@dataclass
class Cluster:
    """Holds secrets by namespace/name; `allowed` are those that the token may get.

    `lists` are custom objects by the plural of their kind; None is forbidden.
    """

    server: Server
    folder: Path
    secrets: dict[str, dict[str, object]] = field(default_factory=dict)
    allowed: set[str] = field(default_factory=lambda: {"cd/pull"})
    token: str = TOKEN
    reply: Reply | None = None
    lists: dict[str, list[object] | None] = field(default_factory=dict)

    def put(self, name: str, auths: object, *, old: bool = False) -> None:
        """Make a pull secret of the new or the old type, as the API server stores it."""
        key, content = (".dockercfg", auths) if old else (".dockerconfigjson", {"auths": auths})
        self.secrets[name] = {
            "kind": "Secret",
            "apiVersion": "v1",
            "metadata": {"namespace": name.split("/")[0], "name": name.split("/")[1], "uid": "1"},
            "data": {key: base64.b64encode(json.dumps(content).encode()).decode()},
            "type": "kubernetes.io/dockercfg" if old else "kubernetes.io/dockerconfigjson",
        }

    def __call__(self, call: Call) -> Reply:
        if self.reply:
            return self.reply
        headers = {name.lower(): text for name, text in call.headers.items()}
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if (scheme.lower(), token) != ("bearer", self.token):
            return _status(401, "Unauthorized", "Unauthorized")
        match call.path.strip("/").split("/"):
            case ["api", "v1", "namespaces", namespace, "secrets", name] if call.method == "GET":
                return self._secret(f"{namespace}/{name}")
            case ["apis", _, "v1alpha1", kind] if call.method == "GET" and kind in self.lists:
                items = self.lists[kind]
                return reply_json({"items": items}) if items is not None else _status(403, "Forbidden", kind)
        return _status(404, "NotFound", "the server could not find the requested resource")

    def _secret(self, name: str) -> Reply:
        if name not in self.allowed:
            return _status(403, "Forbidden", f'secrets "{name}" is forbidden')
        if name not in self.secrets:
            return _status(404, "NotFound", f'secrets "{name}" not found')
        return reply_json(self.secrets[name])

    def kubeconfig(self, *, token: str = TOKEN, authority: bool = True) -> Path:
        """A file that leads here, with the contexts `here` (current) and `nowhere`."""
        cluster = {"server": f"https://{self.server.host}"}
        if authority:
            cluster["certificate-authority"] = str(self.folder / "ca.pem")
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "here",
            "clusters": [
                {"name": "here", "cluster": cluster},
                {"name": "nowhere", "cluster": {"server": "https://127.0.0.1:1"}},
            ],
            "contexts": [
                {"name": name, "context": {"cluster": name, "user": "bot"}} for name in ("here", "nowhere")
            ],
            "users": [{"name": "bot", "user": {"token": token}}],
        }
        path = self.folder / "kubeconfig.yaml"
        path.write_text(yaml.safe_dump(content))
        return path


def _status(code: int, reason: str, message: str) -> Reply:
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    return reply_json({**status, "message": message, "reason": reason, "code": code}, status=code)


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """A cluster over TLS, whose authority is in `folder`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _make_certificate(folder)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    holder: list[Cluster] = []
    with serving(lambda call: holder[0](call), tls=context) as server:
        holder.append(Cluster(server, folder))
        yield holder[0]


def _make_certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
