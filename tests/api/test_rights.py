"""Who may do what: every route and method that the router knows, for each of the cast."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import models, transaction
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from apps.accounts.models import ApiKey, Membership
from apps.deals import actions as deals
from apps.exchange import actions as exchange
from apps.finding import actions as finding
from apps.journal.actions import tell
from apps.matching.actions import relations
from apps.matching.models import Match
from apps.matching.tasks import rematch
from apps.notifications.models import Notice
from apps.pools import actions as pools
from apps.retrieval.actions import runs
from apps.reviews import actions as reviews
from apps.taxonomy.models import Code
from marketplace.actors import Actor
from marketplace.conflicts import RelationKind
from marketplace.contracts import ContractState
from marketplace.deals import DealState
from marketplace.listings import ListingState, Market
from marketplace.pools import MilestoneKind, PoolState
from marketplace.runs import RunKind
from tests.build import contracts as build_contracts
from tests.build import deals as build_deals
from tests.build import exchange as build_exchange
from tests.build import finding as build_finding
from tests.build import markets as build_markets
from tests.build import pools as build_pools
from tests.build import reviews as build_reviews
from tests.callers import Caller, read_out
from tests.conftest import credit_code_of

#: Columns. The researcher's institute owns projects, offers and contracts, and sells; the agent's
#: works own the needs, and buy; the broker stands between them; the stranger has no part in it.
CAST = ["anonymous", "stranger", "researcher", "agent", "broker", "reviewer", "administrator"]

#: Method, route, the thing that it is tried on ("-" where there is none), and who gets what.
TABLE = """
method  route                              thing               anon strg rsch agnt brok revw admn
GET     session                            -                   401  200  200  200  200  200  200
POST    session                            -                   401  401  401  401  401  401  401
DELETE  session                            -                   204  204  204  204  204  204  204
POST    people                             -                   201  201  201  201  201  201  201
GET     organizations                      -                   401  200  200  200  200  200  200
POST    organizations                      -                   401  201  201  201  201  201  201
GET     organizations/<uuid:pk>            institute           401  200  200  200  200  200  200
POST    organizations/<uuid:pk>/verify     institute           401  403  403  403  403  403  409
POST    organizations/<uuid:pk>/vet        institute           401  403  403  403  403  403  403
POST    organizations/<uuid:pk>/unvet      institute           401  403  403  403  403  403  403
GET     memberships                        -                   401  200  200  200  200  200  200
POST    memberships                        -                   401  403  403  403  403  403  201
GET     memberships/<uuid:pk>              membership          401  404  200  404  404  404  200
POST    memberships/<uuid:pk>/end          membership          401  404  200  404  404  404  200
GET     api-keys                           -                   401  200  200  200  200  200  200
POST    api-keys                           -                   401  201  201  201  201  201  201
GET     api-keys/<uuid:pk>                 api_key             401  404  200  404  404  404  404
POST    api-keys/<uuid:pk>/revoke          api_key             401  404  200  404  404  404  404

GET     code-lists                         -                   200  200  200  200  200  200  200
GET     codes                              -                   200  200  200  200  200  200  200
GET     codes/<str:pk>                     code                200  200  200  200  200  200  200
GET     zones                              -                   200  200  200  200  200  200  200

GET     journal                            -                   401  200  200  200  200  200  200
GET     notices                            -                   401  200  200  200  200  200  200
GET     notices/<uuid:pk>                  notice              401  404  404  200  404  404  404
POST    notices/<uuid:pk>/mark_read        notice              401  404  404  200  404  404  404
GET     notice-preferences                 -                   401  200  200  200  200  200  200
PUT     notice-preferences                 -                   401  200  200  200  200  200  200

