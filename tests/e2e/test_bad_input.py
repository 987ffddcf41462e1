"""Bad input ends in one clear sentence where a user looks, and changes nothing."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
import uuid
from pathlib import Path

import pytest

from tests.e2e.embedded import Stage, stage
from tests.e2e.stage import IMAGE, REGISTRY_TOKEN, push_image, until, values
from tests.fakes.git_repository import Person

pytestmark = pytest.mark.servers


def post(on: Stage, body: bytes, *, token: str = REGISTRY_TOKEN) -> tuple[int, str]:
    """Deliver a body as the registry would; gives the status and the answer."""
    request = urllib.request.Request(
        f"{on.board.url}/webhooks/registry",
        data=body,
        headers={
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/vnd.docker.distribution.events.v1+json",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def pushed(on: Stage, image: str) -> bytes:
    """The notification of a push; each is a new one."""
    event = {
        "id": uuid.uuid4().hex,
        "action": "push",
        "target": {
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": "sha256:" + "1" * 64,
            "repository": image,
            "tag": "9.9.9",
        },
        "request": {"host": on.registry},
    }
    return json.dumps({"events": [event]}).encode()


def commit(on: Stage, path: str, content: bytes | None) -> None:
    """Commit as a human does; None removes the file."""
    git = on.repository
    head = git.branch("main") or ""
    tree = git.write_tree(git.tree(head), [(path, "100644", git.write_blob(content) if content else None)])
    git.move("main", git.write_commit(tree, [head], "By hand", author=Person()), old=head)


def shown(on: Stage, environment: str) -> str:
    """The sentence that `tagboat status` gives for an environment."""
    (pipeline,) = json.loads(on.command("status", "--json"))
    return {each["name"]: each["reason"] for each in pipeline["environments"]}[environment]  # type: ignore[no-any-return]


def look(on: Stage) -> None:
    """Have Tagboat look again, as any push does."""
    post(on, pushed(on, IMAGE))


def test_every_kind_of_bad_input_is_one_sentence_and_changes_nothing(tmp_path: Path) -> None:
    with stage(tmp_path) as on:
        before = on.repository.branch("main")

        status, answer = post(on, b"{not json")
        assert (status, json.loads(answer)["error"]) == (202, "not JSON")
        assert '"reason": "not JSON"' in on.tagboat.log

        status, answer = post(on, pushed(on, IMAGE), token="guessed")
        assert status == 401
        assert json.loads(answer)["error"]
        assert "guessed" not in on.tagboat.log

        status, answer = post(on, pushed(on, "acme/other"))
        assert status == 202
        assert json.loads(answer) == {"woken": [], "ignored": ["image is not configured"]}
        assert on.repository.branch("main") == before

        commit(on, "envs/staging/values.yaml", None)
        push_image(on.registry, "1.1.0")
        on.board.wait("dev", state="live", version="1.1.0")
        until(lambda: "envs/staging/values.yaml is not in" in shown(on, "staging"), "the file is named")
        assert "create the file or correct the path" in shown(on, "staging")
        assert '"about": "blocked"' in on.tagboat.log

        commit(on, "envs/staging/values.yaml", b"image: {repository: somewhere}\n")
        look(on)
        until(lambda: "image.tag" in shown(on, "staging"), "the key is named")
        assert on.file("staging") == b"image: {repository: somewhere}\n"

        commit(on, "envs/staging/values.yaml", values(on.registry, "1.0.0"))
        look(on)
        on.board.wait("staging", state="live", version="1.1.0")


def test_a_registry_that_does_not_answer_is_named_and_waited_for(tmp_path: Path) -> None:
    with stage(tmp_path) as on:
        before = on.repository.branch("main")
        on.stop_registry()
        look(on)
        until(lambda: on.registry in shown(on, "dev"), "the registry is named")
        assert on.board.environment("dev")["state"] == "waiting"
        assert on.repository.branch("main") == before
        explained = on.command("explain", "shop/web", fails=True)
        assert on.registry in explained
