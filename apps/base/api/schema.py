"""How the API describes itself (OpenAPI 3.1)."""

import json
from pathlib import Path
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework.serializers import Serializer

from apps.base.api.errors import CONTENT_TYPE

#: What the tests asked and were answered, by operation.
EXAMPLES = Path(__file__).parent / "examples"

READING = ["400", "401", "403", "404", "411", "413", "415", "429"]
WRITING = [*READING, "409", "412", "422", "428"]

#: What beside the problem itself an answer of some status says.
HEADERS = {
    "401": {"WWW-Authenticate": "How to say who is asking."},
    "429": {"Retry-After": "After how many seconds to try again."},
}

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
        return [*parameters, *self._headers_of_answers(name)]

    def _headers_of_answers(self, name: str) -> list[OpenApiParameter]:
        """Return what answers say beside their body: a version, and the place of what is new."""
        shows_one = hasattr(self.view, "shown") and self.method in ("POST", "PATCH")
        if not shows_one and name != "retrieve":
            return []
        return [
            OpenApiParameter(
                "ETag",
                str,
                OpenApiParameter.HEADER,
                required=True,
                response=[200, 201],
                description="The version of the thing; send it back as If-Match to change it.",
            ),
            OpenApiParameter(
                "Location",
                {"type": "string", "format": "uri-reference"},
                OpenApiParameter.HEADER,
                required=True,
                response=[201],
                description="Where the new thing is.",
            ),
        ]

    def get_tags(self) -> list[str]:
        parts = self.path.removeprefix("/api/v1/").split("/")
        return [parts[0]]


def add_problems(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Say of every operation which problems it can answer with, and that each has an id."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = PROBLEM
    identity = {"X-Request-ID": {"$ref": "#/components/headers/X-Request-ID"}}
    components["headers"] = {"X-Request-ID": _header("The id of the request in our log.")}
    components["responses"] = {
        name: {
            "description": "What is wrong.",
            "headers": {
                **identity,
                **{each: _header(text) for each, text in HEADERS.get(status, {}).items()},
            },
            "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for name, status in [("Problem", ""), *((f"Problem{status}", status) for status in HEADERS)]
    }
    for schema in components["schemas"].values():
        # What one reader sees of a thing may be all that another one sees, and more.
        if schema.keys() == {"oneOf"}:
            schema["anyOf"] = schema.pop("oneOf")
    for path in result["paths"].values():
        for method, operation in path.items():
            for answer in operation["responses"].values():
                answer.setdefault("headers", {}).update(identity)
            for status in READING if method == "get" else WRITING:
                name = f"Problem{status}" if status in HEADERS else "Problem"
                operation["responses"].setdefault(
                    status, {"$ref": f"#/components/responses/{name}"}
                )
    return result


def add_examples(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Show with each operation what the tests asked and were answered, where they tried it."""
    for path in result["paths"].values():
        for operation in path.values():
            kept = EXAMPLES / f"{operation['operationId']}.json"
            if not kept.exists():
                continue
            for name, example in json.loads(kept.read_text("utf-8")).items():
                if example["request"] is not None and "requestBody" in operation:
                    for content in operation["requestBody"]["content"].values():
                        _show(content, name, example["request"])
                answer = operation["responses"].get(str(example["status"]), {})
                content = answer.get("content", {}).get(example["media_type"])
                if content is not None:
                    _show(content, name, example["response"])
    return result


def _show(content: dict[str, Any], name: str, value: object) -> None:
    content.setdefault("examples", {})[name] = {"value": value}


def _header(description: str) -> dict[str, Any]:
    return {"description": description, "required": True, "schema": {"type": "string"}}
