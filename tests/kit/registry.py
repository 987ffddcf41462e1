"""Starts Debian's `docker-registry` on loopback: a real registry, with real notifications."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.kit.process import free_port, is_listening, running

_PROGRAM = "docker-registry"


@contextmanager
def docker_registry(
    notify_url: str | None = None, token: str | None = None, *, htpasswd: str | None = None
) -> Iterator[str]:
    """Run an empty registry and yield its `host:port`; plain http.

    It tells `notify_url` of every push, with `token` as bearer token. `htpasswd` is the content of such a
    file (bcrypt only) and closes the registry to all others; without it everybody may read and write.
    The calling test is skipped where the program is not installed.
    """
    program = shutil.which(_PROGRAM)
    if program is None:
        pytest.skip(f"{_PROGRAM} is not installed")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="tagboat-registry-") as name:
        folder = Path(name)
        settings = _settings(folder, port, notify_url, token)
        if htpasswd is not None:
            (folder / "htpasswd").write_text(htpasswd)
            settings["auth"] = {"htpasswd": {"realm": "tagboat", "path": str(folder / "htpasswd")}}
        # JSON is YAML too, and needs no quoting rules.
        (folder / "config.yml").write_text(json.dumps(settings))
        with running([program, "serve", folder / "config.yml"], ready=lambda: is_listening(port)):
            yield f"127.0.0.1:{port}"


def _settings(folder: Path, port: int, notify_url: str | None, token: str | None) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "version": 0.1,
        "log": {"level": "warn"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}, "delete": {"enabled": True}},
        "http": {"addr": f"127.0.0.1:{port}", "secret": "for tests only"},
    }
    if notify_url is not None:
        settings["notifications"] = {
            "endpoints": [
                {
                    "name": "tagboat",
                    "url": notify_url,
                    "headers": {"Authorization": [f"Bearer {token}"]} if token else {},
                    "timeout": "5s",
                    "threshold": 3,
                    "backoff": "200ms",
                }
            ]
        }
    return settings
