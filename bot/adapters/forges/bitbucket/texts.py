"""How texts are written to Bitbucket and read back.

It shows HTML comments to people. A line such as `[//]: # (text)` is hidden by its Markdown (a link that
nothing refers to), so that Tagboat's marks are written that way there, and read back as everywhere else.
"""

from __future__ import annotations

import re

from bot.adapters.forges.fitting import framed, headed

_MARK = re.compile(r"^<!-- (tagboat [^()\n]{1,3000}?) -->$", re.MULTILINE)
_HIDDEN = re.compile(r"^\[//\]: # \((tagboat [^()\n]{1,3000})\)$", re.MULTILINE)
_LONGEST_TITLE = 255
_LONGEST_BODY = 32_000


def hidden(text: str) -> str:
    """The text as Bitbucket is given it."""
    return _MARK.sub(r"[//]: # (\1)", text)


def shown(text: str) -> str:
    """The text as Tagboat wrote it."""
    return _HIDDEN.sub(r"<!-- \1 -->", text.replace("\r\n", "\n"))


def fitting_title(title: str) -> str:
    """The title, cut where the host would refuse it."""
    return headed(title, _LONGEST_TITLE)


def fitting_body(body: str) -> str:
    """The body, cut in its middle where it is too long."""
    return framed(body, _LONGEST_BODY, host="Bitbucket")
