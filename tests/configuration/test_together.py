"""Independent mistakes are told in one run, and what only follows from one of them is not told at all."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.configuration.files import changed, problems, told

GOOD = """\
poll: 5m
store: sqlite:///tagboat.db
web:
  listen: 127.0.0.1:8080
registries:
  ghcr.io:
    username: u
    password: p
    url: https://ghcr.example.com
forges:
  github:
    kind: github
    token: gh
    url: https://github.example.com/api/v3
    merge_method: squash
argocd:
  main:
    url: https://argocd.example.com
    token: t
notify:
  - kind: log
  - kind: slack
    token: t
    channel: deploys
    url: https://slack.example.com
webhooks:
  hub:
    sender: dockerhub
    secret: s
  mirror:
    sender: distribution
    authorization: a
    registry: ghcr.io
pipelines:
  homepage:
    repository: github:acme/infra
    branch: main
    argocd_urls: [ssh://git@h/infra]
    images:
      web:
        image: ghcr.io/acme/web
        strategy: semver
        constraint: 1.x
        allow_tags: any
        ignore_tags: ["*-rc"]
        platforms: linux/amd64
        allow_downgrade: false
        pattern: ^(.*)$
        extract: $1
        max_jump: minor
        min_age: 1h
        moved_tags: follow
        match_prerelease: true
        pin:
          tag: 1.4.2
          reason: 1.5 is slow
          until: 2026-12-24
        write:
          tag: image.tag
          digest: image.digest
    environments:
      dev:
        values: dev.yaml
        merge: auto
        argocd: homepage-dev
        settle: 20s
      staging:
        after: dev
        soak: 1h
        values:
          - file: staging.yaml
            image: web
        deadlines:
          sync: 5m
      prod:
        after: staging
        values: [prod.yaml, other.yaml]
        windows:
          - kind: deny
            schedule: 0 16 * * 5
            duration: 64h
            time_zone: Europe/Paris
        argocd:
          - name: homepage-prod
            namespace: argocd
"""
"""One of everything: what is left out because of a fault would take all that is around it along."""


@dataclass(frozen=True)
class Fault:
    """A line of the good file that is replaced, and what is told of it."""

    old: str
    new: str
    key: str
    what: str

    @property
    def line(self) -> int:
        """The line of the fault."""
        return 1 + [line.strip().removeprefix("- ") for line in GOOD.splitlines()].index(self.old)

    def put_into(self, text: str) -> str:
        """The text with this fault."""
        lines = text.splitlines()
        lines[self.line - 1] = lines[self.line - 1].replace(self.old, self.new)
        return "\n".join(lines) + "\n"


P = "pipelines.homepage"
I = f"{P}.images.web"  # noqa: E741
DEV, STAGING, PROD = (f"{P}.environments.{each}" for each in ("dev", "staging", "prod"))

FAULTS = [
    Fault("poll: 5m", "poll: 10ms", "poll", "out of bounds"),
    Fault("store: sqlite:///tagboat.db", "store: mysql://h/d", "store", "not the URL of a database"),
    Fault("listen: 127.0.0.1:8080", "listen: 8080", "web.listen", "is not an address"),
    Fault("username: u", "usrname: u", 'registries."ghcr.io".usrname', "no such key"),
    Fault("url: https://ghcr.example.com", "url: http://g", 'registries."ghcr.io".url', "plain http"),
    Fault("kind: github", "kind: gihub", "forges.github.kind", "is not one of"),
    Fault("token: gh", "token: ${NOT_SET}", "forges.github.token", "NOT_SET is not set"),
    Fault("url: https://argocd.example.com", "url: http://a", "argocd.main.url", "plain http"),
    Fault("kind: log", "kind: lgo", "notify[0].kind", "is not one of"),
    Fault("url: https://slack.example.com", "url: http://s", "notify[1].url", "plain http"),
    Fault("sender: dockerhub", "sender: hub", "webhooks.hub.sender", "is not one of"),
    Fault("authorization: a", "authorization:", "webhooks.mirror.authorization", "there is no value"),
    Fault("homepage:", "Homepage:", "pipelines.Homepage", "lower-case letters"),
    Fault("repository: github:acme/infra", "repository: acme/infra", f"{P}.repository", "with a forge"),
    Fault("branch: main", "branch: tagboat/x", f"{P}.branch", "are for proposals"),
    Fault("argocd_urls: [ssh://git@h/infra]", "argocd_urls: x", f"{P}.argocd_urls", "a list is expected"),
    Fault("image: ghcr.io/acme/web", "image: ghcr.io/acme/Web", f"{I}.image", "is not a repository name"),
    Fault("strategy: semver", "strategy: smever", f"{I}.strategy", "is not a strategy"),
    Fault("constraint: 1.x", "constraint: '>>1'", f"{I}.constraint", "is not a version constraint"),
    Fault("allow_tags: any", "allow_tags: 'regexp:('", f"{I}.allow_tags", "does not compile"),
    Fault('ignore_tags: ["*-rc"]', "ignore_tags: [ok, '[a']", f"{I}.ignore_tags[1]", "is not a glob"),
    Fault("platforms: linux/amd64", "platforms: amd", f"{I}.platforms", "is not a platform"),
    Fault("allow_downgrade: false", "allow_downgrade: no", f"{I}.allow_downgrade", "neither true nor false"),
    Fault("pattern: ^(.*)$", "pattern: '('", f"{I}.pattern", "does not compile"),
    Fault("extract: $1", "extract: $2", f"{I}.extract", "names the group"),
    Fault("max_jump: minor", "max_jump: mino", f"{I}.max_jump", "is not one of"),
    Fault("min_age: 1h", "min_age: 1", f"{I}.min_age", "is not a length of time"),
    Fault("moved_tags: follow", "moved_tags: fellow", f"{I}.moved_tags", "is not one of"),
    Fault("match_prerelease: true", "match_prerelease: false", f"{I}.match_prerelease", "means nothing to"),
    Fault("tag: 1.4.2", "tag: 1 4", f"{I}.pin.tag", "is not the tag of an image"),
    Fault("until: 2026-12-24", "until: soon", f"{I}.pin.until", "is not a moment"),
    Fault("tag: image.tag", "tag: a..b", f"{I}.write.tag", "is not a key path"),
    Fault("dev:", "Dev:", f"{P}.environments.Dev", "lower-case letters"),
    Fault("values: dev.yaml", "values: ../dev.yaml", f"{DEV}.values", "is never written"),
    Fault("merge: auto", "merge: atuo", f"{DEV}.merge", "is not one of"),
    Fault("argocd: homepage-dev", "argocd: man/homepage", f"{DEV}.argocd", "there is no Argo CD"),
    Fault("settle: 20s", "settle: 20", f"{DEV}.settle", "is not a length of time"),
    Fault("after: dev", "after: dve", f"{STAGING}.after", "there is no environment"),
    Fault("soak: 1h", "soak: 1", f"{STAGING}.soak", "is not a length of time"),
    Fault("image: web", "image: wep", f"{STAGING}.values[0].image", "there is no image"),
    Fault("file: staging.yaml", "file: /staging.yaml", f"{STAGING}.values[0].file", "is never written"),
    Fault("after: staging", "after: prod", f"{PROD}.after", "is a circle"),
    Fault("kind: deny", "kind: dney", f"{PROD}.windows[0].kind", "is not one of"),
    Fault("sync: 5m", "sync: 0s", f"{STAGING}.deadlines.sync", "always over"),
    Fault(
        "values: [prod.yaml, other.yaml]",
        "values: [prod.yaml, prod.yaml]",
        f"{PROD}.values[1]",
        "the same key of the same file",
    ),
    Fault("schedule: 0 16 * * 5", "schedule: 0 25 * * *", f"{PROD}.windows[0].schedule", "five-field cron"),
    Fault("duration: 64h", "duration: 400d", f"{PROD}.windows[0].duration", "at most 366 days"),
    Fault("name: homepage-prod", "name: Home", f"{PROD}.argocd[0].name", "not the name of an Application"),
    Fault("namespace: argocd", "namespace: B", f"{PROD}.argocd[0].namespace", "is not a name in Kubernetes"),
]

CANNOT_BE_JUDGED = {
    ("strategy: semver", "constraint: 1.x"): "what a constraint may say depends on the strategy",
    ("strategy: semver", "match_prerelease: true"): "who reads it depends on the strategy",
    ("pattern: ^(.*)$", "extract: $1"): "which groups there are depends on the pattern",
}


def _id(fault: Fault) -> str:
    return fault.key


def test_the_good_file_has_no_problem(tmp_path: Path) -> None:
    assert told(tmp_path, GOOD) == []


@pytest.mark.parametrize("fault", FAULTS, ids=_id)
def test_a_fault_alone_is_the_only_one_told(fault: Fault, tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, fault.put_into(GOOD))
    assert (problem.key, problem.line) == (fault.key, fault.line)
    assert fault.what in problem.what


@pytest.mark.parametrize("one", FAULTS, ids=_id)
def test_a_fault_hides_no_other_and_brings_none(one: Fault, tmp_path: Path) -> None:
    wrong = {}
    for other in FAULTS:
        pair = (one.old, other.old)
        if other is one or pair in CANNOT_BE_JUDGED or pair[::-1] in CANNOT_BE_JUDGED:
            continue
        found = problems(tmp_path, other.put_into(one.put_into(GOOD)))
        expected = sorted((each.line, each.what) for each in (one, other))
        is_right = len(found) == 2 and all(
            line == each.line and what in each.what
            for (line, what), each in zip(expected, found, strict=True)
        )
        if not is_right:
            wrong[other.key] = [str(each) for each in found]
    assert wrong == {}


def test_an_unknown_strategy_leaves_the_constraint_for_later(tmp_path: Path) -> None:
    text = GOOD
    for fault in FAULTS:
        if fault.old in {"strategy: semver", "constraint: 1.x"}:
            text = fault.put_into(text)
    assert [each.key for each in problems(tmp_path, text)] == [f"{I}.strategy"]


def test_all_faults_of_one_file_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD
    told_lines = set()
    for fault in FAULTS:
        if fault.old not in {hidden for _, hidden in CANNOT_BE_JUDGED}:
            text = fault.put_into(text)
            told_lines.add(fault.line)
    assert {each.line for each in problems(tmp_path, text)} == told_lines


TWO_IMAGES = (
    "{web: acme/web}",
    "{web: {image: acme/web, write: {tag: web.tag}}, api: {image: acme/api, write: {tag: api.tag}}}",
)
ENVIRONMENTS = "{dev: {values: dev.yaml, argocd: web-dev}}"
CONSEQUENCES = {
    "forges misspelled: pipelines name them": ([("forges:", "frges:")], "frges"),
    "forges of another shape": ([("{git: {kind: git}, github: {kind: github, token: t}}", "git")], "forges"),
    "a forge's name": ([("{git: {kind: git}", "{Git: {kind: git}")], "forges.Git"),
    "a forge's kind: what its repositories look like": ([("kind: git}", "kind: gti}")], "forges.git.kind"),
    "a forge's token misspelled": ([("token: t", "tokn: t")], "forges.github.tokn"),
    "a forge's token without a space": ([("token: t", '"token:t": x')], "forges.github.token…"),
    "an empty token is no missing login": ([("token: t", "token: ''")], "forges.github.token"),
    "plain http may be allowed": (
        [("{kind: git}", "{kind: git, allow_http: maybe}"), ("git:/srv/git/infra.git", "git:http://h/i.git")],
        "forges.git.allow_http",
    ),
    "argocd misspelled: environments use it": ([("argocd: {demo", "argcd: {demo")], "argcd"),
    "argocd of another shape": ([("{demo: {kind: simulated}}", "demo")], "argocd"),
    "an Argo CD's name": (
        [("{demo: {", "{Demo: {"), ("argocd: web-dev", "argocd: demo/web-dev")],
        "argocd.Demo",
    ),
    "an Argo CD's plain_http": (
        [("{kind: simulated}", "{url: http://a, token: t, plain_http: maybe}")],
        "argocd.demo.plain_http",
    ),
    "a notifier's kind": (
        [("forges:", "notify: [{kind: slak}, {kind: slack, token: t, channel: c}]\nforges:")],
        "notify[0].kind",
    ),
    "a registry's URL": (
        [("forges:", "registries: {r.io: {url: x, plain_http: true}}\nforges:")],
        'registries."r.io".url',
    ),
    "a registry's password": (
        [("forges:", "registries: {r.io: {username: u, password: ''}}\nforges:")],
        'registries."r.io".password',
    ),
    "a registry's name": (
        [
            (
                "forges:",
                "registries: {GHCR.IO: {}}\n"
                "webhooks: {hub: {sender: distribution, authorization: x, registry: ghcr.io}}\nforges:",
            )
        ],
        'registries."GHCR.IO"',
    ),
    "a sender: its keys": (
        [
            (
                "forges:",
                "webhooks: {hub: {sender: distributoin, authorization: x, registry: docker.io}}\nforges:",
            )
        ],
        "webhooks.hub.sender",
    ),
    "an image that may be at the registry": (
        [
            ("acme/web", "R.io/acme/Web"),
            ("forges:", "webhooks: {hub: {sender: distribution, authorization: x, registry: r.io}}\nforges:"),
        ],
        "pipelines.web.images.web",
    ),
    "images misspelled: targets name them": (
        [("images:", "imags:"), ("values: dev.yaml", "values: {file: a, image: web}")],
        "pipelines.web.imags",
    ),
    "an image's alias": (
        [("{web: acme/web}", "{Web: acme/web}"), ("values: dev.yaml", "values: {file: a, image: web}")],
        "pipelines.web.images.Web",
    ),
    "an image's write misspelled": (
        [(TWO_IMAGES[0], TWO_IMAGES[1].replace("{tag: web.tag}", "{tga: web.tag}"))],
        "pipelines.web.images.web.write.tga",
    ),
    "a strategy: its constraint": (
        [("{web: acme/web}", "{web: {image: acme/web, stratgy: digest, constraint: latest}}")],
        "pipelines.web.images.web.stratgy",
    ),
    "a target's image: what is written upstream": (
        [
            TWO_IMAGES,
            (
                ENVIRONMENTS,
                "{dev: {values: [{file: a.yaml, image: web}, {file: a.yaml, image: apu}]},"
                " prod: {after: dev, values: b.yaml}}",
            ),
        ],
        "pipelines.web.environments.dev.values[1].image",
    ),
    "values misspelled: what is written": (
        [TWO_IMAGES, (ENVIRONMENTS, "{dev: {vaules: a.yaml}, prod: {after: dev, values: b.yaml}}")],
        "pipelines.web.environments.dev.vaules",
    ),
    "a target's write misspelled": (
        [("values: dev.yaml", "values: {file: a.yaml, wirte: {tag: t}}")],
        "pipelines.web.environments.dev.values.wirte",
    ),
    "an Application's name misspelled": (
        [("argocd: web-dev", "argocd: {nmae: web-dev}")],
        "pipelines.web.environments.dev.argocd.nmae",
    ),
    "an environment's name": (
        [(ENVIRONMENTS, "{Dev: {values: a.yaml}, prod: {after: [Dev, dev], values: b.yaml}}")],
        "pipelines.web.environments.Dev",
    ),
    "an environment of another shape": (
        [(ENVIRONMENTS, "{dev: a.yaml, prod: {after: dev, soak: 1h, values: a.yaml}}")],
        "pipelines.web.environments.dev",
    ),
    "after misspelled: soak needs it": (
        [(ENVIRONMENTS, "{dev: {values: a.yaml}, prod: {afer: dev, soak: 1h, values: b.yaml}}")],
        "pipelines.web.environments.prod.afer",
    ),
}


@pytest.mark.parametrize(("changes", "key"), CONSEQUENCES.values(), ids=CONSEQUENCES)
def test_what_only_follows_from_a_fault_is_not_told(
    changes: list[tuple[str, str]], key: str, tmp_path: Path
) -> None:
    assert [each.key for each in problems(tmp_path, changed(*changes))] == [key]


def test_faults_below_wrong_names_are_told_too(tmp_path: Path) -> None:
    text = changed(("{web: acme/web}", "{Web: [x]}"), ("  web:\n", "  We b:\n"), ("dev.yaml", "/x"))
    assert [each.line for each in problems(tmp_path, text)] == [4, 6, 6, 7]


def _places(value: Any, trail: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if trail:
        yield trail
    children = (
        value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ())
    )
    for step, child in children:
        yield from _places(child, (*trail, step))


PLACES = [each for each in _places(yaml.load(GOOD, yaml.CSafeLoader)) if each != ("poll",)]


@pytest.mark.parametrize(
    "nonsense", [None, "", "?", ["?"], {"?": "?"}, [None], {"?": None}, [], {}], ids=repr
)
def test_no_nonsense_anywhere_hides_a_fault_elsewhere(nonsense: Any, tmp_path: Path) -> None:
    good = {**yaml.load(GOOD, yaml.CSafeLoader), "poll": "10ms"}
    for trail in PLACES:
        document = deepcopy(good)
        parent: Any = document
        for step in trail[:-1]:
            parent = parent[step]
        parent[trail[-1]] = nonsense
        text = yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False)
        keys = [each.key for each in problems(tmp_path, text)]
        assert "poll" in keys, trail