GET     projects                           -                   200  200  200  200  200  200  200
POST    projects                           -                   401  201  201  201  201  403  403
GET     projects/<uuid:pk>                 project             200  200  200  200  200  200  200
GET     projects/<uuid:pk>                 draft_project       404  404  200  404  404  404  404
GET     projects/<uuid:pk>                 submitted_project   404  404  200  404  404  200  200
PATCH   projects/<uuid:pk>                 draft_project       401  404  200  404  404  404  404
POST    projects/<uuid:pk>/submit          draft_project       401  404  200  404  404  404  404
POST    projects/<uuid:pk>/admit           submitted_project   401  404  403  404  404  200  200
POST    projects/<uuid:pk>/send_back       submitted_project   401  404  403  404  404  200  200
POST    projects/<uuid:pk>/refuse          submitted_project   401  404  403  404  404  200  200
POST    projects/<uuid:pk>/leave           project             401  403  200  403  403  403  403
POST    projects/<uuid:pk>/take_back       submitted_project   401  404  200  404  404  403  403
POST    projects/<uuid:pk>/submit_change   changed_project     401  403  200  403  403  403  403
POST    projects/<uuid:pk>/withdraw_change changed_project     401  403  200  403  403  403  403
POST    projects/<uuid:pk>/release         leaving_project     401  403  403  403  403  200  200
POST    projects/<uuid:pk>/spill           project             401  403  403  403  403  403  403
POST    projects/<uuid:pk>/consent         project             401  403  403  403  403  403  403
POST    projects/<uuid:pk>/withdraw_consent project             401  403  403  403  403  403  403
GET     projects/<uuid:pk>/wordings        project             404  404  200  404  404  200  404
GET     projects/<uuid:pk>/submissions     project             404  404  200  404  404  200  404
GET     projects/<uuid:pk>/consents        project             404  404  200  404  404  200  404
GET     projects/<uuid:pk>/advice          project             404  404  200  404  404  404  404
GET     projects/<uuid:pk>/files           project             200  200  200  200  200  200  200
POST    projects/<uuid:pk>/files           project             401  415  415  415  415  415  415
GET     projects/<uuid:pk>/files/<uuid:file> file_of_project     404  200  200  200  200  200  200
DELETE  projects/<uuid:pk>/files/<uuid:file> file_of_project     401  403  204  403  403  403  403
GET     projects/<uuid:pk>/milestones      project             200  200  200  200  200  200  200
POST    projects/<uuid:pk>/milestones      project             401  403  403  403  403  403  403
DELETE  projects/<uuid:pk>/milestones/<uuid:milestone> milestone 401 403 403 403 403 403 403

GET     talents                            -                   200  200  200  200  200  200  200
POST    talents                            -                   401  201  201  201  201  403  403
GET     talents/<uuid:pk>                  talent              200  200  200  200  200  200  200
PATCH   talents/<uuid:pk>                  draft_talent        401  404  200  404  404  404  404
POST    talents/<uuid:pk>/submit           draft_talent        401  404  200  404  404  404  404
POST    talents/<uuid:pk>/admit            submitted_talent    401  404  403  404  404  200  200
POST    talents/<uuid:pk>/send_back        submitted_talent    401  404  403  404  404  200  200
POST    talents/<uuid:pk>/refuse           submitted_talent    401  404  403  404  404  200  200
POST    talents/<uuid:pk>/leave            talent              401  403  200  403  403  403  403
POST    talents/<uuid:pk>/take_back        submitted_talent    401  404  200  404  404  403  403
POST    talents/<uuid:pk>/submit_change    changed_talent      401  403  200  403  403  403  403
POST    talents/<uuid:pk>/withdraw_change  changed_talent      401  403  200  403  403  403  403
POST    talents/<uuid:pk>/release          leaving_talent      401  403  403  403  403  200  200
POST    talents/<uuid:pk>/spill            talent              401  403  403  403  403  403  403
POST    talents/<uuid:pk>/consent          talent              401  403  403  403  403  403  403
POST    talents/<uuid:pk>/withdraw_consent talent              401  403  403  403  403  403  403
GET     talents/<uuid:pk>/wordings         talent              404  404  200  404  404  200  404
GET     talents/<uuid:pk>/submissions      talent              404  404  200  404  404  200  404
GET     talents/<uuid:pk>/consents         talent              404  404  200  404  404  200  404
GET     talents/<uuid:pk>/advice           talent              404  404  200  404  404  404  404
GET     talents/<uuid:pk>/files            talent              200  200  200  200  200  200  200
POST    talents/<uuid:pk>/files            talent              401  415  415  415  415  415  415
GET     talents/<uuid:pk>/files/<uuid:file> file_of_talent      404  200  200  200  200  200  200
DELETE  talents/<uuid:pk>/files/<uuid:file> file_of_talent      401  403  204  403  403  403  403

