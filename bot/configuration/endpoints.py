"""Endpoint sections to settings: which proof each has, and whether its keys are its sender's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import assert_never

from pydantic import SecretStr

from bot.configuration.endpoint_sections import EndpointSection
from bot.configuration.report import Report
from bot.configuration.senders import KEYS, PROOF_KEYS, SENDERS, SenderKeys
from bot.configuration.settings import (
    BitbucketDataCenterSettings,
    BitbucketSettings,
    EndpointSettings,
    ForgeSettings,
    GiteaSettings,
    GitHubSettings,
    GitLabSettings,
    GitSettings,
    HostSettings,
)
from bot.configuration.trail import Trail
from bot.domain.proof import Proof

_FIXES = {
    "secret": "write the secret that the sender has",
    "signing_secret": "write the secret that the sender has",
    "authorization": "without it anybody could send",
    "audience": "write the audience of the subscription: anybody can have a token signed for another",
    "email": "write the service account of the subscription: others can have tokens for this audience",
}


def webhook_endpoints(
    sections: Mapping[str, EndpointSection], forges: Iterable[ForgeSettings], report: Report
) -> Mapping[str, EndpointSettings]:
    """The webhook endpoints by name: one for every forge with a secret, then the others."""
    found = {
        forge.name: _endpoint_of(forge)
        for forge in forges
        if not isinstance(forge, GitSettings) and forge.webhook_secrets
    }
    for name, section in sections.items():
        if name in found:
            what = f"the forge {name} has its webhooks at /webhooks/{name} already"
            report.add(("webhooks", name), what, "choose another name")
        found[name] = _endpoint(name, section, report)
    return found


def check_registries(sections: Mapping[str, EndpointSection], hosts: Iterable[str], report: Report) -> None:
    """Report hosts of endpoints at which there is no image: what is sent there would all be refused."""
    known = frozenset(hosts)
    for name, section in sections.items():
        trail = ("webhooks", name)
        prefixes = (section.prefixes or {}).items()
        named: dict[Trail, str] = {
            (*trail, "prefixes", key): each.partition("/")[0] for key, each in prefixes
        }
        if section.registry:
            named[(*trail, "registry")] = section.registry
        for place, host in named.items():
            if host not in known:
                what = f"no image and no entry of registries is at {host}"
                report.add_value(place, what, "write the host as image names begin")


def _endpoint_of(forge: HostSettings) -> EndpointSettings:
    match forge:
        case GitHubSettings():
            return EndpointSettings(forge.name, "github", forge.webhook_secrets)
        case GitLabSettings():  # it shows its secret, and signs nothing with it
            return EndpointSettings(forge.name, "gitlab", forge.webhook_secrets, proof=Proof.TOKEN)
        case GiteaSettings():
            return EndpointSettings(forge.name, forge.kind, forge.webhook_secrets)
        case BitbucketSettings() | BitbucketDataCenterSettings():
            return EndpointSettings(forge.name, "bitbucket", forge.webhook_secrets)
        case _:
            assert_never(forge)


def _endpoint(name: str, section: EndpointSection, report: Report) -> EndpointSettings:
    keys = SENDERS[section.sender]
    # The sender decides which keys belong there.
    if not report.is_told(("webhooks", name, "sender")):
        _check(("webhooks", name), section, keys, report)
    proof = next(iter(_given(section, keys)), next(iter(keys.proofs)))
    return EndpointSettings(
        name=name,
        sender=section.sender.value,
        secrets=_secrets(section, keys.proofs[proof]),
        registry=section.registry or "",
        prefixes=section.prefixes or {},
        proof=proof,
        header=section.header or "Authorization",
        audience=section.audience or "",
        email=section.email or "",
    )


def _given(section: EndpointSection, keys: SenderKeys) -> Sequence[Proof]:
    """The proofs of which anything is written."""
    return [
        proof
        for proof, needed in keys.proofs.items()
        if any(getattr(section, key) is not None for key in needed)
    ]


def _secrets(section: EndpointSection, needed: Iterable[str]) -> tuple[SecretStr, ...]:
    held = (getattr(section, key) for key in needed)
    return tuple(secret for each in held if isinstance(each, tuple) for secret in each)


def _check(trail: Trail, section: EndpointSection, keys: SenderKeys, report: Report) -> None:
    foreign = [key for key in KEYS if getattr(section, key) is not None and key not in keys.all]
    wanted = " or ".join(next(iter(needed)) for needed in keys.proofs.values())
    for key in foreign:
        if key == "registry":
            report.add((*trail, key), f"{section.sender} names the registry by itself", "leave it out")
        elif key in PROOF_KEYS:
            report.add((*trail, key), f"{section.sender} does not send it", f"write {wanted} in its place")
        else:
            report.add((*trail, key), f"{section.sender} has no use for it", "leave it out")
    if not set(foreign) & set(PROOF_KEYS):
        _check_proof(trail, section, keys, report)
    if keys.needs and all(getattr(section, key) is None for key in keys.needs):
        fix = f"{section.sender} does not name its host: write {' or '.join(keys.needs)}"
        report.add((*trail, keys.needs[0]), "the key is missing", fix)


def _check_proof(trail: Trail, section: EndpointSection, keys: SenderKeys, report: Report) -> None:
    given = _given(section, keys)
    if len(given) > 1:
        first, second = (keys.proofs[each][0] for each in given[:2])
        fix = "keep the one that the sender is set to: a weaker proof is never fallen back to"
        report.add((*trail, second), f"there is {first} as well", fix)
        return
    needed = keys.proofs[given[0]] if given else next(iter(keys.proofs.values()))
    for key in needed:
        if getattr(section, key) is None:
            report.add((*trail, key), "the key is missing", _FIXES[key])
