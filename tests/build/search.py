"""A small market of every state, for whoever looks through it."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from apps.accounts.models import Organization, User
from apps.markets.models import Findable, Listing
from apps.markets.search import index
from apps.pools.models import Project
from marketplace.listings import (
    CooperationMode,
    ListingState,
    Market,
    PriceWay,
    Side,
)
from marketplace.pools import PoolState
from marketplace.reviews import Purpose
from marketplace.secrecy import DualUse, Secrecy
from tests.build.markets import in_days

#: Each is found by itself, and stands in some texts only.
WORDS = ["涂层", "合金", "铝", "coating", "5G", "高温合金"]
REGIONS = ["610000", "610100", "610113", "610102", "610400", "440300", "110108"]
FIELDS = ["05", "03", "07", "0701", "0702", None]
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
#: What nobody may find anything by.
SECRETS = ["密甲", "密乙", "密丙"]


def market(
    organizations: list[Organization], author: User, reviewer: User, number: int = 60
) -> list[Listing]:
    """Enter listings of all kinds and states, some of them of a project that two own."""
    chance = random.Random(5)  # noqa: S311
    shared = project_of(organizations[0], author, reviewer, owned_with=organizations[1].pk)
    rows = [
        _listing(chance, place, organizations, shared, author, reviewer) for place in range(number)
    ]
    Listing.objects.bulk_create(rows)
    index(rows)
    assert Findable.objects.filter(words=None).count() == 0
    return rows


def project_of(owner: Organization, author: User, reviewer: User, *, owned_with: UUID) -> Project:
    """Enter an admitted project that another organization owns in part."""
    return Project.objects.create(
        organization=owner,
        author=author,
        title="共有成果",
        summary="共有",
        field_id="fields-2001:05",
        region_id="gbt2260-2024:610100",
        state=PoolState.ADMITTED,
        admitted_on=in_days(0),
        imported_from="test",
        reviewed_by=reviewer,
        owners=[
            {"name": owner.name, "organization": str(owner.pk), "share": "60"},
            {"name": "共有人", "organization": str(owned_with), "share": "40"},
        ],
    )


def _listing(
    chance: random.Random,
    place: int,
    organizations: list[Organization],
    shared: Project,
    author: User,
    reviewer: User,
) -> Listing:
    kind = chance.choice(["technology", "technology", "talent", "capital"])
    of_shared = chance.random() < 0.2
    state = chance.choice([*ListingState, *[ListingState.PUBLISHED] * 8])
    price = chance.choice([(None, None), (100, 500), (None, 300), (250, None), (0, 0)])
    field = chance.choice(FIELDS if state == "draft" else FIELDS[:-1])
    organization = chance.choice(organizations)
    some = [*chance.sample(WORDS, 2), "装置"]
    words: dict[str, Any] = {
        "title": f"第{place}号" + "".join(chance.sample(some, 2)),
        "body": "，".join(chance.sample(WORDS, chance.randint(1, 3))) + "的研究",
        "keywords": [chance.choice(WORDS)],
        "blocks": [
            {"heading": "公开", "text": chance.choice(WORDS), "secrecy": Secrecy.PUBLIC.value},
            {"heading": SECRETS[0], "text": SECRETS[0], "secrecy": Secrecy.SIGNED_IN.value},
            {"heading": SECRETS[1], "text": SECRETS[1], "secrecy": Secrecy.UNDER_NDA.value},
        ],
        "confidential": SECRETS[2],
    }
    return Listing(
        organization=shared.organization if of_shared else organization,
        author=author,
        imported_from="test",
        market=Market.TECHNOLOGY if of_shared else Market(kind),
        side=Side.OFFER if of_shared or state == "draft" else Side.NEED,
        project=shared if of_shared else None,
        field_id=f"fields-2001:{field}" if field else None,
        region_id=f"gbt2260-2024:{chance.choice(REGIONS)}",
        cooperation_modes=[
            each.value for each in chance.sample(list(CooperationMode), chance.choice([1, 2]))
        ]
        if kind == "technology" or of_shared
        else [],
        readiness=chance.choice([None, 1, 5, 9]),
        price_from=price[0],
        price_to=price[1],
        price_way=chance.choice([PriceWay.NEGOTIATED, PriceWay.FREE_FIRST]),
        valid_until=in_days(90),
        state=state,
        waiting=Purpose.ENTRY if state == "submitted" else None,
        published_on=in_days(0),
        published_at=BEGIN,
        reviewed_by=reviewer,
        listed_at=BEGIN + timedelta(hours=chance.randint(0, 9)),
        health=chance.choice([0, 50, 100]),
        dual_use=chance.choice([None, None, None, DualUse.MILITARY_TO_CIVIL]),
        **words,
    )
