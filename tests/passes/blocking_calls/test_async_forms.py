"""The rows of async forms: what each becomes, and that both forms do the same when they run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from loop_app import HEAD, freed
from served import application, serve
from upstream import upstream

from codemods.facts import async_forms

_REQUESTS = "import requests"
_CATCH = """\
try:
        answer = {call}
        answer.raise_for_status()
        return answer.json()
    except requests.exceptions.HTTPError as error:
        return ["status", error.response.status_code]
    except requests.Timeout:
        return ["timeout"]
    except requests.exceptions.ConnectionError:
        return ["connection"]
    except requests.RequestException as error:
        raise HTTPException(502) from error
"""


def _caught(path: str) -> str:
    return _CATCH.replace("{call}", f"requests.get(f'{{URL}}{path}', timeout=0.3)")


#: A row of the table, imports, the body of a path operation, and a piece of what it becomes.
ROWS = [
    # HTTP: requests, which follows redirects and waits for ever
    ("requests.get", _REQUESTS, "return requests.get(f'{URL}/echo').json()", "timeout=None"),
    ("requests.get", _REQUESTS, "return requests.get(f'{URL}/moved').json()['query']", "=True)"),
    ("requests.get", _REQUESTS, "return requests.get(f'{URL}/slow').text", "await http_client()"),
    ("requests.get", _REQUESTS, "return requests.get(f'{URL}/text').text", "await http_client()"),
    (
        "requests.get",
        _REQUESTS,
        "return requests.get(f'{URL}/echo', params={'a': 'b c', 'n': 1}, headers={'X-Own': 'x'}, "
        "timeout=2).json()",
        "timeout=2,",
    ),
    (
        "requests.get",
        _REQUESTS,
        "return requests.get(f'{URL}/moved', allow_redirects=False).status_code",
        "follow_redirects=False",
    ),
    (
        "requests.head",
        _REQUESTS,
        "return requests.head(f'{URL}/moved').status_code",
        "follow_redirects=False",
    ),
    ("requests.options", _REQUESTS, "return requests.options(f'{URL}/e').ok", "is_error"),
    ("requests.post", _REQUESTS, "return requests.post(f'{URL}/e', json={'a': [1]}).json()", ""),
    ("requests.put", _REQUESTS, "return requests.put(f'{URL}/e', data={'a': 'ü'}).json()", ""),
    ("requests.patch", _REQUESTS, "return requests.patch(f'{URL}/404').ok", "is_error"),
    ("requests.delete", _REQUESTS, "return requests.delete(f'{URL}/404').reason", "reason_phrase"),
    (
        "requests.request",
        _REQUESTS,
        "return requests.request('POST', f'{URL}/e', auth=('u', 'p')).json()",
        "http_client().request(",
    ),
    ("requests.get", _REQUESTS, _caught("/echo"), "httpx.HTTPStatusError"),
    ("requests.get", _REQUESTS, _caught("/500"), "httpx.TimeoutException"),
    ("requests.get", _REQUESTS, _caught("/slow"), "httpx.NetworkError"),
    ("requests.get", _REQUESTS, _caught("/cut"), "httpx.RemoteProtocolError"),
    ("requests.get", _REQUESTS, _caught("/no-json"), "json.JSONDecodeError"),
    ("requests.get", _REQUESTS, _caught("/round"), "httpx.InvalidURL"),
    # HTTP: httpx, with the same library in another colour
    ("httpx.get", "import httpx", "return httpx.get(f'{URL}/echo').json()", "await http_client"),
    ("httpx.get", "import httpx", "return httpx.get(f'{URL}/moved').status_code", "http_client()"),
    (
        "httpx.post",
        "import httpx",
        "return httpx.post(f'{URL}/e', content='text', headers={'X-Own': 'x'}).json()",
        "await http_client().post(",
    ),
    ("httpx.put", "import httpx", "return httpx.put(f'{URL}/e', json=[1]).json()", "http_client"),
    ("httpx.patch", "import httpx", "return httpx.patch(f'{URL}/e').json()", "http_client"),
    ("httpx.delete", "import httpx", "return httpx.delete(f'{URL}/404').text", "http_client"),
    ("httpx.head", "import httpx", "return httpx.head(f'{URL}/e').status_code", "http_client"),
    ("httpx.options", "import httpx", "return httpx.options(f'{URL}/e').text", "http_client"),
    ("httpx.request", "import httpx", "return httpx.request('GET', URL).json()", "http_client"),
    (
        "httpx.Client",
        "import httpx",
        "with httpx.Client(base_url=URL, follow_redirects=True) as client:\n"
        "        client.headers['X-Own'] = 'y'\n"
        "        return client.get('/moved').json(), client.post('/e', data={'a': 'b'}).json()",
        "async with httpx.AsyncClient(base_url=URL, follow_redirects=True) as client:",
    ),
    (
        "httpx.Client",
        "import httpx\nclient = httpx.Client(timeout=3)",
        "return client.get(f'{URL}/echo').json()",
        "PerLoop(lambda: httpx.AsyncClient(timeout=3))",
    ),
    # files by anyio
    (
        "pathlib.Path",
        "import asyncio\nfrom pathlib import Path",
        "path = Path(FOLDER) / os.urandom(4).hex()\n"
        "    path.write_text('ä\\n', 'utf-8')\n"
        "    await asyncio.sleep(0)\n"
        "    return path.read_text(encoding='utf-8')",
        "await anyio.Path(path).read_text(encoding='utf-8')",
    ),
    (
        "builtins.open",
        "import asyncio",
        "with open(f'{FOLDER}/b.txt', 'w', newline='') as out:\n"
        "        written = out.write('one\\ntwo\\n'), out.name == f'{FOLDER}/b.txt'\n"
        "    with open(f'{FOLDER}/b.txt', 'rb') as file:\n"
        "        await asyncio.sleep(0)\n"
        "        return written, file.readline().decode(), file.mode",
        "async with await anyio.open_file(f'{FOLDER}/b.txt', 'rb') as file:",
    ),
    (
        "io.open",
        "import asyncio, io",
        "try:\n        with io.open(f'{FOLDER}/nothing') as file:\n"
        "            await asyncio.sleep(0)\n            return file.read()\n"
        "    except FileNotFoundError as error:\n        return error.errno",
        "await anyio.open_file(",
    ),
    # processes by anyio
    (
        "subprocess.run",
        "import subprocess",
        "done = subprocess.run(['sh', '-c', 'echo a; echo b >&2; exit 3'], capture_output=True)\n"
        "    return done.returncode, done.stdout.decode(), done.stderr.decode(), done.args",
        "check=False",
    ),
    (
        "subprocess.run",
        "import subprocess",
        "try:\n        subprocess.run('exit 4', shell=True, check=True)\n"
        "    except subprocess.CalledProcessError as error:\n"
        "        return error.returncode, error.cmd",
        "await anyio.run_process('exit 4', check=True",
    ),
    (
        "subprocess.run",
        "import subprocess",
        "try:\n        subprocess.run(['no-such-program'])\n"
        "    except FileNotFoundError as error:\n        return error.errno",
        "await anyio.run_process(",
    ),
    (
        "subprocess.check_output",
        "import subprocess",
        "return subprocess.check_output(['pwd'], cwd='/').decode()",
        ").stdout.decode()",
    ),
    ("subprocess.call", "import subprocess", "return subprocess.call(['false'])", ").returncode"),
    ("subprocess.check_call", "import subprocess", "return subprocess.check_call(['true'])", ""),
]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with upstream() as address:
        yield address


def route(head: str, body: str) -> tuple[str, str]:
    """The text of an application with one path operation."""
    imports, _, definitions = head.partition("\n")
    begin = HEAD.replace("import FastAPI", "import FastAPI, HTTPException")
    return (
        f"\n{definitions}\n@app.get('/')\nasync def route():\n    {body}\n",
        f"import os\n{imports}\n{begin}"
        "URL = os.environ['UPSTREAM']\nFOLDER = os.environ['FOLDER']\n",
    )


@pytest.mark.parametrize(("row", "head", "body", "piece"), ROWS, ids=[str(r[2])[:60] for r in ROWS])
def test_both_forms_answer_alike(
    row: str,
    head: str,
    body: str,
    piece: str,
    server: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    migration = freed(*route(head, body), unsafe=True, requirements="fastapi\n")
    text = migration.after["app.py"].text
    assert piece in text
    assert "run_in_threadpool" not in text
    monkeypatch.setenv("UPSTREAM", server)
    answers: list[Any] = []
    for side, codebase in (("before", migration.before), ("after", migration.after)):
        files = tmp_path / f"{side}_files"
        files.mkdir()
        monkeypatch.setenv("FOLDER", str(files))
        with application(codebase, tmp_path / side) as module:
            answers.append([serve(module, "/", 2).answers for _ in range(2)])
    assert answers[0] == answers[1]


def test_every_row_is_tried() -> None:
    tried = {row[0] for row in ROWS} | {"redis.Redis"}
    assert tried == set(async_forms.FUNCTIONS) | set(async_forms.METHODS)
