"""Proposed teams, and the conditions of a fund judged for a project, over HTTP."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.base.api.views import ActorView
from apps.matching.api.team_serializers import (
    ConditionsQuery,
    ConditionsSerializer,
    ProposedTeamSerializer,
)
from apps.matching.queries.teams import conditions_of, proposed_team


class ProjectTeamView(ActorView):
    """The proposed team for a project."""

    scope = "matches"
    http_method_names = ["get", "head", "options"]

    @extend_schema(operation_id="project_team", responses=ProposedTeamSerializer)
    def get(self, request: Request, project: UUID) -> Response:
        """Show the needs a project answers, talents and funds for it, and what is missing."""
        found = proposed_team(project, by=self.actor)
        context = {"names": found.names}
        return Response(ProposedTeamSerializer(found, context=context).data)


class FundConditionsView(ActorView):
    """The conditions of a fund, judged for a project."""

    scope = "matches"
    http_method_names = ["get", "head", "options"]

    @extend_schema(
        operation_id="fund_conditions",
        parameters=[ConditionsQuery],
        responses=ConditionsSerializer,
    )
    def get(self, request: Request, pk: UUID) -> Response:
        """Show what of all that a fund asks a project meets, and what is not known."""
        project = self.asked(ConditionsQuery)["project"]
        found = conditions_of(pk, project, by=self.actor)
        return Response(ConditionsSerializer(found, context={"names": found.names}).data)
