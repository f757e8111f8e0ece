"""Holds requests against GitHub's own description of its API (npm `@octokit/openapi`). Knows nothing of the bot."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped] # it carries no types

from world.github import MODULES

DESCRIPTION = MODULES / "@octokit" / "openapi" / "generated" / "api.github.com.json"
Json = Any  # the description's and the requests' JSON


def missing() -> str:
    """Why nothing can be held against the description here; "" when it can."""
    return "" if DESCRIPTION.is_file() else "@octokit/openapi is missing: run `npm ci` in tests/node"


def violations(requests: Iterable[Mapping[str, Json]]) -> list[str]:
    """What GitHub would not understand of these requests (`method`, `path`, `query`, `body`), each said once: a path or
    method that does not exist, a required field that is missing, a wrong type or value, a field or parameter that
    GitHub does not know (it would ignore it, which is never what was meant)."""
    found: dict[str, None] = {}
    for request in requests:
        for problem in _problems(request):
            found[f"{request['method']} {request['path']}: {problem}"] = None
    return list(found)


def _problems(request: Mapping[str, Json]) -> list[str]:
    method, path = str(request["method"]).lower(), str(request["path"])
    if path == "/graphql":
        return _faults({"type": "object", "required": ["query"], "properties": _GRAPHQL}, request.get("body"), "body")
    templates = [template for pattern, template in _patterns() if pattern.fullmatch(path)]
    if not templates:
        return ["there is no such path"]
    # "/repos/{owner}/{repo}/issues/comments/{id}" and "…/issues/{n}/{x}": the one with more fixed parts is meant.
    item = _description()["paths"][min(templates, key=lambda template: template.count("{"))]
    if method not in item:
        return ["this path has no such method"]
    parameters = [_whole(one) for one in (*item.get("parameters", ()), *item[method].get("parameters", ()))]
    known = {one["name"]: one for one in parameters if one["in"] == "query"}
    problems = []
    for name, value in (request.get("query") or {}).items():
        if name not in known:
            problems.append(f"the parameter {name} is not known")
        else:
            problems += _faults(known[name].get("schema", {}), _typed(value, known[name]), f"parameter {name}")
    problems += [
        f"the parameter {name} is required"
        for name, one in known.items()
        if one.get("required") and name not in (request.get("query") or {})
    ]
    return problems + _body(item[method], request.get("body"))


def _body(operation: Json, body: Json) -> list[str]:
    described = _whole(operation.get("requestBody", {}))
    schema = described.get("content", {}).get("application/json", {}).get("schema")
    if schema is None:
        return [] if body is None else ["it takes no body"]
    if body is None:
        return ["a body is required"] if described.get("required") else []
    return _faults(schema, body, "body")


def _faults(schema: Json, value: Json, where: str) -> list[str]:
    validator = Draft202012Validator(_strict(schema), format_checker=FormatChecker())
    return [
        f"{where}{''.join(f'.{part}' for part in error.absolute_path)}: {error.message[:200]}"
        for error in validator.iter_errors(value)
    ]


def _strict(schema: Json, *, closed: bool = True) -> Json:
    """A JSON Schema out of an OpenAPI 3.0 one, which also refuses fields that are not described. Alternatives are not
    closed by themselves: what one leaves out, another may have."""
    if not isinstance(schema, dict):
        return schema
    whole = _whole(schema)
    kept = {name: whole[name] for name in _PLAIN if name in whole}
    parts = [word for word in ("oneOf", "anyOf", "allOf") if word in whole]
    for word in parts:
        kept["anyOf" if word == "oneOf" else word] = [_strict(one, closed=False) for one in whole[word]]
    if "properties" in whole:
        kept["properties"] = {name: _strict(one) for name, one in whole["properties"].items()}
        if closed and not parts:
            kept["additionalProperties"] = False
    if isinstance(whole.get("additionalProperties"), dict):
        kept["additionalProperties"] = _strict(whole["additionalProperties"])
    elif whole.get("additionalProperties") is True:
        kept.pop("additionalProperties", None)
    if "items" in whole:
        kept["items"] = _strict(whole["items"])
    if whole.get("nullable"):
        return {"anyOf": [kept, {"type": "null"}]}
    return kept


_PLAIN = (
    "type",
    "enum",
    "required",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minimum",
    "maximum",
    "pattern",
    "format",
)
_GRAPHQL = {"query": {"type": "string"}, "variables": {"type": "object", "additionalProperties": True}}


def _whole(part: Json) -> Json:
    """What a `$ref` stands for."""
    while isinstance(part, dict) and "$ref" in part:
        found: Json = _description()
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part


def _typed(value: str, parameter: Json) -> Json:
    """A query's text, as the type that its parameter has."""
    kind = _whole(parameter.get("schema", {})).get("type")
    if kind in ("integer", "number") and re.fullmatch(r"-?\d+", value):
        return int(value)
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    return value


@cache
def _description() -> Json:
    return json.loads(DESCRIPTION.read_bytes())


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Every path's template as a regular expression. Contents and refs may hold slashes."""
    return tuple((re.compile(_pattern(template)), template) for template in _description()["paths"])


def _pattern(template: str) -> str:
    parts = re.split(r"(\{[^}]+\})", template)
    deep = template.endswith(("/contents/{path}", "/git/ref/{ref}", "/git/refs/{ref}", "/git/matching-refs/{ref}"))
    return "".join(
        (".+" if deep and index == len(parts) - 2 else "[^/]+") if part.startswith("{") else re.escape(part)
        for index, part in enumerate(parts)
    )
