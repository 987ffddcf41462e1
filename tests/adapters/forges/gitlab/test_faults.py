"""How GitLab alone fails: its way of a branch, its words of a race, of what is missing, and of its limits."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.forges.gitlab.forge import GitLabForge, GitLabSettings
from bot.domain.errors import Limited, NotFound, Refused, Unreachable
from tests.adapters.forges.gitlab.gitlab_world import REPOSITORY, GitLabWorld
from tests.adapters.forges.host_world import BRANCH, DEV, FAULTS, PROPOSAL
from tests.adapters.registries.hostile import Reply, serving
from tests.fakes.gitlab import TOKEN
from tests.fakes.http_host import Answer, Fault

LIMITS: dict[str, tuple[Fault, int]] = {
    "a minute": (Answer(429, {"message": "Too many"}, {"Retry-After": "60"}), 60),
    "in plain text": (Answer(429, "Retry later", {"Retry-After": "7"}), 7),
    "without a time": (Answer(429, None), 60),
    "at once": (Answer(429, None, {"Retry-After": "0"}), 60),
    "a day": (Answer(429, None, {"Retry-After": "86400"}), 3600),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("is_moved", [True, False], ids=["the base moved", "the base stands"])
def test_a_branch_that_moves_moves_once(world: GitLabWorld, is_moved: bool, fault: Fault) -> None:
    world.open(replace(PROPOSAL, files=((DEV, b"tag: 1.9.0\n"),)))
    if is_moved:
        world.hosted.commit("main", {"other": b"1"})
    world.gitlab.faults.add("POST", "/repository/commits$", fault)
    world.until_done(world.open)
    head = world.hosted.git.branch(BRANCH)
    assert head is not None
    assert len(world.hosted.git.log(head, without="main")) == 1
    assert world.forge.read(REPOSITORY, head, DEV) == b"tag: 2.0.0\n"
    assert list(world.hosted.pulls) == [1]


@pytest.mark.parametrize(
    "message",
    [
        "A branch called 'tagboat/homepage/dev' already exists. Switch to that branch",
        "Could not update refs/heads/tagboat/homepage/dev. Please refresh and try again.",
        "You can only create or edit files when you are on a branch",
        "A file with this name already exists",
        "A file with this name doesn't exist",
    ],
)
def test_a_lost_race_is_a_conflict(world: GitLabWorld, message: str) -> None:
    world.gitlab.faults.add("POST", "/repository/commits$", Answer(400, {"message": message}))
    failures = world.until_done(world.open)
    assert [type(each).__name__ for each in failures] == ["Conflict"]


def test_a_protected_branch_that_may_not_begin_anew_says_what_to_allow(world: GitLabWorld) -> None:
    pull = world.open(replace(PROPOSAL, files=((DEV, b"tag: 1.9.0\n"),)))
    said = "You are not allowed to force push code to a protected branch on this project"
    world.gitlab.faults.add("POST", "/repository/commits$", Answer(400, {"message": said}))
    with pytest.raises(
        Refused, match="let the protected branches that match its name allow force pushes"
    ) as caught:
        world.write()
    assert caught.value.why == said
    assert world.hosted.git.branch(BRANCH) == pull.head


@pytest.mark.parametrize("path", ["/branches", "/files/", "/compare$", "/merge_requests"])
def test_a_404_that_is_not_gitlabs_own_is_never_taken_for_nothing(world: GitLabWorld, path: str) -> None:
    base = world.hosted.git.branch("main") or ""
    world.write()
    world.gitlab.faults.add("GET", ".", Answer(404, {"message": "404 Not Found"}), times=99)
    asks: dict[str, Callable[[], object]] = {
        "/branches": lambda: world.forge.head(REPOSITORY, BRANCH),
        "/files/": lambda: world.forge.read(REPOSITORY, base, "other.yaml"),
        "/compare$": lambda: world.forge.foreign_commit(REPOSITORY, branch=BRANCH, base="main"),
        "/merge_requests": lambda: world.forge.pull_requests(REPOSITORY, BRANCH),
    }
    with pytest.raises(NotFound, match="check the path"):
        asks[path]()


@pytest.mark.parametrize(("fault", "seconds"), LIMITS.values(), ids=LIMITS)
def test_it_says_how_long_to_wait(world: GitLabWorld, fault: Fault, seconds: int) -> None:
    world.gitlab.faults.add("GET", "", fault)
    with pytest.raises(Limited) as caught:
        world.forge.default_branch(REPOSITORY)
    assert caught.value.retry_after == timedelta(seconds=seconds)


class TestTls:
    """An authority of one's own: known by `ca_file`, and refused in words without it."""

    def test_it_is_trusted_by_its_file_and_by_nothing_else(self, tmp_path: Path) -> None:
        with _tls_server(tmp_path) as (url, authority):
            trusting = GitLabForge(GitLabSettings(TOKEN, url=url, ca_bundle=str(authority)))
            with pytest.raises(NotFound):
                trusting.default_branch(REPOSITORY)
            trusting.disconnect()
            with pytest.raises(Unreachable, match=r"certificate that is not trusted .*ca_file"):
                GitLabForge(GitLabSettings(TOKEN, url=url)).default_branch(REPOSITORY)


@contextmanager
def _tls_server(folder: Path) -> Iterator[tuple[str, Path]]:
    """A server that says 404 to everything, with a certificate of its own: its URL and the certificate."""
    key, certificate = folder / "key.pem", folder / "cert.pem"
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", "req", "-x509", *kind, *names, *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    missing = b'{"message": "404 Project Not Found"}'
    with serving(lambda call: Reply(404, missing), tls=context) as server:
        yield f"https://{server.other_host}", certificate
