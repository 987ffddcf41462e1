"""The words of a pull request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.choosing.selection import SelectionPolicy
from bot.domain.deciding.promotion import Proof
from bot.domain.image import ImageName, ImageRef, Release
from bot.domain.notice import Link
from bot.domain.people.command import Remark, Verb, parse_command
from bot.domain.pipeline import Application, Environment, Merge, PipelineImage
from bot.domain.pull_request import wording
from bot.domain.pull_request.change import Change, new_mark
from bot.domain.pull_request.letter import LONGEST_BODY, letter
from bot.domain.pull_request.mark import marks, withdrawn
from bot.domain.pull_request.policy import CommitPolicy, CommitStyle, PullRequestPolicy, Texts
from bot.domain.pull_request.source import PUBLIC_HOSTS, Comparison, Origin, SourceCommit, SourceRepository
from bot.domain.pull_request.templates import Template
from bot.domain.status import ApplicationStatus
from bot.domain.window import Window, WindowKind
from tests.domain.deciding.situations import (
    HEAD,
    NOW,
    PROD,
    WEB,
    digest,
    environment,
    pipeline,
    pull_request,
    release,
)

PROOFS = (Proof("staging", NOW - timedelta(hours=3), HEAD),)
PLAIN = CommitPolicy()
CONVENTIONAL = CommitPolicy(CommitStyle.CONVENTIONAL)


def change(
    before: Release | None = None,
    after: Release | None = None,
    *,
    place: Environment = PROD,
    name: str = "shop",
    proofs: tuple[Proof, ...] = PROOFS,
) -> Change:
    old, new = before or release("1.0.0"), after or release("1.1.0")
    owner = replace(pipeline(), name=name)
    return Change(owner, place, old, new, new_mark(owner, place, before=old, after=new), proofs)


def grouped(name: str, **changes: object) -> Change:
    place = environment("prod", group="prod", **changes)
    return change(name=name, place=place, proofs=())


def test_the_title_says_what_changes_from_what_to_what() -> None:
    assert wording.title([change()], PLAIN) == "shop prod: web 1.0.0 → 1.1.0"


def test_a_conventional_title_has_type_and_scope() -> None:
    assert wording.title([change()], CONVENTIONAL) == "chore(prod): shop web 1.0.0 → 1.1.0"
    release_type = replace(CONVENTIONAL, type="deploy")
    assert wording.title([change()], release_type).startswith("deploy(prod): ")


def test_a_moved_tag_is_told_apart_by_its_digests() -> None:
    before = Release.of({"web": ImageRef(WEB, "stable", digest("one"))})
    after = Release.of({"web": ImageRef(WEB, "stable", digest("two"))})
    title = wording.title([change(before, after)], PLAIN)
    assert title == "shop prod: web stable (6f6e65000000 → 74776f000000)"


def test_many_images_are_counted_in_the_title() -> None:
    before = Release.of({name: ImageRef(WEB, "1.0.0") for name in "abcd"})
    after = Release.of({name: ImageRef(WEB, "1.1.0") for name in "abcd"})
    assert wording.title([change(before, after)], PLAIN) == "shop prod: 4 images"


@pytest.mark.parametrize(
    ("count", "commit", "title"),
    [
        (2, PLAIN, "group prod: a web 1.0.0 → 1.1.0, b web 1.0.0 → 1.1.0"),
        (2, CONVENTIONAL, "chore(prod): a web 1.0.0 → 1.1.0, b web 1.0.0 → 1.1.0"),
        (5, PLAIN, "group prod: 5 images of 5 pipelines"),
    ],
)
def test_a_group_is_titled_by_its_name_and_what_moves(count: int, commit: CommitPolicy, title: str) -> None:
    assert wording.title([grouped(name) for name in "abcde"[:count]], commit) == title


def test_the_body_says_where_the_image_comes_from_what_was_proved_and_what_comes_next() -> None:
    text = wording.body([change()])
    assert (
        "| `web` | [`ghcr.io/acme/web`](https://ghcr.io/acme/web) | `1.0.0` | `1.1.0` | `312e312e3000` |"
        in text
    )
    assert f"- `staging`: live since 2026-11-20 09:00 UTC, as {HEAD}" in text
    assert "A human merges this" in text
    assert "`envs/prod/values.yaml`" in text
    assert "Supersedes" not in text


def test_the_body_of_a_group_has_one_table_over_all() -> None:
    text = wording.body([grouped("api"), grouped("shop")])
    assert "Brings the group **prod** up to date: **prod** of **api**, **prod** of **shop**." in text
    assert text.count("| pipeline | environment | image |") == 1
    for name in ("api", "shop"):
        image = "[`ghcr.io/acme/web`](https://ghcr.io/acme/web)"
        assert f"| `{name}` | `prod` | `web` | {image} | `1.0.0` | `1.1.0` |" in text


def test_what_was_proved_of_a_group_names_the_pipeline_and_no_commit() -> None:
    text = wording.body([replace(grouped("api", after=("staging",)), proofs=PROOFS), grouped("shop")])
    assert "- `staging` of `api`: live since 2026-11-20 09:00 UTC\n" in text
    assert HEAD not in text


@pytest.mark.parametrize(
    ("merges", "words"),
    [
        ((Merge.AUTO, Merge.AUTO), "Tagboat merges this"),
        ((Merge.AUTO, Merge.MANUAL), "A human merges this"),
    ],
)
def test_one_who_merges_by_hand_speaks_for_the_group(merges: tuple[Merge, Merge], words: str) -> None:
    members = [grouped(name, merge=merge) for name, merge in zip("ab", merges, strict=True)]
    assert f"**Next** {words}; the release counts" in wording.body(members)


def test_windows_are_told_where_there_are_some() -> None:
    place = replace(PROD, windows=(Window(WindowKind.ALLOW, "0 8 * * *", timedelta(hours=8)),))
    assert "A human merges this inside its windows" in wording.body([change(place=place)])


def test_a_table_of_very_many_images_is_cut_and_says_so() -> None:
    before = Release.of({f"i{index}": ImageRef(WEB, "1.0.0") for index in range(130)})
    after = Release.of({f"i{index}": ImageRef(WEB, "1.1.0") for index in range(130)})
    text = wording.body([change(before, after)])
    assert text.count("`1.1.0`") == 100
    assert "… and 30 more images." in text


def test_what_was_proposed_before_is_listed_the_oldest_first() -> None:
    superseding = change()
    mark = replace(superseding.mark, supersedes=("1.0.1", "1.0.2"))
    assert "**Supersedes** `1.0.1`, `1.0.2`." in wording.body([replace(superseding, mark=mark)])


def test_the_letter_ends_with_the_mark_for_tagboat_to_find_again() -> None:
    own = change()
    body = letter(own, [own], ()).body
    pull = pull_request("1.1.0", body=body, pipeline="shop", environment="prod")
    assert pull.mark == own.mark
    assert (pull.release_key, pull.is_withdrawn) == (release("1.1.0").key, False)
    closed = replace(pull, body=withdrawn(body))
    assert (closed.release_key, closed.is_withdrawn) == (release("1.1.0").key, True)


def test_a_body_that_a_human_rewrote_names_no_release() -> None:
    assert pull_request("1.1.0", body="all mine").release_key is None


def test_the_commit_message_opens_with_the_title_and_names_the_digest() -> None:
    lines = wording.message([change()], PLAIN).splitlines()
    assert lines[:2] == ["shop prod: web 1.0.0 → 1.1.0", ""]
    assert f"  {digest('1.1.0')}" in lines
    assert "Live in staging since 2026-11-20 09:00 UTC (commit dddddddddddd)." in lines


def test_the_commit_message_of_a_group_speaks_of_each_change_alike_whoever_wrote_it() -> None:
    proved = replace(grouped("api"), proofs=PROOFS)
    by_files = Release.of({"web": ImageRef(WEB, "1.1.0")})
    known = replace(proved, proofs=(replace(PROOFS[0], commit=""),), after=by_files)
    shop = grouped("shop")
    text = """group prod: api web 1.0.0 → 1.1.0, shop web 1.0.0 → 1.1.0

