"""What stands outside the file: `${NAME}`, `${NAME:-default}` and `${file:/run/secrets/name}` in values.

It is put in after the YAML was parsed, so nothing that it brings can become structure, and it is never
looked at for more of the same. As in a shell, the default counts where the variable is empty too. `$${`
stands for `${` itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

LARGEST_FILE = 64 * 1024
"""The most bytes that a file named by `${file:…}` may have."""

_LONGEST_PATH = 4096
_FORMS = "write ${NAME}, ${NAME:-default} or ${file:/run/secrets/name}, and $${ where ${ itself is meant"
_MARK = re.compile(r"\$\$\{|\$\{([^}]*)\}|\$\{")
_VARIABLE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)


class Unresolved(Exception):
    """A place could not be filled; `what` and `fix` name the variable or file, never a value."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix


def is_substituted(text: str) -> bool:
    """Tell whether a written value takes anything from outside the file."""
    return any(not found[0].startswith("$$") for found in _MARK.finditer(text))


def substitute(text: str, *, environ: Mapping[str, str], base: Path) -> str:
    """Fill every place in a written value; relative files are relative to `base`.

    Raises:
        Unresolved: a variable is not set, a file cannot be read, or a place has no form that is understood.
    """
    return _MARK.sub(lambda found: _filled(found, environ, base), text)


def _filled(found: re.Match[str], environ: Mapping[str, str], base: Path) -> str:
    if found[0] == "$${":
        return "${"
    inner = found[1] or ""
    if inner.startswith("file:"):
        return _content(inner.removeprefix("file:"), base)
    variable = _VARIABLE.fullmatch(inner)
    if variable is None:
        raise Unresolved("a place that begins with ${ cannot be understood", _FORMS)
    name, default = variable.groups()
    value = environ.get(name, "")
    if value or default is not None:
        return value or default
    state = "empty" if name in environ else "not set"
    raise Unresolved(
        f"the environment variable {name} is {state}", f"set it, or give a default: ${{{name}:-default}}"
    )


def _content(name: str, base: Path) -> str:
    """The text of a file without its final line end, which editors and `echo` leave there."""
    shown = repr(name[:200])
    if not name or len(name) > _LONGEST_PATH:
        raise Unresolved("${file:} names no file", "write ${file:/run/secrets/name}")
    path = base / name
    try:
        # A pipe or a device would block, or never end.
        if not path.is_file():
            raise Unresolved(f"there is no file {shown}", "create it, or correct the path after file:")
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise Unresolved(f"the file {shown} cannot be read: {why}", "let Tagboat's user read it") from error
    if len(content) > LARGEST_FILE:
        raise Unresolved(f"the file {shown} is larger than {LARGEST_FILE} bytes", "name a smaller file")
    try:
        return content.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        # `from None`: the cause holds the content.
        raise Unresolved(f"the file {shown} is not UTF-8 text", "save it as UTF-8") from None
