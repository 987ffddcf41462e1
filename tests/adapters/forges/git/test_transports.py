"""The forge `git` over HTTP and ssh: credentials arrive where they should, and show up nowhere else."""

from __future__ import annotations

import base64
import shutil
import socket
import traceback
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.forges.git.address import Access
from bot.adapters.forges.git.forge import GitForge
from bot.adapters.stores.memory import MemoryLedger
from bot.domain.errors import Denied, Limited, NotFound, Refused, TagboatError, Unreachable
from bot.domain.pull_request.merge_options import MergeOptions
from bot.domain.pull_request.proposal import Proposal, PullRequestState
from tests.adapters.forges.git.git_http import GitHttpServer, git_http
from tests.contracts.forge_worlds import DEV, START, FixedClock, git_repository

CANARY = "canary-5ecret-token"
ENCODED = base64.b64encode(f"bot:{CANARY}".encode()).decode()
NEW_DEV = START[DEV].replace(b"1.0.0", b"1.4.2")
PROPOSAL = Proposal("tagboat/homepage/dev", ((DEV, NEW_DEV),), "homepage 1.4.2", "homepage 1.4.2", "body")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitHttpServer]:
    git_repository(tmp_path / "srv" / "infra.git")
    with git_http(tmp_path / "srv", credential=f"bot:{CANARY}") as running:
        yield running


def _forge(
    root: str, cache: Path, *, token: str = "", timeout: timedelta = timedelta(seconds=60)
) -> GitForge:
    access = Access(username="bot", token=token, allow_http=True)
    return GitForge(
        cache, ledger=MemoryLedger(), clock=FixedClock(), root=root, access=access, timeout=timeout
    )


def _everything_shown(error: BaseException) -> str:
    """All that a log could hold of an error: texts, representations, causes, the traceback."""
    return "".join([*traceback.format_exception(error), repr(error), str(error), repr(vars(error))])


def _whole_way(forge: GitForge) -> None:
    """Write, open, merge, and read back."""
    base = forge.head("infra.git", "main")
    assert base is not None
    head = forge.write("infra.git", PROPOSAL, base=base, expected=None)
    number = forge.open("infra.git", PROPOSAL, base_branch="main").number
    commit = forge.merge("infra.git", number, MergeOptions(expected_head=head, message="Merge"))
    assert forge.head("infra.git", "main") == commit
    assert forge.read("infra.git", commit, DEV) == NEW_DEV
    assert forge.pull_request("infra.git", number).state is PullRequestState.MERGED


def test_a_pull_request_goes_the_whole_way_over_http(server: GitHttpServer, tmp_path: Path) -> None:
    _whole_way(_forge(server.url, tmp_path / "cache", token=CANARY))
    assert set(server.seen) == {f"Basic {ENCODED}"}


@pytest.mark.parametrize("token", ["", f"{CANARY}-wrong"], ids=["no token", "wrong token"])
def test_without_the_right_token_it_is_denied(server: GitHttpServer, tmp_path: Path, token: str) -> None:
    forge = _forge(server.url, tmp_path / "cache", token=token)
    with pytest.raises(Denied, match="check the username and token") as caught:
        forge.head("infra.git", "main")
    encoded = base64.b64encode(f"bot:{token}".encode()).decode()
    shown = _everything_shown(caught.value) + repr(vars(forge))
    assert CANARY not in shown
    assert encoded not in shown


def test_the_token_is_in_no_argument_and_in_no_file(
    server: GitHttpServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "git"
    script.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/arguments\nexec {shutil.which("git")} "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    _whole_way(_forge(server.url, tmp_path / "cache", token=CANARY))
    assert "push" in (tmp_path / "arguments").read_text()
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [
        path for path in written if any(s in path.read_bytes() for s in (CANARY.encode(), ENCODED.encode()))
    ] == []


def test_no_redirect_is_followed_with_the_token(server: GitHttpServer, tmp_path: Path) -> None:
    with git_http(tmp_path / "srv") as elsewhere:
        server.location = elsewhere.url
        forge = _forge(server.url, tmp_path / "cache", token=CANARY)
        with pytest.raises(Refused, match="has moved"):
            forge.head("infra.git", "main")
        assert elsewhere.seen == []


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (404, NotFound),
        (403, Denied),
        (429, Limited),
        (500, Unreachable),
        (502, Unreachable),
        (503, Unreachable),
    ],
)
def test_a_fault_of_the_server_has_its_meaning(
    server: GitHttpServer, tmp_path: Path, status: int, expected: type[TagboatError]
) -> None:
    server.status = status
    with pytest.raises(expected) as caught:
        _forge(server.url, tmp_path / "cache", token=CANARY).head("infra.git", "main")
    assert CANARY not in _everything_shown(caught.value)


