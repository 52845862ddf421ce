"""Makes a value that fits a JSON Schema, always the same one: the arguments a scripted model gives to a tool."""

from typing import Any

_BY_NAME = {"city": "Paris", "location": "Paris", "country": "France", "name": "Ada", "date": "2026-01-31"}


def plausible(schema: dict[str, Any], *, name: str = "", root: dict[str, Any] | None = None) -> Any:
    """Fills required properties, or all of them when none is required. `root` is where `$ref` looks things up."""
    root = schema if root is None else root
    if "$ref" in schema:
        return plausible(_resolve(schema["$ref"], root), name=name, root=root)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    if "default" in schema:
        return schema["default"]
    for alternatives in ("anyOf", "oneOf", "allOf"):
        for alternative in schema.get(alternatives, ()):
            if alternative.get("type") != "null":
                return plausible(alternative, name=name, root=root)
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    match kind:
        case "object":
            properties = schema.get("properties", {})
            wanted = schema.get("required") or list(properties)
            return {key: plausible(properties.get(key, {}), name=key, root=root) for key in wanted}
        case "array":
            return [
                plausible(schema.get("items", {}), name=name, root=root)
                for _ in range(max(1, schema.get("minItems", 1)))
            ]
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case "null":
            return None
        case _:
            return _BY_NAME.get(name, name or "text")


def _resolve(reference: str, root: dict[str, Any]) -> dict[str, Any]:
    found: Any = root
    for key in reference.removeprefix("#/").split("/"):
        found = found[key]
    return dict(found)
