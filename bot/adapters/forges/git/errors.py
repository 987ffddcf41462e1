"""What Git says when it fails, as errors of Tagboat: one table, tried from the top.

Git has no error codes; its messages are stable under `LC_ALL=C`. What remote hooks print comes behind
`remote:` and is never taken for Git's own word on this machine's mirror.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.domain.errors import Conflict, Denied, Limited, NotFound, Refused, TagboatError, Unreachable

_LONGEST_REASON = 200
_USER_INFO = re.compile(r"//[^/@\s]+@")


class MirrorDamaged(Unreachable):
    """The local copy of a repository is broken; it is dropped, and the next attempt fetches it anew."""


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    error: type[TagboatError]
    what: str
    fix: str = ""


def _rule(pattern: str, error: type[TagboatError], what: str, fix: str = "") -> _Rule:
    return _Rule(re.compile(pattern, re.IGNORECASE), error, what, fix)


_REMOTE = (
    _rule(
        r"remote: .*exists; cannot create|\(directory file conflict\)",
        Refused,
        "{url} has a branch in the way of Tagboat's",
        "delete or rename it",
    ),
    _rule(
        r"denying non-fast-forward|remote rejected\] \(non-fast-forward\)",
        Refused,
        "{url} does not let a branch of Tagboat begin anew on its base",
        "unset receive.denyNonFastForwards there: Tagboat's pushes name what they replace",
    ),
    _rule(
        r"stale info|fetch first|non-fast-forward|cannot lock ref|failed to update ref|incorrect old value"
        r"|reference already exists|couldn't find remote ref",
        Conflict,
        "a branch of {url} was moved by somebody else",
    ),
    _rule(
        r"branch is currently checked out",
        Refused,
        "{url} does not let its checked-out branch be moved",
        "use a bare repository (git clone --bare)",
    ),
    _rule(
        r"dubious ownership",
        Denied,
        "{url} belongs to another user of this machine",
        "let the user that Tagboat runs as own it",
    ),
    _rule(
        r"insufficient permission|unable to create temporary object|unpacker error|Permission denied",
        Denied,
        "{url} cannot be written or read with the rights that Tagboat has",
        "check the key or the owner of the files",
    ),
    _rule(
        r"remote rejected|hook declined|protected branch",
        Refused,
        "{url} refuses the change",
        "see the rules of the repository",
    ),
    _rule(
        r"error: 429|too many requests",
        Limited,
        "{url} asks to slow down",
    ),
    _rule(r"returned error: 5\d\d", Unreachable, "{url} failed"),
    _rule(
        r"could not read (Username|Password)|terminal prompts disabled",
        Denied,
        "{url} does not accept Tagboat's login, or asks for one",
        "check the username and token: a token ends, or is revoked",
    ),
    _rule(
        r"Authentication failed|error: 40[13]"
        r"|HTTP 40[13]|Host key verification failed|access denied|not authorized",
        Denied,
        "{url} does not let Tagboat in",
        "check the username and token, or the ssh key and known host",
    ),
    _rule(
        r"certificate",
        Denied,
        "the certificate of {url} is not trusted",
        "let GIT_SSL_CAINFO name the file of your authority's certificate",
    ),
    _rule(
        r"error: 30\d|unable to update url base from redirection",
        Refused,
        "{url} has moved",
        "write its new address: Tagboat follows no redirect with a credential",
    ),
    _rule(
        r"does not appear to be a git repository|repository '?[^']*'? not found|repository not found"
        r"|not a git repository(?!: ')|error: 404|does not exist|no such file or directory",
        NotFound,
        "there is no repository at {url}",
        "check the address, and whether the credential may see it",
    ),
    _rule(r"transport '.*' not allowed", Refused, "{url} uses a way that is not allowed", "use https or ssh"),
    _rule(
        r"mismatched algorithms|object format",
        Refused,
        "{url} names its commits by SHA-256, which is not supported",
        "use a SHA-1 repository",
    ),
)

_LOCAL = (
    _rule(
        r"failed to sign|signing failed|couldn't sign|load key",
        Denied,
        "a commit for {url} cannot be signed",
        "give a key without a passphrase that may sign and has not ended",
    ),
    _rule(
        r"not a git repository: '|bad (object|tree|file)|unable to read|loose object|corrupt|is empty"
        r"|missing (blob|tree|commit)|invalid object|not a valid object|not a tree object|could not parse",
        MirrorDamaged,
        "the local copy of {url} is damaged",
        "it is fetched anew",
    ),
    _rule(r"invalid path", Refused, "Git refuses a path in {url}"),
    _rule(
        r"no space left|quota", Unreachable, "there is no room for the local copy of {url}", "free the disk"
    ),
)


def failure(text: str, *, url: str, secrets: tuple[str, ...], local: bool) -> TagboatError:
    """The error for what Git printed. `local`: the command did not leave this machine."""
    own = "\n".join(line for line in text.splitlines() if not line.startswith("remote:"))
    why = reason(text, secrets=secrets)
    damage = next((rule for rule in _LOCAL if rule.pattern.search(own)), None)
    if local:
        return _made(damage, url, why)
    found = next((rule for rule in _REMOTE if rule.pattern.search(text)), None)
    return _made(found or damage, url, why)


def reason(text: str, *, secrets: tuple[str, ...]) -> str:
    """The telling line of Git's output, short, printable and without credentials."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if re.match(r"(fatal|error):|remote: \w|!", line)]
    line = (telling or lines or ["git gave no reason"])[0]
    for secret in filter(None, secrets):
        line = line.replace(secret, "…")
    line = _USER_INFO.sub("//", line)
    return "".join(c if c.isprintable() else " " for c in line)[:_LONGEST_REASON]


def _made(rule: _Rule | None, url: str, why: str) -> TagboatError:
    if rule is None:
        return Unreachable(f"Git could not do its work with {url}", why=why)
    return rule.error(rule.what.format(url=url), why=why, fix=rule.fix)
