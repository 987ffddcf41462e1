"""Bodies: what is JSON enough, what is not and why."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.webhooks.body import decode, form_field
from bot.webhooks.reader import Unreadable
from tests.webhooks.hostile_bodies import HOSTILE

REFUSED = {
    "empty": (b"", "body is empty"),
    "blank": (b" \n", "body is empty"),
    "words": (b"invalid json", "not JSON"),
    "cut in a text": (b'{"a": "b', "not JSON (cut short)"),
    "cut after a colon": (b'{"a":', "not JSON (cut short)"),
    "single quotes": (b"{'a': 1}", "not JSON (single quotes)"),
    "line comment": (b"{ // a\n}", "not JSON (comments)"),
    "block comment": (b'{"a": /* b */ 1}', "not JSON (comments)"),
    "byte order mark": (b"\xef\xbb\xbf{}", "not JSON (byte order mark)"),
    "trailing comma": (b'{"a": 1,}', "not JSON"),
    "two values": (b"{} {}", "not JSON"),
    "control character in a text": (b'{"a": "\n"}', "not JSON"),
    "NaN": (b'{"a": NaN}', "not JSON (NaN)"),
    "Infinity": (b'{"a": -Infinity}', "not JSON (-Infinity)"),
    "float out of range": (b'{"a": 1e999}', "number too large"),
    "integer of 5000 digits": (b'{"a": ' + b"9" * 5000 + b"}", "number too long"),
    "float of 5000 digits": (b'{"a": 0.' + b"1" * 5000 + b"}", "number too long"),
    "invalid UTF-8": (b'{"a": "\xff"}', "body is not UTF-8"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "body is not UTF-8"),
    "null": (b"null", "body is not an object"),
    "list": (b"[]", "body is not an object"),
    "text": (b'"a"', "body is not an object"),
    "number": (b"1", "body is not an object"),
    "key twice": (b'{"tag": 1, "tag": 2}', "duplicate key: tag"),
    "key twice by an escape": (b'{"tag": 1, "\\u0074ag": 2}', "duplicate key: tag"),
    "key twice, inside": (b'{"a": [{"b": 1, "c": 1, "b": 1}]}', "duplicate key: b"),
    "strange key twice": (b'{"\\ud800\\n": 1, "\\ud800\\n": 2}', "duplicate key: \\ud800\\n"),
    "nested too deeply": (b'{"a":' + b"[" * 64 + b"]" * 64 + b"}", "nested too deeply"),
    "nested too deeply after a text": (b'{"\\"\\\\":"[[","a":' + b"[" * 64, "nested too deeply"),
}


@pytest.mark.parametrize(("body", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_body_that_is_not_strict_json_is_refused_with_a_reason(body: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        decode(body)
    assert (caught.value.reason, caught.value.status) == (reason, 400)


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_body_is_refused(body: bytes) -> None:
    with pytest.raises(Unreadable):
        decode(body)


def test_nesting_is_counted_outside_of_texts_only() -> None:
    body = b'{"a":"' + b'\\"[{' * 200 + b'","b":' + b"[" * 63 + b"]" * 63 + b"}"
    assert decode(body)["a"] == '"[{' * 200


def test_numbers_may_be_written_with_an_exponent() -> None:
    assert decode(b'{"pushed_at": 1.417566161e+09}') == {"pushed_at": 1417566161.0}


def test_as_many_keys_as_a_large_body_has_are_taken() -> None:
    assert len(decode(b"{" + b",".join(b'"%d":0' % number for number in range(25_000)) + b"}")) == 25_000


SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text()
JSON = st.recursive(
    SCALARS | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None)
@given(st.dictionaries(st.text(), JSON, max_size=5), st.booleans(), st.sampled_from([None, 2]))
def test_any_object_is_decoded_as_it_was_written(value: object, ascii_only: bool, indent: int | None) -> None:
    assert decode(json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode()) == value


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_an_object_or_refused(body: bytes) -> None:
    try:
        reason = "" if isinstance(decode(body), dict) else "\x00"
    except Unreadable as error:
        reason = error.reason
    assert reason.isprintable()


FORMS = {
    "missing": (b"other=1", "missing payload"),
    "nothing": (b"", "missing payload"),
    "twice": (b"payload=%7B%7D&payload=%7B%7D", "payload given twice"),
    "too many fields": (b"a=1&" * 40, "too many form fields"),
    "invalid UTF-8": (b"payload=\xff", "body is not UTF-8"),
    "invalid UTF-8 by an escape": (b"payload=%ff", "body is not UTF-8"),
}


@pytest.mark.parametrize(("body", "reason"), FORMS.values(), ids=FORMS)
def test_a_form_without_exactly_one_such_field_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        form_field(body, "payload")
    assert caught.value.reason == reason


def test_a_form_field_is_unescaped() -> None:
    assert form_field(b"a=1&payload=%7B%22a%22%3A+%22%C3%BC%22%7D", "payload") == '{"a": "ü"}'.encode()
