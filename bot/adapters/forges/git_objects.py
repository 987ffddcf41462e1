"""Commits, trees and files of a local bare mirror, by Git's plumbing: no work tree, no network."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.adapters.forges.git_command import GitCommand
from bot.adapters.forges.history import Commit, Merged
from bot.adapters.forges.identity import Identity
from bot.adapters.forges.rules import require_size
from bot.domain.errors import Refused
from bot.ports import Clock

_PLAIN = {"100644", "100755"}
_FOLDER = "040000"
_WORDS = {"040000": "a folder", "120000": "a symbolic link", "160000": "a submodule"}


@dataclass(frozen=True, slots=True)
class _Entry:
    mode: str
    id: str
    size: int


class GitObjects:
    """What one bare repository holds. Commits given to it are there, unless a method says otherwise."""

    def __init__(self, git: GitCommand, folder: Path, *, identity: Identity, clock: Clock) -> None:
        self._git = git
        self._folder = folder
        self._identity = identity
        self._clock = clock

    def ref(self, branch: str) -> str | None:
        """Where the mirror believes that the branch stands."""
        finished = self._run("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}", codes=(0, 1))
        return finished.strip() or None

    def has(self, *commits: str) -> bool:
        """Whether all of them are commits at hand."""
        asked = "".join(f"{commit}\n" for commit in commits).encode()
        kinds = self._run("cat-file", "--batch-check=%(objecttype)", stdin=asked).split("\n")
        return kinds[: len(commits)] == ["commit"] * len(commits)

    def contains(self, commit: str, *, revision: str) -> bool:
        """Whether `revision` is `commit` or descends from it."""
        git = self._git.local(self._at, "merge-base", "--is-ancestor", commit, revision, codes=(0, 1))
        return git.code == 0

    def read(self, commit: str, path: str) -> bytes | None:
        """The bytes of a plain file, its size asked first."""
        entry = self._plain(commit, path)
        if entry is None:
            return None
        require_size(path, entry.size)
        return self._git.local(self._at, "cat-file", "blob", entry.id).output

    def log(self, head: str, *, base: str, limit: int) -> Sequence[Commit]:
        """The newest commits that `head` contains and `base` does not."""
        shape = "--format=%H%n%ae%n%ce%n%B"
        arguments = ("log", "--topo-order", "-z", f"--max-count={limit}", shape, head, f"^{base}", "--")
        return [_commit(record) for record in self._run(*arguments).split("\0") if record]

    def arrival(self, commit: str, *, revision: str) -> str:
        """The first commit on the first-parent line of `revision` that contains `commit`."""
        span = (commit, revision)
        line = [row.split() for row in self._span("--first-parent", "--parents", span=span)]
        if not line or line[-1][1:2] == [commit]:
            return commit
        containing = set(self._span("--ancestry-path", span=span))
        return [row[0] for row in line if row[0] in containing][-1]

    def committed_at(self, commit: str) -> datetime:
        """The committer's time."""
        seconds = self._run("log", "--max-count=1", "--format=%ct", commit, "--")
        return datetime.fromtimestamp(int(seconds), UTC)

    def tree(self, commit: str) -> str:
        """The tree of a commit."""
        return self._run("rev-parse", "--verify", f"{commit}^{{tree}}").strip()

    def edited(self, commit: str, files: Mapping[str, bytes]) -> str:
        """Write the commit's tree with these files; an executable one stays executable."""
        lines = b""
        for path, data in files.items():
            entry = self._plain(commit, path)
            blob = self._run("hash-object", "-w", "--no-filters", "--stdin", stdin=data).strip()
            lines += f"{entry.mode if entry else '100644'} {blob}\t{path}\0".encode()
        with tempfile.TemporaryDirectory(prefix="tagboat-") as scratch:
            index = {"GIT_INDEX_FILE": f"{scratch}/index"}
            self._run("read-tree", commit, extra=index)
            self._run("update-index", "-z", "--index-info", stdin=lines, extra=index)
            return self._run("write-tree", extra=index).strip()

    def merge(self, ours: str, theirs: str) -> Merged:
        """Merge two commits three ways, without a work tree."""
        arguments = ("merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", ours, theirs)
        tree, *files = self._run(*arguments, codes=(0, 1)).rstrip("\0").split("\0")
        return Merged(tree.strip(), tuple(files))

    def commit(self, tree: str, *, parents: Sequence[str], message: str) -> str:
        """Write a commit with our identity and the clock's time."""
        when = f"@{int(self._clock.now().timestamp())} +0000"
        who = {
            f"GIT_{role}_{key}": value
            for role in ("AUTHOR", "COMMITTER")
            for key, value in (("NAME", self._identity.name), ("EMAIL", self._identity.email), ("DATE", when))
        }
        flags = [word for parent in parents for word in ("-p", parent)]
        return self._run("commit-tree", tree, *flags, "-F", "-", stdin=message.encode(), extra=who).strip()

    @property
    def _at(self) -> str:
        return f"--git-dir={self._folder}"

    def _run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        codes: Sequence[int] = (0,),
        extra: Mapping[str, str] | None = None,
    ) -> str:
        finished = self._git.local(self._at, *arguments, stdin=stdin, codes=codes, extra=extra)
        return finished.output.decode(errors="replace")

    def _span(self, *options: str, span: tuple[str, str]) -> list[str]:
        commit, revision = span
        return self._run("rev-list", *options, revision, f"^{commit}", "--").split("\n")[:-1]

    def _entry(self, commit: str, path: str) -> _Entry | None:
        row = self._run("ls-tree", "-z", "--long", "--full-tree", commit, "--", path).rstrip("\0")
        if not row:
            return None
        mode, _, name, size = row.partition("\t")[0].split()
        return _Entry(mode, name, int(size) if size.isdigit() else 0)

    def _plain(self, commit: str, path: str) -> _Entry | None:
        """The entry of a plain file; None where it could be made; `Refused` where something else stands."""
        entry = self._entry(commit, path)
        if entry is not None:
            return _require_mode(entry, path, _PLAIN)
        parts = path.split("/")
        for length in range(1, len(parts)):
            above = self._entry(commit, "/".join(parts[:length]))
            if above is None:
                return None
            _require_mode(above, "/".join(parts[:length]), {_FOLDER})
        return None


def _require_mode(entry: _Entry, path: str, allowed: set[str]) -> _Entry:
    if entry.mode not in allowed:
        kind = _WORDS.get(entry.mode, "a file")
        raise Refused(f"{path!r} is {kind}", why="Tagboat reads and writes plain files in plain folders")
    return entry


def _commit(record: str) -> Commit:
    name, author, committer, message = record.split("\n", 3)
    return Commit(name, message, (author, committer))