def test_a_repository_that_is_not_there_is_not_found(server: GitHttpServer, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        _forge(server.url, tmp_path / "cache", token=CANARY).head("other.git", "main")


def test_a_server_that_is_down_is_unreachable(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(Unreachable):
            _forge(url, tmp_path / "cache").head("infra.git", "main")


def test_a_server_that_never_answers_is_given_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        forge = _forge(url, tmp_path / "cache", timeout=timedelta(seconds=0.5))
        with pytest.raises(Unreachable, match=r"within 0\.5 s"):
            forge.head("infra.git", "main")


class TestLostAnswers:
    """A push whose answer is cut off: what counts is where the branch stands."""

    def _cut(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, done: bool) -> None:
        folder = tmp_path / "bin"
        folder.mkdir()
        script = folder / "git"
        real = shutil.which("git")
        push = f'{real} "$@" >/dev/null 2>&1; ' if done else ""
        cut = "echo 'fatal: the remote end hung up unexpectedly' >&2; exit 128"
        script.write_text(f'#!/bin/sh\ncase " $* " in *" push "*) {push}{cut};; esac\nexec {real} "$@"\n')
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    def test_work_that_was_done_is_not_an_error(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        git = git_repository(tmp_path / "infra.git")
        self._cut(tmp_path, monkeypatch, done=True)
        _whole_way(_forge(str(tmp_path), tmp_path / "cache"))
        assert git.blob(f"main:{DEV}") == NEW_DEV

    def test_work_that_was_not_done_is_tried_later(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        git = git_repository(tmp_path / "infra.git")
        self._cut(tmp_path, monkeypatch, done=False)
        forge = _forge(str(tmp_path), tmp_path / "cache")
        base = forge.head("infra.git", "main") or ""
        with pytest.raises(Unreachable, match="hung up"):
            forge.write("infra.git", PROPOSAL, base=base, expected=None)
        assert git.branch(PROPOSAL.branch) is None


class TestSsh:
    """An `ssh` of the test's own runs the command on this machine instead of another."""

    def _ssh(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
        folder = tmp_path / "bin"
        folder.mkdir()
        (folder / "ssh").write_text(f"#!/bin/sh\n{text}\n")
        (folder / "ssh").chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    @pytest.mark.parametrize("form", ["ssh://git@git.test{}", "git@git.test:{}"], ids=["URL", "scp-like"])
    def test_a_pull_request_goes_the_whole_way_over_ssh(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
    ) -> None:
        git_repository(tmp_path / "infra.git")
        self._ssh(
            tmp_path, monkeypatch, f'echo "$@" >> {tmp_path}/ran; for last; do :; done; exec sh -c "$last"'
        )
        _whole_way(_forge(form.format(tmp_path), tmp_path / "cache"))
        ran = (tmp_path / "ran").read_text()
        assert "BatchMode=yes" in ran
        assert "git@git.test" in ran

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("echo 'git@git.test: Permission denied (publickey).' >&2; exit 255", Denied),
            ("echo 'Host key verification failed.' >&2; exit 255", Denied),
            ("echo 'ssh: Could not resolve hostname git.test' >&2; exit 255", Unreachable),
            ("echo 'ERROR: Repository not found.' >&2; exit 1", NotFound),
        ],
        ids=["no key", "unknown host", "no name", "no repository"],
    )
    def test_what_ssh_says_has_its_meaning(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expected: type[TagboatError]
    ) -> None:
        self._ssh(tmp_path, monkeypatch, text)
        with pytest.raises(expected):
            _forge("ssh://git@git.test/srv", tmp_path / "cache").head("infra.git", "main")
