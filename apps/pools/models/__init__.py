"""The three pools: talents, funds and projects, each with its own review."""

from apps.pools.models.entry import ERASED, PoolEntry, PoolEntryQuerySet
from apps.pools.models.fund import Commitment, Fund
from apps.pools.models.project import Milestone, Project
from apps.pools.models.talent import Talent

__all__ = [
    "ERASED",
    "Commitment",
    "Fund",
    "Milestone",
    "PoolEntry",
    "PoolEntryQuerySet",
    "Project",
    "Talent",
]
