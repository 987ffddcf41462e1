"""Platforms, as registries name them: `os/arch[/variant]` in Go's words (`linux/arm64`, `linux/arm/v7`)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.domain.errors import sentence

_PLATFORM = re.compile(r"[a-z0-9]+/([a-z0-9_]+)(?:/[a-z0-9.]+)?")
_GO_NAMES = {"x86_64": "amd64", "aarch64": "arm64", "x86": "386", "i386": "386", "armhf": "arm/v7"}


def check_platform(text: str) -> None:
    """Raise ValueError, with the fix, when the text is no platform that a registry could name."""
    found = _PLATFORM.fullmatch(text)
    if not found:
        raise ValueError(
            sentence(f"{text!r} is not a platform", fix="write os/arch, for example linux/amd64")
        )
    if found[1] in _GO_NAMES:
        right = text.replace(found[1], _GO_NAMES[found[1]])
        raise ValueError(
            sentence(f"{text!r} is not a platform", "registries use Go's names", f"write {right}")
        )


def missing_platforms(wanted: Sequence[str], *, offered: Sequence[str]) -> tuple[str, ...]:
    """Which of the wanted platforms an image does not offer.

    `os/arch` is satisfied by any variant (`linux/arm64` by `linux/arm64/v8`); a wanted variant only by itself
    (argocd-image-updater's `WantsPlatform`).
    """
    satisfied = {*offered, *("/".join(platform.split("/")[:2]) for platform in offered)}
    return tuple(platform for platform in wanted if platform not in satisfied)