GET     funds                              -                   200  200  200  200  200  200  200
POST    funds                              -                   401  403  403  403  403  403  403
GET     funds/<uuid:pk>                    fund                200  200  200  200  200  200  200
PATCH   funds/<uuid:pk>                    draft_fund          401  404  403  404  404  404  404
POST    funds/<uuid:pk>/submit             draft_fund          401  404  403  404  404  404  404
POST    funds/<uuid:pk>/admit              submitted_fund      401  404  403  404  404  200  200
POST    funds/<uuid:pk>/send_back          submitted_fund      401  404  403  404  404  200  200
POST    funds/<uuid:pk>/refuse             submitted_fund      401  404  403  404  404  200  200
POST    funds/<uuid:pk>/leave              fund                401  403  403  403  403  403  403
POST    funds/<uuid:pk>/take_back          submitted_fund      401  404  403  404  404  403  403
POST    funds/<uuid:pk>/submit_change      changed_fund        401  403  403  403  403  403  403
POST    funds/<uuid:pk>/withdraw_change    changed_fund        401  403  403  403  403  403  403
POST    funds/<uuid:pk>/release            leaving_fund        401  403  403  403  403  200  200
POST    funds/<uuid:pk>/spill              fund                401  403  403  403  403  403  403
POST    funds/<uuid:pk>/consent            fund                401  403  403  403  403  403  403
POST    funds/<uuid:pk>/withdraw_consent   fund                401  403  403  403  403  403  403
GET     funds/<uuid:pk>/wordings           fund                404  404  200  404  404  200  404
GET     funds/<uuid:pk>/submissions        fund                404  404  200  404  404  200  404
GET     funds/<uuid:pk>/consents           fund                404  404  200  404  404  200  404
GET     funds/<uuid:pk>/advice             fund                404  404  200  404  404  404  404
GET     funds/<uuid:pk>/files              fund                200  200  200  200  200  200  200
POST    funds/<uuid:pk>/files              fund                401  415  415  415  415  415  415
GET     funds/<uuid:pk>/files/<uuid:file>  file_of_fund        404  200  200  200  200  200  200
DELETE  funds/<uuid:pk>/files/<uuid:file>  file_of_fund        401  403  204  403  403  403  403
POST    funds/<uuid:pk>/commit             fund                401  403  403  403  403  403  403
GET     commitments                        -                   401  200  200  200  200  200  200
GET     commitments/<uuid:pk>              commitment          401  404  200  200  404  404  404
POST    commitments/<uuid:pk>/pay          commitment          401  404  403  403  404  404  404
POST    commitments/<uuid:pk>/release      commitment          401  404  403  403  404  404  404
GET     pool-flows ?pool=fund&from=2026-01&to=2026-02               200 200 200 200 200 200 200

GET     listings                           -                   200  200  200  200  200  200  200
GET     listings/facets                    ?facet=market       200  200  200  200  200  200  200
POST    listings                           -                   401  201  201  201  201  403  403
GET     listings/<uuid:pk>                 offer               200  200  200  200  200  200  200
GET     listings/<uuid:pk>                 draft_offer         404  404  200  404  404  404  404
GET     listings/<uuid:pk>                 submitted_offer     404  404  200  404  404  200  200
PATCH   listings/<uuid:pk>                 draft_offer         401  404  200  404  404  404  404
POST    listings/<uuid:pk>/submit          draft_offer         401  404  200  404  404  404  404
POST    listings/<uuid:pk>/publish         submitted_offer     401  404  403  404  404  200  200
POST    listings/<uuid:pk>/send_back       submitted_offer     401  404  403  404  404  200  200
POST    listings/<uuid:pk>/refuse          submitted_offer     401  404  403  404  404  200  200
POST    listings/<uuid:pk>/pause           offer               401  403  200  403  403  403  403
POST    listings/<uuid:pk>/resume          paused_offer        401  404  200  404  404  403  403
POST    listings/<uuid:pk>/withdraw        offer               401  403  200  403  403  403  403
POST    listings/<uuid:pk>/conclude        offer               401  403  200  403  403  403  403
POST    listings/<uuid:pk>/take_back       submitted_offer     401  404  200  404  404  403  403
POST    listings/<uuid:pk>/submit_change   changed_offer       401  403  200  403  403  403  403
POST    listings/<uuid:pk>/withdraw_change changed_offer       401  403  200  403  403  403  403
POST    listings/<uuid:pk>/renew           offer               401  403  200  403  403  403  403
POST    listings/<uuid:pk>/spill           offer               401  403  403  403  403  403  403
POST    listings/<uuid:pk>/consent         offer               401  403  403  403  403  403  403
POST    listings/<uuid:pk>/withdraw_consent offer              401  403  403  403  403  403  403
GET     listings/<uuid:pk>/advice          offer               404  404  200  404  404  404  404
GET     listings/<uuid:pk>/wordings        offer               404  404  200  404  404  200  404
GET     listings/<uuid:pk>/submissions     offer               404  404  200  404  404  200  404
GET     listings/<uuid:pk>/consents        offer               404  404  200  404  404  200  404
GET     listings/<uuid:pk>/files           offer               200  200  200  200  200  200  200
POST    listings/<uuid:pk>/files           offer               401  415  415  415  415  415  415
GET     listings/<uuid:pk>/files/<uuid:file> file_of_offer     404  200  200  200  200  200  200
DELETE  listings/<uuid:pk>/files/<uuid:file> file_of_offer     401  403  204  403  403  403  403
GET     projects/<uuid:project>/market     project             200  200  200  200  200  200  200

