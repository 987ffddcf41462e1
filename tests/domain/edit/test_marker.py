"""Marked lines of any text: the one value that is meant changes; what is not clear is refused by line."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.edit.line_value import single_value
from bot.domain.edit.marker import marked_names
from bot.domain.errors import Malformed, NotFound, Permanent, Refused, TagboatError
from bot.domain.image import ImageRef
from bot.domain.place import Marker
from tests.domain.edit.text_kinds import NEW, NEXT, OLD, WEB, read, written

_PLACE = Marker("web")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            "tag: 1.4 # tagboat: web", 'tag: "1.10" # tagboat: web', id="YAML quotes what would be a number"
        ),
        pytest.param("  tag: '1.4'\t# tagboat:web  ", "  tag: '1.10'\t# tagboat:web  ", id="quotes stay"),
        pytest.param("- v1.4 # tagboat: web", '- "1.10" # tagboat: web', id="element of a list"),
        pytest.param("# tagboat: web\nARG V=1.4\n", "# tagboat: web\nARG V=1.10\n", id="Dockerfile argument"),
        pytest.param(
            f"# tagboat: web\r\nFROM ghcr.io/acme/web:1.4@{OLD} AS b\r\nRUN x\r\n",
            f"# tagboat: web\r\nFROM ghcr.io/acme/web:1.10@{NEW} AS b\r\nRUN x\r\n",
            id="Dockerfile stage",
        ),
        pytest.param(
            "# tagboat: web\rV=1.4\rW=2", "# tagboat: web\rV=1.10\rW=2", id="carriage returns alone"
        ),
        pytest.param("export V=1.4 # tagboat: web", "export V=1.10 # tagboat: web", id="shell"),
        pytest.param("V := 1.4 # tagboat: web", "V := 1.10 # tagboat: web", id="Makefile"),
        pytest.param('tag = "1.4" // tagboat: web', 'tag = "1.10" // tagboat: web', id="HCL"),
        pytest.param("foo==1.4 # tagboat: web", "foo==1.10 # tagboat: web", id="requirements"),
        pytest.param(
            '"tag": "1.4", // tagboat: web', '"tag": "1.10", // tagboat: web', id="JSON with comments"
        ),
        pytest.param(
            'tag: Final[str] = "1.4" # tagboat: web', 'tag: Final[str] = "1.10" # tagboat: web', id="Python"
        ),
        pytest.param(
            'const tag: &\'static str = "1.4"; // tagboat: web',
            'const tag: &\'static str = "1.10"; // tagboat: web',
            id="Rust",
        ),
        pytest.param(
            "readonly tag: string = '1.4' // tagboat: web",
            "readonly tag: string = '1.10' // tagboat: web",
            id="TypeScript",
        ),
        pytest.param(
            'var tag: Optional<String>? = "1.4" // tagboat: web',
            'var tag: Optional<String>? = "1.10" // tagboat: web',
            id="Swift",
        ),
        pytest.param("<v>1.4</v><!-- tagboat: web -->", "<v>1.10</v><!-- tagboat: web -->", id="XML element"),
        pytest.param("SET v = '1.4'; -- tagboat: web", "SET v = '1.10'; -- tagboat: web", id="SQL"),
        pytest.param("v = `1.4` /* tagboat: web */", "v = `1.10` /* tagboat: web */", id="block comment"),
        pytest.param("tag = 1.4 ; tagboat: web", "tag = 1.10 ; tagboat: web", id="INI"),
        pytest.param(
            'tag: {{ .V | default "1.4" }} {{- /* tagboat: web */ -}}',
            'tag: {{ .V | default "1.10" }} {{- /* tagboat: web */ -}}',
            id="Go template",
        ),
        pytest.param("v: '1.4' {# tagboat: web #}", "v: '1.10' {# tagboat: web #}", id="Jinja"),
        pytest.param(
            "# tagboat: web\nhelm x --set image.tag=1.4 \\\n",
            "# tagboat: web\nhelm x --set image.tag=1.10 \\\n",
            id="continued line",
        ),
        pytest.param("1.4 # tagboat: web", "1.10 # tagboat: web", id="a word alone"),
        pytest.param(
            "image: ghcr.io/acme/web:1.4 # tagboat: web",
            "image: ghcr.io/acme/web:1.10 # tagboat: web",
            id="reference",
        ),
        pytest.param(
            'i: "docker://ghcr.io/acme/web:1.4" # tagboat: web',
            'i: "docker://ghcr.io/acme/web:1.10" # tagboat: web',
            id="scheme",
        ),
        pytest.param(
            "a: x/y:1, i: ghcr.io/acme/web:1.4 # tagboat: web",
            "a: x/y:1, i: ghcr.io/acme/web:1.10 # tagboat: web",
            id="by name",
        ),
        pytest.param(
            "image: ghcr.io/acme/web:1.4 # tagboat: web:tag",
            "image: ghcr.io/acme/web:1.10 # tagboat: web:tag",
            id="its tag",
        ),
        pytest.param(
            "image: ${REGISTRY}/acme/web:1.4 # tagboat: web:tag",
            "image: ${REGISTRY}/acme/web:1.10 # tagboat: web:tag",
            id="its tag behind a variable",
        ),
        pytest.param(
            f'image: "{{{{ .registry }}}}/web:1.4@{OLD}" # tagboat: web:tag',
            f'image: "{{{{ .registry }}}}/web:1.10@{NEW}" # tagboat: web:tag',
            id="its tag behind a template",
        ),
        pytest.param(
            f"i: ghcr.io/acme/web:1.4@{OLD} # tagboat: web:tag",
            f"i: ghcr.io/acme/web:1.10@{NEW} # tagboat: web:tag",
            id="no stale digest",
        ),
        pytest.param(
            f"i: ghcr.io/acme/web:1.4@{OLD} # tagboat: web:digest",
            f"i: ghcr.io/acme/web:1.4@{NEW} # tagboat: web:digest",
            id="its digest",
        ),
        pytest.param(f"digest: {OLD} # tagboat: web", f"digest: {NEW} # tagboat: web", id="a digest alone"),
        pytest.param(
            f"tag: 1.4@{OLD} # tagboat: web", f"tag: 1.10@{NEW} # tagboat: web", id="tag with digest"
        ),
        pytest.param(
            "i: old/web:1 # tagboat: web:reference",
            "i: ghcr.io/acme/web:1.10 # tagboat: web:reference",
            id="other name",
        ),
        pytest.param("tag: '' # tagboat: web", "tag: '1.10' # tagboat: web", id="empty quotes"),
        pytest.param(
            f"a=1.4 # tagboat: web\nB # tagboat: api\nc={OLD} # tagboat: web\nd='1.4' # tagboat: web:tag\n",
            f"a=1.10 # tagboat: web\nB # tagboat: api\nc={NEW} # tagboat: web\nd='1.10' # tagboat: web:tag\n",
            id="several lines",
        ),
        pytest.param(
            "# tagboat: web:name\n# tagboat: web:tag\nimage: ghcr.io/acme/web:1.4 # x\n",
            "# tagboat: web:name\n# tagboat: web:tag\nimage: ghcr.io/acme/web:1.10 # x\n",
            id="stacked markers",
        ),
        pytest.param(
            "# tagboat: web\nv: 1 # tagboat: api\n",
            '# tagboat: web\nv: "1.10" # tagboat: api\n',
            id="two marks",
        ),
        pytest.param(
            "\ufefftag: 1.4 # tagboat: web", '\ufefftag: "1.10" # tagboat: web', id="byte order mark"
        ),
        pytest.param("é: 1.4 # ☕ # tagboat: web", 'é: "1.10" # ☕ # tagboat: web', id="other letters"),
        pytest.param(
            "t: 1.4 # tagboat: web:tag\nd: '' # tagboat: web:digest\n",
            f"t: \"1.10\" # tagboat: web:tag\nd: '{NEW}' # tagboat: web:digest\n",
            id="a digest that is not known yet",
        ),
        pytest.param(
            f'd: "{OLD}" # tagboat: web:digest', f'd: "{NEW}" # tagboat: web:digest', id="a digest in quotes"
        ),
        pytest.param("tag: ~ # tagboat: web", 'tag: "1.10" # tagboat: web', id="a null"),
        pytest.param("tag: null # tagboat: web", 'tag: "1.10" # tagboat: web', id="a null in a word"),
        pytest.param(
            "image: {repository: ghcr.io/acme/web, tag: 1.4, x: y} # tagboat: web:tag",
            'image: {repository: ghcr.io/acme/web, tag: "1.10", x: y} # tagboat: web:tag',
            id="the tag beside a repository",
        ),
        pytest.param(
            "{ name: web, imageTag: 1.4 } # tagboat: web:tag",
            '{ name: web, imageTag: "1.10" } # tagboat: web:tag',
            id="the value whose name says the part",
        ),
        pytest.param(
            f"# tagboat: web:tag\ni: {{x: y, tag: 1.4, digest: '{OLD}'}} # tagboat: web:digest\n",
            f"# tagboat: web:tag\ni: {{x: y, tag: \"1.10\", digest: '{NEW}'}} # tagboat: web:digest\n",
            id="two parts of one line",
        ),
        pytest.param(
            "ENV WEB_TAG=1.4 MODE=x # tagboat: web:tag",
            "ENV WEB_TAG=1.10 MODE=x # tagboat: web:tag",
            id="one of several variables",
        ),
        pytest.param(
            'tag: {{ env "TAG" | default "1.4" | quote }} # tagboat: web',
            'tag: {{ env "TAG" | default "1.10" | quote }} # tagboat: web',
            id="the default of a template",
        ),
        pytest.param(
            '{{- $tag := env "TAG" | default "1.4" -}} {{/* tagboat: web */}}',
            '{{- $tag := env "TAG" | default "1.10" -}} {{/* tagboat: web */}}',
            id="the default of a template's variable",
        ),
        pytest.param(
            '{{ default "1.4" (env "TAG") }} # tagboat: web',
            '{{ default "1.10" (env "TAG") }} # tagboat: web',
            id="the default before its pipeline",
        ),
        pytest.param(
            "tag: {{ tag | default('1.4') }} {# tagboat: web #}",
            "tag: {{ tag | default('1.10') }} {# tagboat: web #}",
            id="the default of Jinja",
        ),
        pytest.param('{{ "1.4" }} # tagboat: web', '{{ "1.10" }} # tagboat: web', id="a text in a template"),
        pytest.param(
            '{{ $tag := "1.4" }} {{/* tagboat: web */}}',
            '{{ $tag := "1.10" }} {{/* tagboat: web */}}',
            id="a variable of a template",
        ),
    ],
)
def test_the_value_that_is_meant_changes_alone(before: str, after: str) -> None:
    assert written(_PLACE, before) == after


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        ("tag: 1.4", NotFound, "the file has no markers (write `# tagboat: web` at the end"),
        ("tag: 1.4 # tagboat: api", NotFound, "the file has markers for api"),
        ("# see tagboat: web for more\ntag: 1.4", NotFound, "no line is marked for web"),
        (
            "x\na: 1, b: 2 # tagboat: web",
            Refused,
            "line 2 is marked, and it is not clear for which value: 2 values",
        ),
        ("{ name: web, tag: 1.2 } # tagboat: web", Refused, "2 values of the line can be meant"),
        ("'a' 'b' # tagboat: web", Refused, "2 values"),
        ("RUN apk add foo # tagboat: web", Refused, "4 values"),
        ("i: ghcr.io/acme/web:1 ghcr.io/acme/web:2 # tagboat: web", Refused, "2 values"),
        (f"{OLD} {OLD} # tagboat: web:digest", Refused, "2 values"),
        (
            "# tagboat: web",
            Refused,
            "line 1 is marked, and it is not clear for which value: the line holds no value",
        ),
        ("# tagboat: web\n\ntag: 1", Refused, "line 2 is marked"),
        ("repo: ghcr.io/acme/web # tagboat: web", Refused, "it holds a name alone"),
        ("FROM ${A}/web:${TAG} # tagboat: web:tag", Refused, "2 values"),
        ("i: ${A}/web:1 ${B}/web:2 # tagboat: web:tag", Malformed, "line 1 says '$'"),
        ("i: ${A}/other/web:1 # tagboat: web:tag", Malformed, "line 1 says '$'"),
        ("i: quay.io/other/web:1 # tagboat: web:tag", Malformed, "line 1 says 'quay.io/other/web:1'"),
        ("repo: ghcr.io/acme/web # tagboat: web:tag", Refused, "the reference has no tag"),
        ('tag: {{ requiredEnv "TAG" }} # tagboat: web', Refused, "it is not clear for which value"),
        ('{{ $tag := env "TAG" }} # tagboat: web', Refused, "it is not clear for which value"),
        ('{{ $tag := env "TAG" | or $x }} # tagboat: web:tag', Refused, "it is not clear for which value"),
        ("{ a: {tag: 1}, b: {tag: 2} } # tagboat: web:tag", Refused, "2 values"),
        ("tag: # tagboat: web", Refused, "the line holds no value"),
        ("TAG= # tagboat: web", Refused, "the line holds no value"),
        ("tag: 1 # tagboat: web:tg", Malformed, "line 1 marks 'tg': that is no part of an image"),
        ("tag: '~> 1' # tagboat: web", Malformed, "line 1 says '~> 1'"),
        ("image: old/web:1 # tagboat: web", Malformed, "line 1 says 'old/web:1'"),
        (
            "a: 1 # tagboat: web\nb: 2 # tagboat: web",
            Malformed,
            "line 2 contradicts line 1: it says 2, the other one 1",
        ),
        (f"x: 1 # tagboat: web{' ' * 10_000}", Refused, "line 1 is marked and too long"),
        ("x: 1 # tagboat: web\n" * 1_001, Refused, "too many markers"),
    ],
)
def test_what_is_not_clear_is_refused_with_its_line(content: str, error: type[Permanent], says: str) -> None:
    for act in (lambda: read(_PLACE, content), lambda: written(_PLACE, content)):
        with pytest.raises(error) as caught:
            act()
        assert says in str(caught.value)


def test_parts_that_overlap_are_not_written() -> None:
    content = "# tagboat: web:tag\ni: ghcr.io/acme/web:1 # tagboat: web\n"
    assert read(_PLACE, content) == ImageRef(WEB, "1")
    with pytest.raises(Refused, match="line 2 is marked twice for parts that overlap"):
        written(_PLACE, content)


def test_the_digest_is_pinned_where_no_other_line_has_it() -> None:
    assert written(_PLACE, "V=1 # tagboat: web", pin_digest=True) == f"V=1.10@{NEW} # tagboat: web"
    both = f"V=1 # tagboat: web\nD={OLD} # tagboat: web\n"
    assert written(_PLACE, both, pin_digest=True) == f"V=1.10 # tagboat: web\nD={NEW} # tagboat: web\n"


def test_a_digest_that_is_not_known_leaves_the_file_as_it_is() -> None:
    with pytest.raises(Refused, match="digest of the image is not known"):
        written(_PLACE, f"D={OLD} # tagboat: web", ImageRef(WEB, "2"))


def test_the_names_that_a_file_marks_are_told_in_its_order() -> None:
    content = b"a: 1 # tagboat: web\nb: 1 # tagboat: api:tag\nc: 1 # tagboat: web:tag\nd: tagboat: x y\n"
    assert marked_names(content) == ("web", "api")


_LINES = st.lists(
    st.sampled_from(
        [
            *(
                "tag",
                ":",
                "=",
                " ",
                "'",
                '"',
                "1.4",
                "-",
                "{",
                "}",
                ",",
                "#",
                "\t",
                "é",
                "`",
                "<",
                ">",
                "\\",
                OLD,
            ),
            *(
                "ghcr.io/acme/web:1.4",
                "# tagboat: web",
                "// tagboat: web:tag",
                "\n",
                "\r\n",
                "\r",
                "|",
                "\x85",
            ),
        ]
    ),
    max_size=20,
).map("".join)


@settings(deadline=None, max_examples=300)
@given(_LINES)
def test_any_text_is_edited_so_that_it_says_the_image_or_refused(content: str) -> None:
    try:
        read(_PLACE, content)
        after = written(_PLACE, content)
    except TagboatError as error:
        refused = str(error)
    else:
        assert len(after.splitlines()) == len(content.splitlines())
        assert [line for line in after.splitlines() if "1.10" not in line and NEW not in line] == [
            line for line, new in zip(content.splitlines(), after.splitlines(), strict=True) if line == new
        ]
        return
    assert refused.endswith(")") or "overlap" in refused


@pytest.mark.parametrize(
    "line",
    [
        "a" * 10_000,
        '"' * 9_999,
        "a=" * 5_000,
        "- " * 5_000,
        "<>" * 5_000,
        "'a" * 5_000,
        "a: b<" * 2_000,
        "}/a" * 3_000,
        '{{"a"' * 2_000,
    ],
)
def test_a_long_line_is_read_in_no_time(line: str) -> None:
    assert isinstance(single_value(line), str | tuple)


@pytest.mark.parametrize("value", ["null", "1.4", "12", "true", '"v8"'])
def test_a_text_takes_the_place_of_what_is_none_in_json(value: str) -> None:
    line = f'  "tag": {value}, // tagboat: web'
    assert written(_PLACE, line, ImageRef(WEB, "v9")) == '  "tag": "v9", // tagboat: web'


def test_a_digest_without_quotes_keeps_all_its_characters() -> None:
    assert written(_PLACE, f"d: {OLD} # tagboat: web:digest") == f"d: {NEW} # tagboat: web:digest"
    with pytest.raises(Refused, match="more than the value would change"):
        written(_PLACE, '"d": null // tagboat: web:digest')


def test_the_image_is_written_once_only() -> None:
    assert written(_PLACE, "V=1.10 # tagboat: web", NEXT) == "V=1.10 # tagboat: web"
