"""Files that SOPS has sealed: one MAC covers their values, so that an edit without the key breaks them.

The MAC covers every value, encrypted or not, unless the metadata says `mac_only_encrypted: true`; then what
stands there in the clear may change (https://getsops.io/docs/, `--mac-only-encrypted`). The metadata is the
key `sops` in YAML and JSON, which wraps binary files too, `sops_…` in dotenv files and `[sops]` in INI files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.domain.edit.stream import Kind, Stream
from bot.domain.edit.text import Text
from bot.domain.edit.tree import Leaf, Table, Tree
from bot.domain.errors import Refused

_MAC, _PARTIAL = "mac", "mac_only_encrypted"
# In text of any form a MAC is known by how SOPS writes it: a key and an encrypted value.
_MAC_TEXT = re.compile(r"""(?<![\w.-])["']?(?:sops_)?mac["']?\s*[:=]\s*["']?ENC\[AES256_GCM,""")
_PARTIAL_TEXT = re.compile(
    r"""(?<![\w.-])["']?(?:sops_)?mac_only_encrypted["']?\s*[:=]\s*["']?true\b""", re.IGNORECASE
)


def refuse_sealed_stream(stream: Stream) -> None:
    """Raise Refused when a document of a YAML file is sealed as a whole."""
    for root in stream.documents():
        sections = stream.entries(root) if stream.nodes[root].kind is Kind.MAPPING else ()
        for key, value in sections:
            if stream.key_text(key) == "sops" and stream.nodes[value].kind is Kind.MAPPING:
                entries = stream.entries(value)
                _refuse({stream.key_text(each) or "": stream.key_text(at) or "" for each, at in entries})


def refuse_sealed_tree(tree: Tree) -> None:
    """Raise Refused when a JSON or TOML file is sealed as a whole."""
    metadata = tree.root.entries.get("sops") if isinstance(tree.root, Table) else None
    if isinstance(metadata, Table):
        entries = metadata.entries.items()
        _refuse({key: leaf.text if isinstance(leaf, Leaf) else "" for key, leaf in entries})


def refuse_sealed_text(text: Text) -> None:
    """Raise Refused when any other file, such as dotenv or INI, is sealed as a whole."""
    partial = "true" if _PARTIAL_TEXT.search(text.text) else ""
    _refuse({_PARTIAL: partial} | ({_MAC: ""} if _MAC_TEXT.search(text.text) else {}))


def _refuse(metadata: Mapping[str, str]) -> None:
    if _MAC not in metadata or metadata.get(_PARTIAL, "").lower() == "true":
        return
    raise Refused(
        "the file is not touched",
        why="SOPS has sealed it, and a change without the key would break the seal",
        fix="keep image tags in a file that is not encrypted, or seal it with `--mac-only-encrypted`",
    )
