"""Amazon ECR: a password for half a day, given by AWS to whoever its own libraries find to be asking.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html, and for the public
registry https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_GetAuthorizationToken.html.
Needs the extra `aws`.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import boto3
from botocore import exceptions as faults
from botocore.config import Config
from botocore.parsers import ResponseParserError

from bot.adapters.registries.credentials import Login
from bot.adapters.registries.logins.kept import Issued
from bot.domain.errors import Denied, Limited, Malformed, TagboatError, Unreachable

_CONFIG: Mapping[str, Any] = {
    "connect_timeout": 5,
    "read_timeout": 15,
    "retries": {"total_max_attempts": 2, "mode": "standard"},
    "user_agent_extra": "tagboat",
}
_SESSION_NAME = "tagboat"
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9.]{0,79}")
_THROTTLED = frozenset(
    {"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded"}
)

_PASSING = (faults.ConnectionError, faults.HTTPClientError, faults.MetadataRetrievalError)


class EcrTokens:
    """Asks AWS for a login to one ECR registry each time that it is called.

    `role` is the ARN of a role that is assumed first. Where AWS answers may be set by its own variables, such
    as `AWS_ENDPOINT_URL_ECR`.
    """

    def __init__(
        self,
        host: str,
        *,
        region: str,
        is_public: bool = False,
        profile: str = "",
        role: str = "",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._host = host
        self._region = region
        self._is_public = is_public
        self._profile = profile
        self._role = role
        self._now = now

    def __call__(self) -> Issued[Login]:
        """A login and how long it lasts.

        Raises:
            Denied: AWS knows no identity here, or it may not log in.
            Limited, Unreachable: AWS does not answer now.
            Malformed: the answer holds no login.
        """
        try:
            # Built anew for each login, twice a day: what the identity is read from may have changed.
            answer = self._client().get_authorization_token()
        except faults.ClientError as error:
            # Not chained: where a signature is wrong, AWS repeats the request with its session token.
            raise self._refusal(error) from None
        except faults.BotoCoreError as error:
            raise self._fault(error) from error
        except ResponseParserError:
            # Not chained: the error quotes the answer.
            raise Malformed(f"AWS answers with something that is no login for {self._host}") from None
        return self._issued(answer)

    def _client(self) -> Any:
        session = boto3.session.Session(profile_name=self._profile or None, region_name=self._region)
        if self._role:
            assumed = session.client("sts", config=Config(**_CONFIG)).assume_role(
                RoleArn=self._role, RoleSessionName=_SESSION_NAME
            )["Credentials"]
            session = boto3.session.Session(
                aws_access_key_id=assumed["AccessKeyId"],
                aws_secret_access_key=assumed["SecretAccessKey"],
                aws_session_token=assumed["SessionToken"],
                region_name=self._region,
            )
        config = Config(**_CONFIG, use_fips_endpoint=True) if "ecr-fips." in self._host else Config(**_CONFIG)
        return session.client("ecr-public" if self._is_public else "ecr", config=config)

    def _issued(self, answer: Mapping[str, Any]) -> Issued[Login]:
        data: Any = answer.get("authorizationData")
        try:
            # The public registry gives one login, the others a list of one.
            entry = data if self._is_public else data[0]
            username, _, password = base64.b64decode(entry["authorizationToken"]).decode().partition(":")
            life = (entry["expiresAt"] - self._now()).total_seconds()
        except (KeyError, IndexError, TypeError, ValueError):
            # Not chained: the error could quote the password.
            raise Malformed(f"AWS answers with something that is no login for {self._host}") from None
        if not password or life <= 0:
            raise Malformed(
                f"AWS gives a login for {self._host} that is over or empty", fix="check this machine's clock"
            )
        return Issued(Login(username, password), life)

    def _refusal(self, error: faults.ClientError) -> TagboatError:
        what = f"AWS gives no login for {self._host}"
        code = str(error.response.get("Error", {}).get("Code", ""))
        code = code if _CODE.fullmatch(code) else "an error"
        why = f"{error.operation_name} ended in {code}"
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in _THROTTLED or status == HTTPStatus.TOO_MANY_REQUESTS:
            return Limited(what, why=why)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return Unreachable(what, why=why)
        if error.operation_name == "AssumeRole":
            return Denied(what, why=why, fix=f"let the role {self._role} trust the identity of this machine")
        service = "ecr-public" if self._is_public else "ecr"
        return Denied(what, why=why, fix=f"allow {service}:GetAuthorizationToken to the identity in use")

    def _fault(self, error: faults.BotoCoreError) -> TagboatError:
        what, kind = f"AWS gives no login for {self._host}", type(error).__name__
        if isinstance(error, _PASSING):
            return Unreachable(what, why=f"{kind} in {self._region}")
        if isinstance(error, faults.ProfileNotFound):
            return Denied(
                what, why=f"there is no profile {self._profile}", fix="correct profile of its login"
            )
        return Denied(
            what,
            why=f"its own libraries find no identity ({kind})",
            fix="give this machine a role (IRSA, Pod Identity, instance profile), or set AWS_ACCESS_KEY_ID",
        )
