"""The parts that OpenAPI documents are made of."""

from typing import Any


def object_(properties: dict[str, Any], required: list[str] | None = None) -> dict[str, Any]:
    """A JSON object; all of its properties are required unless `required` names some."""
    needed = list(properties) if required is None else required
    return {"type": "object", "properties": properties} | ({"required": needed} if needed else {})


def ref(name: str) -> dict[str, Any]:
    """A reference to a schema of the document's components."""
    return {"$ref": f"#/components/schemas/{name}"}


def json_(schema: dict[str, Any], description: str) -> dict[str, Any]:
    """A response with a JSON body of a schema."""
    return {"description": description, "content": {"application/json": {"schema": schema}}}


REFUSED = json_(ref("Error"), "Refused; `field` says where.")
BUSY = json_(ref("Error"), "Too much to do; try again after `Retry-After` seconds.") | {
    "headers": {"Retry-After": {"schema": {"type": "integer"}}}
}
