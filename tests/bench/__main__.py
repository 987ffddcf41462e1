"""Runs every bench of this package, or those that are named: `python -m tests.bench [NAME ...]`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from pkgutil import iter_modules

import tests.bench as package


def main(wanted: Sequence[str]) -> None:
    """Run the benches of these names; all of them when none is named."""
    names = [module.name for module in iter_modules(package.__path__) if not module.name.startswith("_")]
    unknown = set(wanted) - set(names)
    if unknown:
        raise SystemExit(f"there is no bench {', '.join(sorted(unknown))} (there are: {', '.join(names)})")
    for name in names:
        module = import_module(f"{package.__name__}.{name}")
        if name in wanted or not wanted:
            sys.stdout.write(f"{name}: {(module.__doc__ or name).strip().splitlines()[0]}\n")
            sys.stdout.flush()
            module.run()


if __name__ == "__main__":
    main(sys.argv[1:])
