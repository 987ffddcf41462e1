"""Layouts that real repositories have and that editors trip over: one text changes, and no other byte."""

from __future__ import annotations

from typing import Any

import pytest

from bot.configuration.pipeline_sections import WriteSection
from bot.configuration.places import fault, place_of
from bot.domain.edit.targets import read_target, write_target
from bot.domain.errors import Malformed, NotFound, Permanent, Refused
from bot.domain.image import ImageRef
from bot.domain.pipeline import Target
from tests.domain.edit.hostile_layouts import KUSTOMIZE, MARK, MARKER, PARAMETER, ROWS, SET, SETTER, TAG, Row
from tests.domain.edit.text_kinds import NEW, OLD, WEB


def _target(write: dict[str, Any], file: str) -> Target:
    section = WriteSection(**write)
    assert fault(section, file) == ("", "")
    return Target("web", file, place_of(section, file))


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_one_text_changes_and_not_one_other_byte(row: Row) -> None:
    assert row.before.count(row.old) == 1
    target, ref = _target(row.write, row.file), ImageRef(WEB, row.tag, NEW)
    after = write_target(row.before.encode(), target, ref, pin_digest=False)
    assert after.decode() == row.before.replace(row.old, row.new)
    assert write_target(after, target, ref, pin_digest=False) == after
    assert read_target(after, target, WEB) == ImageRef(WEB, row.tag)


@pytest.mark.parametrize(
    ("write", "content", "file", "error", "says"),
    [
        (
            TAG,
            "a: 1\n\x0cimage:\n  tag: v8\n",
            "values.yaml",
            Malformed,
            "control characters are not allowed",
        ),
        (TAG, "# a\x85b\nimage: {tag: v8}\n", "values.yaml", Malformed, "line 3"),
        (
            TAG,
            "# a\u2028image:\nimage:\n  tag: v8\n",
            "values.yaml",
            Refused,
            "stands 2 times in one mapping",
        ),
        (TAG, "a: " + "[" * 150 + "]" * 150, "values.yaml", Refused, "too deep"),
        (TAG, "image:\n  tag: v8\n    more\n", "values.yaml", Malformed, "says 'v8 more'"),
        (TAG, "image:\n  tag: a#b\n", "values.yaml", Malformed, "says 'a#b'"),
        (TAG, "image.tag: v8\n", "values.yaml", NotFound, 'did you mean `"image.tag"`?'),
        (
            TAG,
            "{{- if x }}\nimage:\n  tag: v8\n{{- end }}\n",
            "values.yaml",
            Malformed,
            "a template is not YAML",
        ),
        (TAG, '{"image":{"tag":"v8",},}', "values.json5", Malformed, "dialects such as JSON5"),
        (TAG, "{image:{tag:'v8'}}", "values.json5", Malformed, "dialects such as JSON5"),
        (TAG, '# x\n{"image":{"tag":"v8"}}', "values.json", Malformed, "line 1: expected a value"),
        (
            TAG,
            '{"image":{"tag":"v8"}}\n{"image":{"tag":"v9"}}\n',
            "values.json",
            Malformed,
            "line 2: something",
        ),
        (TAG, '{"image":{"tag":"${var.x}"}}', "main.tf.json", Malformed, "says '${var.x}'"),
        (TAG, 'image = {\n tag = "v8",\n}\n', "values.toml", Malformed, "line 1"),
        (TAG, "é = 1\n[image]\ntag = 'v8'\n", "values.toml", Malformed, "line 1: expected a key"),
        (
            {"tag": "spec.generators[0].list.elementsYaml[0].tag"},
            f"{SET}  generators:\n  - list:\n      elementsYaml: |\n        - tag: v8\n",
            "set.yaml",
            NotFound,
            "is a single value",
        ),
        (
            PARAMETER,
            f"{SET}  template:\n    spec: "
            f"{{source: {{helm: {{parameters: [{{name: image.tag, value: '{{{{.t}}}}'}}]}}}}}}\n",
            "set.yaml",
            Malformed,
            "says '{{.t}}'",
        ),
        (
            KUSTOMIZE,
            "images: []\n---\nimages: []\n",
            "kustomization.yaml",
            Refused,
            "2 documents of the file have it",
        ),
        (SETTER, f"tag: |- {MARK}\n  v8\n", "a.yaml", NotFound, "the file has no marks of Flux"),
        (SETTER, f'args: ["--tag", "v8"] {MARK}\n', "a.yaml", Refused, "line 1 marks nothing"),
        (MARKER, "image: x:${TAG:-v8} # tagboat: web\n", "compose.yaml", Permanent, "line 1"),
        (MARKER, "tag: &t v8 # tagboat: web\n", "a.yaml", Malformed, "line 1 says '&t'"),
        ({"pattern": "tag: ([0-9.]+)"}, "tag: 1.0.0\n", "a.yaml", Refused, "does not match quotes"),
    ],
)
def test_what_cannot_be_edited_exactly_is_refused_with_its_reason(
    write: dict[str, Any], content: str, file: str, error: type[Permanent], says: str
) -> None:
    with pytest.raises(error) as caught:
        write_target(content.encode(), _target(write, file), ImageRef(WEB, "1.10", OLD), pin_digest=False)
    assert says in str(caught.value)
    assert all((caught.value.what, caught.value.why, caught.value.fix))