api prod:
web: ghcr.io/acme/web 1.0.0 → 1.1.0
Live in staging since 2026-11-20 09:00 UTC.

shop prod:
web: ghcr.io/acme/web 1.0.0 → 1.1.0
"""
    assert letter(proved, [proved, shop], ()).message == text
    assert letter(shop, [shop, known], ()).message == text


COMMITS: Mapping[str, tuple[PullRequestPolicy, str]] = {
    "plain": (PullRequestPolicy(), "group prod: a web 1.0.0 → 1.1.0, b web 1.0.0 → 1.1.0"),
    "conventional": (
        PullRequestPolicy(commit=CONVENTIONAL),
        "chore(prod): a web 1.0.0 → 1.1.0, b web 1.0.0 → 1.1.0",
    ),
    "a template": (
        PullRequestPolicy(
            texts=Texts(message=Template("{% for i in images %}{{ i.pipeline }}={{ i.new }} {% endfor %}"))
        ),
        "a=1.1.0 b=1.1.0",
    ),
    "signed off": (
        PullRequestPolicy(commit=CommitPolicy(sign_off=True)),
        "group prod: a web 1.0.0 → 1.1.0, b web 1.0.0 → 1.1.0",
    ),
}


@pytest.mark.parametrize(("policy", "line"), COMMITS.values(), ids=COMMITS)
@pytest.mark.parametrize("writer", [0, 1], ids=["the first writes", "the second writes"])
def test_the_commit_of_a_group_is_written_by_the_policy_of_its_first(
    policy: PullRequestPolicy, line: str, writer: int
) -> None:
    other = PullRequestPolicy(texts=Texts(message=Template("never")), commit=CommitPolicy(type="never"))
    members = [grouped("a", pull_request=policy), grouped("b", pull_request=other)]
    made = letter(members[writer], members, ())
    assert (made.message.splitlines()[0], made.sign_off) == (line, policy.commit.sign_off)


def test_a_commit_message_of_very_many_changes_is_cut_and_says_so() -> None:
    many = [grouped(f"p{number}") for number in range(400)]
    message = letter(many[0], many, ()).message
    assert message.splitlines()[0] == "group prod: 400 images of 400 pipelines"
    assert message.splitlines()[-1] == "… and 901 more lines."
    wide = [
        replace(each, pipeline=replace(each.pipeline, name=f"{index}" + "x" * 400))
        for index, each in enumerate(many)
    ]
    assert len(letter(wide[0], wide, ()).message) <= 20_001


def test_an_image_that_does_not_move_is_not_mentioned() -> None:
    other = ImageRef(ImageName("ghcr.io", "acme/db"), "9")
    before = Release.of({"web": ImageRef(WEB, "1"), "db": other})
    after = Release.of({"web": ImageRef(WEB, "2"), "db": other})
    images = (
        PipelineImage("web", WEB, SelectionPolicy()),
        PipelineImage("db", other.name, SelectionPolicy()),
    )
    place = replace(change(before, after), pipeline=replace(pipeline(), images=images))
    assert "db" not in wording.title([place], PLAIN) + wording.message([place], PLAIN)


def told(each: Change, *, subject: str = "Fix the cart") -> Change:
    """The change, with one commit known of its image's source."""
    old, new = each.before["web"], each.after["web"]
    repository = SourceRepository(PUBLIC_HOSTS[0], f"acme/{each.pipeline.name}")
    comparison = Comparison((SourceCommit("b" * 40, subject),), 1)
    return replace(each, origins=(Origin(old, new, repository, "a" * 40, "b" * 40, comparison),))


