"""The table of senders says of each which keys it has, and both the loader and the schema follow it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from bot.configuration.build import load
from bot.configuration.endpoint_sections import EndpointSection
from bot.configuration.schema import schema
from bot.configuration.senders import KEYS, SENDERS, Sender
from bot.domain.proof import Proof
from bot.webhooks.senders import SENDERS as READERS
from tests.configuration.files import SIGNING_SECRET, SMALL, problems

VALIDATOR = jsonschema.Draft202012Validator(schema())
VALUES: dict[str, Any] = {
    "secret": "s",
    "authorization": "Bearer t",
    "signing_secret": SIGNING_SECRET,
    "audience": "https://tagboat.example.com/webhooks/hook",
    "email": "pusher@project.iam.gserviceaccount.com",
    "header": "X-Api-Key",
    "registry": "docker.io",
    "prefixes": {"hosted": "docker.io/acme"},
}


def _written(sender: Sender, proof: Proof, *more: str) -> dict[str, Any]:
    """An endpoint with one of its sender's proofs, and with what the sender cannot do without."""
    keys = (*SENDERS[sender].proofs[proof], *SENDERS[sender].needs[:1], *more)
    return {"sender": sender.value, **{key: VALUES[key] for key in keys}}


EACH_PROOF = [
    pytest.param(sender, proof, id=f"{sender}-{proof}")
    for sender, keys in SENDERS.items()
    for proof in keys.proofs
]


def _document(endpoint: dict[str, Any]) -> str:
    return f"{SMALL}webhooks: {yaml.safe_dump({'hook': endpoint}, default_flow_style=True, width=10_000)}"


def _loads(folder: Path, endpoint: dict[str, Any]) -> bool:
    found = problems(folder, _document(endpoint))
    assert all(each.key.startswith("webhooks.hook") for each in found)
    return not found


def _fits(endpoint: dict[str, Any]) -> bool:
    return not list(VALIDATOR.iter_errors(yaml.safe_load(_document(endpoint))))


def test_every_reader_can_be_configured() -> None:
    assert {sender.value for sender in SENDERS} == {*Sender} == {*READERS}


def test_the_table_knows_every_key_of_the_section() -> None:
    assert {*KEYS, "sender"} == {*EndpointSection.model_fields}
    assert {key for keys in SENDERS.values() for key in keys.all} == {*KEYS}


@pytest.mark.parametrize(("sender", "proof"), EACH_PROOF)
def test_one_proof_of_its_own_is_enough(sender: Sender, proof: Proof, tmp_path: Path) -> None:
    written = _written(sender, proof)
    file = tmp_path / "tagboat.yaml"
    file.write_text(_document(written), encoding="utf-8")
    assert _fits(written)
    found = load(file, {}).endpoints["hook"]
    assert (found.sender, found.proof) == (sender.value, proof)
    secrets = [key for key in SENDERS[sender].proofs[proof] if key not in {"audience", "email"}]
    assert [each.get_secret_value() for each in found.secrets] == [VALUES[key] for key in secrets]
    assert bool(found.audience and found.email) == (proof is Proof.IDENTITY)


@pytest.mark.parametrize(("sender", "proof"), EACH_PROOF)
def test_further_keys_are_for_senders_that_have_them(sender: Sender, proof: Proof, tmp_path: Path) -> None:
    keys, own = SENDERS[sender], SENDERS[sender].proofs[proof]
    for key in set(KEYS) - set(own):
        may_be = key in {*keys.others, *keys.needs}
        written = _written(sender, proof, key)
        assert _loads(tmp_path, written) is may_be, key
        assert _fits(written) is may_be, key


@pytest.mark.parametrize("sender", Sender)
def test_without_a_proof_nobody_is_let_in(sender: Sender, tmp_path: Path) -> None:
    bare = {"sender": sender.value, **{key: VALUES[key] for key in SENDERS[sender].needs[:1]}}
    assert not _loads(tmp_path, bare)
    assert not _fits(bare)
