"""The two ways to fail, and their tree.

    TagboatError
    ├── Transient            try again later; nobody needs to act
    │   ├── Unreachable      the other side did not answer, or answered with a fault of its own
    │   ├── Limited          the other side asked us to slow down; `retry_after` says how long
    │   └── Conflict         a compare-and-swap was lost; read again and redo
    └── Permanent            a human must act; the message says how
        ├── Denied           a credential is missing, wrong or too weak
        ├── NotFound         a thing that the configuration names is not there
        ├── Refused          the other side, or a rule of ours, says no to this very request
        └── Malformed        an answer or a file cannot be understood
            └── Damaged      an answer is not what its digest says

Every error carries what happened, why, and the next step, so that one sentence can be shown wherever a
user looks. Vendor exceptions are chained as causes and never escape an adapter.
"""

from __future__ import annotations

from datetime import timedelta


class TagboatError(Exception):
    """A stop with a sentence: what happened, why, and what to do next."""

    def __init__(self, what: str, *, why: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.fix = fix

    def __str__(self) -> str:
        """One sentence: `what: why (fix)`."""
        return sentence(self.what, self.why, self.fix)


class Transient(TagboatError):
    """Worth trying again; `retry_after` is the least time to wait, where the other side named one."""

    def __init__(
        self, what: str, *, why: str = "", fix: str = "", retry_after: timedelta | None = None
    ) -> None:
        super().__init__(what, why=why, fix=fix)
        self.retry_after = retry_after


class Unreachable(Transient):
    """The other side did not answer, or answered with a fault of its own (5xx)."""


class Limited(Transient):
    """The other side asked us to slow down."""


class Conflict(Transient):
    """Somebody moved what we wanted to move: read again and redo."""


class Permanent(TagboatError):
    """Trying again changes nothing: a human must act."""


class Denied(Permanent):
    """A credential is missing, wrong or too weak."""


class NotFound(Permanent):
    """A thing that the configuration names is not there."""


class Refused(Permanent):
    """The other side, or a rule of ours, says no to this very request."""


class Malformed(Permanent):
    """An answer or a file cannot be understood."""


class Damaged(Malformed):
    """An answer is not what its digest says: broken on its way or where it is kept; the next may be whole."""


def sentence(what: str, why: str = "", fix: str = "") -> str:
    """Join what, why and fix to one readable line."""
    text = f"{what}: {why}" if why else what
    return f"{text} ({fix})" if fix else text
