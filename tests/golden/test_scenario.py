"""Scenarios: what they may say, and how a broken one is reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .scenario import JsonPath, ScenarioError, fill, load

HEAD = 'description = "x"\napp = "app:app"\nblocks_before = true\n'
REQUEST = '[[request]]\nmethod = "GET"\npath = "/"\n'


def write(folder: Path, text: str) -> Path:
    (folder / "scenario.toml").write_text(text)
    return folder


def test_smallest(tmp_path: Path) -> None:
    scenario = load(write(tmp_path, HEAD + REQUEST))
    assert scenario.name == tmp_path.name
    assert scenario.databases == ("sqlite", "postgresql")
    assert [request.label for request in scenario.requests] == ["GET /"]
    assert scenario.requests[0].status == 200


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("app =", "not valid TOML"),
        (REQUEST, "'description' is missing"),
        (HEAD, "there is no [[request]]"),
        (HEAD + "nonsense = 1\n" + REQUEST, "unknown key 'nonsense' (known: app, "),
        (HEAD + "server = 1\n" + REQUEST, "'server' must be true or false, not 1"),
        (HEAD + 'databases = ["mysql"]\n' + REQUEST, "unknown database 'mysql'"),
        (HEAD + "databases = []\n" + REQUEST, "'databases' is empty"),
        (HEAD + 'seed = "seed.sql"\n' + REQUEST, "the file seed.sql, which does not exist"),
        (HEAD + 'ignore = ["a..b"]\n' + REQUEST, "malformed JSON path 'a..b'"),
        (HEAD + 'ignore_columns = ["a"]\n' + REQUEST, "'table.column', not 'a'"),
        (HEAD + 'environment = { A = "{nope}" }\n' + REQUEST, "unknown placeholder {nope}"),
        (HEAD + REQUEST + "methud = 1", "request 1: unknown key 'methud'"),
        (HEAD + REQUEST + REQUEST.replace("GET", "get"), "request 2 (get /): unknown method 'get'"),
        (HEAD + REQUEST.replace('"/"', '"x"'), "the path must start with '/'"),
        (HEAD + REQUEST + 'json = 1\ncontent = "1"', "more than one body (json, content)"),
        (HEAD + REQUEST + "repeat = 0", "'repeat' must be a whole number of at least 1, not 0"),
        (HEAD + REQUEST + "repeat = 2\nconcurrent = 2", "exclude each other"),
        (HEAD + REQUEST + "extra_statements = 1", "need each other"),
        (HEAD + REQUEST + 'repeat = 2\ncapture = { a = "b" }', "a request that is sent once"),
        (HEAD + REQUEST + 'query = { a = "{a}" }', "no earlier request captures {a}"),
        (HEAD + REQUEST + 'files = { a = "b" }', "a file is {name, content, type}"),
    ],
)
def test_broken(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load(write(tmp_path, text))
    assert str(caught.value).startswith(f"{tmp_path / 'scenario.toml'}: ")
    assert message in str(caught.value)


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="cannot be read"):
        load(tmp_path)


def test_captured_names_are_known_later(tmp_path: Path) -> None:
    text = HEAD + REQUEST + 'capture = { a = "id" }\n' + REQUEST + 'query = { a = "{a}" }\n'
    assert len(load(write(tmp_path, text)).requests) == 2


def test_fill() -> None:
    names = {"id": 7, "name": "Ada"}
    assert fill("{id}", names) == 7
    assert fill("/items/{id}", names) == "/items/7"
    assert fill({"a": ["{id}", "{name}!", "{{id}}", "{}", 1]}, names) == {
        "a": [7, "Ada!", "{id}", "{}", 1]
    }


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("", {"items": [{"id": 1}, {"id": 2, "in": {"id": 3}}]}),
        ("items[1].id", 2),
        ("items[*].in.id", 3),
        ("*[0].id", 1),
        ("**.in", {"id": 3}),
    ],
)
def test_json_path(path: str, value: Any) -> None:
    document = {"items": [{"id": 1}, {"id": 2, "in": {"id": 3}}]}
    assert JsonPath.parse(path).first(document) == value


def test_json_path_that_leads_nowhere() -> None:
    with pytest.raises(KeyError):
        JsonPath.parse("a.b").first({"a": 1})


def test_blank() -> None:
    document = [{"id": 1, "in": {"id": "x"}}]
    blank, count = JsonPath.parse("**.id").blank(document)
    assert blank == [{"id": "<ignored int>", "in": {"id": "<ignored str>"}}]
    assert count == 2
    assert document[0]["id"] == 1
