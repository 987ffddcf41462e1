"""What each registry may leave out, write otherwise, or claim: tables of cases by sender."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.image import ImageName
from bot.domain.proof import Proof
from bot.webhooks.reader import Reading, Rejected, Request, Secret
from bot.webhooks.senders import REPEATING, read
from tests.webhooks.deliveries import NOW, SECRET, endpoint, outcome, sample
from tests.webhooks.registries import changed, reading, told

BAD_NAME = "400 repository is not a valid repository name"
BAD_TAG = "400 tag is not a valid tag"
FOREIGN = "403 registry host is not a configured registry"
NO_HOST = "403 registry host is not valid"
DIGEST = "sha256:" + "b" * 64
HUB = frozenset({"docker.io"})


@dataclass(frozen=True)
class Case:
    """A sample, what is changed in it, how its endpoint is configured, and what comes of it."""

    sample: str
    changes: Mapping[str, Any]
    told: str
    configured: Mapping[str, Any] = field(default_factory=dict)


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
LOCAL = "acme.jfrog.io/docker-local/shop/web:2.3.0"
CACHED = {"data.repo_key": "hub-cache"}
ARTIFACTORY = {
    "no path": Case("artifactory_pushed", {"data.path": ...}, LOCAL),
    "only the last part as name": Case("artifactory_pushed", {"data.image_name": "web"}, LOCAL),
    "path and name disagree": Case(
        "artifactory_pushed", {"data.image_name": "eb"}, "400 path and image_name disagree"
    ),
    "no manifest": Case(
        "artifactory_pushed",
        {"data.path": "shop/web/2.3.0/x.bin"},
        "ignored: not an image: file is not a manifest",
    ),
    "an image in an OCI repository": Case("artifactory_pushed", {"data.image_type": "oci"}, LOCAL),
    "no origin": Case(
        "artifactory_pushed", {"jpd_origin": ""}, "403 jpd_origin is empty and no registry is configured"
    ),
    "no origin, and a registry": Case(
        "artifactory_pushed",
        {"jpd_origin": ...},
        "quay.io/docker-local/shop/web:2.3.0",
        {"registry": "quay.io"},
    ),
    "origin with a path": Case(
        "artifactory_pushed", {"jpd_origin": "https://acme.jfrog.io/artifactory"}, LOCAL
    ),
    "origin with a login": Case("artifactory_pushed", {"jpd_origin": "https://u:p@acme.jfrog.io"}, NO_HOST),
    "origin is a script": Case("artifactory_pushed", {"jpd_origin": "javascript:alert(1)"}, NO_HOST),
    "origin is no URL": Case("artifactory_pushed", {"jpd_origin": "https://["}, NO_HOST),
    "origin of another": Case("artifactory_pushed", {"jpd_origin": "https://evil.jfrog.io"}, FOREIGN),
    "a prefix": Case(
        "artifactory_pushed",
        {},
        "quay.io/shop/web:2.3.0",
        {"prefixes": {"docker-local": "quay.io"}},
    ),
    "a prefix with a path": Case(
        "artifactory_pushed",
        {},
        "quay.io/virtual/shop/web:2.3.0",
        {"prefixes": {"docker-local": "quay.io/virtual"}},
    ),
    "a prefix of another repository": Case(
        "artifactory_pushed", {}, LOCAL, {"prefixes": {"docker": "quay.io"}}
    ),
    "a cache by its own name": Case("artifactory_pushed", CACHED, "acme.jfrog.io/hub-cache/shop/web:2.3.0"),
    "a cache that is pulled by the repository's name": Case(
        "artifactory_pushed",
        CACHED,
        "acme.jfrog.io/hub/shop/web:2.3.0",
        {"images": frozenset({ImageName("acme.jfrog.io", "hub/shop/web")})},
    ),
    "no tag": Case("artifactory_pushed", {"data.tag": ...}, "400 missing tag"),
    "platforms are text": Case(
        "artifactory_pushed", {"data.platforms": ["linux"]}, "400 an item of platforms is not an object"
    ),
    "no event": Case("artifactory_pushed", {"event_type": ...}, "400 missing event_type"),
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
FIRST = "event_data.resources.0"
HARBOR = {
    "no resources": Case("harbor_push", {"event_data": {}}, "400 missing resources"),
    "no resource_url": Case(
        "harbor_push", {"event_data.resources": [{"tag": "1"}]}, "400 missing resource_url"
    ),
    "resource is text": Case("harbor_push", {"event_data.resources": ["x"]}, "400 resource is not an object"),
    "too many resources": Case(
        "harbor_push", {"event_data.resources": [{}] * 1001}, "413 too many resources"
    ),
    "a registry that stands for an inner name": Case(
        "harbor_push",
        {"event_data.resources": [{"tag": "1", "resource_url": "core.harbor.svc/shop/web:1"}]},
        "harbor.example.com/shop/web:1",
        {"registry": "harbor.example.com"},
    ),
    "no type": Case("harbor_push", {"type": ...}, "400 missing type"),
    "a CloudEvent without data": Case("harbor_cloudevent", {"data": ...}, "400 missing data"),
}
HOSTED = "nexus.example.com:5000/shop/web:2.3.0"
NO_REGISTRY = {"registry": None}
NEXUS = {
    "a prefix": Case(
        "nexus_component", {}, "quay.io/team/shop/web:2.3.0", {"prefixes": {"docker-hosted": "quay.io/team"}}
    ),
    "only prefixes, and of another repository": Case(
        "nexus_component",
        {},
        "403 no prefix is configured for this repository",
        {**NO_REGISTRY, "prefixes": {"docker": "quay.io"}},
    ),
    "a prefix at another host": Case(
        "nexus_component", {}, FOREIGN, {"prefixes": {"docker-hosted": "evil.example.com"}}
    ),
    "by digest": Case("nexus_component", {"component.version": DIGEST}, "ignored: untagged"),
    "a manifest by digest": Case(
        "nexus_manifest", {"asset.name": f"v2/shop/web/manifests/{DIGEST}"}, "ignored: not a docker component"
    ),
    "an asset with a slash first": Case(
        "nexus_manifest", {"asset.name": "/v2/shop/web/manifests/2.3.0"}, HOSTED
    ),
    "neither component nor asset": Case(
        "nexus_component", {"component": ...}, "ignored: not a docker component"
    ),
    "component is null": Case("nexus_component", {"component": None}, "ignored: not a docker component"),
    "component is text": Case("nexus_component", {"component": "x"}, "400 component is not an object"),
    "no version": Case("nexus_component", {"component.version": ...}, "400 missing version"),
    "no action": Case("nexus_component", {"action": ...}, "400 missing action"),
}
TAGS = "updated_tags"
QUAY = {
    "a scheme": Case(
        "quay_push", {TAGS: ["1"], "docker_url": "https://quay.io/shop/web"}, "quay.io/shop/web:1"
    ),
    "names disagree": Case("quay_push", {"repository": "shop/api"}, "400 repository and docker_url disagree"),
    "no repository": Case("quay_push", {TAGS: ["1"], "repository": ...}, "quay.io/shop/web:1"),
    "another host": Case("quay_push", {"docker_url": "evil.example.com/shop/web"}, FOREIGN),
    "no docker_url": Case("quay_push", {"docker_url": ...}, "400 missing docker_url"),
    "tags are a mapping": Case("quay_push", {TAGS: {"latest": "id"}}, "400 updated_tags is not a list"),
    "tags are null": Case("quay_push", {TAGS: None}, "400 updated_tags is not a list"),
    "too many tags": Case("quay_push", {TAGS: ["1"] * 1001}, "413 too many tags"),
    "a bad tag": Case("quay_push", {TAGS: ["-x"]}, BAD_TAG),
}
IMAGES = "images"
STANDARD = {
    "Docker Hub's short form": Case(
        "standard_one", {"image": "nginx"}, "docker.io/library/nginx:2.3.0", {"registries": HUB}
    ),
    "with a tag in the image": Case(
        "standard_one", {"image": "ghcr.io/acme/web:1"}, "400 image is not the name of an image without a tag"
    ),
    "not ASCII": Case(
        "standard_one", {"image": "ghcr.io/acme/wéb"}, "400 image is not the name of an image without a tag"
    ),
    "another host": Case("standard_one", {"image": "evil.example.com/acme/web"}, FOREIGN),
    "no tag": Case("standard_one", {"tag": ...}, "400 missing tag"),
    "an empty tag": Case("standard_one", {"tag": ""}, BAD_TAG),
    "no image": Case("standard_one", {"image": ...}, "400 missing image"),
    "image and images": Case("standard_one", {IMAGES: []}, "400 image and images exclude each other"),
    "images is an object": Case("standard_list", {IMAGES: {}}, "400 images is not a list"),
    "an image is text": Case("standard_list", {IMAGES: ["x"]}, "400 an item of images is not an object"),
    "too many images": Case("standard_list", {IMAGES: [{}] * 1001}, "413 too many images"),
}
WEB = "ghcr.io/acme/web:2.3.0"
PURL = "data.subject.id"


def _purl(written: str, told: str) -> Case:
    return Case("cloudevents_published", {PURL: written}, told)


NOT_PURL = "400 subject is not the package URL of an image"
CLOUDEVENTS = {
    "no id": Case("cloudevents_published", {"id": ...}, "400 missing id"),
    "an empty source": Case("cloudevents_published", {"source": ""}, "400 source is empty"),
    "an older version": Case("cloudevents_published", {"specversion": "0.3"}, "400 specversion is not 1.0"),
    "no version": Case("cloudevents_published", {"specversion": ...}, "400 missing specversion"),
    "no data": Case("cloudevents_published", {"data": ...}, "400 missing data"),
    "data is text": Case("cloudevents_published", {"data": "x"}, "400 data is not an object"),
    "no base64": Case("cloudevents_base64", {"data_base64": "%"}, "400 data_base64 is not base64"),
    "a type that only contains the word": Case(
        "cloudevents_of_a_container", {"type": "com.example.container.pushback"}, "ignored: not a push event"
    ),
    "a removed image": Case(
        "cloudevents_of_a_container", {"type": "com.example.image.removed"}, "ignored: not a push event"
    ),
    "names as other senders write them": Case(
        "cloudevents_of_a_container",
        {
            "subject": ...,
            "data": {"repositoryName": "acme/web", "imageTag": "2.3.0", "registryUrl": "https://ghcr.io"},
        },
        WEB,
    ),
    "a registry without a scheme": Case("cloudevents_of_a_container", {"data": {"registry": "ghcr.io"}}, WEB),
    "a registry that is no URL": Case("cloudevents_of_a_container", {"data": {"registry": "//["}}, NO_HOST),
    "no tag": Case("cloudevents_of_a_container", {"subject": "acme/web"}, "ignored: untagged"),
    "another registry": Case("cloudevents_of_a_container", {"source": "https://evil.example.com"}, FOREIGN),
    "purl of another kind": _purl("pkg:npm/left-pad@1.3.0", NOT_PURL),
    "no purl": _purl("ghcr.io/acme/web:1", NOT_PURL),
    "purl without a registry": _purl("pkg:oci/web@sha256:1", "400 package URL without a repository_url"),
    "purl that is too long": _purl("pkg:oci/web?repository_url=" + "a" * 3000, NOT_PURL),
    "purl with too many qualifiers": _purl("pkg:oci/web?" + "a=b&" * 30, NOT_PURL),
    "purl without a tag": _purl("pkg:oci/web?repository_url=ghcr.io/acme/web", "ignored: untagged"),
    "purl with the tag in the reference": _purl(
        "pkg:oci/web?repository_url=ghcr.io%2Facme%2Fweb%3A2.3.0", WEB
    ),
    "purl with slashes": _purl("pkg://docker/acme/web@2.3.0?repository_url=ghcr.io", WEB),
    "purl of Docker by digest": _purl(
        f"pkg:docker/acme/web@{DIGEST}?repository_url=ghcr.io", "ignored: untagged"
    ),
    "purl of Docker by both": _purl(f"pkg:docker/acme/web@{DIGEST}?repository_url=ghcr.io&tag=2.3.0", WEB),
    "purl of Docker Hub": _purl("pkg:docker/acme/web@2.3.0", FOREIGN),
    "purl of another registry": _purl("pkg:docker/acme/web@2.3.0?repository_url=169.254.169.254", FOREIGN),
}
CASES = {
    f"{sender}-{name}": case
    for sender, cases in {
        "acr": ACR,
        "alibaba_acr": ALIBABA,
        "artifactory": ARTIFACTORY,
        "cloudevents": CLOUDEVENTS,
        "ecr": ECR,
        "gar": GAR,
        "harbor": HARBOR,
        "nexus": NEXUS,
        "quay": QUAY,
        "standard": STANDARD,
    }.items()
    for name, case in cases.items()
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_changed_body_is_understood_or_refused(case: Case) -> None:
    assert told(case.sample, case.changes, **case.configured) == case.told


def test_a_bad_resource_does_not_take_the_others_with_it() -> None:
    bad = {"event_data.resources.0": {"tag": "1", "resource_url": "evil.example.com/shop/web:1"}}
    first, second = outcome(reading("harbor_push", changed("harbor_push", bad)))
    assert (first["kind"], first["reason"]) == ("ignored", FOREIGN.removeprefix("403 "))
    assert (second["kind"], second["tag"]) == ("image_pushed", "latest")


@pytest.mark.parametrize("name", ["acr_push", "ecr_push"])
def test_an_address_with_a_secret_takes_no_header_and_the_other_way_round(name: str) -> None:
    known = sample(name)
    request, other = known.request(), Request(known.headers, known.request().body, {"secret": SECRET})
    by_address = endpoint(known.sender, proof=Proof.ADDRESS)
    assert isinstance(read(other, by_address), Reading)
    assert isinstance(read(request, endpoint(known.sender)), Reading)
    for refusal in (read(request, by_address), read(other, endpoint(known.sender))):
        assert isinstance(refusal, Rejected)
        assert refusal.status == 401


def test_a_token_in_place_of_a_signature_is_for_endpoints_that_ask_for_it() -> None:
    known = sample("cloudevents_published")
    by_token = endpoint("cloudevents", proof=Proof.TOKEN, header="X-Token", secrets=(Secret.of(SECRET),))
    request = replace(known.request(), headers={**known.headers, "X-Token": SECRET})
    assert isinstance(read(request, by_token), Reading)
    assert read(known.request(), by_token) == Rejected(401, "no token")
    assert read(request, endpoint("cloudevents")) == Rejected(401, "no signature")


def test_two_pushes_of_one_tag_at_quay_are_two_once_a_minute_has_passed() -> None:
    request = sample("quay_push").request()
    keys = [
        found.delivery_key
        for seconds in (0, 30, 90)
        if isinstance(
            found := read(replace(request, received_at=NOW + timedelta(seconds=seconds)), endpoint("quay")),
            Reading,
        )
    ]
    assert keys[0] == keys[1] != keys[2]


def test_an_event_is_known_by_its_source_and_its_id() -> None:
    bodies = [changed("cloudevents_published", change) for change in ({}, {"source": "x"}, {"id": "x"})]
    found = [reading("cloudevents_published", body) for body in bodies]
    assert len({each.delivery_key for each in found if isinstance(each, Reading)}) == 3


@pytest.mark.parametrize("name", ["distribution_push_index", "gar_insert"])
@pytest.mark.parametrize(
    "body", [b"", b"[", b"\xff", b"{}" * 2, b" " * 2**21], ids=["empty", "cut", "bytes", "twice", "large"]
)
def test_what_would_come_again_for_ever_is_taken_once_its_sender_is_known(name: str, body: bytes) -> None:
    found = reading(name, body)
    assert sample(name).sender in REPEATING
    assert isinstance(found, Rejected)
    assert 200 <= found.status < 300
    nobodys = read(Request({"Content-Type": "application/json"}, body), endpoint(sample(name).sender))
    assert isinstance(nobodys, Rejected)
    assert nobodys.status == 401


def test_json_as_text_is_for_topics_only() -> None:
    request = replace(
        sample("ecr_topic").request(), headers={"Content-Type": "text/plain", "Authorization": SECRET}
    )
    assert read(request, endpoint("ecr")) == Rejected(415, "content type not accepted")
