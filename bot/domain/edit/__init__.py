"""Edits of files: bytes in, bytes out, one image changed and all else byte for byte.

    keypath   where a value stands, as people write it: `applications[name=web].image.tag`
    stream    a YAML file as libyaml reads it, every node with its place in the text
    lookup    the node at a key path, or why there is no single one
    scalar    how a text is written so that every YAML reader takes it for that text
    splice    the edit itself, and the proof that nothing else changed
    layout    how a file is laid out, and what is new written in that layout
    wish      keys and elements that are not there yet, and what they hold
    addition  where those go
    values    read, replace and add values of a file
    kept, entry, meaning: a file that takes the place of another, but for some values, and the proof
    objects   the Kubernetes objects of a file
    argocd_source, values_text: a source in an Application, and a file of values in a text of it
    embedding a text in a block or in quotes, and where its characters stand in the file
    text      a file of any language: its lines, spans of it that change, and nothing else
    tree      what JSON and TOML files hold, every value with its place, and the way to it
    assignment: texts of such a file changed and added, and the proof
    brackets  one more entry between brackets, in the layout of the others
    json_layout, toml_layout: what is added to such a file, and where
    json_scan, toml_scan: such a file as it is read
    spelling  what a text says of an image, and what is written in its stead
    parts     images that stand in keys, one for each part of an image
    sealed    files that SOPS has sealed
    passage   texts that were found by a mark or an expression, read and written together
    line_value: the one value of a marked line
    helm_values, containers, kustomization, source_keys, source_images, json_file, toml_file, marker, pattern,
              setters: one kind of place each
    targets   a target of the configuration and the image that stands there

Nothing here knows files, forges or Git: content comes as bytes and leaves as bytes.
"""
