"""Layouts that real repositories have and that editors trip over, as rows of a table."""

from __future__ import annotations

from typing import Any, NamedTuple

TAG: dict[str, Any] = {"tag": "image.tag"}
PARAMETER: dict[str, Any] = {"argocd": "helm.parameters", "tag": "image.tag"}
_VALUES: dict[str, Any] = {"argocd": "helm.values", "tag": "image.tag"}
MARKER: dict[str, Any] = {"marker": "web"}
SETTER: dict[str, Any] = {"setter": "flux-system:web"}
MARK = '# {"$imagepolicy": "flux-system:web:tag"}'
KUSTOMIZE: dict[str, Any] = {"kustomize": True}
_APP = "apiVersion: argoproj.io/v1\nkind: Application\nmetadata:\n  name: web\nspec:\n"
SET = "apiVersion: argoproj.io/v1\nkind: ApplicationSet\nmetadata:\n  name: web\nspec:\n  goTemplate: true\n"
_HELM = f"{_APP}  source:\n    helm:\n"


class Row(NamedTuple):
    """Where the image stands, as the configuration says it, and a file.

    `old` stands once in it, and `new` takes its place where `tag` is written.
    """

    write: dict[str, Any]
    before: str
    old: str = "v8"
    new: str = '"1.10"'
    tag: str = "1.10"
    file: str = "values.yaml"


_YAML = {
    "comments between key and value": Row(
        TAG,
        "image:   # why\n# at the margin\n\n      # deep\n  tag:\n    # x: y\n    v8\n",
        "    v8",
        '    "1.10"',
    ),
    "hashes in texts": Row(TAG, "image:\n  x: 'a # b'#c\n  tag: 'v8' # tag: '9'\n", "'v8'", "'1.10'"),
    "a tab before the comment": Row(TAG, "image:\n  tag: v8\t# why\n"),
    "a tab behind the colon": Row(TAG, "image:\n  tag:\tv8\n"),
    "blanks before the colon": Row(TAG, "image :\n  tag  : v8\n"),
    "markers of the document's end": Row(
        TAG, "%YAML 1.1\n---\nimage:\n  tag: v8\n...\n# bye\n---\nb: 1\n...\n"
    ),
    "complex keys": Row(TAG, "? {a: b}\n: c\n? [x, y]\n: d\n? image\n: ? tag\n  : v8\n"),
    "keys that are numbers": Row({"tag": "apps.8080.tag"}, "apps:\n  8080:\n    tag: v8\n  '8081': {}\n"),
    "a key that is a fraction": Row({"tag": 'apps."1.10".tag'}, "apps:\n  1.10:\n    tag: v8\n"),
    "a key that is a boolean": Row({"tag": "on.tag"}, "on:\n  tag: v8\noff: {tag: x}\n"),
    "a key that is null": Row({"tag": "null.tag"}, "null:\n  tag: v8\n"),
    "an empty key": Row({"tag": '"".tag'}, '"":\n  tag: v8\n'),
    "keys with colons and blanks": Row({"tag": '"a:b"."my app".tag'}, "a:b:\n  my app:\n    tag: v8\n"),
    "keys of other scripts": Row(
        {"tag": "größe.日本.🚢.tag"}, "größe:\n  日本:\n    🚢:\n      tag: v8 # 🎉\n"
    ),
    "sixty levels": Row(
        {"tag": ".".join(["k"] * 60) + ".tag"},
        "".join(f"{'  ' * n}k:\n" for n in range(60)) + "  " * 60 + "tag: v8",
    ),
    "line ends of both kinds": Row(TAG, "a: |\r\n  x\r\n\n  y\nimage:\n  tag: v8\r\n  b: 2\n"),
    "a block with an indicator": Row(TAG, "image:\n  tag: |2-\n    v8\n", new="1.10"),
    "a folded block with a blank line": Row(TAG, "image:\n  tag: >-\n    v8\n\n  x: 1\n", new="1.10"),
    "braces with comments": Row(TAG, "image: {\n  repository: x, # c\n  tag: v8 # d\n  , y: 1\n}\n"),
    "a pair in a list": Row({"tag": "list[0].tag"}, "list: [tag: v8, x: y]\n"),
    "a colon right behind quotes": Row(TAG, 'image: {"tag":v8}\n'),
    "lists in lists": Row({"tag": "a[0][1].b[0].tag"}, "a:\n- - x\n  - b:\n    - tag: v8\n"),
    "elements without indentation": Row(
        {"tag": "apps[name=web].image.tag"},
        "apps:\n- image: {tag: v7}\n  name: api\n- image:\n    tag: v8 # x\n  name: 'web'\n- name: webb\n",
    ),
    "an element whose field is a number": Row(
        {"tag": "apps[port=8080].tag"}, "apps:\n- tag: v8\n  port: 8080\n"
    ),
    "an element that is named by a merge key": Row(
        {"tag": "apps[name=web].tag"}, "b: &b {name: web}\napps:\n- <<: *b\n  tag: v8\n"
    ),
    "an anchor that is defined anew": Row(
        {"tag": "b.tag", "anchors": "edit"}, "a: &x v8\nb:\n  tag: *x\nc: &x v9\nd: *x\n"
    ),
    "duplicates elsewhere": Row(TAG, "a: 1\na: 2\nimage:\n  tag: v8\n"),
    "letters that end lines for some": Row(TAG, 'a: "x\u2028y"\nimage:\n  tag: v8\n'),
    "a byte order mark at a later document": Row(TAG, "a: 1\n---\n\ufeffimage:\n  tag: v8\n"),
    "the tag that says nothing": Row(TAG, "image:\n  tag: ! v8\n"),
    "a template in quotes": Row(TAG, "x: '{{ .Values.y }}'\nimage:\n  tag: v8\n"),
    "the key as it stands, beside the path": Row(
        {"tag": '"image.tag"'}, "image.tag: v8\nimage:\n  tag: v9\n"
    ),
    "a number gives way to a text": Row(TAG, "image:\n  tag: 1.10\n", "1.10", '"1.11"', "1.11"),
    "hashes of Git that are numbers": Row(TAG, "image: {tag: v8}\n", new='"1234567e8"', tag="1234567e8"),
    "a date": Row(TAG, "image:\n  tag: v8\n", new='"2026-01-15"', tag="2026-01-15"),
    "a version with a build": Row(
        {"tag": "image.tag"}, "image:\n  tag: 'v8'\n", new="1.4.2-rc.1", tag="1.4.2-rc.1"
    ),
}

