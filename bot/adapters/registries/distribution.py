"""A registry that speaks the OCI distribution API over HTTP, as nearly all do.

https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md. What it answers is never trusted:
digests are computed again, lists and documents are capped, and a page that is no registry's answer is a
fault, never "no tags".
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlsplit

import structlog

from bot.adapters.cache import Cache
from bot.adapters.clock import SystemClock
from bot.adapters.registries.contents import (
    INDEX_TYPES,
    LARGEST_CONFIG,
    LARGEST_MANIFEST,
    MANIFEST_TYPES,
    Config,
    Descriptor,
    Manifest,
    check_reference,
    describe,
    digest_of,
    read_config,
    read_manifest,
    verify,
)
from bot.adapters.registries.credentials import Credentials
from bot.adapters.registries.docker_hub import HubTags
from bot.adapters.registries.hosts import is_loopback_name
from bot.adapters.registries.mirrors import Mirror, Mirrors
from bot.adapters.registries.paging import TagList
from bot.adapters.registries.pools import Network
from bot.adapters.registries.rates import default_rate
from bot.adapters.registries.signatures import signatures
from bot.adapters.registries.signatures_http import HttpDocuments
from bot.adapters.registries.site import Site, site_base
from bot.adapters.registries.throttle import Throttle
from bot.adapters.registries.transport import Transport
from bot.domain.choosing.listing import Listing
from bot.domain.choosing.selection import TagDetails
from bot.domain.errors import Malformed, NotFound, TagboatError
from bot.domain.image import ImageName, is_digest
from bot.domain.signing.evidence import Evidence
from bot.ports import Budget, Clock, Rate

_log = structlog.get_logger()
_Read = TypeVar("_Read")
_ACCEPT = ", ".join((*INDEX_TYPES, *MANIFEST_TYPES))
_DIGEST_HEADER = "Docker-Content-Digest"
_CACHE_BYTES = 32 * 1024 * 1024
_CACHE_TAGS = 20_000
# An image that Docker Hub's own API does not list, such as a private one, is asked for there only so often.
_WITHOUT_HUB_SECONDS = 600.0


class DistributionRegistry:
    """The port `Registry` over HTTP(S); safe for threads, with `network.connections` requests at a time.

    `host` is the registry's name in image references; `url` says where it answers if that is elsewhere
    (`http://registry.registry.svc:5000`). `token_hosts` are further hosts that may be shown the login.
    `mirrors` are asked first for what a digest names, `hub_url` for tags of public images (Docker Hub only).
    `rate` is how often all workers may ask, counted in `budget`; None is what fits the host.

    Raises when built:
        Malformed: an address or the CA file cannot be used, or an address is http without `plain_http`.
    """

    def __init__(
        self,
        *,
        host: str,
        url: str | None = None,
        plain_http: bool = False,
        credentials: Credentials | None = None,
        token_hosts: Collection[str] = (),
        network: Network | None = None,
        mirrors: Sequence[Mirror] = (),
        hub_url: str | None = None,
        rate: Rate | None = None,
        budget: Budget | None = None,
        clock: Clock | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._host = host
        self._monotonic = monotonic
        clock = clock or SystemClock()
        sites = _Sites(network or Network(), budget, clock, monotonic)
        self._site = sites.site(
            host,
            site_base(host, url, plain_http=plain_http),
            rate=rate,
            credentials=credentials,
            token_hosts=token_hosts,
        )
        self._mirrors = Mirrors(
            [sites.mirror(mirror, plain_http=plain_http) for mirror in mirrors], monotonic=monotonic
        )
        self._hub = HubTags(sites.transport(hub_url), clock) if hub_url else None
        self._without_hub: Cache[str, float] = Cache(_CACHE_TAGS)
        self._manifests: Cache[tuple[str, str], Manifest] = Cache(_CACHE_BYTES)
        self._configs: Cache[tuple[str, str], Config] = Cache(_CACHE_BYTES)
        self._seen_tags: Cache[tuple[str, str], str] = Cache(_CACHE_TAGS)

    def close(self) -> None:
        """Close the connections that are kept for reuse."""
        self._site.close()
        self._mirrors.close()
        if self._hub is not None:
            self._hub.close()

    def listing(self, image: ImageName, *, known: Listing | None = None) -> Listing:
        """Every tag of the repository.

        Raises:
            NotFound: the registry has no such repository.
            Refused, Malformed: the list leads elsewhere, runs in circles, or is no list.
        """
        found = self._hub_listing(image, known)
        return found or TagList(image, self._site, self._monotonic).read(known)

    def _hub_listing(self, image: ImageName, known: Listing | None) -> Listing | None:
        """What Docker Hub's own API lists; None where it is not asked, or does not answer as it should."""
        if self._hub is None or (self._without_hub.get(image.path) or 0.0) > self._monotonic():
            return None
        try:
            return self._hub.listing(image, known)
        except TagboatError as error:
            # Whatever it is: the registry itself has the truth, and its errors are the ones to be told.
            _log.info("hub_api_left_alone", image=str(image), reason=str(error))
            self._without_hub.put(image.path, self._monotonic() + _WITHOUT_HUB_SECONDS)
            return None

    def digest(self, image: ImageName, tag: str) -> str | None:
        """The digest that the tag names now, by one HEAD; None when the registry has no such tag."""
        check_reference(image, tag)
        answer = self._site.ask(
            image.path, f"manifests/{tag}", limit=LARGEST_MANIFEST, method="HEAD", accept=_ACCEPT
        )
        if answer.status == HTTPStatus.NOT_FOUND and not answer.is_html:
            return None
        self._site.check(answer, f"{image}:{tag}")
        digest = answer.headers.get(_DIGEST_HEADER)
        if digest is None:
            # Some proxies drop the header: the body tells the same.
            digest, _ = self._read_manifest(self._site, image, tag)
        if not is_digest(digest):
            raise Malformed(f"{self._host} gives a digest of {image}:{tag} that is none")
        self._seen_tags.put((image.path, tag), digest)
        return digest

    def details(self, image: ImageName, reference: str, platforms: Sequence[str]) -> TagDetails:
        """Digest, created time, platforms and labels of a tag or digest.

        A tag that was read before costs one HEAD as long as it names the same digest.

        Raises:
            NotFound: the registry has no such tag or digest.
            Malformed: what it has cannot be read, or is not what its digest says.
        """
        check_reference(image, reference)
        # With a mirror, a HEAD costs less than the manifest, which Docker Hub counts as a pull.
        if not is_digest(reference) and (self._mirrors or self._seen_tags.get((image.path, reference))):
            digest = self.digest(image, reference)
            if digest is not None:
                return describe(self, image, digest, platforms)
        details = describe(self, image, reference, platforms)
        if not is_digest(reference):
            self._seen_tags.put((image.path, reference), details.digest)
        return details

    def signatures(self, image: ImageName, digest: str) -> Iterator[Evidence]:
        """What the repository holds as signatures of the digest; read one by one, as it is asked for."""
        return signatures(HttpDocuments(self._site), image, digest)

    def manifest(self, image: ImageName, reference: str) -> tuple[str, Manifest]:
        """The manifest or index of a tag or digest, verified, and its digest."""
        known = self._manifests.get((image.path, reference))
        if known is not None:
            return reference, known
        if not is_digest(reference):
            return self._read_manifest(self._site, image, reference)
        return self._nearest(lambda site: self._read_manifest(site, image, reference))

    def _read_manifest(self, site: Site, image: ImageName, reference: str) -> tuple[str, Manifest]:
        what = f"the manifest {image}{'@' if is_digest(reference) else ':'}{reference}"
        answer = site.ask(image.path, f"manifests/{reference}", limit=LARGEST_MANIFEST, accept=_ACCEPT)
        site.check(answer, what)
        named = answer.headers.get(_DIGEST_HEADER) or digest_of(answer.body)
        digest = reference if is_digest(reference) else named
        for expected in {named, digest}:
            verify(answer.body, expected, what)
        manifest = read_manifest(answer.body, what)
        self._manifests.put((image.path, digest), manifest, weight=len(answer.body))
        return digest, manifest

    def config(self, image: ImageName, descriptor: Descriptor) -> Config:
        """The config blob that the descriptor points to, verified."""
        return self._configs.get_or_read(
            (image.path, descriptor.digest),
            lambda: self._nearest(lambda site: self._read_config(site, image, descriptor)),
        )

    def _read_config(self, site: Site, image: ImageName, descriptor: Descriptor) -> tuple[Config, int]:
        what = f"the config {image}@{descriptor.digest}"
        limit = min(descriptor.size, LARGEST_CONFIG)
        answer = site.ask(image.path, f"blobs/{descriptor.digest}", limit=limit)
        site.check(answer, what)
        verify(answer.body, descriptor.digest, what)
        return read_config(answer.body, what), len(answer.body)

    def _nearest(self, read: Callable[[Site], _Read]) -> _Read:
        """Read what a digest names from the first site that has it, the registry itself last."""
        for mirror in self._mirrors.awake():
            try:
                return read(mirror)
            except NotFound:
                continue
            except TagboatError as error:
                self._mirrors.failed(mirror, error)
        return read(self._site)


