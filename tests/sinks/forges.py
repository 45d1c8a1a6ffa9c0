"""Stateful fakes of GitLab, Gitea and Bitbucket, each as strict as the real one is known to be."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from servers import FakeForge

Answer = tuple[int, Any, dict[str, str]]
Query = dict[str, list[str]]
_WRONG: Answer = (401, {"message": "401 Unauthorized"}, {})
_MISSING: Answer = (404, {"message": "404 Not Found"}, {})
PROJECTS = {"ada/shop": 1, "group/sub/shop": 1, "bob/shop": 2, "eve/shop": 3}
USERS = {"grace": 41, "linus": 42}


class FakeGitLab(FakeForge):
    """Merge requests: project 1 is ada/shop (or in groups), 2 its fork, 3 another project."""

    def respond(self, request: Any, path: str, query: Query, data: dict[str, Any]) -> Answer:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return _WRONG
        if path == "/users":
            found = USERS.get(query["username"][0])
            return 200, [{"id": found}] if found else [], {}
        match = re.fullmatch(r"/projects/([^/]+)(/merge_requests(?:/(\d+))?)?", path)
        project = PROJECTS.get(unquote(match[1])) if match else None
        if match is None or project is None:
            return _MISSING
        if match[2] is None:
            parent = {"id": 1, "path_with_namespace": "ada/shop"} if project == 2 else None
            return 200, {"id": project, "forked_from_project": parent}, {}
        if match[3]:
            return self.change(self.pulls[int(match[3]) - 1], data)
        if request.command == "GET":
            wanted = ("opened", query["source_branch"][0], project)
            fields = ("state", "source_branch", "target_project_id")
            found = [pull for pull in self.pulls if tuple(pull[f] for f in fields) == wanted]
            return 200, found, {}
        return self.create(project, data)

    def create(self, project: int, data: dict[str, Any]) -> Answer:
        target = data.get("target_project_id", project)
        if data["target_branch"] not in self.bases:
            return 400, {"message": {"base": ["Target branch does not exist"]}}, {}
        if any(
            pull["state"] == "opened"
            and pull["source_branch"] == data["source_branch"]
            and pull["source_project_id"] == project
            for pull in self.pulls
        ):
            return 409, {"message": ["Another open merge request already exists: !1"]}, {}
        number = len(self.pulls) + 1
        pull = {
            "id": 1000 + number,
            "iid": number,
            "web_url": f"https://gitlab.com/ada/shop/-/merge_requests/{number}",
            "state": "opened",
            "title": data["title"],
            "description": data["description"],
            "draft": data["title"].startswith("Draft: "),
            "source_branch": data["source_branch"],
            "target_branch": data["target_branch"],
            "source_project_id": project,
            "target_project_id": target,
            "labels": [],
            "reviewers": [],
        }
        self.pulls.append(pull)
        return 201, pull, {}

    def change(self, pull: dict[str, Any], data: dict[str, Any]) -> Answer:
        for key in ("description", "target_branch"):
            pull[key] = data.get(key, pull[key])
        pull["labels"] += data.get("add_labels", [])
        if "reviewer_ids" in data:
            pull["reviewers"] = [{"id": number} for number in data["reviewer_ids"]]
        return 200, pull, {}


class FakeGitea(FakeForge):
    """Pull requests in pages of 50, the newest first, without a filter by branch."""

    def respond(self, request: Any, path: str, query: Query, data: dict[str, Any]) -> Answer:
        if request.headers.get("Authorization") != f"token {self.token}":
            return _WRONG
        if labelled := re.fullmatch(r"/repos/ada/shop/issues/(\d+)/labels", path):
            self.pulls[int(labelled[1]) - 1]["labels"] = data["labels"]
            return 200, [{"name": name} for name in data["labels"]], {}
        match = re.fullmatch(r"/repos/ada/shop/pulls(?:/(\d+))?", path)
        if match is None:
            return _MISSING
        if match[1]:
            pull = self.pulls[int(match[1]) - 1]
            pull["body"] = data.get("body", pull["body"])
            pull["base"] = {"ref": data.get("base", pull["base"]["ref"])}
            return 201, pull, {}
        if request.command == "GET":
            found = [pull for pull in reversed(self.pulls) if pull["state"] == query["state"][0]]
            page, size = int(query["page"][0]), min(int(query["limit"][0]), 50)
            return 200, found[(page - 1) * size : page * size], {}
        return self.create(data)

    def create(self, data: dict[str, Any]) -> Answer:
        owner, _, head = data["head"].rpartition(":")
        name = f"{owner or 'ada'}/shop"
        if data["base"] not in self.bases:
            return 404, {"message": "The target couldn't be found."}, {}
        if any(
            pull["state"] == "open"
            and (pull["head"]["ref"], pull["head"]["repo"]["full_name"]) == (head, name)
            and pull["base"]["ref"] == data["base"]
            for pull in self.pulls
        ):
            return 409, {"message": "pull request already exists for these targets"}, {}
        return 201, self.add(head, name, data), {}

    def add(self, head: str, name: str, data: dict[str, Any]) -> dict[str, Any]:
        number = len(self.pulls) + 1
        pull = {
            "number": number,
            "html_url": f"https://codeberg.org/ada/shop/pulls/{number}",
            "state": "open",
            "title": data["title"],
            "body": data["body"],
            "draft": data["title"].startswith("WIP: "),
            "head": {"ref": head, "repo": {"full_name": name}},
            "base": {"ref": data["base"]},
        }
        self.pulls.append(pull)
        return pull


class FakeBitbucket(FakeForge):
    """Pull requests of a repository; an update loses what it does not repeat."""

    def respond(self, request: Any, path: str, query: Query, data: dict[str, Any]) -> Answer:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return 401, {"type": "error", "error": {"message": "Token is invalid"}}, {}
        match = re.fullmatch(r"/repositories/ada/shop/pullrequests(?:/(\d+))?", path)
        if match is None:
            return 404, {"type": "error", "error": {"message": "No such repository"}}, {}
        if match[1]:
            return self.change(self.pulls[int(match[1]) - 1], data)
        if request.command == "GET":
            asked = re.fullmatch(r'source.branch.name = "(.+)" AND state = "OPEN"', query["q"][0])
            assert asked is not None
            found = [
                pull
                for pull in self.pulls
                if pull["state"] == "OPEN" and pull["source"]["branch"]["name"] == asked[1]
            ]
            return 200, {"values": found, "pagelen": 50}, {}
        return self.create(data)

    def create(self, data: dict[str, Any]) -> Answer:
        if data["destination"]["branch"]["name"] not in self.bases:
            return 400, {"type": "error", "error": {"message": "destination: unknown branch"}}, {}
        source = {"repository": {"full_name": "ada/shop"}, **data["source"]}
        if any(pull["state"] == "OPEN" and pull["source"] == source for pull in self.pulls):
            message = "There is already an open pull request for this branch"
            return 409, {"type": "error", "error": {"message": message}}, {}
        number = len(self.pulls) + 1
        pull = {
            "id": number,
            "links": {"html": {"href": f"https://bitbucket.org/ada/shop/pull-requests/{number}"}},
            "state": "OPEN",
            "title": data["title"],
            "description": data["description"],
            "draft": data["draft"],
            "source": source,
            "destination": data["destination"],
            "reviewers": [{"uuid": "{d-e-f}", "display_name": "A default reviewer"}],
        }
        self.pulls.append(pull)
        return 201, pull, {}

    def change(self, pull: dict[str, Any], data: dict[str, Any]) -> Answer:
        if not data.get("title"):
            return 400, {"type": "error", "error": {"message": "title: required"}}, {}
        pull["title"], pull["description"] = data["title"], data.get("description", "")
        pull["destination"] = data.get("destination", pull["destination"])
        pull["reviewers"] = data.get("reviewers", [])
        return 200, pull, {}
