"""How pull requests look, who is told, and how often they come, over memory twins."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from bot.adapters.forges.memory.forge import File
from bot.domain.errors import Unreachable
from bot.domain.pipeline import Environment, Merge
from bot.domain.pull_request.policy import CommitPolicy, CommitStyle, Pace, PullRequestPolicy, Texts
from bot.domain.pull_request.proposal import Metadata, Proposal, PullRequest, PullRequestState
from bot.domain.pull_request.templates import Template
from bot.domain.status import State
from bot.domain.window import Window, WindowKind
from bot.flow.merge import close_by_human, merge_by_human
from tests.flow.worlds import REPOSITORY, WEB, Bench, environment, values

MINUTE = timedelta(minutes=1)


def bench(policy: PullRequestPolicy, *others: str, **changes: object) -> Bench:
    """One environment `dev` of that policy, and others like it, each merged by hand."""
    made = Bench(tuple(environment(name, pull_request=policy, **changes) for name in ("dev", *others)))
    made.settle()
    return made


def push(made: Bench, *tags: str) -> None:
    for tag in tags:
        made.registry.push(WEB, tag)
        made.look()


def pulls(made: Bench) -> Sequence[PullRequest]:
    return made.ledger.of_repository(REPOSITORY)


def branch(text: str) -> PullRequestPolicy:
    return PullRequestPolicy(Texts(branch=Template(text)))


class TestBranches:
    def test_a_template_without_a_version_names_one_rolling_branch(self) -> None:
        made = bench(branch("updates-{{ pipeline }}-{{ environment }}"))
        push(made, "1.1.0", "1.2.0")
        assert [(each.branch, each.state) for each in pulls(made)] == [
            ("updates-shop-dev", PullRequestState.OPEN)
        ]

    def test_a_branch_per_release_supersedes_the_older_ones(self) -> None:
        made = bench(branch("automated-value-files-updates-{{ tag }}"))
        push(made, "1.1.0", "1.2.0", "1.3.0")
        found = [(each.branch.rpartition("-")[2], each.state, each.is_withdrawn) for each in pulls(made)]
        assert found == [
            ("1.3.0", PullRequestState.OPEN, False),
            ("1.2.0", PullRequestState.CLOSED, True),
            ("1.1.0", PullRequestState.CLOSED, True),
        ]
        newest = pulls(made)[0]
        assert "**Supersedes** `1.1.0`, `1.2.0`." in newest.body
        assert "Superseded by pull request 3 for 1.3.0." in pulls(made)[1].body
        assert made.forge.head(REPOSITORY, "automated-value-files-updates-1.2.0") is None

    def test_a_merge_of_it_is_followed(self) -> None:
        made = bench(branch("updates-{{ tag }}"))
        push(made, "1.1.0")
        made.merge("dev")
        made.settle()
        assert made.status("dev").state is State.LIVE
        assert made.file("dev") == values("1.1.0")
        push(made, "1.2.0")
        assert pulls(made)[0].branch == "updates-1.2.0"

    def test_a_no_to_one_release_is_remembered(self) -> None:
        made = bench(branch("updates-{{ tag }}"))
        push(made, "1.1.0")
        close_by_human(made.world, "shop", "dev", number=1, who="ada")
        made.look()
        assert made.status("dev").state is State.DECLINED
        push(made, "1.2.0")
        assert made.status("dev").state is State.PROPOSED

    def test_an_older_one_that_somebody_committed_to_is_left_to_people(self) -> None:
        made = bench(branch("updates-{{ tag }}"))
        push(made, "1.1.0")
        made.forge.commit_by_human(REPOSITORY, "updates-1.1.0", {"note": File(b"mine")})
        push(made, "1.2.0")
        assert [each.state for each in pulls(made)] == [PullRequestState.OPEN, PullRequestState.OPEN]

    @pytest.mark.parametrize(
        "files", [{"note": File(b"theirs")}, {}], ids=["with work on it", "as the base was"]
    )
    def test_a_branch_that_was_there_before_is_not_written(self, files: dict[str, File]) -> None:
        made = bench(branch("updates-{{ tag }}"))
        if files:
            made.forge.commit_by_human(REPOSITORY, "updates-1.1.0", files)
        else:
            base = made.forge.head(REPOSITORY, "main")
            assert base is not None
            made.forge.reset_by_human(REPOSITORY, "updates-1.1.0", base)
        before = made.forge.head(REPOSITORY, "updates-1.1.0")
        push(made, "1.1.0")
        assert made.status("dev").state is State.BLOCKED
        assert "not Tagboat's" in made.status("dev").reason
        assert made.forge.head(REPOSITORY, "updates-1.1.0") == before
        assert pulls(made) == []

    def test_a_tag_cannot_lead_to_the_base_branch(self) -> None:
        made = Bench((environment("dev", pull_request=branch("main{{ tag|replace('1.1.0', '') }}")),))
        made.settle()
        push(made, "1.1.0")
        assert made.status("dev").state is State.BLOCKED
        assert "is the base branch itself" in made.status("dev").reason

    def test_a_crash_between_branch_and_pull_request_is_made_good(self) -> None:
        made = bench(branch("updates-{{ tag }}"))
        opening = made.forge.open

        def fail(*_: object, **__: object) -> PullRequest:
            made.forge.open = opening  # type: ignore[method-assign]
            raise Unreachable("the forge does not answer")

        made.forge.open = fail  # type: ignore[method-assign]
        push(made, "1.1.0")
        made.clock.pass_by(MINUTE)
        made.look()
        assert [(each.branch, each.state) for each in pulls(made)] == [
            ("updates-1.1.0", PullRequestState.OPEN)
        ]


class TestWords:
    def test_templates_take_the_place_of_our_words(self) -> None:
        texts = Texts(
            title=Template("Release {{ version }} to {{ environment }}"),
            message=Template("deploy: {{ images[0].alias }} {{ images[0].old }} to {{ images[0].new }}"),
            body=Template("{{ default }}\n\nTicket: OPS-1"),
        )
        made = bench(PullRequestPolicy(texts))
        push(made, "1.1.0")
        (pull,) = pulls(made)
        assert pull.title == "Release 1.1.0 to dev"
        assert "Brings **dev** of **shop** to `1.1.0`." in pull.body
        assert "Ticket: OPS-1\n\n<!-- tagboat release=" in pull.body
        made.look()
        assert made.status("dev").state is State.PROPOSED

    def test_a_template_that_fails_late_stops_with_a_sentence(self) -> None:
        made = bench(PullRequestPolicy(Texts(title=Template("{{ upstream[0].since }}"))))
        push(made, "1.1.0")
        assert made.status("dev").state is State.BLOCKED
        assert "the template of the title cannot be used" in made.status("dev").reason
        assert pulls(made) == []

    def test_conventional_commits_and_the_sign_off(self) -> None:
        commit = CommitPolicy(CommitStyle.CONVENTIONAL, "deploy", sign_off=True)
        made = bench(PullRequestPolicy(commit=commit))
        push(made, "1.1.0")
        (pull,) = pulls(made)
        assert pull.title == "deploy(dev): shop web 1.0.0 → 1.1.0"
        assert "Signed-off-by: Tagboat" in made.forge.message(REPOSITORY, pull.head)

    def test_an_unchanged_file_opens_nothing(self) -> None:
        made = bench(PullRequestPolicy())
        made.look()
        made.look()
        assert pulls(made) == []
        assert made.forge.head(REPOSITORY, "tagboat/shop/dev") is None


class TestCompany:
    POLICY = PullRequestPolicy(
        Texts(labels=(Template("tagboat"), Template("env/{{ environment }}"), Template("{{ group }}"))),
        Metadata(reviewers=("ada",), assignees=("grace",), milestone="Q4", draft=True),
    )

    def test_labels_reviewers_and_their_kind_are_added_once(self) -> None:
        made = bench(self.POLICY)
        push(made, "1.1.0")
        (pull,) = pulls(made)
        assert pull.is_draft
        assert pull.metadata is not None
        assert pull.metadata.labels == ("tagboat", "env/dev")
        assert (pull.metadata.reviewers, pull.metadata.assignees) == (("ada",), ("grace",))
        described = made.forge.describe
        calls: list[int] = []

        def counted(repository: str, number: int, metadata: Metadata) -> Sequence[str]:
            calls.append(number)
            return described(repository, number, metadata)

        made.forge.describe = counted  # type: ignore[method-assign]
        push(made, "1.2.0")
        made.look()
        assert calls == []

    def test_what_the_host_does_not_take_is_told_and_stops_nothing(self) -> None:
        made = bench(self.POLICY)
        made.forge.describe = lambda *_: ("the labels: no right",)  # type: ignore[method-assign]
        push(made, "1.1.0")
        assert made.status("dev").state is State.PROPOSED
        assert "the Git host did not take the labels: no right" in made.status("dev").reason
        made.look()
        assert "no right" in made.status("dev").reason

    def test_a_fault_is_tried_again(self) -> None:
        made = bench(self.POLICY)
        described = made.forge.describe

        def fail(repository: str, number: int, metadata: Metadata) -> Sequence[str]:
            made.forge.describe = described  # type: ignore[method-assign]
            raise Unreachable("the forge does not answer")

        made.forge.describe = fail  # type: ignore[method-assign]
        push(made, "1.1.0")
        assert pulls(made)[0].metadata is None
        made.clock.pass_by(MINUTE)
        made.settle()
        assert pulls(made)[0].metadata is not None

    def test_a_foreign_commit_is_commented_upon_once(self) -> None:
        made = bench(PullRequestPolicy())
        push(made, "1.1.0")
        made.forge.commit_by_human(REPOSITORY, "tagboat/shop/dev", {"note": File(b"mine")})
        push(made, "1.2.0", "1.3.0")
        (pull,) = pulls(made)
        assert made.status("dev").state is State.BLOCKED
        assert len(pull.comments) == 1
        assert "`tagboat/shop/dev` is not Tagboat's" in pull.comments[0]


class TestPace:
    def test_pushes_that_come_together_are_gathered(self) -> None:
        made = bench(PullRequestPolicy(pace=Pace(debounce=2 * MINUTE)))
        push(made, "1.1.0")
        assert (made.status("dev").state, pulls(made)) == (State.WAITING, [])
        assert made.status("dev").wake_at == made.clock.now() + 2 * MINUTE
        made.clock.pass_by(MINUTE)
        push(made, "1.2.0")
        made.clock.pass_by(1.5 * MINUTE)
        made.look()
        assert pulls(made) == []
        made.clock.pass_by(MINUTE)
        made.settle()
        assert [each.title for each in pulls(made)] == ["shop dev: web 1.0.0 → 1.2.0"]

    def test_gathering_ends_however_much_comes(self) -> None:
        made = bench(PullRequestPolicy(pace=Pace(debounce=2 * MINUTE, longest_wait=3 * MINUTE)))
        for patch in range(1, 5):
            push(made, f"1.1.{patch}")
            made.clock.pass_by(MINUTE)
        made.look()
        assert len(pulls(made)) == 1

    def test_an_open_pull_request_is_changed_by_the_same_rule(self) -> None:
        made = bench(PullRequestPolicy(pace=Pace(debounce=2 * MINUTE)))
        push(made, "1.1.0")
        made.clock.pass_by(2 * MINUTE)
        made.look()
        push(made, "1.2.0")
        assert made.status("dev").state is State.PROPOSED
        assert "1.1.0" in pulls(made)[0].title
        made.clock.pass_by(2 * MINUTE)
        made.look()
        assert "1.2.0" in pulls(made)[0].title

    def test_only_so_many_are_open_in_the_repository(self) -> None:
        made = bench(PullRequestPolicy(pace=Pace(most_open=2)), "staging", "prod")
        push(made, "1.1.0")
        assert len(pulls(made)) == 2
        waiting = [name for name in ("dev", "staging", "prod") if made.status(name).state is State.WAITING]
        assert waiting == ["prod"]
        assert "2 open of at most 2" in made.status("prod").reason
        close_by_human(made.world, "shop", "dev", number=1, who="ada")
        made.look()
        made.look()
        assert made.status("prod").state is State.PROPOSED

    def test_only_so_many_are_opened_in_an_hour(self) -> None:
        made = bench(PullRequestPolicy(pace=Pace(per_hour=1)))
        push(made, "1.1.0")
        pull = pulls(made)[0]
        merge_by_human(made.world, "shop", "dev", number=pull.number, head=pull.head, who="ada")
        made.look()
        made.clock.pass_by(10 * MINUTE)
        push(made, "1.2.0")
        assert made.status("dev").state is State.WAITING
        assert made.status("dev").wake_at == made.clock.now() + 50 * MINUTE
        made.clock.pass_by(50 * MINUTE)
        made.settle()
        assert made.status("dev").state is State.PROPOSED

    def test_nothing_is_opened_or_changed_while_the_schedule_says_no(self) -> None:
        shut = Window(WindowKind.DENY, "0 10 * * *", timedelta(hours=1), reason="stand-up")
        made = bench(PullRequestPolicy(pace=Pace(windows=(shut,))))
        push(made, "1.1.0")
        made.clock.pass_by(70 * MINUTE)
        push(made, "1.2.0")
        assert "1.1.0" in pulls(made)[0].title
        assert "stand-up" in made.status("dev").reason
        assert made.status("dev").wake_at == made.clock.now() + 50 * MINUTE
        made.clock.pass_by(50 * MINUTE)
        made.settle()
        assert "1.2.0" in pulls(made)[0].title

    def test_others_in_the_repository_are_not_counted_for_who_has_no_limit(self) -> None:
        free: Environment = environment("free", merge=Merge.MANUAL)
        made = Bench((environment("dev", pull_request=PullRequestPolicy(pace=Pace(most_open=1))), free))
        made.settle()
        push(made, "1.1.0")
        assert [made.status(name).state for name in ("dev", "free")] == [State.PROPOSED, State.PROPOSED]

    def test_one_whose_answer_was_lost_counts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        made = bench(PullRequestPolicy(pace=Pace(per_hour=1)), "staging")
        opening = made.forge.open

        def lossy(repository: str, proposal: Proposal, *, base_branch: str) -> PullRequest:
            opening(repository, proposal, base_branch=base_branch)
            raise Unreachable("the connection broke before the answer came")

        with monkeypatch.context() as broken:
            broken.setattr(made.forge, "open", lossy)
            push(made, "1.1.0")
        for _ in range(4):
            made.clock.pass_by(10 * MINUTE)
            made.look()
        assert len(pulls(made)) == 1
        assert "1 opened of at most 1" in made.status("staging").reason
        made.clock.pass_by(61 * MINUTE)
        made.look()
        assert len(pulls(made)) == 2

    def test_one_that_was_opened_before_a_crash_counts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        made = bench(PullRequestPolicy(pace=Pace(per_hour=1)), "staging")
        opening = made.forge.open

        def deadly(repository: str, proposal: Proposal, *, base_branch: str) -> PullRequest:
            opening(repository, proposal, base_branch=base_branch)
            raise SystemExit

        with monkeypatch.context() as broken:
            broken.setattr(made.forge, "open", deadly)
            with pytest.raises(SystemExit):
                push(made, "1.1.0")
        made.clock.pass_by(10 * MINUTE)
        made.look()
        assert len(pulls(made)) == 1
        assert "1 opened of at most 1" in made.status("staging").reason

    def test_one_that_could_not_be_opened_does_not_count(self, monkeypatch: pytest.MonkeyPatch) -> None:
        made = bench(PullRequestPolicy(pace=Pace(per_hour=1)))

        def deaf(repository: str, proposal: Proposal, *, base_branch: str) -> PullRequest:
            raise Unreachable(f"{repository} is away", why=f"{proposal.branch} {base_branch}")

        with monkeypatch.context() as broken:
            broken.setattr(made.forge, "open", deaf)
            push(made, "1.1.0")
        made.clock.pass_by(MINUTE)
        made.look()
        assert len(pulls(made)) == 1

    def test_one_that_cannot_be_read_now_counts_and_is_shown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        made = bench(PullRequestPolicy(pace=Pace(most_open=1)), "staging")
        push(made, "1.1.0")
        shown, asking = made.status("dev").pull_request, made.forge.pull_requests

        def half_deaf(repository: str, branch: str) -> Sequence[PullRequest]:
            if branch.endswith("/dev"):
                raise Unreachable("this list does not come")
            return asking(repository, branch)

        monkeypatch.setattr(made.forge, "pull_requests", half_deaf)
        for _ in range(2):
            made.clock.pass_by(6 * MINUTE)
            made.look()
        assert made.status("dev").state is State.UNKNOWN
        assert made.status("dev").pull_request == shown is not None
        assert len(pulls(made)) == 1

    def test_one_that_is_to_be_superseded_counts_for_others_and_is_shown(self) -> None:
        per_release = Texts(branch=Template("updates-{{ environment }}-{{ version }}"))
        gathers = PullRequestPolicy(texts=per_release, pace=Pace(most_open=1, debounce=2 * MINUTE))
        alone = PullRequestPolicy(pace=Pace(most_open=1))
        made = Bench(
            (
                environment("dev", merge=Merge.MANUAL, pull_request=gathers),
                environment("staging", merge=Merge.MANUAL, pull_request=alone),
            )
        )
        made.settle()
        push(made, "1.1.0")
        made.merge("staging")
        made.clock.pass_by(2 * MINUTE)
        made.look()
        shown = made.status("dev").pull_request
        push(made, "1.2.0")
        assert "gathers" in made.status("dev").reason
        assert made.status("dev").pull_request == shown is not None
        assert "1 open of at most 1" in made.status("staging").reason
        made.clock.pass_by(2 * MINUTE)
        made.look()
        superseding = made.status("dev").pull_request
        assert superseding is not None
        assert "1.2.0" in superseding.title
        assert "1 open of at most 1" in made.status("staging").reason

    def test_one_beside_a_file_that_cannot_be_used_counts_and_is_shown(self) -> None:
        made = bench(PullRequestPolicy(pace=Pace(most_open=1)), "staging")
        push(made, "1.1.0")
        shown = made.status("dev").pull_request
        made.forge.commit_by_human(REPOSITORY, "main", {"envs/dev/values.yaml": File(b"image: [")})
        made.look()
        assert made.status("dev").state is State.BLOCKED
        assert made.status("dev").pull_request == shown is not None
