import os
import subprocess
import sys

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def run(tmp_path, *args):
    env = dict(os.environ, DATABASE_URL=f"sqlite:///{tmp_path}/cli.db")
    done = subprocess.run([sys.executable, "cli.py", *args], cwd=HERE, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_add_and_list(tmp_path):
    assert run(tmp_path, "add", "Printer is on fire", "--priority", "1") == ["#1"]
    assert run(tmp_path, "add", "No coffee") == ["#2"]
    assert run(tmp_path, "list") == [
        "#1 [open] Printer is on fire (-, 0 comments)",
        "#2 [open] No coffee (-, 0 comments)",
    ]
    assert run(tmp_path, "list", "--status", "closed") == []
    assert run(tmp_path, "purge") == ["0 gone, 2 open"]
