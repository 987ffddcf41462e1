"""What Git prints, and which error a human sees."""

from __future__ import annotations

import pytest

from bot.adapters.forges.git.errors import MirrorDamaged, failure, reason
from bot.domain.errors import Conflict, Denied, Limited, NotFound, Refused, TagboatError, Unreachable

URL = "https://git.test/infra"
CANARY = "canary-5ecret"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fatal: unable to access 'https://git.test/': Could not resolve host: git.test", Unreachable),
        ("fatal: unable to access 'https://git.test/': Failed to connect to git.test port 443", Unreachable),
        ("fatal: unable to access 'https://git.test/': The requested URL returned error: 502", Unreachable),
        ("fatal: the remote end hung up unexpectedly", Unreachable),
        ("error: RPC failed; curl 56 GnuTLS recv error (-54): Error in the pull function.", Unreachable),
        ("fatal: unable to access 'https://git.test/': The requested URL returned error: 429", Limited),
        ("fatal: Authentication failed for 'https://git.test/infra/'", Denied),
        ("fatal: could not read Username for 'https://git.test': terminal prompts disabled", Denied),
        ("fatal: unable to access 'https://git.test/': The requested URL returned error: 403", Denied),
        ("git@git.test: Permission denied (publickey).\nfatal: Could not read from remote", Denied),
        ("Host key verification failed.\nfatal: Could not read from remote repository.", Denied),
        ("fatal: detected dubious ownership in repository at '/srv/infra.git'", Denied),
        ("fatal: unable to access 'https://git.test/': SSL certificate problem: self-signed", Denied),
        ("remote: fatal: unable to create temporary object directory\n!\tx (unpacker error)", Denied),
        ("remote: Repository not found.\nfatal: repository 'https://git.test/x/' not found", NotFound),
        ("fatal: not a git repository (or any of the parent directories): .git", NotFound),
        ("fatal: '/srv/none' does not appear to be a git repository", NotFound),
        ("fatal: unable to update url base from redirection:\n  asked for: x", Refused),
        ("fatal: unable to access 'https://git.test/': The requested URL returned error: 301", Refused),
        ("fatal: transport 'ext' not allowed", Refused),
        ("fatal: mismatched algorithms: client sha1; server sha256", Refused),
        ("!\ta:refs/heads/main\t[remote rejected] (branch is currently checked out)", Refused),
        ("!\ta:refs/heads/main\t[remote rejected] (pre-receive hook declined)", Refused),
        (
            "remote: error: GH006: Protected branch update failed\n!\ta\t[remote rejected] (protected)",
            Refused,
        ),
        ("!\ta:refs/heads/x\t[remote rejected] (non-fast-forward)", Refused),
        ("remote: error: denying non-fast-forward refs/heads/x (you should pull first)", Refused),
        ("!\ta:refs/heads/x\t[rejected] (stale info)", Conflict),
        ("!\ta:refs/heads/x\t[remote rejected] (failed to update ref)", Conflict),
        ("!\ta:refs/heads/x\t[remote rejected] (incorrect old value provided)", Conflict),
        ("fatal: couldn't find remote ref refs/heads/x", Conflict),
        ("remote: error: cannot lock ref 'tagboat/x': 'refs/heads/tagboat' exists; cannot create", Refused),
        ("fatal: not a git repository: '/cache/x.git'", MirrorDamaged),
        ("fatal: bad object refs/heads/main\nerror: did not send all necessary objects", MirrorDamaged),
        ("remote: fatal: bad object 0123", Unreachable),
        ("something that no Git ever said", Unreachable),
        ("", Unreachable),
    ],
)
def test_what_the_other_side_says(text: str, expected: type[TagboatError]) -> None:
    error = failure(text, url=URL, secrets=(), local=False)
    assert type(error) is expected
    assert URL in error.what


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "fatal: could not read Username for 'https://git.test': terminal prompts disabled",
            "does not accept",
        ),
        ("fatal: unable to access 'https://git.test/': The requested URL returned error: 502", "failed"),
    ],
    ids=["a token that was revoked", "a host that is down"],
)
def test_what_users_meet_most_is_said_in_plain_words(text: str, words: str) -> None:
    assert failure(text, url=URL, secrets=(), local=False).what.startswith(f"{URL} {words}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fatal: not a git repository: '/cache/x.git'", MirrorDamaged),
        ("error: object file objects/12/34 is empty\nfatal: loose object 1234 is corrupt", MirrorDamaged),
        ("error: Invalid path 'a/.git'", Refused),
        ("fatal: write error: No space left on device", Unreachable),
        ("error: The requested URL returned error: 403", Unreachable),
    ],
)
def test_what_this_machine_says(text: str, expected: type[TagboatError]) -> None:
    assert type(failure(text, url=URL, secrets=(), local=True)) is expected


@pytest.mark.parametrize(
    "text",
    [
        f"fatal: unable to access 'https://bot:{CANARY}@git.test/': nope",
        f"fatal: header was Authorization: Basic {CANARY}",
        f"remote: your token {CANARY} has expired",
    ],
)
def test_no_credential_is_repeated(text: str) -> None:
    error = failure(text, url=URL, secrets=("", CANARY), local=False)
    assert CANARY not in f"{error!s} {error!r} {error.why}"


def test_the_reason_is_one_short_printable_line() -> None:
    told = reason("hint: x\nfatal: \x1b[31mred\tand " + "long " * 200 + "\nmore", secrets=())
    assert told.startswith("fatal:")
    assert told.isprintable()
    assert len(told) <= 200
