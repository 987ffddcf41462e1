"""The catalog on a database: cheap for long lists, patient with rows that another version wrote."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import structlog
from sqlalchemy import event, text

from bot.adapters.stores import catalog as module
from bot.adapters.stores.catalog import SqlCatalog
from bot.adapters.stores.shelf import Packed, Shelf, unpack
from bot.adapters.stores.sql import SqlStore
from bot.domain.choosing.listing import Listing
from bot.domain.choosing.selection import TagDetails
from bot.domain.errors import Malformed
from bot.domain.image import ImageName
from bot.ports import ImageEntry, Pointer, Unusable
from tests.kit.stores import HOUR, MINUTE, NOW

_WEB = ImageName("ghcr.io", "acme/web")
_ONE = "sha256:" + "1" * 64
_LONG = Listing(tuple(f"1.0.{number}" for number in range(50_000)), '"v1"')
_ENTRY = ImageEntry(_LONG, NOW)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    store = SqlStore(f"sqlite:///{tmp_path}/tagboat.db")
    yield store
    store.close()


def test_a_list_is_parsed_once_in_a_process(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[bytes] = []

    def counted(content: bytes) -> Listing:
        parsed.append(content)
        return unpack(content)

    monkeypatch.setattr(module, "unpack", counted)
    store.catalog.keep(_WEB, _ENTRY)
    for hour in range(3):
        store.catalog.keep(_WEB, replace(_ENTRY, listed_at=NOW + hour * HOUR))
        assert store.catalog.entry(_WEB) == replace(_ENTRY, listed_at=NOW + hour * HOUR)
    assert len(parsed) == 1


def test_a_list_is_written_once(store: SqlStore) -> None:
    written = _rows_written(store)
    for view in (store.catalog, SqlCatalog(store._database)):
        view.keep(_WEB, _ENTRY)
        view.keep(_WEB, replace(_ENTRY, listing=replace(_LONG), listed_at=NOW + HOUR))
    assert written == ["listings"]
    store.catalog.keep(_WEB, replace(_ENTRY, doubtful=Listing(("1",)), doubtful_since=NOW))
    assert written == ["listings", "listings"]


def test_lists_that_nobody_names_any_more_are_dropped(store: SqlStore) -> None:
    for number in range(5):
        listing, doubtful = Listing((f"{number}",)), Listing((f"{number}-doubtful",))
        store.catalog.keep(_WEB, ImageEntry(listing, NOW, doubtful, NOW))
        assert _scalar(store, "SELECT count(*) FROM listings") == 2


def test_a_list_is_kept_small(store: SqlStore) -> None:
    store.catalog.keep(_WEB, _ENTRY)
    assert _scalar(store, "SELECT length(content) FROM listings") < 200_000


# The shelf


def test_the_shelf_holds_the_lists_of_the_images_asked_for_last() -> None:
    shelf = Shelf(room=5)
    for image in ("a", "b"):
        shelf.put(image, {image: Listing(("1", "2"))})
    shelf.of("a")
    shelf.put("c", {"c": Listing(("1",), digests={"1": _ONE})})
    assert [name for name in "abc" if shelf.of(name)] == ["a", "c"]


def test_a_list_that_is_replaced_makes_room() -> None:
    shelf = Shelf(room=5)
    for _ in range(10):
        shelf.put("a", {"a": Listing(("1", "2", "3"))})
    shelf.put("b", {"b": Listing(("1", "2"))})
    assert shelf.of("a")
    assert shelf.of("b")


def test_a_list_longer_than_the_shelf_is_not_laid_there() -> None:
    shelf = Shelf(room=5)
    shelf.put("a", {"a": Listing(tuple("123456"))})
    shelf.put("b", {"b": Listing(("1",))})
    assert shelf.of("a") == {}
    assert shelf.of("b")


# Other versions


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00tags", zlib.compress(b"\xff"), zlib.compress(b"[]"), zlib.compress(b'{"tags": 7}')],
    ids=["empty", "not-compressed", "no-text", "no-object", "another-type"],
)
def test_a_list_that_cannot_be_read_counts_as_never_seen(store: SqlStore, content: bytes) -> None:
    store.catalog.keep(_WEB, ImageEntry(Listing(("1",)), NOW))
    _change(store, "UPDATE listings SET content = :content", content=content)
    with structlog.testing.capture_logs() as logs:
        assert store.catalog.entry(_WEB) is None
    assert [line["event"] for line in logs] == ["listing_unreadable"]
    store.catalog.keep(_WEB, ImageEntry(Listing(("2",)), NOW))
    assert store.catalog.entry(_WEB) == ImageEntry(Listing(("2",)), NOW)


def test_a_list_of_a_newer_version_is_read_as_far_as_it_is_known(store: SqlStore) -> None:
    content = zlib.compress(b'{"tags": ["1"], "signatures": {"1": true}}')
    store.catalog.keep(_WEB, ImageEntry(Listing(("2",)), NOW))
    _change(store, "UPDATE listings SET content = :content", content=content)
    assert store.catalog.entry(_WEB) == ImageEntry(Listing(("1",)), NOW)


def test_a_doubtful_list_that_cannot_be_read_is_none(store: SqlStore) -> None:
    doubtful = Listing(("1",))
    store.catalog.keep(_WEB, ImageEntry(_LONG, NOW, doubtful, NOW))
    mark = Packed.of(doubtful).mark
    _change(store, "UPDATE listings SET content = :content WHERE mark = :mark", content=b"?", mark=mark)
    assert store.catalog.entry(_WEB) == ImageEntry(_LONG, NOW, None, NOW)


def test_what_is_damaged_is_malformed() -> None:
    with pytest.raises(Malformed, match="a stored Listing cannot be read"):
        unpack(Packed.of(_LONG).content()[:-5])


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"details": 7}'], ids=repr)
def test_contents_that_cannot_be_read_are_read_anew(store: SqlStore, text: str) -> None:
    contents: dict[str, TagDetails | Unusable] = {_ONE: TagDetails(_ONE), "sha256:2": Unusable("a chart")}
    store.catalog.keep_contents(_WEB, [], contents)
    _change(store, "UPDATE contents SET content = :text WHERE digest = :digest", text=text, digest=_ONE)
    assert store.catalog.contents(_WEB, list(contents), []) == {"sha256:2": Unusable("a chart")}
    store.catalog.keep_contents(_WEB, [], {_ONE: TagDetails(_ONE)})
    assert store.catalog.contents(_WEB, list(contents), []) == contents


def test_labels_of_any_text_are_kept(store: SqlStore) -> None:
    details = TagDetails(_ONE, NOW, labels={"title": "\0 é 'x' \x1b"})
    store.catalog.keep_contents(_WEB, [], {_ONE: details})
    assert store.catalog.contents(_WEB, [_ONE], []) == {_ONE: details}


# What a look costs


def test_a_confirmed_list_costs_few_statements(store: SqlStore) -> None:
    store.catalog.keep(_WEB, _ENTRY)
    store.catalog.entry(_WEB)
    statements = _statements(store)
    store.catalog.claim(_WEB, now=NOW, ttl=MINUTE)
    entry = store.catalog.entry(_WEB)
    assert entry is not None
    store.catalog.keep(_WEB, replace(entry, listed_at=NOW + MINUTE))
    assert len(statements) == 1 + 2 + 4


def test_many_pointers_cost_few_statements(store: SqlStore) -> None:
    statements = _statements(store)
    pointers = {f"1.0.{number}": Pointer(f"sha256:{number:064}", NOW) for number in range(2000)}
    store.catalog.point(_WEB, pointers)
    store.catalog.pointers(_WEB, list(pointers))
    assert len(statements) == 3 + 4 + 4


def _rows_written(store: SqlStore) -> list[str]:
    """The tables of lists into which rows are inserted from now on."""
    written: list[str] = []

    def note(_1: object, _2: object, statement: str, *_3: object) -> None:
        if statement.startswith("INSERT INTO listings"):
            written.append("listings")

    event.listen(store._database.engine, "before_cursor_execute", note)
    return written


def _statements(store: SqlStore) -> list[str]:
    """The statements that are executed from now on, but for BEGIN."""
    seen: list[str] = []

    def note(_1: object, _2: object, statement: str, *_3: object) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    event.listen(store._database.engine, "before_cursor_execute", note)
    return seen


def _change(store: SqlStore, statement: str, **values: object) -> None:
    with store._database.writing() as connection:
        assert connection.execute(text(statement), values).rowcount == 1


def _scalar(store: SqlStore, statement: str) -> int:
    with store._database.reading() as connection:
        return int(connection.scalar(text(statement)) or 0)
