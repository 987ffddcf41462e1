"""The history of any Git repository, near or far, through a local bare mirror.

The repository itself is asked where a branch stands; the mirror only holds what commits contain, and may
be deleted at any time. Every change is one push with a lease on each ref: a compare-and-swap.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path

from bot.adapters.forges.git.command import Finished, GitCommand
from bot.adapters.forges.git.objects import GitObjects
from bot.adapters.forges.git.signing import Signing
from bot.adapters.forges.identity import Identity
from bot.adapters.forges.rules import is_commit
from bot.domain.errors import Conflict, Malformed, NotFound, Unreachable
from bot.ports import Clock

_FETCH = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--force")
_PUSH = ("push", "--porcelain", "--atomic", "--no-verify", "--no-recurse-submodules")


class GitMirror(GitObjects):
    """A `History`: the objects of the mirror, and the branches of the repository that it mirrors."""

    def __init__(
        self,
        git: GitCommand,
        *,
        cache: Path,
        identity: Identity,
        clock: Clock,
        signing: Signing | None = None,
    ) -> None:
        self._mirror = cache / _folder_name(git.url)
        super().__init__(git, self._mirror, identity=identity, clock=clock, signing=signing)

    def default_branch(self) -> str:
        """What HEAD names there."""
        shown = self._git.remote("ls-remote", "--symref", "--", self._git.url, "HEAD").text
        found = re.match(r"ref: refs/heads/(\S+)\tHEAD$", shown, re.MULTILINE)
        if found is None:
            raise NotFound(
                f"{self._git.url} has no default branch", fix="name the branch in the configuration"
            )
        return found[1]

    def head(self, branch: str) -> str | None:
        """Ask where the branch stands, and fetch it when it has moved."""
        commit = self._look(branch)
        if commit is None:
            return None
        self._require_mirror()
        if self.ref(branch) == commit:
            return commit
        self._fetch_branch(branch)
        return self.ref(branch)

    def has(self, *commits: str) -> bool:
        """Whether all are at hand, after one fetch of every branch for those that are not."""
        self._require_mirror()
        if super().has(*commits):
            return True
        self._fetch_all()
        return super().has(*commits)

    def blobs(self, ids: Collection[str]) -> Mapping[str, bytes]:
        """The bytes of files, after one fetch of every branch for those that are not at hand."""
        self._require_mirror()
        found = super().blobs(ids)
        if len(found) == len(ids):
            return found
        self._fetch_all()
        return super().blobs(ids)

    def move(
        self, branch: str, commit: str | None, *, expected: str | None, holding: tuple[str, str] | None = None
    ) -> None:
        """Push one ref by compare-and-swap; the held branch is pushed to where it stands, on a lease too."""
        moves = [(branch, commit, expected)]
        if holding is not None:
            moves.append((holding[0], holding[1], holding[1]))
        leases = [f"--force-with-lease=refs/heads/{name}:{old or ''}" for name, _, old in moves]
        refs = [f"{new or ''}:refs/heads/{name}" for name, new, _ in moves]
        try:
            pushed = self._git.remote(self._at, *_PUSH, *leases, "--", self._git.url, *refs, codes=(0, 1))
        except Unreachable:
            if self._look(branch) != commit:
                raise
            return  # the work was done, and only its answer was lost
        self._require_pushed(pushed)

    def drop(self) -> None:
        """Throw the mirror away; the next use fetches it anew."""
        with contextlib.suppress(FileNotFoundError):
            doomed = tempfile.mkdtemp(prefix=".dropped-", dir=self._mirror.parent)
            self._mirror.rename(f"{doomed}/mirror")
        for leftover in self._mirror.parent.glob(".dropped-*"):
            shutil.rmtree(leftover, ignore_errors=True)

    def _look(self, branch: str) -> str | None:
        ref = f"refs/heads/{branch}"
        shown = self._git.remote("ls-remote", "--", self._git.url, ref).text
        found = dict(row.split("\t")[1::-1] for row in shown.split("\n") if row.count("\t") == 1)
        commit = found.get(ref)
        if commit is not None and not is_commit(commit):
            raise Malformed(f"{self._git.url} names commits in a way that Git does not", why=commit[:80])
        return commit

    def _require_mirror(self) -> None:
        """Make the empty mirror when there is none, whole or not at all."""
        if self._mirror.is_dir():
            return
        with tempfile.TemporaryDirectory(prefix=".new-", dir=self._mirror.parent) as scratch:
            self._git.local("init", "--quiet", "--bare", "--template=", "--", f"{scratch}/mirror")
            try:
                Path(f"{scratch}/mirror").rename(self._mirror)
            except OSError:
                if not self._mirror.is_dir():  # otherwise another process was faster
                    raise

    def _fetch_branch(self, branch: str) -> None:
        try:
            self._git.remote(
                self._at, *_FETCH, "--", self._git.url, f"+refs/heads/{branch}:refs/heads/{branch}"
            )
        except Conflict:
            self._fetch_all()  # a branch that is gone there may stand in the way of its name here

    def _fetch_all(self) -> None:
        self._git.remote(self._at, *_FETCH, "--prune", "--", self._git.url, "+refs/heads/*:refs/heads/*")

    def _require_pushed(self, pushed: Finished) -> None:
        if pushed.code == 0:
            return
        rejected = [row for row in pushed.text.split("\n") if row.startswith("!")]
        telling = [row for row in rejected if "atomic" not in row] or rejected
        raise self._git.failed("\n".join([pushed.errors, *telling]))


def _folder_name(url: str) -> str:
    readable = re.sub(r"[^A-Za-z0-9]+", "-", url)[-40:].strip("-")
    return f"{readable}-{hashlib.sha256(url.encode()).hexdigest()[:16]}.git"