GET     imports                            -                   401  200  200  200  200  200  200
POST    imports                            -                   401  415  415  415  415  415  415
GET     imports/<uuid:pk>                  import              401  404  200  404  404  404  404
GET     imports/<uuid:pk>/faults           import              401  404  200  404  404  404  404
POST    imports/<uuid:pk>/check            import              401  404  200  404  404  404  404
POST    imports/<uuid:pk>/commit           checked_import      401  404  200  404  404  404  404
POST    imports/<uuid:pk>/cancel           import              401  404  200  404  404  404  404
POST    imports/<uuid:pk>/resume           cancelled_import    401  404  200  404  404  404  404
GET     exports/talent                     -                   401  200  200  200  200  200  200
GET     exports/fund                       -                   401  200  200  200  200  200  200
GET     exports/project                    -                   401  200  200  200  200  200  200
GET     exports/technology_offer           -                   401  200  200  200  200  200  200
GET     exports/technology_need            -                   401  200  200  200  200  200  200
GET     exports/talent_offer               -                   401  200  200  200  200  200  200
GET     exports/talent_need                -                   401  200  200  200  200  200  200
GET     exports/capital_offer              -                   401  200  200  200  200  200  200
GET     exports/capital_need               -                   401  200  200  200  200  200  200
GET     templates/talent                   -                   401  200  200  200  200  200  200
GET     templates/fund                     -                   401  200  200  200  200  200  200
GET     templates/project                  -                   401  200  200  200  200  200  200
GET     templates/technology_offer         -                   401  200  200  200  200  200  200
GET     templates/technology_need          -                   401  200  200  200  200  200  200
GET     templates/talent_offer             -                   401  200  200  200  200  200  200
GET     templates/talent_need              -                   401  200  200  200  200  200  200
GET     templates/capital_offer            -                   401  200  200  200  200  200  200
GET     templates/capital_need             -                   401  200  200  200  200  200  200

GET     saved-searches                     -                   401  200  200  200  200  200  200
POST    saved-searches                     -                   401  201  201  201  201  201  201
GET     saved-searches/<uuid:pk>           saved_search        401  404  404  200  404  404  404
PATCH   saved-searches/<uuid:pk>           saved_search        401  404  404  200  404  404  404
DELETE  saved-searches/<uuid:pk>           saved_search        401  404  404  204  404  404  404
POST    saved-searches/<uuid:pk>/stop      saved_search        401  404  404  200  404  404  404
POST    saved-searches/<uuid:pk>/resume    saved_search        401  404  404  200  404  404  404
GET     alerts                             -                   401  200  200  200  200  200  200
GET     alerts/<uuid:pk>                   alert               401  404  404  200  404  404  404
GET     favourites                         -                   401  200  200  200  200  200  200
POST    favourites                         -                   401  201  201  201  201  201  201
DELETE  favourites/<uuid:listing_id>       offer               401  404  404  204  404  404  404
POST    listings/<uuid:listing_id>/view    offer               204  204  204  204  204  204  204
GET     listings/<uuid:listing_id>/views   offer               401  404  200  404  404  404  404

