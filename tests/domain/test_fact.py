"""Facts: their plain form, and what makes two of them the same change."""

from __future__ import annotations

import dataclasses
import json

from bot.domain.chat_fact import CommandGiven, Interacted, Pressed
from bot.domain.fact import (
    UNSAID,
    BranchMoved,
    Fact,
    Ignored,
    ImagePushed,
    Pinged,
    PullRequestChanged,
    RefCreated,
    RolloutChanged,
    identity,
    to_plain,
)
from bot.domain.image import ImageName

WEB = ImageName("ghcr.io", "acme/web")
DIGEST = "sha256:" + "a" * 64
PUSHED = ImagePushed(image=WEB, tag="1.0", digest=DIGEST)
MOVED = BranchMoved(
    provider="github",
    repository="acme/infra",
    clone_url="https://github.com/acme/infra.git",
    ref="refs/heads/feature/x",
    before="1" * 40,
    after="2" * 40,
    created=False,
    deleted=False,
    forced=False,
    commits=1,
    changed_paths=("a", "b"),
    is_default_branch=False,
)


def test_what_the_sender_does_not_say_is_left_out_but_an_unknown_digest_is_null() -> None:
    assert to_plain(ImagePushed(image=WEB, tag="1.0")) == {
        "kind": "image_pushed",
        "registry": "ghcr.io",
        "repository": "acme/web",
        "tag": "1.0",
        "digest": None,
    }
    assert to_plain(Pinged()) == {"kind": "ping"}
    assert to_plain(Ignored(reason="untagged")) == {"kind": "ignored", "reason": "untagged"}


def test_the_plain_form_survives_json() -> None:
    plain = to_plain(MOVED)
    assert json.loads(json.dumps(plain)) == plain
    assert (plain["ref_type"], plain["ref_name"], plain["changed_paths"]) == (
        "branch",
        "feature/x",
        ["a", "b"],
    )


def test_a_tag_may_be_called_like_a_branch() -> None:
    tag = dataclasses.replace(MOVED, ref="refs/tags/main")
    assert (tag.ref_type, tag.ref_name) == ("tag", "main")


def test_one_push_announced_twice_is_one_change() -> None:
    announced_again = dataclasses.replace(PUSHED, media_type="x", source_commit="y")
    assert identity(PUSHED) == identity(announced_again)


def test_neither_repository_nor_tag_nor_digest_is_left_out_of_the_identity() -> None:
    others: list[Fact] = [
        dataclasses.replace(PUSHED, image=ImageName("ghcr.io", "acme/prod")),
        dataclasses.replace(PUSHED, image=ImageName("quay.io", "acme/web")),
        dataclasses.replace(PUSHED, tag="1.1"),
        dataclasses.replace(PUSHED, digest="sha256:" + "b" * 64),
        MOVED,
        dataclasses.replace(MOVED, ref="refs/heads/main"),
        dataclasses.replace(MOVED, after="3" * 40),
        dataclasses.replace(MOVED, repository="acme/other"),
    ]
    assert len({identity(PUSHED), *map(identity, others)}) == 1 + len(others)


def test_two_pushes_of_one_tag_without_a_digest_may_be_two_changes() -> None:
    assert identity(dataclasses.replace(PUSHED, digest=None)) is None
    assert identity(Pinged()) is None


def test_what_a_sender_never_tells_is_left_out_and_what_there_is_none_of_is_null() -> None:
    changed = PullRequestChanged(
        provider="gitlab",
        action="opened",
        raw_action="open",
        repository="acme/infra",
        number=1,
        state="opened",
        merged=False,
        draft=False,
        base_ref="main",
        base_sha=UNSAID,
        head_ref="x",
        head_sha="1" * 40,
        head_repository=None,
        merge_commit_sha=None,
        title="x",
        url=None,
        old_head_sha=None,
    )
    plain = to_plain(changed)
    assert "base_sha" not in plain
    assert plain["old_head_sha"] is None
    assert "old_head_sha" not in to_plain(dataclasses.replace(changed, old_head_sha=UNSAID))


def test_a_created_ref_tells_its_short_name() -> None:
    made = RefCreated(
        provider="gitea", repository="acme/infra", clone_url="https://x", ref="refs/tags/v1/x", sha=None
    )
    plain = to_plain(made)
    assert (plain["ref_type"], plain["ref_name"], plain["sha"]) == ("tag", "v1/x", None)


def test_words_of_argo_cd_that_its_message_lacks_are_left_out() -> None:
    made = RolloutChanged(provider="argocd", application="shop", state="success", revision=None)
    assert to_plain(made) == {
        "kind": "deployment_status",
        "provider": "argocd",
        "application": "shop",
        "state": "success",
        "revision": None,
    }


def test_what_was_pressed_is_plain_too_and_addresses_that_answer_are_not_shown() -> None:
    pressed = Interacted(
        type="block_actions",
        user_id="U1",
        team_id=None,
        channel_id="C1",
        message_ts="1.2",
        response_url="https://hooks.slack.com/actions/canary",
        trigger_id="canary",
        actions=(Pressed("approve", None, "button", "v"),),
    )
    given = CommandGiven(
        command="/tagboat",
        text="",
        user_id="U1",
        user_name=None,
        team_id=None,
        channel_id=None,
        response_url="https://hooks.slack.com/commands/canary",
        trigger_id="canary",
    )
    assert to_plain(pressed)["actions"] == [
        {"action_id": "approve", "block_id": None, "type": "button", "value": "v"}
    ]
    assert json.loads(json.dumps(to_plain(pressed))) == to_plain(pressed)
    assert "canary" not in f"{pressed} {given}"
