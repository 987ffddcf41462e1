"""What the registries of the clouds may leave out, write otherwise, or claim."""

from __future__ import annotations

from typing import Any

from bot.domain.image import ImageName
from tests.webhooks.registries import BAD_NAME, BAD_TAG, DIGEST, FOREIGN, Case, cases

ACR = {
    "tag is null": Case("acr_push", {"target.tag": None}, "ignored: untagged"),
    "tag is left out": Case("acr_push", {"target.tag": ...}, "ignored: untagged"),
    "tag is a digest": Case("acr_push", {"target.tag": DIGEST}, BAD_TAG),
    "a blob": Case("acr_push", {"target.mediaType": "application/octet-stream"}, "ignored: not a manifest"),
    "no media type": Case("acr_push", {"target.mediaType": ...}, "acme.azurecr.io/shop/web:2.3.0"),
    "capitals in the host": Case(
        "acr_push", {"request.host": "ACME.azurecr.io"}, "acme.azurecr.io/shop/web:2.3.0"
    ),
    "another registry": Case("acr_push", {"request.host": "evil.azurecr.io"}, FOREIGN),
    "no host": Case("acr_push", {"request": {}}, "400 missing request.host"),
    "no host, and one configured": Case(
        "acr_push", {"request": {}}, "quay.io/shop/web:2.3.0", {"registry": "quay.io"}
    ),
    "no action": Case("acr_push", {"action": ...}, "400 missing action"),
    "target is null": Case("acr_push", {"target": None}, "400 target is not an object"),
}
SHANGHAI = "registry.cn-shanghai.aliyuncs.com"
VPC = "registry-vpc.cn-shanghai.aliyuncs.com"
ALIBABA = {
    "in a VPC": Case("alibaba_acr_push", {}, f"{VPC}/shop/web:2.3.0", {"registries": frozenset({VPC})}),
    "watched in a VPC": Case(
        "alibaba_acr_push",
        {},
        f"{VPC}/shop/web:2.3.0",
        {"registries": frozenset({VPC, SHANGHAI}), "images": frozenset({ImageName(VPC, "shop/web")})},
    ),
    "an Enterprise instance": Case(
        "alibaba_acr_push", {"repository.region": ...}, "quay.io/shop/web:2.3.0", {"registry": "quay.io"}
    ),
    "another region": Case("alibaba_acr_push", {"repository.region": "eu-central-1"}, FOREIGN),
    "a region with a host": Case(
        "alibaba_acr_push", {"repository.region": "x.evil.example.com/"}, "403 region is not a region"
    ),
    "no region": Case(
        "alibaba_acr_push",
        {"repository.region": ...},
        "400 missing region",
    ),
    "name and namespace only": Case(
        "alibaba_acr_push", {"repository.repo_full_name": ...}, f"{SHANGHAI}/shop/web:2.3.0"
    ),
    "no name": Case(
        "alibaba_acr_push", {"repository.repo_full_name": ..., "repository.name": ...}, "400 missing name"
    ),
    "a name that only looks like ASCII in lower case": Case(
        "alibaba_acr_push", {"repository.repo_full_name": "shop/\u212aelvin"}, BAD_NAME
    ),
    "no tag": Case("alibaba_acr_push", {"push_data.tag": ...}, "400 missing push_data.tag"),
    "an empty tag": Case("alibaba_acr_push", {"push_data.tag": ""}, BAD_TAG),
}
ACCOUNT = "210987654321.dkr.ecr.eu-west-1.amazonaws.com"
DUAL = "210987654321.dkr-ecr.eu-west-1.on.aws"


def _in_region(region: str, host: str) -> Case:
    name = f"210987654321.dkr.ecr.{region}.{host}"
    return Case("ecr_push", {"region": region}, f"{name}/shop/web:2.3.0", {"registries": frozenset({name})})