_ARGOCD = {
    "several sources, one by its ref": Row(
        {**PARAMETER, "source": "main"},
        f"{_APP}  sources:\n  - repoURL: c\n    ref: main\n    helm:\n      parameters:\n"
        "      - {name: image.tag, value: v8}\n  - repoURL: g\n    helm: {parameters: [{name: image.tag}]}\n",
    ),
    "values files of another source": Row(
        {**PARAMETER, "source": "0"},
        f"{_APP}  sources:\n  - chart: x\n    helm:\n      valueFiles: [$values/a.yaml]\n      parameters:\n"
        "      - value: 'v8'\n        name: \"image.tag\"\n  - repoURL: g\n    ref: values\n",
        "'v8'",
        "'1.10'",
    ),
    "parameters from files": Row(
        PARAMETER,
        f"{_HELM}      fileParameters: [{{name: image.tag, path: v9}}]\n      parameters:\n"
        "      - name: image.tag\n        forceString: true\n        value: v8\n",
    ),
    "values in two fields": Row(
        _VALUES,
        f"{_HELM}      valuesObject: {{image: {{tag: v9}}}}\n      values: |\n        image: {{tag: v8}}\n",
    ),
    "values with blank lines at both ends": Row(
        _VALUES, f"{_HELM}      values: |+\n\n        image:\n          tag: v8\n\n\n  destination: {{}}\n"
    ),
    "values with a comment in the header": Row(
        _VALUES,
        f"{_HELM}      values: |  # ours\n        # image: {{tag: v0}}\n"
        f"        image:\t\n          tag: v8\t# c\n",
    ),
    "values that begin a document": Row(
        _VALUES, f"{_HELM}      values: |\n        ---\n        image:\n          tag: v8\n        ...\n"
    ),
    "values and a comment outside": Row(
        _VALUES,
        f"{_HELM}      values: |\n        image:\n          tag: v8\n      # outside\n      releaseName: x\n",
    ),
    "values at the end without a line end": Row(
        _VALUES, f"{_HELM}      values: |\n        image:\n          tag: v8"
    ),
    "values in other letters": Row(
        _VALUES, f"{_HELM}      values: |\n        # 🚢\n        image: # ö\n          tag: v8\n"
    ),
    "values that are JSON": Row(
        _VALUES, f'{_HELM}      values: \'{{"image":{{"tag":"v8"}}}}\'\n', '"v8"', '"1.10"'
    ),
    "values in escapes": Row(_VALUES, f'{_HELM}      values: "image:\\n  tag: v8\\n"\n', new='\\"1.10\\"'),
    "values with both line ends": Row(
        _VALUES, f"{_HELM}      values: |\r\n        image:\n          tag: v8\r\n        x: 1\n"
    ),
    **{
        f"a set's {field}, in a source by its {by}": Row(
            {"argocd": field, "source": source, **keys},
            f"{SET}  template:\n    spec:\n      sources:\n      - {{repoURL: a, ref: values}}\n"
            f"      - repoURL: b\n        name: chart\n        {text}\n",
            new=new,
        )
        for by, source in (("index", "1"), ("name", "chart"))
        for field, keys, text, new in (
            ("helm.parameters", {"tag": "t"}, "helm: {parameters: [{name: t, value: v8}]}", '"1.10"'),
            ("helm.valuesObject", {"tag": "i.t"}, "helm: {valuesObject: {i: {t: v8}}}", '"1.10"'),
            ("helm.values", {"tag": "i.t"}, "helm:\n          values: |-\n            i: {t: v8}", '"1.10"'),
            ("kustomize.images", {}, "kustomize: {images: ['x=ghcr.io/acme/web:v8']}", "1.10"),
            ("plugin.env", {"tag": "T"}, "plugin: {env: [{name: T, value: v8}]}", '"1.10"'),
        )
    },
    "the version of a chart in a registry": Row(
        {"tag": "spec.source.targetRevision"},
        f"{_APP}  source:\n    repoURL: ghcr.io/acme\n    chart: web\n    targetRevision: v8 # the chart\n",
    ),
    "members of a list": Row(
        {**PARAMETER, "object": "Application/b"},
        "kind: List\nitems:\n"
        + "".join(
            f"- kind: Application\n  metadata: {{name: {name}}}\n"
            f"  spec: {{source: {{helm: {{parameters: [{{name: image.tag, value: {tag}}}]}}}}}}\n"
            for name, tag in (("a", "v7"), ("b", "v8"))
        ),
    ),
    "elements of a generator in braces": Row(
        {"tag": "spec.generators[0].list.elements[env=dev].tag"},
        f"{SET}  generators:\n  - list:\n      elements:\n"
        f"      - {{env: dev, tag: v8}}\n      - {{env: prod, tag: v7}}\n"
        "  template:\n    metadata:\n      name: '{{.env}}'\n",
    ),
    "elements in a matrix": Row(
        {"tag": "spec.generators[0].matrix.generators[1].list.elements[cluster=eu].values.tag"},
        f"{SET}  generators:\n  - matrix:\n      generators:\n      - git: {{}}\n"
        f"      - list:\n          elements:\n"
        "          - cluster: eu\n            values: {tag: v8}\n",
    ),
    "a templatePatch, by a marker": Row(
        MARKER,
        f"{SET}  templatePatch: |\n    spec:\n      source:\n        helm:\n          values: |\n"
        "            tag: v8 # tagboat: web\n          {{- if .x }}\n          {{- end }}\n  template: {}\n",
    ),
    "overrides as the Image Updater writes them": Row(
        PARAMETER,
        'helm:\n  parameters:\n  - name: image.tag\n    value: "v8"\n    forcestring: true\n',
        '"v8"',
        '"1.10"',
        file=".argocd-source-web.yaml",
    ),
    "overrides in JSON": Row(
        PARAMETER,
        '{"helm":{"parameters":[{"name":"image.tag","value":"v8","forcestring":true}]}}',
        '"v8"',
        '"1.10"',
        file=".argocd-source-web.yaml",
    ),
}

