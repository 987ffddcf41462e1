"""What copying one directory over another writes and deletes, and what it never touches."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.directories import directory
from bot.domain.directories.directory import (
    Change,
    DirectoryView,
    Entry,
    Tree,
    copied,
    hot_fixes,
    needed,
    tree_id,
)
from bot.domain.directories.keep import DirectoryPromotion, Keep
from bot.domain.errors import Malformed, Refused

COPY = DirectoryPromotion("up", "down")
BLOBS: dict[str, bytes] = {}


def tree(files: Mapping[str, bytes | tuple[str, bytes]]) -> Tree:
    """A tree of files, each with its mode where it is not a plain one."""
    made = {}
    for path, given_ in files.items():
        mode, data = given_ if isinstance(given_, tuple) else ("100644", given_)
        blob = hashlib.sha1(data, usedforsecurity=False).hexdigest()
        BLOBS[blob] = data
        made[path] = Entry(mode, blob, len(data))
    return made


def keeping(*rules: str, overwrite: bool = False) -> DirectoryPromotion:
    """The promotion with these rules."""
    return DirectoryPromotion("up", "down", tuple(map(Keep.parse, rules)), overwrite)


def test_files_come_change_and_go() -> None:
    copy = copied(
        tree({"new": b"n", "both": b"2", "same": b"s"}),
        tree({"both": b"1", "same": b"s", "old": b"o"}),
        COPY,
        BLOBS,
    )
    assert copy.files == {"down/new": b"n", "down/both": b"2", "down/old": None}
    assert (copy.added, copy.changed, copy.deleted) == (("down/new",), ("down/both",), ("down/old",))


def test_an_executable_file_comes_as_one_and_a_new_mode_alone_is_a_change() -> None:
    copy = copied(tree({"run": ("100755", b"x"), "new": ("100755", b"y")}), tree({"run": b"x"}), COPY, BLOBS)
    assert dict(copy.modes) == {"down/run": "100755", "down/new": "100755"}
    assert copy.changes[1] == Change("down/run", b"x", "100755", is_new_mode=True)


def test_kept_files_are_neither_written_nor_deleted_nor_copied() -> None:
    source, target = tree({"s/a": b"1", "s/b": b"1", "c": b"1"}), tree({"s/a": b"2", "s/z": b"2"})
    assert copied(source, target, keeping("s/**"), BLOBS).files == {"down/c": b"1"}


def test_kept_keys_stay_and_every_other_byte_is_upstreams() -> None:
    source, target = tree({"v.yaml": b"a: 2 # new\nr: 1\n"}), tree({"v.yaml": b"a: 1\nr: 9\n"})
    copy = copied(source, target, keeping("v.yaml:r"), BLOBS)
    assert copy.files == {"down/v.yaml": b"a: 2 # new\nr: 9\n"}


def test_a_file_that_differs_in_kept_keys_alone_does_not_change() -> None:
    source, target = tree({"v.yaml": b"a: 1\nr: 1\n"}), tree({"v.yaml": b"a: 1\nr: 9\n"})
    assert copied(source, target, keeping("*.yaml:r"), BLOBS).changes == ()


def test_a_new_file_with_kept_keys_tells_what_is_to_be_set() -> None:
    copy = copied(tree({"v.yaml": b"r: 1\n"}), tree({}), keeping("v.yaml:r", "v.yaml:s.t"), BLOBS)
    assert copy.unsettled == ("down/v.yaml: r", "down/v.yaml: s.t")


def test_binary_files_are_copied_byte_for_byte() -> None:
    data = bytes(range(256)) * 3
    assert copied(tree({"logo.png": data}), tree({}), COPY, BLOBS).files == {"down/logo.png": data}


@pytest.mark.parametrize(
    ("source", "target", "why"),
    [
        pytest.param({"l": ("120000", b"x")}, {}, "up/l is not copied: it is a symbolic link", id="a link"),
        pytest.param({}, {"l": ("120000", b"x")}, "down/l is not copied", id="a link that would go"),
        pytest.param({"m": ("160000", b"")}, {}, "it is a submodule", id="a submodule"),
        pytest.param({"a": b"1"}, {"a/b": b"1"}, "where this has a folder", id="a file for a folder"),
        pytest.param({"a/b": b"1"}, {"a": b"1"}, "where this has a folder", id="a folder for a file"),
        pytest.param({"../x": b"1"}, {}, "is never written", id="a way out"),
        pytest.param({"a/.git/config": b"1"}, {}, "Git's own folder", id="Git's folder"),
        pytest.param({".gitlab-ci.yml": b"1"}, {}, "CI would run it", id="a pipeline of CI"),
        pytest.param({"a\nb": b"1"}, {}, "cannot be seen", id="a line break"),
        pytest.param({"\udcff": b"1"}, {}, "cannot be seen", id="no UTF-8"),
    ],
)
def test_what_is_no_plain_file_is_refused_with_its_path(
    source: Mapping[str, bytes], target: Mapping[str, bytes], why: str
) -> None:
    with pytest.raises(Refused) as error:
        needed(tree(source), tree(target), COPY)
    assert why in str(error.value)


def test_what_is_kept_or_the_same_may_be_anything() -> None:
    link = {"l": ("120000", b"x"), "s/m": ("160000", b"")}
    assert needed(tree(link), tree({"l": ("120000", b"x")}), keeping("s/*")) == frozenset()


def test_a_kept_key_of_a_file_that_is_no_yaml_names_the_file() -> None:
    with pytest.raises(Malformed, match=r"down/v\.yaml: the file is not valid YAML"):
        copied(tree({"v.yaml": b"a: ["}), tree({"v.yaml": b"a: 1\n"}), keeping("v.yaml:a"), BLOBS)


def test_a_single_file_that_is_too_large_is_named() -> None:
    with pytest.raises(Refused, match="up/big is not copied: it has more than 10 MB"):
        needed({"big": Entry("100644", "a" * 40, 11 * 1024 * 1024)}, {}, COPY)


def test_too_many_and_too_large_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "MOST_CHANGED", 2)
    with pytest.raises(Refused, match="3 files of down/ would change at once"):
        needed(tree({"a": b"1", "b": b"1", "c": b"1"}), tree({}), COPY)
    monkeypatch.setattr(directory, "MOST_BYTES", 10)
    with pytest.raises(Refused, match="too large"):
        needed(tree({"a": b"1" * 11}), tree({}), COPY)


@pytest.mark.parametrize(
    ("last", "target", "source", "rules", "paths"),
    [
        pytest.param({"a": b"1"}, {"a": b"hot"}, {"a": b"2"}, [], ["down/a"], id="changed"),
        pytest.param({"a": b"1"}, {}, {"a": b"2"}, [], ["down/a"], id="deleted"),
        pytest.param({}, {"b": b"hot"}, {}, [], ["down/b"], id="added"),
        pytest.param({"a": b"1"}, {"a": b"2"}, {"a": b"2"}, [], [], id="changed to what comes"),
        pytest.param({"a": b"1"}, {"a": b"1"}, {"a": b"2"}, [], [], id="not changed"),
        pytest.param({"a": b"r: 1\n"}, {"a": b"r: 5\n"}, {"a": b"r: 2\n"}, ["a:r"], [], id="a kept key"),
        pytest.param(
            {"a": b"r: 1\ns: 1\n"},
            {"a": b"r: 5\ns: 5\n"},
            {"a": b"r: 2\ns: 1\n"},
            ["a:r"],
            ["down/a"],
            id="another key",
        ),
        pytest.param({"a": b"1"}, {"a": ("100755", b"1")}, {"a": b"2"}, [], ["down/a"], id="the mode"),
    ],
)
def test_a_hot_fix_is_what_the_copy_would_undo(
    last: Mapping[str, bytes],
    target: Mapping[str, bytes],
    source: Mapping[str, bytes],
    rules: list[str],
    paths: list[str],
) -> None:
    promotion = keeping(*rules)
    view = DirectoryView({}, tree(target), tree(last), blobs=BLOBS)
    copy = copied(tree(source), tree(target), promotion, BLOBS)
    assert list(hot_fixes(view, copy, promotion)) == paths
    assert not hot_fixes(view, copy, keeping(*rules, overwrite=True))


_FILES = st.dictionaries(
    st.sampled_from(["a", "b", "c.yaml", "d/e", "d/f.yaml", "s/x"]),
    st.tuples(
        st.sampled_from(["100644", "100755"]), st.sampled_from([b"", b"1", b"r: 1\n", b"r: 2\ns: 3\n"])
    ),
)


@given(_FILES, _FILES, st.sets(st.sampled_from(["s/**", "**/*.yaml:r", "a"])))
def test_a_copy_that_was_made_is_nothing_to_copy(
    source: Mapping[str, tuple[str, bytes]], target: Mapping[str, tuple[str, bytes]], rules: set[str]
) -> None:
    promotion = keeping(*sorted(rules))
    try:
        copy = copied(tree(source), tree(target), promotion, BLOBS)
    except (Refused, Malformed):
        return
    modes, after = dict(copy.modes), dict(target)
    for place, data in copy.files.items():
        path = place.removeprefix("down/")
        if data is None:
            del after[path]
        else:
            after[path] = (modes[place], data)
    assert copied(tree(source), tree(after), promotion, BLOBS).changes == ()
    kept = {path for path in {*source, *target} if promotion.keeps(path)}
    assert {path: after.get(path) for path in kept} == {path: target.get(path) for path in kept}


def test_the_name_of_a_tree_tells_modes_paths_and_bytes() -> None:
    names = {
        tree_id(tree(files))
        for files in (
            {},
            {"a": b"1"},
            {"b": b"1"},
            {"a": b"2"},
            {"a": ("100755", b"1")},
            {"a": b"1", "b": b"1"},
        )
    }
    assert len(names) == 6


def test_the_order_of_a_tree_does_not_change_its_name() -> None:
    one = tree({"a": b"1", "b": b"2"})
    assert tree_id(one) == tree_id({path: one[path] for path in ("b", "a")})
