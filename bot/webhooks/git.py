"""Names of Git in bodies: refs, commits, clone addresses and pushes, checked before they go anywhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from bot.domain.fact import BranchMoved
from bot.webhooks.body import Json
from bot.webhooks.fields import clean, items, number, objects, optional_text, text
from bot.webhooks.reader import Endpoint, Unreadable

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_LONGEST_REF = 255
# https://git-scm.com/docs/git-check-ref-format; a leading dash is refused too: it reads as an option.
_NOT_IN_REF = re.compile(r"\.\.|@\{|//|[ ~^:?*\[\\]|/\.|\.lock(?:/|$)|[./]$|/-")
_DEFAULT_PORTS = {"https": 443, "http": 80}


def commit(source: Json, path: str) -> str | None:
    """A commit id, or None where the sender writes zeros for "there is none"."""
    found = text(source, path)
    if not _COMMIT.fullmatch(found):
        raise Unreadable(f"{path.rpartition('.')[2]} is not a commit id")
    return found if found.strip("0") else None


def optional_commit(source: Json, path: str) -> str | None:
    """As `commit`, or None where it is absent, null or empty."""
    return None if optional_text(source, path) is None else commit(source, path)


def known_commit(source: Json, path: str) -> str:
    """A commit id that must name a commit."""
    found = commit(source, path)
    if found is None:
        raise Unreadable(f"{path.rpartition('.')[2]} is not a commit id")
    return found


def ref(source: Json, path: str) -> str:
    """The full name of a branch or a tag."""
    found = text(source, path)
    if not is_ref(found):
        raise Unreadable("ref is not a ref")
    return found


def branch(source: Json, path: str) -> str:
    """The short name of a branch."""
    found = text(source, path)
    if not is_ref(f"refs/heads/{found}"):
        raise Unreadable(f"{path.rpartition('.')[2]} is not a ref")
    return found


def is_ref(name: str) -> bool:
    """Tell whether the text is the full name of a branch or a tag that Git would take."""
    prefix = next((each for each in ("refs/heads/", "refs/tags/") if name.startswith(each)), None)
    if prefix is None or name == prefix or len(name) > _LONGEST_REF:
        return False
    return name.isprintable() and not _NOT_IN_REF.search(name)


def clone_address(url: str) -> str | None:
    """The one form of a clone address that is compared: scheme, host and path in lower case, without `.git`.

    None for what is no HTTP address of a repository, or carries credentials.
    """
    if not url.isascii() or not url.isprintable():
        return None
    try:
        parts = urlsplit(url.lower())
        port = parts.port
    except ValueError:
        return None
    path = parts.path.removesuffix("/").removesuffix(".git")
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or len(path) < 2 or "@" in parts.netloc:
        return None
    if parts.query or parts.fragment:
        return None
    host = parts.hostname if port in (None, _DEFAULT_PORTS[parts.scheme]) else f"{parts.hostname}:{port}"
    return f"{parts.scheme}://{host}{path}"


def configured_repository(
    source: Json, endpoint: Endpoint, *, name: str = "repository.full_name", url: str = "repository.clone_url"
) -> tuple[str, str]:
    """The path and the clone address of the body's repository, when the endpoint is configured with it.

    `name` and `url` say where the body has them.
    """
    word = url.rpartition(".")[2]
    address = text(source, url)
    if "@" in address.partition("//")[2].partition("/")[0]:
        raise Unreadable(f"{word} carries credentials")
    known = clone_address(address)
    if known is None or known not in endpoint.repositories:
        raise Unreadable(f"{word} is not a configured repository")
    path = text(source, name)
    if not path.isascii() or not known.endswith(f"/{path.lower()}"):
        raise Unreadable(f"{name.rpartition('.')[2]} and {word} disagree")
    return clean(path), address


def created(ref_name: str, ref_type: str) -> str:
    """The full name of a ref from the short name and the kind (`branch`, `tag`) that some events tell."""
    prefixes = {"branch": "refs/heads/", "tag": "refs/tags/"}
    # Gitea has sent both forms over the years.
    full = ref_name if ref_name.startswith("refs/") else f"{prefixes.get(ref_type, '')}{ref_name}"
    if ref_type not in prefixes or not is_ref(full):
        raise Unreadable("ref is not a ref")
    return full


def changed_paths(commits: Sequence[Json], *, most: int = 10_000) -> tuple[tuple[str, ...], bool]:
    """The paths that commits add, modify or remove, sorted; and whether they are all, or only `most`."""
    paths = {clean(path) for commit in commits for path in _paths(commit)}
    return tuple(sorted(paths)[:most]), len(paths) <= most


def counted_push(
    body: Json, place: tuple[str, str], *, provider: str, total: str, default: str
) -> BranchMoved:
    """A push that lists some of its commits, and has their number as `total` where there are more.

    `place` is the repository's path and clone address, `default` says where the default branch stands.
    """
    repository, clone_url = place
    name = ref(body, "ref")
    before, after = commit(body, "before"), commit(body, "after")
    commits = objects(body, "commits")
    # Older servers send no total; then the list is what there is to count.
    count = number(body, total) if body.get(total) else len(commits)
    paths, is_whole = changed_paths(commits)
    return BranchMoved(
        provider=provider,
        repository=repository,
        clone_url=clone_url,
        ref=name,
        before=before,
        after=after,
        created=before is None,
        deleted=after is None,
        forced=None,
        commits=count,
        changed_paths=paths,
        changed_paths_complete=is_whole and len(commits) >= count,
        is_default_branch=name == f"refs/heads/{optional_text(body, default)}",
    )


def _paths(commit: Json) -> Sequence[str]:
    keys = [key for key in ("added", "modified", "removed") if commit.get(key) is not None]
    found = [path for key in keys for path in items(commit, key)]
    if not all(isinstance(path, str) for path in found):
        raise Unreadable("a path is not text")
    return found
