"""Commits, trees and files of a local bare mirror, by Git's plumbing: no work tree, no network."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.adapters.forges.git.command import GitCommand
from bot.adapters.forges.git.signing import Signing, prepared
from bot.adapters.forges.git.trees import Folder, Pack, folders_of, not_plain, parsed, rewritten
from bot.adapters.forges.history import Commit, Merged
from bot.adapters.forges.identity import Identity
from bot.adapters.forges.rules import require_size
from bot.domain.directories.directory import MOST_FILES, Entry, Tree, require_files
from bot.domain.errors import Malformed
from bot.ports import Clock

_PLAIN = {"100644", "100755"}
_FOLDER = "040000"
_CHUNK = 8 * 1024 * 1024
"""Bytes of files that are asked for at once; `GitCommand` takes no much longer answer."""


@dataclass(frozen=True, slots=True)
class _Entry:
    mode: str
    id: str
    size: int


class GitObjects:
    """What one bare repository holds. Commits given to it are there, unless a method says otherwise."""

    def __init__(
        self,
        git: GitCommand,
        folder: Path,
        *,
        identity: Identity,
        clock: Clock,
        signing: Signing | None = None,
    ) -> None:
        self._git = git
        self._folder = folder
        self._identity = identity
        self._clock = clock
        self._signing = signing

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
        shape = "--format=%H%n%P%n%ae%n%ce%n%B"
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

    def edited(
        self, commit: str, files: Mapping[str, bytes | None], modes: Mapping[str, str] | None = None
    ) -> str:
        """Write the commit's tree with these files; None deletes one, and modes are kept unless given."""
        pack = Pack()
        tree = rewritten(self._folders(commit, folders_of(files)), files, modes or {}, pack)
        self._git.local(self._at, "unpack-objects", "-q", stdin=pack.data())
        return tree

    def listing(self, commit: str, directory: str) -> Tree:
        """Every file below a directory; empty where there is none."""
        arguments = ("ls-tree", "-r", "-z", "--long", "--full-tree", commit, "--", f"{directory}/")
        # A name that is no UTF-8 must not turn into another one, that could then be written.
        rows = self._git.local(self._at, *arguments).output.decode(errors="surrogateescape")
        lines = rows.split("\0", MOST_FILES + 1)[:-1]
        require_files(len(lines), directory=directory, commit=commit)
        if not lines:
            self._require_folder(commit, directory)
        return dict(_listed(line, directory) for line in lines)

    def blobs(self, ids: Collection[str]) -> Mapping[str, bytes]:
        """The bytes of files, by their ids."""
        found: dict[str, bytes] = {}
        for chunk in self._chunks(sorted(ids)):
            found |= {name: data for name, kind, data in self._objects(chunk) if kind == "blob"}
        return found

    def merge(self, ours: str, theirs: str) -> Merged:
        """Merge two commits three ways, without a work tree; without a common ancestor files conflict."""
        options = ("--write-tree", "--allow-unrelated-histories", "--name-only", "--no-messages", "-z")
        arguments = ("merge-tree", *options, ours, theirs)
        tree, *files = self._run(*arguments, codes=(0, 1)).rstrip("\0").split("\0")
        return Merged(tree.strip(), tuple(files))

    def commit(self, tree: str, *, parents: Sequence[str], message: str) -> str:
        """Write a commit with our identity and the clock's time, signed where there is a key."""
        when = f"@{int(self._clock.now().timestamp())} +0000"
        who = {
            f"GIT_{role}_{key}": value
            for role in ("AUTHOR", "COMMITTER")
            for key, value in (("NAME", self._identity.name), ("EMAIL", self._identity.email), ("DATE", when))
        }
        flags = [word for parent in parents for word in ("-p", parent)]
        with prepared(self._signing) as ready:
            return self._run(
                *ready.settings,
                "commit-tree",
                *ready.flags,
                tree,
                *flags,
                "-F",
                "-",
                stdin=message.encode(),
                extra={**who, **ready.environment},
            ).strip()

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
        if entry is None:
            self._require_folder(commit, path.rpartition("/")[0])
        elif entry.mode not in _PLAIN:
            raise not_plain(entry.mode, path)
        return entry

    def _require_folder(self, commit: str, path: str) -> None:
        """Raise `Refused` where something else than folders stands on the way; the rest may be made."""
        parts = path.split("/") if path else []
        for length in range(1, len(parts) + 1):
            above = "/".join(parts[:length])
            entry = self._entry(commit, above)
            if entry is None:
                return
            if entry.mode != _FOLDER:
                raise not_plain(entry.mode, above)

    def _folders(self, commit: str, paths: Sequence[str]) -> Mapping[str, Folder]:
        """Those of the folders that are there, without what is inside them."""
        asked = [f"{commit}:{path}" for path in paths]
        found = self._objects(asked)
        return {
            path: parsed(data) for path, (_, kind, data) in zip(paths, found, strict=True) if kind == "tree"
        }

    def _chunks(self, ids: Sequence[str]) -> Iterator[Sequence[str]]:
        """The ids in groups whose bytes fit in one answer."""
        asked = "".join(f"{each}\n" for each in ids).encode()
        sizes = self._run("cat-file", "--batch-check=%(objectsize)", stdin=asked).split("\n")
        chunk: list[str] = []
        total = 0
        for each, size in zip(ids, sizes, strict=False):
            count = int(size) if size.isdigit() else 0
            require_size(each, count)
            if chunk and total + count > _CHUNK:
                yield chunk
                chunk, total = [], 0
            chunk.append(each)
            total += count
        if chunk:
            yield chunk

    def _objects(self, names: Sequence[str]) -> Sequence[tuple[str, str, bytes]]:
        """Id, kind and bytes of each object; the kind is empty where there is none."""
        asked = "".join(f"{name}\n" for name in names).encode()
        output = self._git.local(self._at, "cat-file", "--batch", stdin=asked).output
        found, at = [], 0
        for name in names:
            end = output.find(b"\n", at)
            head = output[at:end].decode(errors="replace").rsplit(" ", 2)
            if end < 0:
                raise Malformed("Git's answer ends too early")
            at = end + 1
            if len(head) == 3 and head[2].isdigit():
                size = int(head[2])
                found.append((head[0], head[1], output[at : at + size]))
                at += size + 1
            else:
                found.append((name, "", b""))
        return found


def _listed(line: str, directory: str) -> tuple[str, Entry]:
    meta, _, path = line.partition("\t")
    mode, _, name, size = meta.split()
    return path.removeprefix(f"{directory}/"), Entry(mode, name, int(size) if size.isdigit() else 0)


def _commit(record: str) -> Commit:
    name, parents, author, committer, message = record.split("\n", 4)
    return Commit(name, tuple(parents.split()), message, (author, committer))
