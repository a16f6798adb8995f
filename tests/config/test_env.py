"""Values from the environment: every wrong one is named, and none is shown."""

import os
import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from config.env import Env, SettingsError, field_keys, kept_key, read_env_file

pytestmark = pytest.mark.once


def _file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / ".env"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_env_file_is_read(tmp_path: Path) -> None:
    text = "# words\nexport SO_CLIENT_ID=abc\nSMTP_PASSWORD=\"a b#c\"\n\nPORT=\nSECRET_KEY='$x'\n"
    assert read_env_file(_file(tmp_path, text)) == {
        "SO_CLIENT_ID": "abc",
        "SMTP_PASSWORD": "a b#c",
        "PORT": "",
        "SECRET_KEY": "$x",
    }


def test_no_env_file_is_an_empty_one(tmp_path: Path) -> None:
    assert read_env_file(tmp_path / "none") == {}
    assert read_env_file(Path(os.devnull)) == {}


@pytest.mark.parametrize(
    "line",
    ["SMTP_PASSWORD", 'SMTP_PASSWORD="hidden', "SMTP_PASSWORD : hidden", "export SMTP_PASSWORD hidden"],
)
def test_a_malformed_line_is_named_with_its_number_and_without_its_value(tmp_path: Path, line: str) -> None:
    with pytest.raises(SettingsError, match=r"line 2 of \.env \(SMTP_PASSWORD") as caught:
        read_env_file(_file(tmp_path, f"PORT=8000\n{line}\n"))
    assert "hidden" not in str(caught.value)


def test_real_variables_win_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "8500")
    monkeypatch.delenv("SMTP_HOST", raising=False)
    env = Env.load(_file(tmp_path, "PORT=8000\nSMTP_HOST=mail.example\n"))
    assert env.number("PORT", 1) == 8500
    assert env.text("SMTP_HOST") == "mail.example"


def test_an_empty_value_counts_as_missing() -> None:
    env = Env({"PORT": " ", "DEBUG": ""})
    assert not env.has("PORT")
    assert env.number("PORT", 8000) == 8000
    assert env.flag("DEBUG") is False
    with pytest.raises(SettingsError, match="PORT is missing"):
        env.text("PORT")


@pytest.mark.parametrize("value", ["eight", "-1", "0", "65536", "8000.0", "٨٠٠٠", "1e3"])
def test_a_number_out_of_its_range_is_named(value: str) -> None:
    with pytest.raises(SettingsError, match="PORT must be a whole number from 1 to 65535"):
        Env({"PORT": value}).number("PORT", 8000, least=1, most=65535)


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("On", True), ("no", False), ("FALSE", False)])
def test_flags_have_common_spellings(value: str, expected: bool) -> None:
    assert Env({"DEBUG": value}).flag("DEBUG") is expected


def test_a_flag_that_is_none_is_named() -> None:
    with pytest.raises(SettingsError, match="DEBUG must be 1 or 0"):
        Env({"DEBUG": "maybe"}).flag("DEBUG")


def test_a_choice_outside_the_list_names_the_list() -> None:
    choices = {"tls": "tls", "none": "none"}
    assert Env({"SMTP_SECURITY": "TLS"}).choice("SMTP_SECURITY", choices) == "tls"
    with pytest.raises(SettingsError, match="SMTP_SECURITY must be one of: tls, none"):
        Env({"SMTP_SECURITY": "ssl"}).choice("SMTP_SECURITY", choices)


def test_words_may_stand_between_spaces_and_commas() -> None:
    assert Env({"ALLOWED_HOSTS": "a.example, b.example c.example"}).words("ALLOWED_HOSTS", "") == [
        "a.example",
        "b.example",
        "c.example",
    ]


def test_an_address_needs_its_scheme() -> None:
    assert Env({"SO_LOGIN_URL": "https://login.example/"}).url("SO_LOGIN_URL") == "https://login.example"
    with pytest.raises(SettingsError, match="SO_LOGIN_URL must begin with https://"):
        Env({"SO_LOGIN_URL": "login.example"}).url("SO_LOGIN_URL")


def test_a_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    made = kept_key(Env({}), "SECRET_KEY", directory=folder, may_generate=True)
    assert kept_key(Env({}), "SECRET_KEY", directory=folder, may_generate=True) == made
    # A plain command later finds it without being allowed to make one.
    assert kept_key(Env({}), "SECRET_KEY", directory=folder, may_generate=False) == made
    assert stat.S_IMODE((folder / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["secret_key"]


def test_a_key_in_the_environment_wins_over_a_kept_one(tmp_path: Path) -> None:
    kept_key(Env({}), "SECRET_KEY", directory=tmp_path, may_generate=True)
    env = Env({"SECRET_KEY": "from outside"})
    assert kept_key(env, "SECRET_KEY", directory=tmp_path, may_generate=True) == "from outside"


def test_no_key_is_made_without_leave(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="SECRET_KEY is missing"):
        kept_key(Env({}), "SECRET_KEY", directory=tmp_path, may_generate=False)
    assert not list(tmp_path.iterdir())


def test_field_keys_are_a_list_newest_first(tmp_path: Path) -> None:
    new, old = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    env = Env({"FIELD_KEYS": f"{new}, {old}"})
    assert field_keys(env, directory=tmp_path, may_generate=False) == [new, old]


def test_a_field_key_of_the_wrong_shape_is_named_and_not_shown(tmp_path: Path) -> None:
    env = Env({"FIELD_KEYS": f"{Fernet.generate_key().decode()},too-short"})
    with pytest.raises(SettingsError, match="FIELD_KEYS must be") as caught:
        field_keys(env, directory=tmp_path, may_generate=False)
    assert "too-short" not in str(caught.value)
