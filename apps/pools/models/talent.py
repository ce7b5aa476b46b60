"""The talent pool (人才池)."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from apps.base.fields import TermField
from apps.base.models import life_cycle
from apps.pools.models.entry import PoolEntry, PoolEntryQuerySet
from apps.taxonomy.models import Code
from marketplace.pools import POOL_ENTRY, PoolKind, Rank, TalentKind
from marketplace.reviews import SubjectKind


class Talent(PoolEntry):
    """A scientist, an engineer, a technology manager, or a team of them."""

    pool = PoolKind.TALENT
    kind_of_subject = SubjectKind.TALENT

    kind = TermField(TalentKind)
    discipline = models.ForeignKey(Code, models.PROTECT, null=True, related_name="+")
    #: 职称, as it is called: 教授, 研究员, 正高级工程师 …
    professional_title = models.CharField(max_length=80, blank=True, default="", db_default="")
    rank: TermField[Rank | None] = TermField(Rank, null=True)
    certificate = models.CharField(max_length=200, blank=True, default="", db_default="")
    specialities = ArrayField(models.CharField(max_length=40), default=list, db_default=[])
    achievements = models.TextField(blank=True, default="", db_default="")
    #: ISO 639-1.
    languages = ArrayField(models.CharField(max_length=2), default=list, db_default=[])
    #: For whom and with which share of the time (校招共用): organization or name, share.
    employments = models.JSONField(default=list, db_default=[])
    available_from = models.DateField(null=True)
    #: What share of the time can be had, in per cent.
    available_share = models.PositiveSmallIntegerField(null=True)
    #: Who is in a team, and as what: talent, role.
    members = models.JSONField(default=list, db_default=[])

    objects = PoolEntryQuerySet["Talent"].as_manager()

    class Meta(PoolEntry.Meta):
        constraints = [
            *PoolEntry.Meta.constraints,
            models.CheckConstraint(
                condition=Q(kind__in=TalentKind.values()), name="talent_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(rank=None) | Q(rank__in=Rank.values()), name="talent_rank_is_known"
            ),
            models.CheckConstraint(
                condition=Q(available_share=None) | Q(available_share__range=(1, 100)),
                name="talent_available_share_is_1_to_100",
            ),
            models.CheckConstraint(
                condition=Q(members=[]) | Q(kind="team"), name="talent_only_a_team_has_members"
            ),
        ]
        triggers = life_cycle(POOL_ENTRY, "talent")
