"""Logins to ECR come from AWS by its own library, for every way in which a machine has an identity."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.registries.credentials import Login
from bot.adapters.registries.logins.cloud import ecr_credentials
from bot.adapters.registries.logins.ecr import EcrTokens
from bot.domain.errors import Denied, Limited, Malformed, TagboatError, Unreachable
from bot.domain.image import ImageName
from tests.adapters.registries.hostile import Call, Reply, Shelf, reading
from tests.adapters.registries.logins.aws import ROLE, Aws, aws
from tests.kit.images import build_image

_HOST = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
_REGION = "eu-central-1"


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Aws]:
    with aws(monkeypatch, tmp_path) as found:
        yield found


def test_the_keys_of_the_environment_give_a_login_for_half_a_day(cloud: Aws) -> None:
    issued = EcrTokens(_HOST, region=_REGION)()
    assert issued.value == Login("AWS", "password-1")
    assert 43_000 < issued.life <= 43_200
    assert cloud.asked == [("ecr", _REGION, "AKIDMACHINE")]


def test_the_public_registry_is_asked_by_its_own_service(cloud: Aws) -> None:
    issued = EcrTokens("public.ecr.aws", region="us-east-1", is_public=True)()
    assert issued.value == Login("AWS", "password-1")
    assert cloud.asked == [("ecr-public", "us-east-1", "AKIDMACHINE")]


def test_no_line_that_the_library_logs_holds_a_secret(cloud: Aws, caplog: pytest.LogCaptureFixture) -> None:
    """Libraries are logged from INFO on, whatever Tagboat's own level is."""
    caplog.set_level(logging.INFO)
    assert EcrTokens(_HOST, region=_REGION, role=ROLE)().value.secret == "password-2"
    secrets = ("machine-secret", "session-of-", "password-2", base64.b64encode(b"AWS:password-2").decode())
    assert not [each for each in secrets if each in caplog.text]


def test_a_role_is_assumed_first(cloud: Aws) -> None:
    issued = EcrTokens(_HOST, region=_REGION, role=ROLE)()
    assert issued.value == Login("AWS", "password-2")
    assert cloud.asked == [("sts", _REGION, "AKIDMACHINE"), ("ecr", _REGION, "ASIAASSUMEROLE")]


