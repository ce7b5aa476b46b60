"""How the API describes itself (OpenAPI 3.1)."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework.serializers import Serializer

from apps.base.api.errors import CONTENT_TYPE

READING = ["400", "401", "403", "404", "429"]
WRITING = [*READING, "409", "412", "413", "415", "422", "428"]

PROBLEM = {
    "type": "object",
    "description": "Problem details (RFC 9457). Other members are facts that the title names.",
    "required": ["type", "title", "status", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "description": "urn:problem:<code>"},
        "title": {"type": "string", "description": "For people, in the language they accept."},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "For programs; never changes its meaning."},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer to the field"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


class MarketSchema(AutoSchema):
    """The description of one operation: its headers follow from what the view demands."""

    def get_override_parameters(
        self,
    ) -> list[OpenApiParameter | Serializer[Any] | type[Serializer[Any]]]:
        parameters: list[OpenApiParameter | Serializer[Any] | type[Serializer[Any]]] = [
            OpenApiParameter(
                "Acting-For",
                str,
                OpenApiParameter.HEADER,
                description="Organization to act for, by id; else the first. Only for sessions.",
            )
        ]
        name = getattr(self.view, "action", None) or self.method.lower()
        if self.method == "POST" and name not in getattr(self.view, "without_key", ()):
            parameters.append(
                OpenApiParameter(
                    "Idempotency-Key",
                    {"type": "string", "pattern": "^[!-~]{1,200}$"},
                    OpenApiParameter.HEADER,
                    required=True,
                    description="Same key and request again: same answer, done once.",
                )
            )
        is_change = self.method in ("PATCH", "DELETE", "PUT") or (
            self.method == "POST" and getattr(self.view, "detail", False)
        )
        if getattr(self.view, "is_versioned", False) and is_change:
            parameters.append(
                OpenApiParameter(
                    "If-Match",
                    str,
                    OpenApiParameter.HEADER,
                    required=True,
                    description="The ETag of the version you decided on.",
                )
            )
        return parameters

    def get_tags(self) -> list[str]:
        parts = self.path.removeprefix("/api/v1/").split("/")
        return [parts[0]]


def add_problems(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Say of every operation which problems it can answer with."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = PROBLEM
    components.setdefault("responses", {})["Problem"] = {
        "description": "What is wrong.",
        "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for path in result["paths"].values():
        for method, operation in path.items():
            for status in READING if method == "get" else WRITING:
                operation["responses"].setdefault(
                    status, {"$ref": "#/components/responses/Problem"}
                )
    return result