GET     listings/<uuid:listing_id>/matches offer               401  200  200  200  200  200  200
GET     listings/<uuid:listing_id>/proposals offer             401  404  200  404  200  200  200
GET     proposals                          -                   401  200  200  200  200  200  200
GET     attention                          -                   200  200  200  200  200  200  200
GET     matches/<uuid:pk>                  match               401  404  200  200  200  200  200
GET     matches/<uuid:pk>/receipt          match               401  404  200  200  200  200  200
GET     projects/<uuid:project>/team       project             401  200  200  200  200  200  200
GET     funds/<uuid:pk>/conditions         fund                401  400  400  400  400  400  400
GET     relations                          -                   401  200  200  200  200  200  200
POST    relations                          -                   401  403  403  403  403  403  403
GET     relations/<uuid:pk>                relation            401  404  200  200  200  200  200
POST    relations/<uuid:pk>/end            relation            401  404  403  403  403  403  200
GET     retrieval-runs                     -                   401  200  200  200  200  200  200
POST    retrieval-runs                     -                   401  403  403  403  403  403  201
GET     retrieval-runs/<uuid:pk>           run                 401  404  404  404  404  404  200
POST    retrieval-runs/<uuid:pk>/cancel    run                 401  404  404  404  404  404  200
POST    retrieval-runs/<uuid:pk>/resume    cancelled_run       401  404  404  404  404  404  200
POST    matches/<uuid:pk>/verdict          match               401  404  201  201  201  403  403
GET     matches/<uuid:pk>/verdicts         match               401  404  200  200  200  200  200
GET     match-quality                      -                   401  200  200  200  200  200  200

GET     deals                              -                   401  200  200  200  200  200  200
POST    deals                              -                   401  403  201  201  201  403  403
GET     deals/<uuid:pk>                    deal                401  404  200  200  200  404  200
POST    deals/<uuid:pk>/open_talks         deal                401  404  200  403  403  404  403
POST    deals/<uuid:pk>/propose_price      deal_in_talks       401  404  200  200  403  404  403
POST    deals/<uuid:pk>/agree              priced_deal         401  404  200  403  403  404  403
POST    deals/<uuid:pk>/reopen             agreed_deal         401  404  200  200  403  404  403
POST    deals/<uuid:pk>/drop               deal                401  404  200  200  403  404  403
POST    deals/<uuid:pk>/assign_broker      brokerless_deal     401  404  200  200  404  404  403

GET     contracts                          -                   401  200  200  200  200  200  200
POST    contracts                          -                   401  422  201  422  422  403  403
POST    contracts/draw_up                  -                   401  422  201  403  403  422  403
GET     contracts/<uuid:pk>                draft               401  404  200  404  404  404  404
GET     contracts/<uuid:pk>                submitted           401  404  200  200  404  200  200
PATCH   contracts/<uuid:pk>                draft               401  404  200  404  404  404  404
POST    contracts/<uuid:pk>/submit         draft               401  404  200  404  404  404  404
POST    contracts/<uuid:pk>/accept         submitted           401  404  403  403  404  200  403
POST    contracts/<uuid:pk>/send_back      submitted           401  404  403  403  404  200  403
POST    contracts/<uuid:pk>/refuse         accepted            401  404  403  403  404  200  403
POST    contracts/<uuid:pk>/review         accepted            401  404  403  403  404  200  403
POST    contracts/<uuid:pk>/register       first_reviewed      401  404  403  403  404  200  403
POST    contracts/<uuid:pk>/withdraw       submitted           401  404  200  403  404  403  403
GET     contracts/<uuid:pk>/ledger         registered          401  404  200  200  404  200  200
GET     offices                            -                   401  200  200  200  200  200  200
GET     offices/<uuid:pk>                  office              401  200  200  200  200  200  200