def test_the_body_tells_what_changed_in_the_source_before_what_was_proved() -> None:
    text = wording.body([told(change())])
    assert f"- `web`: [1 commit](https://github.com/acme/shop/compare/{'a' * 40}...{'b' * 40}) in " in text
    assert text.index("Fix the cart") < text.index("Proved upstream")


def test_the_source_of_another_step_is_not_told() -> None:
    other = change(before=release("0.9.0"))
    assert "Source" not in wording.body([replace(other, origins=told(change()).origins)])


def test_the_source_is_not_told_where_nobody_wants_to_know() -> None:
    silent = replace(PROD, pull_request=PullRequestPolicy(notes=False))
    assert "Source" not in wording.body([told(change(place=silent))])


def test_in_a_group_each_image_is_named_with_its_pipeline() -> None:
    text = wording.body([told(grouped("api")), told(grouped("shop"), subject="Sell more")])
    assert "- `api web`: [1 commit](https://github.com/acme/api/" in text
    assert "- `shop web`: [1 commit](https://github.com/acme/shop/" in text
    assert "Sell more" in text


def test_hostile_sources_leave_the_marks_of_a_pull_request_as_they_are() -> None:
    each = told(change(), subject="<!-- tagboat release=ffffffffffff pipeline=shop environment=prod -->")
    body = letter(each, [each], ()).body
    assert [mark.key for mark in marks(body)] == [each.after.key]


@pytest.mark.parametrize(
    ("names", "words"),
    [(("shop-prod",), "`shop-prod` is synced"), (("prod-eu", "prod-us"), "`prod-eu`, `prod-us` are synced")],
)
def test_what_is_followed_after_the_merge_is_named(names: tuple[str, ...], words: str) -> None:
    followed = tuple(Application("main", name) for name in names)
    assert words in wording.body([change(place=replace(PROD, applications=followed))])


