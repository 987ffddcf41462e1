"""YAML as people write it: files and folders, duplicates, aliases, caps, and files that are no YAML."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.configuration.build import load
from bot.configuration.problems import ConfigurationError
from bot.configuration.source import LARGEST_FILE
from tests.configuration.files import (
    NEWCOMER,
    NEWCOMERS_ENVIRONMENT,
    SMALL,
    changed,
    load_text,
    problems,
    told,
)


def test_scalars_stay_text(tmp_path: Path) -> None:
    """`1.10` is a tag here, not the number 1.1, and `on` is no boolean."""
    text = changed(("web: acme/web", "web: {image: acme/web, strategy: digest, constraint: 1.10}"))
    (image,) = load_text(tmp_path, text).pipelines["web"].images
    assert image.policy.constraint == "1.10"
    text = changed(("web: acme/web", "web: {image: acme/web, strategy: digest, constraint: on}"))
    (image,) = load_text(tmp_path, text).pipelines["web"].images
    assert image.policy.constraint == "on"


def test_anchors_and_merge_keys_save_repetition(tmp_path: Path) -> None:
    text = changed(
        (
            "environments: {dev: {values: dev.yaml, argocd: web-dev}}",
            """environments:
      dev: &shape {values: dev.yaml, argocd: web-dev, merge: auto, settle: 1m}
      prod: {<<: *shape, after: dev, values: prod.yaml, merge: manual}""",
        )
    )
    dev, prod = load_text(tmp_path, text).pipelines["web"].environments
    assert (dev.merge, prod.merge, prod.files) == ("auto", "manual", ("prod.yaml",))
    assert (prod.settle, prod.applications) == (dev.settle, dev.applications)


def test_the_first_of_several_merged_mappings_counts(tmp_path: Path) -> None:
    text = changed(
        ("{values: dev.yaml, argocd: web-dev}", "{<<: [*one, *two], values: dev.yaml}"),
        ("forges:", "x-one: &one {settle: 1m}\nx-two: &two {settle: 2m, merge: auto}\nforges:"),
    )
    (dev,) = load_text(tmp_path, text).pipelines["web"].environments
    assert (dev.settle.total_seconds(), dev.merge) == (60, "auto")


def test_keys_that_begin_with_x_are_room_for_anchors(tmp_path: Path) -> None:
    text = "x-any: [&dev {values: dev.yaml}, {what: ever}]\n" + changed(
        ("{values: dev.yaml, argocd: web-dev}", "*dev")
    )
    assert load_text(tmp_path, text).pipelines["web"].environments[0].files == ("dev.yaml",)


def test_a_folder_is_merged_by_top_level_key(tmp_path: Path) -> None:
    head, _, tail = NEWCOMER.partition("pipelines:\n")
    (tmp_path / "10-connections.yaml").write_text(head)
    (tmp_path / "20-homepage.yml").write_text("pipelines:\n" + tail)
    (tmp_path / "30-shop.yaml").write_text(
        "pipelines:\n" + tail.replace("homepage", "shop").replace("envs/", "shop/")
    )
    (tmp_path / "40-empty.yaml").write_text("# nothing yet\n")
    (tmp_path / ".hidden.yaml").write_text("not: [read")
    (tmp_path / "README.md").write_text("not read")
    settings = load(tmp_path, NEWCOMERS_ENVIRONMENT)
    assert list(settings.pipelines) == ["homepage", "shop"]
    assert settings.cache == tmp_path / ".tagboat-cache"


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (
            "forges: {git: {kind: git}}\n",
            "b.yaml:1:10: forges.git: the key is already in {a} line 1 (keep one of them)",
        ),
        ("poll: 1m\n", "b.yaml:1:1: poll: the key is already in {a} line 8 (keep one of them)"),
        ("pipelines: []\n", "b.yaml:1:1: pipelines: the key is already in {a} line 3 (keep one of them)"),
    ],
    ids=["name", "single value", "mapping and list"],
)
def test_a_key_in_two_files_is_a_problem_that_names_both(second: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(SMALL + "poll: 5m\n")
    (tmp_path / "b.yaml").write_text(second)
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, {})
    assert [str(each) for each in caught.value.problems] == [
        f"{tmp_path}/" + expected.format(a=tmp_path / "a.yaml")
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{SMALL}poll: 5m\npoll: 6m\n", "9:1 poll: the key is already in line 8 (keep one of them)"),
        (
            changed(("images: {web: acme/web}", "images: {web: acme/web, web: acme/api}")),
            "6:29 pipelines.web.images.web: the key is already in line 6 (keep one of them)",
        ),
        (
            f"{SMALL}poll: !!python/name:os.system x\n",
            "8:1 poll: a value is never read as a special type (!…)",
        ),
        (f"{SMALL}poll: !ruby x\n", "8:1 poll: a value is never read as a special type (!…)"),
        (f"{SMALL}cache:\n", "8:1 cache: there is no value (give one, or leave the key out)"),
        (f"{SMALL}cache: ~\n", "8:1 cache: there is no value (give one, or leave the key out)"),
        (f"{SMALL}? [a]\n: b\n", "8:3 a key is not a text (write key: value)"),
        (f"{SMALL}<<: 3\n", "8:1 <<: << takes mappings only (write <<: *name)"),
        (f"{SMALL}---\npoll: 1m\n", "9:1 the file holds a second document"),
        ("- a\n- b\n", "1:1 the file is not a mapping"),
        ("text", "1:1 the file is not a mapping"),
    ],
)
def test_what_yaml_allows_and_a_configuration_does_not(text: str, expected: str, tmp_path: Path) -> None:
    assert [each for each in told(tmp_path, text) if each.startswith(expected)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"forges:\n\tgithub: x\n", ":2:1: the line is indented by a tab (YAML is indented by spaces only)"),
        (b"a: [1,\nb: 2\n", ":2:1: the file is not valid YAML: did not find expected"),
        (b"a: b: c\n", ":1:1: the file is not valid YAML: mapping values are not allowed"),
        (b'a: 1\nb: "open\n', ":2:1: the file is not valid YAML"),
        (b"a: 1\nb: *CANARY\n", ":2:4: an alias (*name) refers to an anchor that is not defined before it"),
        (b"a: \x00\n", "the file is not valid YAML"),
        (b"a: \xff\n", ":1:1: the file cannot be read: line 1 holds bytes that are not UTF-8"),
        ("a: ü".encode("utf-16"), ": the file cannot be read: it is UTF-16 (save it as UTF-8)"),
        (b"[" * 100_000, ": the file is too deep"),
        (b"a: " + b"x" * LARGEST_FILE, ": the file is larger than 4 MiB (split it into a folder"),
    ],
    ids=["tab", "bracket", "colons", "quote", "alias", "NUL", "Latin-1", "UTF-16", "deep", "large"],
)
def test_a_file_that_is_no_yaml_is_one_problem_with_its_line(
    content: bytes, expected: str, tmp_path: Path
) -> None:
    file = tmp_path / "tagboat.yaml"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        load(file, {})
    (problem,) = caught.value.problems
    assert str(problem).startswith(f"{file}{expected}" if expected.startswith(":") else str(file))
    assert expected in str(problem)
    assert "CANARY" not in str(problem) + problem.excerpt


@pytest.mark.parametrize(
    "text",
    [
        "x-a: &a [x, x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"x-{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n" for a, b in ("ab", "bc", "cd", "de", "ef"))
        + "notify: *f\n",
        "notify: &a [*a, *a]\n",
        "x-a: &a {<<: *a}\npoll: *a\n",
        "notify: " + "[" * 60 + "]" * 60,
    ],
    ids=["billion laughs", "an alias in itself", "a merge of itself", "deep"],
)
def test_a_small_file_cannot_grow(text: str, tmp_path: Path) -> None:
    (problem,) = told(tmp_path, SMALL + text)
    assert "the configuration has more than" in problem


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("absent.yaml", "there is no such file"),
        (".", "the folder holds no *.yaml file"),
        ("x" * 300, "the file cannot be read: File name too long"),
    ],
    ids=["absent", "empty folder", "long name"],
)
def test_a_configuration_that_is_not_there_is_a_problem(name: str, what: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path / name, {})
    (problem,) = caught.value.problems
    assert (problem.line, problem.what) == (0, what)


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "x-only: {}\n"])
def test_an_empty_file_lacks_what_is_required(text: str, tmp_path: Path) -> None:
    found = [(each.line, each.key, each.what) for each in problems(tmp_path, text)]
    assert found == [(0, "forges", "the key is missing"), (0, "pipelines", "the key is missing")]
