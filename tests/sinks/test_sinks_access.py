"""Which repository a remote names, and who may see the token."""

from __future__ import annotations

import base64
from pathlib import Path

import fakes
import pytest

from codemods.errors import UserError
from codemods.sinks.access import Access, Remote, Wanted, find_access, parse_remote
from codemods.sinks.git import Git, redacted

TOKEN = {"GITHUB_TOKEN": "secret-token"}


@pytest.mark.parametrize(
    ("url", "remote"),
    [
        ("https://github.com/ada/shop.git", Remote("https", "github.com", "", "ada", "shop")),
        ("https://github.com/ada/shop/", Remote("https", "github.com", "", "ada", "shop")),
        ("https://me:p@GitHub.com:84/a/shop", Remote("https", "github.com", ":84", "a", "shop")),
        ("git@github.com:ada/shop.git", Remote("ssh", "github.com", "", "ada", "shop")),
        ("ssh://git@github.com:443/ada/shop", Remote("ssh", "github.com", ":443", "ada", "shop")),
        ("work:ada/shop", Remote("ssh", "work", "", "ada", "shop")),
        ("/srv/ada/shop.git", Remote("file", "", "", "ada", "shop")),
        ("file:///srv/ada/shop.git", Remote("file", "", "", "ada", "shop")),
        ("../shop", Remote("file", "", "", "..", "shop")),
    ],
)  # fmt: skip
def test_the_parts_of_a_remote(url, remote):
    assert parse_remote(url) == remote


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    return Git(fakes.repository(tmp_path))


def access(git: Git, url: str, api_url: str | None = None, **environ: str) -> Access:
    git.run("remote", "add", "origin", url)
    return find_access(git, Wanted(api_url=api_url), TOKEN | environ)


def test_github(git):
    found = access(git, "https://github.com/ada/shop.git")
    assert (found.api_url, str(found.target.place)) == ("https://api.github.com", "ada/shop")
    basic = base64.b64encode(b"x-access-token:secret-token").decode()
    assert dict(found.git_environment) == {
        "GIT_CONFIG_COUNT": "3",
        "GIT_CONFIG_KEY_0": "credential.helper",
        "GIT_CONFIG_VALUE_0": "",
        "GIT_CONFIG_KEY_1": "http.https://github.com/.extraHeader",
        "GIT_CONFIG_VALUE_1": "",
        "GIT_CONFIG_KEY_2": "http.https://github.com/.extraHeader",
        "GIT_CONFIG_VALUE_2": f"Authorization: Basic {basic}",
    }
    assert "secret-token" not in repr(found)
    assert basic not in repr(found)


def test_the_users_own_variables_stay(git):
    found = access(git, "https://github.com/ada/shop", GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0="a.b")
    assert found.git_environment["GIT_CONFIG_COUNT"] == "4"
    assert "GIT_CONFIG_KEY_0" not in found.git_environment


@pytest.mark.parametrize(
    "url", ["git@github.com:ada/shop.git", "http://github.com/ada/shop", "/srv/ada/shop"]
)
def test_git_has_its_own_credentials_elsewhere(git, url):
    """Over SSH there is no use for the token, and it does not travel unencrypted."""
    found = access(git, url, api_url="https://api.github.com")
    assert found.git_environment == {}


@pytest.mark.parametrize("api", ["https://ghe.corp/api/v3", "https://api.ghe.corp/"])
def test_github_enterprise(git, api):
    found = access(git, "https://ghe.corp/ada/shop", GITHUB_API_URL=api)
    assert found.api_url == api.rstrip("/")
    assert "http.https://ghe.corp/.extraHeader" in found.git_environment.values()


@pytest.mark.parametrize(
    ("url", "api"),
    [
        ("https://evil.example/ada/shop", "https://ghe.corp/api/v3"),
        ("https://github.com.evil.example/ada/shop", "https://api.github.com"),
        ("https://evil.example/github.com/shop", "https://api.github.com"),
    ],
)
def test_git_servers_that_nobody_named_do_not_get_it(git, url, api):
    assert access(git, url, api_url=api).git_environment == {}


@pytest.mark.parametrize("url", ["https://evil.example/ada/shop", "git@evil.example:ada/shop"])
def test_apis_that_nobody_named_do_not_get_it(git, url):
    with pytest.raises(UserError, match=r"at evil\.example, which is not github\.com"):
        access(git, url)


def test_a_second_push_url_does_not_get_it(git):
    git.run("remote", "add", "origin", "https://github.com/ada/shop")
    git.run("remote", "set-url", "--push", "origin", "https://github.com/ada/shop")
    git.run("remote", "set-url", "--push", "--add", "origin", "https://evil.example/ada/shop")
    with pytest.raises(UserError, match=r"evil\.example"):
        find_access(git, Wanted(), TOKEN)
    found = find_access(git, Wanted(api_url="https://api.github.com"), TOKEN)
    assert not any("evil" in value for value in found.git_environment.values())


@pytest.mark.parametrize(
    ("api", "message"),
    [
        ("ghe.corp", "is not the address of an API"),
        ("ftp://ghe.corp", "is not the address of an API"),
        ("http://ghe.corp", "not sent without encryption"),
        ("https://me:pw@ghe.corp", "must not hold a user or password"),
    ],
)
def test_odd_addresses(git, api, message):
    with pytest.raises(UserError, match=message) as caught:
        access(git, "https://ghe.corp/ada/shop", api_url=api)
    assert "pw" not in str(caught.value)


def test_settings_of_the_user_do_not_matter(git, tmp_path, monkeypatch):
    config = tmp_path / "global"
    config.write_text("[http]\n\tproxy = http://proxy.corp\n\tsslCAInfo = /etc/ca.pem\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    assert access(git, "https://github.com/ada/shop").git_environment


def test_an_included_file_is_the_repositorys(git):
    (git.root / ".git" / "more").write_text("[http]\n\tproxy = http://evil.example\n")
    git.run("config", "include.path", "more")
    with pytest.raises(UserError, match=r"sets `http\.proxy`"):
        access(git, "https://github.com/ada/shop")


def test_urls_are_shown_without_credentials():
    assert (
        redacted("at 'https://me:pw@x.org/a' and http://y") == "at 'https://x.org/a' and http://y"
    )


def test_variables_that_point_elsewhere_are_ignored(git, tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "nothing"))
    assert git.run("rev-parse", "--show-toplevel") == str(git.root)
    import os

    assert os.environ["GIT_DIR"] == str(tmp_path / "nowhere")
