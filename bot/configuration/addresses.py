"""Checks of addresses and files that sections of every kind share."""

from __future__ import annotations

import os
from pathlib import Path

from bot.configuration.report import Report
from bot.configuration.trail import Trail
from bot.configuration.urls import is_private


class Addresses:
    """Reports addresses that others could listen to, and files that are not there.

    Relative files are relative to `base`.
    """

    def __init__(self, base: Path, report: Report) -> None:
        self._base = base
        self._report = report

    def check_url(self, trail: Trail, url: str, fix: str = "write https://") -> None:
        """Report a URL that a login or an answer should not travel to in the clear."""
        if not is_private(url):
            self._report.add(trail, "the URL is plain http, which others can read and change", fix)

    def check_private(self, trail: Trail, url: str, *, plain_http: bool) -> None:
        """The same, where `plain_http` allows it."""
        if not plain_http:
            self.check_url(trail, url, "write https://, or plain_http: true where the network is trusted")

    def file(self, trail: Trail, name: str | None) -> Path | None:
        """The path of a file, which is reported when it is not there."""
        if name is None:
            return None
        path = self._base / name
        if not os.path.isfile(path):
            self._report.add_value(trail, f"there is no file {str(path)[:200]!r}", "correct the path")
        return path
