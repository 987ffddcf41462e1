"""What the registries that people run themselves, and Quay, may leave out, write otherwise, or claim."""

from __future__ import annotations

from bot.domain.image import ImageName
from tests.webhooks.deliveries import changed, outcome
from tests.webhooks.registries import BAD_TAG, DIGEST, FOREIGN, NO_HOST, Case, cases, reading

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


@cases(artifactory=ARTIFACTORY, harbor=HARBOR, nexus=NEXUS, quay=QUAY)
def test_a_changed_body_is_understood_or_refused(case: Case) -> None:
    case.check()


def test_a_bad_resource_does_not_take_the_others_with_it() -> None:
    bad = {"event_data.resources.0": {"tag": "1", "resource_url": "evil.example.com/shop/web:1"}}
    first, second = outcome(reading("harbor_push", changed("harbor_push", bad)))
    assert (first["kind"], first["reason"]) == ("ignored", FOREIGN.removeprefix("403 "))
    assert (second["kind"], second["tag"]) == ("image_pushed", "latest")