_OTHERS = {
    "a kustomization in braces": Row(
        KUSTOMIZE,
        "images: [\n  {name: ghcr.io/acme/web, newTag: v8},  # a\n  {name: b, newTag: v2},\n]\n",
        file="kustomization.yaml",
    ),
    "an entry added in brackets": Row(
        KUSTOMIZE,
        "images: [{name: b, newTag: v2}]\n",
        "v2}]",
        'v2}, {name: ghcr.io/acme/web, newTag: "1.10"}]',
        file="kustomization.yaml",
    ),
    "an entry that was taken out by comments": Row(
        KUSTOMIZE,
        "images:\n# - name: ghcr.io/acme/web\n#   newTag: v0\n- newTag: v8 # x\n"
        "  # pinned\n  name: ghcr.io/acme/web # w\n",
        file="kustomization.yaml",
    ),
    "an image in a folded block": Row(
        {"container": "web"},
        "kind: Pod\nmetadata: {name: '{{ x }}'}\nspec:\n  containers:\n"
        "  - name: web\n    image: >-\n      ghcr.io/acme/web:v8\n",
        new="1.10",
        file="pod.yaml",
    ),
    "a custom resource among others": Row(
        {"reference": "spec.image", "object": "Shop"},
        "kind: Shop\nspec:\n  image: ghcr.io/acme/web:v8\n---\nkind: B\nspec:\n  image: x\n",
        new="1.10",
    ),
    "a helmfile between templates, by a marker": Row(
        MARKER,
        "{{ $v := .Values }}\nreleases:\n- name: web\n  values:\n"
        "  - image:\n      tag: v8 # tagboat: web\n{{ if x }}\n{{ end }}\n",
        file="helmfile.yaml.gotmpl",
    ),
    "a helmfile between templates, by an expression": Row(
        {"pattern": r"name: web\s+version: (\S+)"},
        "{{ $v := 1 }}\r\n- name: api\r\n  version: v7\r\n- name: web\r\n  version: v8\r\n{{ end }}\r\n",
        file="helmfile.yaml.gotmpl",
    ),
    "a default in a template": Row(
        {"pattern": 'default "([^"]+)"'},
        'tag: {{ env "T" | default "v8" }}\n',
        new="1.10",
        file="h.yaml.gotmpl",
    ),
    "helmfile's set": Row(
        {"tag": "releases[name=web].set[name=image.tag].value"},
        "releases:\n- name: web\n  set:\n  - name: image.tag\n    value: v8\n",
        file="helmfile.yaml",
    ),
    "a stage of a platform": Row(
        MARKER,
        "# tagboat: web\nFROM --platform=$BUILDPLATFORM ghcr.io/acme/web:v8 AS x\n",
        new="1.10",
        file="Dockerfile",
    ),
    "Terraform": Row(MARKER, '  image = "ghcr.io/acme/web:v8" # tagboat: web\n', new="1.10", file="main.tf"),
    "dotenv in quotes": Row({"pattern": "^WEB_TAG=(.*)$"}, 'WEB_TAG="v8"\nX=1\n', new="1.10", file=".env"),
    "Flux's comment without blanks": Row(
        SETTER, 'image: ghcr.io/acme/web:v8 #{"$imagepolicy":"flux-system:web"}\n', new="1.10"
    ),
    "Flux's comment in an environment": Row(SETTER, f"env:\n- name: V\n  value: v8 {MARK}\n"),
    "JSON in escapes and tabs": Row(
        TAG,
        '{\n\t"\\u00e9":"\\ud83d\\udea2",\n\t"n":1.0e+10,\n\t"image"\t:\t{"tag":"v8"}\n}',
        '"v8"',
        '"1.10"',
        file="values.json",
    ),
    "JSON with a list at its root": Row(
        {"tag": "[name=web].tag"}, '[{"name":"web","tag":"v8"}]', '"v8"', '"1.10"', file="values.json"
    ),
    "TOML with tables out of order": Row(
        TAG, "[image.x]\na=1\n[image]\ntag = 'v8' # 'v9'\n", "'v8'", "'1.10'", file="values.toml"
    ),
    "TOML with lists in lists": Row(
        {"tag": "apps[name=web].containers[0].tag"},
        '[[apps]]\nname = "web"\n[[apps.containers]]\ntag = "v8"\n'
        '[[apps]]\nname = "b"\n[[apps.containers]]\ntag = "v9"\n',
        '"v8"',
        '"1.10"',
        file="values.toml",
    ),
}

ROWS = {**_YAML, **_ARGOCD, **_OTHERS}
"""The rows, each by what is odd about it."""