def test_a_pods_service_account_is_an_identity(
    cloud: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """IRSA: https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts.html."""
    (tmp_path / "token").write_text("the-token-of-the-pod")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    assert EcrTokens(_HOST, region=_REGION)().value == Login("AWS", "password-1")
    assert cloud.asked == [("ecr", _REGION, "ASIAASSUMEROLEWITHWEBIDENTITY")]


def test_a_profile_of_the_configuration_is_an_identity(cloud: Aws, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile prod]\nregion = us-west-2\n")
    (tmp_path / "credentials").write_text(
        "[prod]\naws_access_key_id = AKIDPROD\naws_secret_access_key = prod-secret\n"
    )
    cloud.keys["AKIDPROD"] = "prod-secret"
    assert EcrTokens(_HOST, region=_REGION, profile="prod")().value.username == "AWS"
    assert cloud.asked == [("ecr", _REGION, "AKIDPROD")], "the registry's region counts"


def test_no_identity_at_all_is_denied_with_the_ways_to_have_one(
    cloud: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(Denied, match=r"find no identity.*IRSA"):
        EcrTokens(_HOST, region=_REGION)()
    assert cloud.server.calls == []


def test_a_profile_that_is_not_there_is_denied_by_name(cloud: Aws) -> None:
    with pytest.raises(Denied, match="there is no profile staging"):
        EcrTokens(_HOST, region=_REGION, profile="staging")()


def test_a_role_that_may_not_be_assumed_is_denied_by_name(cloud: Aws) -> None:
    role = "arn:aws:iam::123456789012:role/other"
    with pytest.raises(Denied, match=rf"AssumeRole ended in AccessDenied.*{role}"):
        EcrTokens(_HOST, region=_REGION, role=role)()


def test_a_wrong_secret_is_denied_and_not_shown(cloud: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2-canary")
    with pytest.raises(Denied, match="UnrecognizedClientException") as caught:
        EcrTokens(_HOST, region=_REGION)()
    assert "hunter2-canary" not in f"{caught.value!r} {caught.value}"


@pytest.mark.parametrize(
    ("refusal", "error", "words"),
    [
        pytest.param((400, "AccessDeniedException"), Denied, "allow ecr:GetAuthorizationToken", id="rights"),
        pytest.param((400, "ThrottlingException"), Limited, "ThrottlingException", id="throttled"),
        pytest.param((500, "ServerException"), Unreachable, "ServerException", id="out of order"),
        pytest.param((400, "<b>x</b>"), Denied, "ended in an error", id="no code"),
    ],
)
def test_a_refusal_names_its_code_and_is_not_chained(
    refusal: tuple[int, str], error: type[TagboatError], words: str, cloud: Aws
) -> None:
    """AWS's own text is left out: for a wrong signature it repeats the request, session token and all."""
    cloud.refusal = refusal
    with pytest.raises(error, match=words) as caught:
        EcrTokens(_HOST, region=_REGION)()
    assert caught.value.__cause__ is None
    assert "your request" not in str(caught.value)


def test_nobody_there_is_transient(cloud: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_ECR", "http://127.0.0.1:1")
    with pytest.raises(Unreachable, match="EndpointConnectionError"):
        EcrTokens(_HOST, region=_REGION)()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param([], id="no login"),
        pytest.param(None, id="nothing"),
        pytest.param([{"expiresAt": 9e9}], id="no token"),
        pytest.param([{"authorizationToken": "?", "expiresAt": 9e9}], id="no base64"),
        pytest.param([{"authorizationToken": "QVdT", "expiresAt": 9e9}], id="no password"),
        pytest.param([{"authorizationToken": "QVdTOnA="}], id="no end"),
    ],
)
def test_an_answer_that_holds_no_login_is_malformed(data: object, cloud: Aws) -> None:
    cloud.body = json.dumps({"authorizationData": data}).encode()
    with pytest.raises(Malformed):
        EcrTokens(_HOST, region=_REGION)()


def test_an_answer_that_is_no_json_is_malformed_and_not_quoted(cloud: Aws) -> None:
    cloud.body = b"<html>hunter2-canary</html>"
    with pytest.raises(Malformed, match="no login") as caught:
        EcrTokens(_HOST, region=_REGION)()
    assert caught.value.__cause__ is None


def test_a_login_that_is_over_blames_the_clock(cloud: Aws) -> None:
    cloud.life = timedelta(hours=-1)
    with pytest.raises(Malformed, match="clock"):
        EcrTokens(_HOST, region=_REGION)()


def test_the_registry_takes_the_login_that_aws_gave(cloud: Aws) -> None:
    """ECR answers with a basic challenge; its `service` stands beside the realm."""
    shelf = Shelf()
    digest = shelf.put("1.0.0", build_image())

    def registry(call: Call) -> Reply:
        expected = base64.b64encode(f"AWS:password-{len(cloud.asked)}".encode()).decode()
        if call.authorization == f"Basic {expected}":
            return shelf(call)
        challenge = f'Basic realm="https://{_HOST}/",service="ecr.amazonaws.com"'
        return Reply(401, b"Not Authorized\n", {"WWW-Authenticate": challenge})

    credentials = ecr_credentials(_HOST, region=_REGION)
    with reading(registry, credentials=credentials) as (reader, _):
        image = ImageName(_HOST, "acme/web")
        assert reader.digest(image, "1.0.0") == digest
        assert reader.listing(image).tags == ("1.0.0",)
    assert len(cloud.asked) == 1


def test_a_login_that_the_registry_refuses_says_which_rights_are_missing(cloud: Aws) -> None:
    challenge = {"WWW-Authenticate": 'Basic realm="x"'}
    credentials = ecr_credentials(_HOST, region=_REGION)
    with (
        reading(lambda _: Reply(401, b"", challenge), credentials=credentials) as (reader, _),
        pytest.raises(Denied, match=r"the login that AWS gave in eu-central-1.*ecr:BatchGetImage") as caught,
    ):
        reader.digest(ImageName(_HOST, "acme/web"), "1.0.0")
    assert "password-1" not in f"{caught.value!r} {credentials!r}"
