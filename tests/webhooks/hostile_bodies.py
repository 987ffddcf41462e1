"""Bodies of deliveries that somebody made to keep their reader busy."""

from __future__ import annotations

HOSTILE = {
    "open brackets": b"[" * 2**20,
    "objects in objects": b'{"a":' * 2**17,
    "pairs of brackets": b"[" + b"[]," * 2**18 + b"[]]",
    "quotes": b'"' * 2**20,
    "escaped quotes": b'"' + b'\\"' * 2**19,
    "backslashes": b"\\" * 2**20,
    "digits": b'{"a":' + b"9" * 2**20,
    "keys": b"{" + b",".join(b'"%d":0' % number for number in range(80_000)) + b"}",
    "one key": b'{"a":0' + b',"a":0' * 2**17 + b"}",
    "blanks": b" " * 2**20,
    "slashes": b"/" * 2**20,
}
