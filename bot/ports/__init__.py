"""Everything that touches the world, on one page.

| port | is |
|---|---|
| `Clock` | the time |
| `Registry` | one registry host: what it holds |
| `Identities` | what proves who signed without a key |
| `Catalog` | what registries were seen to hold |
| `Budget` | how often hosts may be asked |
| `Forge` | one Git host: branches, commits, pull requests |
| `Community` | other people on one Git host |
| `Sources` | a Git host as the place where images are built from |
| `Redeliveries` | a Git host that sends lost webhooks again |
| `SigningKeys` | keys of identity providers |
| `Deployments` | one Argo CD instance |
| `Notifier` | one place where people read |
| `Queue` | what wakes workers |
| `Store` | the truth between two reconciles |
| `Orders` | what people told |
| `Ledger` | pull requests of a forge without an API |

Each port is a contract with its values, in a file of its own; adapters (`bot.adapters`) only translate.
All calls are synchronous, bounded by timeouts of the adapter, and raise only `bot.domain.errors`:
`Transient` is tried again later, `Permanent` stops and tells a human. Every port has a memory twin that ships
with the product and passes the same contract suite (`tests/contracts/`).
"""

from bot.ports.budget import Budget, Grant, Rate
from bot.ports.catalog import Catalog, ImageEntry, Pointer, Unusable
from bot.ports.clock import Clock
from bot.ports.community import Community
from bot.ports.deployments import Deployments
from bot.ports.forge import Forge, Look
from bot.ports.ledger import Ledger
from bot.ports.notifier import Notifier
from bot.ports.orders import Orders
from bot.ports.queue import Queue
from bot.ports.redeliveries import Attempt, Redeliveries
from bot.ports.registry import Identities, Registry
from bot.ports.signing_keys import SigningKeys
from bot.ports.sources import Sources
from bot.ports.store import Delivery, Lease, Outcome, Pending, Store

__all__ = [
    "Attempt",
    "Budget",
    "Catalog",
    "Clock",
    "Community",
    "Delivery",
    "Deployments",
    "Forge",
    "Grant",
    "Identities",
    "ImageEntry",
    "Lease",
    "Ledger",
    "Look",
    "Notifier",
    "Orders",
    "Outcome",
    "Pending",
    "Pointer",
    "Queue",
    "Rate",
    "Redeliveries",
    "Registry",
    "SigningKeys",
    "Sources",
    "Store",
    "Unusable",
]
