"""Requests made up from an OpenAPI description, one for each of two sides.

Where the description calls for an id, earlier answers are asked for one: each side has its own.
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import httpx

METHODS = ("post", "get", "put", "patch", "delete")

Json = Any
Pair = tuple[Json, Json]


@dataclass(frozen=True)
class Operation:
    """One method of one path, as the description has it."""

    method: str
    path: str
    parameters: tuple[dict[str, Json], ...]
    body: dict[str, Json]
    media: str


@dataclass
class Known:
    """Pairs of values that both sides told under a name, and who can log in."""

    values: defaultdict[str, list[Pair]] = field(default_factory=lambda: defaultdict(list))
    tokens: list[Pair] = field(default_factory=list)
    people: list[tuple[str, str]] = field(default_factory=list)

    def learn(self, one: Json, other: Json, name: str = "") -> None:
        """Every scalar of two answers of the same shape, by the key it stands under."""
        if isinstance(one, dict) and isinstance(other, dict):
            for key in one.keys() & other.keys():
                self.learn(one[key], other[key], key)
        elif isinstance(one, list) and isinstance(other, list):
            for left, right in zip(one, other, strict=False):
                self.learn(left, right, name)
        elif isinstance(one, str | int) and (one, other) not in self.values[name]:
            self.values[name].append((one, other))


def _whole(schema: dict[str, Json], bound: str, exclusive: str, default: int) -> int:
    """A bound of numbers, as far as one is named."""
    return int(schema.get(bound, schema.get(exclusive, default)))


class Description:
    """An OpenAPI description: its operations, and values for its schemas."""

    def __init__(self, text: dict[str, Json], chance: random.Random, known: Known) -> None:
        self.text = text
        self.chance = chance
        self.known = known
        self.count = 0

    def operations(self) -> list[Operation]:
        """All of them: what makes things first, what deletes them last."""
        found = []
        for path, item in self.text.get("paths", {}).items():
            for method in METHODS:
                if method not in item:
                    continue
                operation = item[method]
                contents = self._meant(operation.get("requestBody", {})).get("content", {})
                media = next(iter(contents), "")
                found.append(
                    Operation(
                        method,
                        path,
                        tuple(
                            self._meant(parameter)
                            for parameter in [
                                *item.get("parameters", ()),
                                *operation.get("parameters", ()),
                            ]
                        ),
                        contents[media].get("schema", {}) if media else {},
                        media,
                    )
                )
        return sorted(found, key=lambda o: (METHODS.index(o.method), o.path.count("{"), o.path))

    def token_url(self) -> str:
        """Where the description says that a password gets a token."""
        schemes = self.text.get("components", {}).get("securitySchemes", {})
        for scheme in schemes.values():
            if password := scheme.get("flows", {}).get("password"):
                return "/" + str(password["tokenUrl"]).lstrip("/")
        return ""

    def _meant(self, node: dict[str, Json]) -> dict[str, Json]:
        while "$ref" in node:
            target: Json = self.text
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    def value(self, schema: dict[str, Json], name: str, depth: int = 0) -> Pair:
        """A value for each side, valid as far as the schema tells."""
        schema = self._meant(schema)
        for options in ("anyOf", "oneOf"):
            if options in schema:
                some = [o for o in schema[options] if self._meant(o).get("type") != "null"]
                return self.value(self.chance.choice(some or schema[options]), name, depth)
        if "allOf" in schema and "properties" not in schema:
            return self.value(schema["allOf"][0], name, depth)
        if "const" in schema:
            return schema["const"], schema["const"]
        if "enum" in schema:
            chosen = self.chance.choice(schema["enum"])
            return chosen, chosen
        if (pair := self._told(name, schema)) is not None:
            return pair
        kind = schema.get("type")
        if kind == "object" or "properties" in schema:
            return self._object(schema, depth)
        if kind == "array":
            items = [
                self.value(schema.get("items", {}), name.removesuffix("s"), depth + 1)
                for _ in range(self.chance.choice((1, 2)) if depth < 4 else 0)
            ]
            return [a for a, _ in items], [b for _, b in items]
        made = self._scalar(schema, name)
        return made, made

    def _told(self, name: str, schema: dict[str, Json]) -> Pair | None:
        """A value that an answer told, where the description calls for an id."""
        if schema.get("format") != "uuid" and not name.endswith(("_id", "Id", "id")):
            return None
        told = [*self.known.values.get(name, ()), *self.known.values.get("id", ())]
        kind = int if schema.get("type") == "integer" else str
        told = [pair for pair in told if isinstance(pair[0], kind)]
        return self.chance.choice(told) if told and self.chance.random() < 0.85 else None

    def _object(self, schema: dict[str, Json], depth: int) -> Pair:
        required = schema.get("required", ())
        one, other = {}, {}
        for key, inner in schema.get("properties", {}).items():
            if key not in required and (depth > 3 or self.chance.random() < 0.3):
                continue
            one[key], other[key] = self.value(inner, key, depth + 1)
        return one, other

    def _scalar(self, schema: dict[str, Json], name: str) -> Json:
        self.count += 1
        kind, form = schema.get("type"), schema.get("format", "")
        if kind in ("integer", "number"):
            low = _whole(schema, "minimum", "exclusiveMinimum", 0)
            high = _whole(schema, "maximum", "exclusiveMaximum", low + 9)
            number = self.chance.randint(low + 1, max(high - 1, low + 1))
            return number if kind == "integer" else number + 0.5
        if kind == "boolean":
            return self.chance.choice((True, False))
        made = {
            "uuid": f"00000000-0000-4000-8000-{self.count:012d}",
            "email": f"person{self.count}@example.com",
            "date-time": f"2024-03-{self.count % 28 + 1:02d}T10:00:00",
            "date": f"2024-03-{self.count % 28 + 1:02d}",
            "time": "10:00:00",
            "uri": f"https://example.com/{self.count}",
            "password": "Secret-pass1",
        }.get(form)
        if made is None and "password" in name.lower():
            made = "Secret-pass1"
        if made is None and "mail" in name.lower():
            made = f"person{self.count}@example.com"
        if made is None:
            made = f"{name or 'text'} {self.chance.choice('aéx漢')}{self.count}"
        return made[: schema.get("maxLength", 200)].ljust(schema.get("minLength", 0), "x")

    def wrong(self, pair: Pair) -> Pair:
        """The value of a body with one thing wrong."""
        one, other = pair
        if not isinstance(one, dict) or not one:
            return None, None
        key = self.chance.choice(sorted(one))
        if self.chance.random() < 0.4:
            less, less_too = ({k: v for k, v in side.items() if k != key} for side in pair)
            return less, less_too
        bad: Json = self.chance.choice((None, "", "not it", -1, 2**63, [], {"a": 1}, "x" * 300))
        return {**one, key: bad}, {**other, key: bad}


@dataclass(frozen=True)
class Request:
    """What each side is asked."""

    method: str
    paths: tuple[str, str]
    options: tuple[dict[str, Json], dict[str, Json]]


class Requests:
    """Makes requests up."""

    def __init__(self, description: Description, headers: dict[str, str]) -> None:
        self.description = description
        self.chance = description.chance
        self.known = description.known
        self.headers = headers

    def request(self, operation: Operation, wrong: bool) -> Request:
        """One request; a wrong one has an id that nobody has, or a body that is not valid."""
        paths = [operation.path, operation.path]
        queries: list[dict[str, Json]] = [{}, {}]
        headers = [dict(self.headers), dict(self.headers)]
        for parameter in operation.parameters:
            place, name = parameter["in"], parameter["name"]
            if not parameter.get("required") and self.chance.random() < 0.5:
                continue
            pair = self.description.value(parameter.get("schema", {}), name)
            if wrong and self.chance.random() < 0.5:
                pair = (self.chance.choice((0, -1, 99999, "none", 2**63)),) * 2
            for side in (0, 1):
                if place == "path":
                    quoted = str(httpx.URL("/").copy_with(path=f"/{pair[side]}").raw_path, "ascii")
                    paths[side] = paths[side].replace("{" + name + "}", quoted[1:])
                elif place == "query":
                    queries[side][name] = pair[side]
                elif place == "header":
                    headers[side][name] = str(pair[side]).encode("ascii", "ignore").decode()
        if self.known.tokens and self.chance.random() < 0.9:
            tokens = self.chance.choice(self.known.tokens)
            for side in (0, 1):
                headers[side]["Authorization"] = f"Bearer {tokens[side]}"
        options = [{"params": queries[side], "headers": headers[side]} for side in (0, 1)]
        if operation.media:
            body = self.description.value(operation.body, "")
            if wrong and self.chance.random() < 0.7:
                body = self.description.wrong(body)
            for side in (0, 1):
                options[side].update(_body(operation.media, body[side]))
        return Request(operation.method, (paths[0], paths[1]), (options[0], options[1]))

    def login(self, url: str, person: tuple[str, str]) -> Request:
        """The request for a token."""
        form = {"data": {"username": person[0], "password": person[1]}}
        return Request("post", (url, url), (form, dict(form)))


def _body(media: str, value: Json) -> dict[str, Json]:
    if "form-urlencoded" in media:
        return {"data": {k: v for k, v in (value or {}).items() if v is not None}}
    if "multipart" in media:
        return {"files": {k: (None, str(v)) for k, v in (value or {}).items()} or None}
    return {"json": value}
