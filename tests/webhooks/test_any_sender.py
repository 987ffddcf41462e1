"""What senders of the plain format and of CloudEvents may leave out, write otherwise, or claim."""

from __future__ import annotations

from tests.webhooks.registries import BAD_TAG, DIGEST, FOREIGN, NO_HOST, Case, cases

HUB = frozenset({"docker.io"})
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


@cases(standard=STANDARD, cloudevents=CLOUDEVENTS)
def test_a_changed_body_is_understood_or_refused(case: Case) -> None:
    case.check()
