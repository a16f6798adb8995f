"""What the supervisor's children are told: the demo parts learn no secret."""

import json
from pathlib import Path

import pytest

from config.processes import wait_until
from config.supervisor import Supervisor

TELL = "import json, os, pathlib, sys; pathlib.Path(sys.argv[1]).write_text(json.dumps(dict(os.environ)))"
SECRETS = {
    "SECRET_KEY": "canary-secret-key",
    "FIELD_KEYS": "canary-field-keys",
    "DATABASE_URL": "postgresql://desk:canary@localhost/desk",
    "SO_CLIENT_SECRET": "canary-client-secret",
    "SMTP_PASSWORD": "canary-mail-password",
    "AWS_SECRET_ACCESS_KEY": "canary-of-somebody-else",
}


@pytest.fixture
def supervisor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Supervisor:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LC_TIME", "de_DE.UTF-8")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    own = {"DESK_X_FAMILY": "mark", "SO_REFRESH_TOKEN": "canary-token"}
    return Supervisor(own, tmp_path, print, lambda: False)


def _environment(supervisor: Supervisor, path: Path, *, needs_secrets: bool) -> dict[str, str]:
    supervisor.start("The teller", "-c", TELL, str(path), needs_secrets=needs_secrets)
    child = supervisor.children[-1]
    assert wait_until(lambda: not child.is_running, 20, every=0.02)
    child.kill()
    told: dict[str, str] = json.loads(path.read_text())
    return told


def test_a_demo_part_learns_no_secret(supervisor: Supervisor, tmp_path: Path) -> None:
    told = _environment(supervisor, tmp_path / "bare", needs_secrets=False)
    assert "canary" not in json.dumps(told)
    assert told["DESK_X_FAMILY"] == "mark"  # or it would be left behind after a crash
    assert (told["LC_TIME"], told["PYTHONDONTWRITEBYTECODE"]) == ("de_DE.UTF-8", "1")
    assert told["PATH"]


def test_our_own_programs_learn_what_they_need(supervisor: Supervisor, tmp_path: Path) -> None:
    told = _environment(supervisor, tmp_path / "full", needs_secrets=True)
    assert SECRETS.items() <= told.items()
    assert told["SO_REFRESH_TOKEN"] == "canary-token"
