"""Which pairs fit and why, what people said of them, and to whom they were proposed."""

from apps.matching.models.attention import Attention, Proposal, Unproposed
from apps.matching.models.match import SEES_ALL, Match, Stale
from apps.matching.models.standing import Relation, Standing
from apps.matching.models.verdict import Verdict

__all__ = [
    "SEES_ALL",
    "Attention",
    "Match",
    "Proposal",
    "Relation",
    "Stale",
    "Standing",
    "Unproposed",
    "Verdict",
]