GET     figures                            -                   401  403  403  403  403  200  200
GET     figures/summary                    ?by=month           401  403  403  403  403  200  200
GET     figures/export                     -                   401  403  403  403  403  200  200
"""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    method: str
    route: str
    thing: str
    statuses: list[int]

    def __str__(self) -> str:
        return f"{self.method} {self.route} {self.thing}"


def _row(line: str) -> Row:
    method, route, thing, *statuses = line.split()
    return Row(method, route, thing, [int(status) for status in statuses])


ROWS = [_row(line) for line in TABLE.strip().splitlines()[1:] if line]


def known_routes() -> Iterator[tuple[str, str]]:
    """Walk everything below /api/v1/ that the router knows."""

    def walk(patterns: list[Any], before: str) -> Iterator[tuple[str, str]]:
        for pattern in patterns:
            path = before + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, path)
            elif isinstance(pattern, URLPattern) and path.startswith("api/v1/"):
                view: Any = pattern.callback
                methods = getattr(view, "actions", None) or [
                    m for m in view.view_class.http_method_names if hasattr(view.view_class, m)
                ]
                for method in methods:
                    if method not in ("head", "options"):
                        yield method.upper(), path.removeprefix("api/v1/")

    yield from walk(get_resolver().url_patterns, "")


def test_every_route_has_its_row():
    assert {(row.method, row.route) for row in ROWS} == set(known_routes())


@pytest.fixture
def world(
    request: pytest.FixtureRequest, institute: models.Model, office: models.Model
) -> dict[str, models.Model]:
    """Return one of everything, made by the actions themselves."""
    actor: dict[str, Actor] = {
        name: request.getfixturevalue(f"as_{name}")
        for name in [*CAST[1:], "second_reviewer", "manager"]
    }
    by, reviewer = actor["researcher"], actor["reviewer"]
    second = actor["second_reviewer"]
    things: dict[str, models.Model] = {
        "institute": institute,
        "membership": Membership.objects.get(user=by.user),
        "code": Code.objects.get(pk="gbt2260-2024:610100"),
        "office": build_contracts.office(office),
    }
    Caller(by)
    things["api_key"] = ApiKey.objects.get()
    for name in ("project", "talent", "fund"):
        build: Callable[..., models.Model] = getattr(build_pools, name)
        # Money is pooled by the manager: a researcher has none to give.
        author = actor["manager"] if name == "fund" else by
        things[name] = build(by=author, reviewer=reviewer)
        for state in (PoolState.DRAFT, PoolState.SUBMITTED):
            things[f"{state}_{name}"] = build(by=author, reviewer=reviewer, state=state)
    things["saved_search"] = search = build_finding.search(by=actor["agent"])
    things["offer"] = build_markets.offer(by=by, reviewer=reviewer)
    things["alert"] = build_finding.alert(search)
    finding.add_favourite(things["offer"].pk, by=actor["agent"])
    for state in (ListingState.DRAFT, ListingState.SUBMITTED, ListingState.PAUSED):
        things[f"{state}_offer"] = build_markets.offer(by=by, reviewer=reviewer, state=state)
    things["changed_offer"] = build_markets.with_change(
        build_markets.offer(by=by, reviewer=reviewer), by=by, is_submitted=False
    )
    build_pools.consented(things["draft_project"])
    for name in ("project", "talent", "fund"):
        author = actor["manager"] if name == "fund" else by
        make = getattr(build_pools, name)
        changed = reviews.change(make(by=author, reviewer=reviewer), {"title": "另写"}, by=author)
        things[f"changed_{name}"] = build_pools.consented(changed)
        things[f"leaving_{name}"] = pools.leave(
            make(by=author, reviewer=reviewer), reason="不再需要", by=author
        )
        things[f"file_of_{name}"] = build_reviews.file(things[name], by=author)
    things["file_of_offer"] = build_reviews.file(things["offer"], by=by)
    things["commitment"] = pools.commit(
        things["fund"],
        amount=Decimal("1.00"),
        beneficiary=actor["agent"].organization,
        purpose="试制",
        by=actor["manager"],
    )
    things["fund"].refresh_from_db()
    things["milestone"] = pools.note_milestone(
        things["project"],
        kind=MilestoneKind.FOUNDED,
        firm="新芯",
        reached_on=date(2026, 1, 1),
        by=actor["manager"],
    )
    things["need"] = build_markets.need(by=actor["agent"], reviewer=reviewer)
    table = build_exchange.xlsx([build_exchange.need(1)])
    things["import"] = build_exchange.begun(table, by=by)
    things["checked_import"] = build_exchange.checked(table, by=by)
    things["cancelled_import"] = exchange.cancel(build_exchange.begun(table, by=by), by=by)
    tell("matching")
    rematch()
    clock = Actor.system("test")
    things["run"] = runs.begin_run(RunKind.REFIT, Market.TALENT, by=clock)
    things["cancelled_run"] = runs.cancel(
        runs.begin_run(RunKind.REFIT, Market.CAPITAL, by=clock), by=clock
    )
    things["match"] = Match.objects.get(offer=things["offer"], need=things["need"])
    things["relation"] = relations.declare(
        organization=actor["agent"].organization, kind=RelationKind.FAMILY, by=actor["manager"]
    )
    sides = {"owner": by, "taker": actor["agent"], "reviewer": reviewer}
    things["deal"] = build_deals.deal(**sides, broker=actor["broker"], need=True)
    things["brokerless_deal"] = build_deals.deal(**sides)
    things["deal_in_talks"] = build_deals.deal(DealState.IN_TALKS, **sides, broker=actor["broker"])
    things["priced_deal"] = deals.propose_price(
        build_deals.deal(DealState.IN_TALKS, **sides, broker=actor["broker"]),
        price=build_deals.PRICE,
        by=actor["agent"],
    )
    things["agreed_deal"] = build_deals.deal(DealState.AGREED, **sides, broker=actor["broker"])
    for state in (
        ContractState.DRAFT,
        ContractState.SUBMITTED,
        ContractState.ACCEPTED,
        ContractState.FIRST_REVIEWED,
        ContractState.REGISTERED,
    ):
        things[state.value] = build_contracts.contract(
            state, author=by, buyer=actor["agent"], first=second, second=reviewer
        )
    tell("notifications")
    things["notice"] = Notice.objects.filter(organization=actor["agent"].organization).first()
    return things


def bodies(world: dict[str, models.Model]) -> dict[str, Any]:
    """Return what each POST and PATCH gives; moves that take nothing are not named."""
    later = (timezone.now() + timedelta(days=9)).isoformat()
    pooled = {"title": "新条目", "region": "610100"}
    party = {"organization": str(world["institute"].pk)}
    contract = {
        "title": "新合同",
        "contract_type": "service",
        "total_amount": "100.00",
        "sellers": [party],
        "buyers": [build_contracts.BUYER],
    }
    reason = {"reason": "请补充"}
    return {
        "POST session": {"username": "researcher", "password": "wrong"},
        "POST people": {"username": "somebody", "name": "某人", "password": "correct horse 9"},
        "POST organizations": {
            "name": "新厂",
            "kind": "company",
            "credit_code": credit_code_of(66),
            "region": "610100",
        },
        "POST memberships": {**party, "username": "stranger", "role": "researcher"},
        "POST api-keys": {"name": "x", "scopes": ["deals:read"], "expires_at": later},
        "POST projects": pooled,
        "POST talents": {**pooled, "kind": "engineer"},
        "POST funds": {**pooled, "kind": "equity"},
        "POST listings": {
            "market": "technology",
            "side": "need",
            "title": "求购",
            "body": "求购轴承",
            "region": "610100",
        },
        **{
            f"PATCH {pool}/<uuid:pk>": {"summary": "另写"}
            for pool in ("projects", "talents", "funds")
        },
        "PATCH listings/<uuid:pk>": {"body": "另写"},
        **{
            f"POST {things}/<uuid:pk>/{move}": {
                "clearance": {"no_state_secret": True, "cleared_by": "韩保密"}
            }
            for things in ("projects", "talents", "funds", "listings")
            for move in ("submit", "admit", "publish", "submit_change")
        },
        "POST funds/<uuid:pk>/commit": {
            "amount": "1.00",
            "beneficiary": str(world["commitment"].beneficiary_id),
            "purpose": "试制",
        },
        "POST projects/<uuid:pk>/milestones": {
            "kind": "listed",
            "firm": "新芯",
            "reached_on": "2026-01-01",
        },
        "POST listings/<uuid:pk>/renew": {
            "valid_until": build_markets.in_days(300).isoformat(),
        },
        "PATCH contracts/<uuid:pk>": {"title": "另写"},
        **{
            f"POST {things}/<uuid:pk>/{move}": reason
            for things in ("projects", "talents", "funds", "listings", "contracts")
            for move in ("send_back", "refuse", "leave", "spill")
        },
        **{
            f"POST {things}/<uuid:pk>/send_back": {
                "findings": [{"field": "title", "code": "vague", "text": "请补充"}]
            }
            for things in ("projects", "talents", "funds", "listings")
        },
        "POST saved-searches": {
            "name": "轴承",
            "criteria": {"search": "轴承"},
            "frequency": "daily",
            "language": "zh-hans",
        },
        "PATCH saved-searches/<uuid:pk>": {"name": "另名"},
        "POST matches/<uuid:pk>/verdict": {"judgement": "weak", "reason": "too_far"},
        "POST retrieval-runs": {"kind": "refit", "market": "technology"},
        "POST favourites": {"listing": str(world["need"].pk)},
        "PUT notice-preferences": {
            "language": "en",
            "matches": "daily",
            "deals": "at_once",
            "contracts": "at_once",
            "to_answer": "at_once",
            "other_news": "never",
        },
        "POST relations": {
            "organization": str(world["need"].organization_id),
            "kind": "shareholding",
        },
        "POST deals": {"offer": str(world["offer"].pk), "need": str(world["need"].pk)},
        "POST deals/<uuid:pk>/propose_price": {"amount": "5.00", "currency": "CNY"},
        "POST deals/<uuid:pk>/drop": {"reason": "price"},
        "POST deals/<uuid:pk>/assign_broker": {"broker": "broker"},
        "POST contracts": contract,
        "POST contracts/draw_up": {
            "deal": str(world["agreed_deal"].pk),
            "contract_type": "service",
        },
        "POST contracts/<uuid:pk>/submit": {"holds_no_state_secret": True},
        "POST contracts/<uuid:pk>/refuse": {"ground": "other", "note": "见附件"},
        "POST contracts/<uuid:pk>/review": {"recognised_amount": "1.00"},
    }


# Dealt out to four worlds, for a world takes longer to make than a row to try.
@pytest.mark.parametrize("part", range(4))
def test_each_of_the_cast_gets_what_the_table_says(
    part: int, world: dict[str, models.Model], request: pytest.FixtureRequest
) -> None:
    callers = {name: Caller(request.getfixturevalue(f"as_{name}")) for name in CAST}
    given = bodies(world)
    wrong = []
    for row in ROWS[part::4]:
        thing = world.get(row.thing)
        assert thing is not None or row.thing[0] in "-?", f"nothing is called {row.thing}"
        path = "/" + row.route
        for part_of in ("file", "milestone"):
            if f"<uuid:{part_of}>" in path:
                whole = thing.subject_id if part_of == "file" else thing.project_id
                path = path.replace("<uuid:pk>", str(whole))
                path = path.replace(f"<uuid:{part_of}>", str(thing.pk))
        path = path.replace("<uuid:pk>", str(getattr(thing, "pk", "")))
        for name in ("<str:pk>", "<uuid:listing_id>", "<uuid:project>"):
            path = path.replace(name, str(getattr(thing, "pk", "")))
        if row.thing.startswith("?"):
            path += row.thing
        etag = f'"{thing.pk}.{getattr(thing, "version", 1)}"' if thing else ""
        body = given.get(f"{row.method} {row.route}")
        for name, expected in zip(CAST, row.statuses, strict=True):
            with transaction.atomic():
                answer = _send(callers[name], row.method, path, body, etag)
                read_out(answer)
                transaction.set_rollback(True)
            if answer.status_code != expected:
                wrong.append(f"{row} {name}: {answer.status_code}, not {expected}")
    assert not wrong, "\n" + "\n".join(wrong)


def _send(caller: Caller, method: str, path: str, body: Any, etag: str) -> Any:
    if method == "GET":
        return caller.get(path)
    if method == "DELETE":
        return caller.delete(path, etag=etag)
    if method == "PATCH":
        return caller.patch(path, body, etag=etag)
    if method == "PUT":
        return caller.put(path, body, etag=etag)
    return caller.post(path, body, etag=etag)