ECR = {
    "China": _in_region("cn-northwest-1", "amazonaws.com.cn"),
    "GovCloud": _in_region("us-gov-west-1", "amazonaws.com"),
    "the European sovereign cloud": _in_region("eusc-de-east-1", "amazonaws.eu"),
    "an isolated region": _in_region("us-iso-east-1", "c2s.ic.gov"),
    "another isolated region": _in_region("us-isob-east-1", "sc2s.sgov.gov"),
    "pulled by the dual-stack name": Case(
        "ecr_push", {}, f"{DUAL}/shop/web:2.3.0", {"registries": frozenset({DUAL})}
    ),
    "watched by the dual-stack name": Case(
        "ecr_push",
        {},
        f"{DUAL}/shop/web:2.3.0",
        {"registries": frozenset({DUAL, ACCOUNT}), "images": frozenset({ImageName(DUAL, "shop/web")})},
    ),
    "another account": Case("ecr_push", {"account": "999999999999"}, FOREIGN),
    "account is a host": Case("ecr_push", {"account": "evil.example.com/"}, "403 account is not an account"),
    "region is a host": Case(
        "ecr_push", {"region": "eu-west-1.evil.example.com"}, "403 region is not a region"
    ),
    "full-width digits": Case("ecr_push", {"account": "２10987654321"}, "403 account is not an account"),
    "of another service": Case("ecr_push", {"source": "acme.ecr"}, "ignored: not a push event"),
    "no tag": Case("ecr_push", {"detail.image-tag": ...}, "ignored: untagged"),
    "an empty tag": Case("ecr_push", {"detail.image-tag": ""}, "ignored: untagged"),
    "no result": Case("ecr_push", {"detail.result": ...}, "400 missing result"),
    "repository with a host": Case("ecr_push", {"detail.repository-name": "evil.example.com:5/x"}, BAD_NAME),
    "a topic that is no event": Case("ecr_topic", {"Message": "hello"}, "400 not JSON"),
    "a topic with a lone surrogate": Case("ecr_topic", {"Message": '{"\ud800"'}, "400 not JSON (cut short)"),
    "a message in a message": Case(
        "ecr_topic", {"Type": "UnsubscribeConfirmation"}, "ignored: message UnsubscribeConfirmation"
    ),
    "a token with a command": Case(
        "ecr_topic_to_confirm",
        {"Token": "x; rm -rf /"},
        "400 subscription confirmation without a topic and a token",
    ),
    "a topic with a command": Case(
        "ecr_topic_to_confirm",
        {"TopicArn": "arn:aws:sns:eu-west-1:210987654321:$(id)"},
        "400 subscription confirmation without a topic and a token",
    ),
    "a transformer that names repository and tag in the subject": Case(
        "ecr_input_transformer",
        {"data.repositoryName": ..., "data.imageTag": ...},
        f"{ACCOUNT}/shop/web:2.3.0",
    ),
    "a transformer without registryId": Case(
        "ecr_input_transformer", {"data.registryId": ...}, f"{ACCOUNT}/shop/web:2.3.0"
    ),
    "a transformer with an ARN": Case(
        "ecr_input_transformer",
        {"source": "arn:aws:ecr:eu-west-1:210987654321:repository/shop/web"},
        f"{ACCOUNT}/shop/web:2.3.0",
    ),
    "a transformer of another source": Case(
        "ecr_input_transformer", {"source": "urn:x"}, "400 source is not a registry of ECR"
    ),
    "a transformer without a tag": Case(
        "ecr_input_transformer", {"data.imageTag": "", "subject": "shop/web"}, "ignored: untagged"
    ),
    "a transformer of a deletion": Case(
        "ecr_input_transformer", {"type": "com.amazon.ecr.image.delete"}, "ignored: not a push event"
    ),
}


def _message(**changes: Any) -> dict[str, Any]:
    return {
        "action": "INSERT",
        "tag": "gcr.io/acme/web:2.3.0",
        "digest": f"gcr.io/acme/web@{DIGEST}",
        **changes,
    }


def _of_gar(told: str, **changes: Any) -> Case:
    return Case("gar_insert_unwrapped", _message(**changes), told)


GAR = {
    "tag only": _of_gar("gcr.io/acme/web:2.3.0", digest=None),
    "neither tag nor digest": _of_gar("204 missing tag and digest", tag=None, digest=None),
    "tag and digest disagree": _of_gar("204 tag and digest disagree", digest=f"gcr.io/acme/api@{DIGEST}"),
    "tag without a host": _of_gar("204 tag is not a full reference", tag="web:2.3.0"),
    "tag without a tag": _of_gar("204 tag is not a full reference", tag="gcr.io/acme/web"),
    "digest with a tag": _of_gar("204 digest is not a full reference", digest="gcr.io/acme/web:1"),
    "another host": _of_gar(
        "204 registry host is not a configured registry", tag="evil.example.com/w:1", digest=None
    ),
    "a bad tag": _of_gar("204 tag is not a valid tag", tag="gcr.io/acme/web:-x"),
    "action is a number": _of_gar("204 action is not text", action=1),
    "no action": Case("gar_insert_unwrapped", {"action": ...}, "ignored: not a message of a registry"),
    "data is not base64": Case("gar_insert", {"message.data": "%%"}, "204 data is not base64"),
    "data is not ASCII": Case("gar_insert", {"message.data": "é"}, "204 data is not ASCII"),
    "data is cut": Case("gar_insert", {"message.data": "eyJh"}, "204 not JSON (cut short)"),
    "no data": Case("gar_insert", {"message.data": ...}, "ignored: not a message of a registry"),
    "message is null": Case("gar_insert", {"message": None}, "204 message is not an object"),
}


@cases(acr=ACR, alibaba_acr=ALIBABA, ecr=ECR, gar=GAR)
def test_a_changed_body_is_understood_or_refused(case: Case) -> None:
    case.check()
