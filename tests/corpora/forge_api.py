"""Validate each request that ``looplift pr`` sends against a forge's own description of its API.

``python tests/corpora/forge_api.py KIND DESCRIPTION`` serves the description (OpenAPI 2 or 3, JSON)
by Prism, a validating mock server from the npm registry, on loopback: what is not in the
description, or not as it says, is answered with an error. Every call of every path through the
forge's code is sent to it (in one repository and from a fork; created, found, updated, labelled,
reviewed), and the examples that it answers with are read as the forge's own answers would be.
``--prism`` is the command that starts Prism, where ``npx`` should not fetch it.
"""

from __future__ import annotations

import argparse
import json
import shlex
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from codemods.sinks.calls import Call
from codemods.sinks.forge import Draft, Forge, Place, PullRequest
from codemods.sinks.forges import forge_of
from codemods.sinks.gitlab import GitLab
from codemods.sinks.hosts import KINDS

#: What the paths of the calls have in common, to leave the rest of a large description out.
WORDS = ("pull", "merge_request", "/users", "/labels", "/projects/{id}")
PLACES = (Place("ada", "shop"), Place("ada", "shop", "bob", "shop"))
PATIENCE = 180


def reduced(description: dict[str, Any]) -> dict[str, Any]:
    """The description with the paths that may matter: Prism reads it in seconds then."""
    paths = {
        # GitLab writes the prefix into each path, where others have it as the base of all.
        path.removeprefix("/api/v4"): item
        for path, item in description["paths"].items()
        if any(word in path for word in WORDS)
    }
    _add_what_gitlab_omits(paths)
    definitions = {
        name: _without_type(item) for name, item in description.get("definitions", {}).items()
    }
    more = {"definitions": definitions} if definitions else {}
    return {**description, **more, "paths": paths}


def _add_what_gitlab_omits(paths: dict[str, Any]) -> None:
    """Two places where GitLab's description for OpenAPI 2 says less than its documentation.

    The answer to a list of merge requests is described as one of them, and the list of users, by
    name among others (docs.gitlab.com/api/users), is not described.
    """
    if (one := paths.get("/projects/{id}/merge_requests")) is None:
        return
    answer = one["get"]["responses"]["200"]
    if "$ref" in answer.get("schema", {}):
        answer["schema"] = {"type": "array", "items": answer.pop("schema")}
        answer.pop("examples", None)
    username = {"in": "query", "name": "username", "type": "string"}
    user = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
    users = {"description": "List users", "schema": {"type": "array", "items": user}}
    paths.setdefault("/users", {"get": {"parameters": [username], "responses": {"200": users}}})


def _without_type(definition: dict[str, Any]) -> dict[str, Any]:
    """A definition that does not ask for its ``type``.

    Bitbucket's asks for it in every object, and none of the requests that it shows has it.
    """
    if definition.get("discriminator") != "type":
        return definition
    return {**definition, "required": [r for r in definition["required"] if r != "type"]}


@contextmanager
def served(command: str, description: Path) -> Iterator[str]:
    """Prism, in front of a description."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [*shlex.split(command), "mock", "--errors", "-h", "127.0.0.1", "-p", str(port)]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen([*words, str(description)], stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + PATIENCE
            while not _listens(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    raise SystemExit(log.read().decode("utf-8", "replace")[-3000:])
                time.sleep(0.2)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def calls(forge: Forge) -> Iterator[tuple[str, Call, Callable[[Any], object] | None]]:
    """Every call that there is, with a name and what reads the answer."""
    draft = Draft("looplift/async-migration", "main", "Title", "Body\n\n- [ ] left", draft=True)
    request = PullRequest(1, "", "Title", "", "main", {})
    if (first := forge.preparing()) is not None:
        yield "prepare", first, None
        if isinstance(forge, GitLab):
            forge = replace(forge, source_id=2, target_id=1)
    yield "find", forge.finding(draft.head, 1), forge.items
    yield "create", forge.creating(draft), forge.request
    yield "create, no draft", forge.creating(replace(draft, draft=False)), forge.request
    yield "update", forge.updating(request, body="Body", base="main"), forge.request
    if (call := forge.labelling(request, ["async"])) is not None:
        yield "label", call, None
    for call in forge.looking_up(["@grace"]):
        yield "look up", call, lambda answer: [one["id"] for one in answer]
    if (call := forge.asking(request, [[{"id": 41}]])) is not None:
        yield "ask", call, None


def _complaint(answer: httpx.Response) -> str:
    """What is wrong with the request; "" where only the description's own example is."""
    said = answer.headers.get("sl-violations")
    found = json.loads(said) if said else answer.json().get("validation", [])
    if found and all(one["location"][0] == "response" for one in found):
        return ""
    return json.dumps(found)[:1000] if found else answer.text[:1000]


def _unreadable(reader: Callable[[Any], object], example: Any) -> str:
    """What is wrong with reading the description's own example as the forge's answer; or ""."""
    try:
        reader(example)
    except (KeyError, TypeError, ValueError) as error:
        return f"its answer cannot be read: {error!r} in {json.dumps(example)[:300]}"
    return ""


def _is_blind(url: str, forge: Forge, headers: dict[str, str]) -> bool:
    """Whether the mock server takes a request whose title is no text."""
    call = forge.creating(Draft("branch", "main", "", ""))
    data = {**(call.data or {}), "title": {"not": "a text"}}
    answer = httpx.request(call.method, call.url(url), json=data, headers=headers, timeout=60)
    return answer.is_success


def main() -> int:
    """Print what each request was answered with."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=[kind.name for kind in KINDS])
    parser.add_argument("description", type=Path)
    parser.add_argument("--prism", default="npx --yes @stoplight/prism-cli@5")
    chosen = parser.parse_args()
    kind = next(kind for kind in KINDS if kind.name == chosen.kind)
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "description.json"
        small.write_text(json.dumps(reduced(json.loads(chosen.description.read_text("utf-8")))))
        with served(chosen.prism, small) as url:
            for place in PLACES:
                forge = forge_of(kind, place)
                # The description knows GitHub's own name for JSON as plain JSON.
                headers = {**forge.headers(kind.user, "a-token"), "Accept": "application/json"}
                blind = _is_blind(url, forge, headers)
                wrong += blind
                print("an odd request is", "taken: Prism sees nothing" if blind else "refused")
                for name, call, reader in calls(forge):
                    answer = httpx.request(
                        call.method, call.url(url), json=call.data, headers=headers, timeout=60
                    )
                    where = "from a fork" if place.is_fork else "in one repository"
                    problem = "" if answer.is_success else _complaint(answer)
                    if answer.is_success and reader is not None:
                        problem = _unreadable(reader, answer.json())
                    wrong += bool(problem)
                    print(f"{name}, {where}: {call.method} {problem or 'is as described'}")
    print(f"{wrong} requests are not as the description of {kind.title} says")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
