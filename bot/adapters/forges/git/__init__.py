"""Plain Git, over the `git` command: no host's API."""
