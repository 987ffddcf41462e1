"""Trees and packs as Git itself reads them."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.forges.git.trees import Item, Pack, folders_of, parsed, rewritten
from bot.domain.errors import Malformed, Refused
from tests.fakes.git_repository import GitRepository


def _unpacked(git: GitRepository, pack: Pack) -> None:
    subprocess.run(  # the very command of the forge, strict on what it is given
        ["git", "-C", str(git.folder), "unpack-objects", "-q", "--strict"], input=pack.data(), check=True
    )


def test_git_reads_back_what_was_packed(tmp_path: Path) -> None:
    git, pack = GitRepository(tmp_path / "a.git"), Pack()
    files = {"a.b/x": b"1", "a/run": b"2" * 5000, "a.yaml": b"", "Ünï/ö": bytes(range(256)), "z": b"3"}
    tree = rewritten({}, files, {"a/run": "100755"}, pack)
    _unpacked(git, pack)
    entries = [each for each in git.entries(tree, recursive=True) if each.kind == "blob"]
    assert {each.path: git.blob(each.sha) for each in entries} == files
    assert {each.path: each.mode for each in entries if each.mode != "100644"} == {"a/run": "100755"}
    assert tree == git.write_tree(
        None,
        [
            (path, "100755" if path == "a/run" else "100644", git.write_blob(data))
            for path, data in files.items()
        ],
    )


@given(
    st.dictionaries(
        st.sampled_from(["a", "a.b/c", "a-b", "d/e", "d/f/g", "d.x"]), st.binary(max_size=70_000)
    ),
)
def test_sizes_of_any_length_are_written_as_git_counts_them(files: Mapping[str, bytes]) -> None:
    pack = Pack()
    tree = rewritten({}, files, {}, pack)
    at, data = 12, pack.data()
    assert data[:8] == b"PACK\x00\x00\x00\x02"
    assert int.from_bytes(data[8:12], "big") == len(pack.objects)
    size = data[at] & 15
    shift = 4
    while data[at] & 0x80:
        at += 1
        size |= (data[at] & 0x7F) << shift
        shift += 7
    assert size == len(next(iter(pack.objects.values()))[1])
    assert tree in pack.objects


def test_entries_that_do_not_change_keep_their_very_mode_and_order() -> None:
    old = {
        "": {"old": Item("100664", "a" * 40), "sub": Item("160000", "b" * 40), "x": Item("120000", "c" * 40)}
    }
    pack = Pack()
    tree = rewritten(old, {"new": b"1"}, {}, pack)
    after = parsed(pack.objects[tree][1])
    assert {name: item for name, item in after.items() if name != "new"} == old[""]
    assert list(after) == ["new", "old", "sub", "x"]


def test_a_folder_goes_with_its_last_file() -> None:
    pack = Pack()
    blob = pack.blob(b"1")
    inner = pack.tree({"b": Item("100644", blob)})
    folders = {"": {"a": Item("40000", inner), "k": Item("100644", blob)}, "a": {"b": Item("100644", blob)}}
    tree = rewritten(folders, {"a/b": None}, {}, pack)
    assert list(parsed(pack.objects[tree][1])) == ["k"]


@pytest.mark.parametrize("mode", ["120000", "160000", "40000"])
@pytest.mark.parametrize("data", [b"x", None])
def test_what_is_no_plain_file_is_refused(mode: str, data: bytes | None) -> None:
    with pytest.raises(Refused):
        rewritten({"": {"a": Item(mode, "a" * 40)}}, {"a": data}, {}, Pack())


def test_a_way_through_a_file_is_refused() -> None:
    with pytest.raises(Refused):
        rewritten({"": {"a": Item("100644", "a" * 40)}}, {"a/b/c": b"x"}, {}, Pack())


@pytest.mark.parametrize(
    "content",
    [b"x", b"100644 a\0short", b"100644a\0" + b"1" * 20, b" \0" + b"1" * 20, b"100644 a" + b"1" * 30],
)
def test_what_is_no_tree_is_malformed(content: bytes) -> None:
    with pytest.raises(Malformed):
        parsed(content)


def test_folders_lead_from_the_root_inwards() -> None:
    assert folders_of(["a/b/c", "a/d", "e"]) == ("", "a", "a/b")
