"""Google Artifact Registry and gcr.io: an access token for an hour, as the password of `oauth2accesstoken`.

https://cloud.google.com/artifact-registry/docs/docker/authentication#token. Needs the extra `google`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import google.auth
from google.auth import exceptions as faults
from google.auth.credentials import Credentials as GoogleCredentials
from google.auth.transport.requests import Request
from google.oauth2 import service_account

from bot.adapters.registries.credentials import Login
from bot.adapters.registries.logins.kept import Issued
from bot.domain.errors import Denied, Malformed, TagboatError, Unreachable

_USER = "oauth2accesstoken"
# Reading only. Artifact Registry asks for the first, gcr.io on Cloud Storage for the second.
_SCOPES = (
    "https://www.googleapis.com/auth/cloud-platform.read-only",
    "https://www.googleapis.com/auth/devstorage.read_only",
)
_SECONDS = 15
# What a token without an end is taken for: Google's own are good for an hour.
_SHORT_LIFE = 300.0


class _PromptRequest(Request):
    """Google's transport, which by itself waits for two minutes."""

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **more: Any,
    ) -> Any:
        """One exchange within `_SECONDS`."""
        seconds = min(timeout or _SECONDS, _SECONDS)
        return super().__call__(url, method, body, headers, seconds, **more)  # type: ignore[no-untyped-call]


class GarTokens:
    """Asks Google for a login each time that it is called.

    Without `key_file` by application default credentials: `GOOGLE_APPLICATION_CREDENTIALS` (workload identity
    federation too), what gcloud left behind, or the metadata server of Google's machines.
    """

    def __init__(
        self,
        host: str,
        *,
        key_file: Path | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._host = host
        self._key_file = key_file
        self._now = now

    def __call__(self) -> Issued[Login]:
        """A login and how long it lasts.

        Raises:
            Denied: there are no credentials, or Google does not take them.
            Malformed: the key file cannot be used.
            Unreachable: Google does not answer now.
        """
        request = _PromptRequest()
        try:
            credentials = self._credentials(request)
            credentials.refresh(request)
        except faults.GoogleAuthError as error:
            raise self._error(error) from error
        except (TypeError, ValueError, KeyError, AttributeError):
            # What the library stumbles over in an answer of another shape, which it may quote: not chained.
            raise self._no_login() from None
        if not credentials.token:
            raise self._no_login()
        expiry = credentials.expiry
        life = (expiry.replace(tzinfo=UTC) - self._now()).total_seconds() if expiry else _SHORT_LIFE
        return Issued(Login(_USER, credentials.token), max(life, 1.0))

    def _credentials(self, request: Request) -> GoogleCredentials:
        if self._key_file is None:
            found, _ = google.auth.default(scopes=_SCOPES, request=request)
            return found
        path = str(self._key_file)
        try:
            key: GoogleCredentials = service_account.Credentials.from_service_account_file(
                path, scopes=_SCOPES
            )
        except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
            # A file of another shape ends in whatever the library stumbles over.
            why = error.strerror if isinstance(error, OSError) else "it is no JSON key of a service account"
            # Not chained: the error could quote the key.
            raise Malformed(
                f"the key file {self._key_file} cannot be used",
                why=why or "it cannot be read",
                fix="name the JSON file that `gcloud iam service-accounts keys create` wrote",
            ) from None
        return key

    def _no_login(self) -> Malformed:
        return Malformed(f"Google answers with something that is no login for {self._host}")

    def _error(self, error: faults.GoogleAuthError) -> TagboatError:
        what = f"Google gives no login for {self._host}"
        # The metadata server's silence comes wrapped.
        is_silent = isinstance(error, faults.TransportError) or isinstance(
            error.__cause__, faults.TransportError
        )
        if is_silent or error.retryable:
            return Unreachable(what, why="its token or metadata server gives no answer")
        if isinstance(error, faults.DefaultCredentialsError):
            return Denied(
                what,
                why="there are no application default credentials",
                fix="run with a service account, set GOOGLE_APPLICATION_CREDENTIALS, or give key_file",
            )
        return Denied(
            what,
            why=f"the credentials are not accepted ({type(error).__name__})",
            fix="check that the service account and its key are still there, and this machine's clock",
        )
