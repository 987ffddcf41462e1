"""Tagboat: carries container images through environments, from push to healthy in production.

The package is a house with one direction, checked by import-linter: entry points (`bot.web`, `bot.cli`,
`workers`) call `bot.wiring`, which builds adapters and hands them to `bot.flow`; flow joins `bot.ports`
with `bot.domain`, and the domain knows nobody.
"""

__version__ = "0.1.0"