@dataclass(frozen=True, slots=True)
class _Sites:
    """Builds what a registry is reached through, all by the same network and clocks."""

    network: Network
    budget: Budget | None
    clock: Clock
    monotonic: Callable[[], float]

    def site(
        self,
        host: str,
        base: str,
        *,
        rate: Rate | None = None,
        credentials: Credentials | None = None,
        token_hosts: Collection[str] = (),
    ) -> Site:
        return Site(
            host,
            self.transport(base, self._throttle(host, rate)),
            credentials=credentials,
            token_hosts=token_hosts,
            monotonic=self.monotonic,
        )

    def mirror(self, mirror: Mirror, *, plain_http: bool) -> Site:
        host = urlsplit(mirror.url).netloc.rpartition("@")[2]
        may_be_plain = plain_http or is_loopback_name(urlsplit(mirror.url).hostname or "")
        is_plain = may_be_plain and mirror.url.startswith("http://")
        return self.site(
            host, site_base(host, mirror.url, plain_http=is_plain), credentials=mirror.credentials
        )

    def transport(self, base: str, throttle: Throttle | None = None) -> Transport:
        return Transport(
            base=base,
            network=self.network,
            throttle=throttle or self._throttle(urlsplit(base).netloc, None),
            monotonic=self.monotonic,
        )

    def _throttle(self, host: str, rate: Rate | None) -> Throttle:
        return Throttle(host, rate or default_rate(host), budget=self.budget, clock=self.clock)