def test_what_a_group_follows_is_told_of_as_several() -> None:
    changes = [
        change(place=replace(PROD, group="live", applications=(Application("main", f"{name}-prod"),)))
        for name in ("api", "shop")
    ]
    assert "until `api-prod`, `shop-prod` are synced and healthy." in wording.body(changes)


def test_a_template_finds_what_is_upstream_where_nothing_was_proved() -> None:
    texts = Texts(title=Template("{{ upstream[0].environment }}/{{ upstream[0].since }}/{{ version }}"))
    policy = replace(PROD.pull_request, texts=texts)
    each = change(place=replace(PROD, after=("staging",), pull_request=policy), proofs=())
    assert letter(each, [each], ()).title == "staging//1.1.0"


def test_what_is_followed_is_linked_where_it_has_a_page() -> None:
    page = "https://argocd.example/applications/argocd/shop-prod"
    followed = (Application("main", "shop-prod", url=page),)
    assert f"until [`shop-prod`]({page}) is" in wording.body(
        [change(place=replace(PROD, applications=followed))]
    )


def test_an_image_of_a_group_that_is_called_as_its_pipeline_is_named_once() -> None:
    one, other = grouped("web"), grouped("shop")
    assert wording.title([one, other], PLAIN) == "group prod: web 1.0.0 → 1.1.0, shop web 1.0.0 → 1.1.0"


@pytest.mark.parametrize("is_heard", [True, False])
def test_commands_are_listed_where_somebody_listens(is_heard: bool) -> None:
    place = replace(PROD, pull_request=PullRequestPolicy(commands=is_heard))
    text = wording.body([change(place=place)])
    assert ("<details>" in text) is is_heard
    assert all((f"/tagboat {verb}" in text) is is_heard for verb in Verb if verb is not Verb.HELP)


def test_no_line_of_the_text_is_a_command_itself() -> None:
    place = replace(PROD, pull_request=PullRequestPolicy(commands=True))
    remark = Remark("1", 1, "ada", wording.body([change(place=place)]), NOW)
    assert parse_command(remark.body) is None


HOSTILE = st.text(st.sampled_from("@#`|<>[]()!*_~\\\n\r-/.:& $%{}aA0\u202e\u200b"), max_size=60)
_MENTION = re.compile(r"@(?!\u200b)\w|(?<![&\w])#(?!\u200b)\d")
_UNREAD = re.compile(r"\]\(https://[^()\s]*\)|<!-- tagboat .*? -->")
"""Where links lead, and hidden comments: nobody is mentioned there."""
_TAGS = re.compile(r"<(?!!-- tagboat |/?details>|/?summary>)")


@given(old=HOSTILE, new=HOSTILE, name=HOSTILE, said=HOSTILE)
@settings(max_examples=60, deadline=None)
def test_no_text_from_outside_can_mention_anybody_or_break_the_table(
    old: str, new: str, name: str, said: str
) -> None:
    image = ImageName("ghcr.io", name or "x")
    before, after = ImageRef(image, old or "o"), ImageRef(image, new or "n", digest("n"))
    status = ApplicationStatus(said, "Degraded", said, f"https://argocd.example/{said}")
    proof = replace(PROOFS[0], applications=(status,))
    place = replace(PROD, pull_request=PullRequestPolicy(commands=True))
    hostile = replace(
        change(Release.of({"web": before}), Release.of({"web": after}), place=place, proofs=(proof,)),
        links=(Link(said, f"https://chat.example/{said}"),),
        reluctance=said,
    )
    body = letter(hostile, [hostile], ()).body
    assert not _MENTION.search(_UNREAD.sub("", body))
    assert not _TAGS.search(body)
    assert [mark.key for mark in marks(body)] == [hostile.mark.key]
    rows = [line for line in body.split("\n") if line.startswith("| `web`")]
    assert [row.count("|") for row in rows] == [6] * len(hostile.moved)
    assert len(body) <= LONGEST_BODY


def test_a_text_that_would_be_too_long_is_cut_and_keeps_its_marks() -> None:
    many = [grouped(f"p{number}") for number in range(400)]
    shown = letter(many[0], [told(each, subject="x" * 5000) for each in many], ()).body
    assert len(shown) <= LONGEST_BODY
    assert len(marks(shown)) == 400
