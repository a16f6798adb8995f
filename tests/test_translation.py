"""The interface speaks German as completely as English."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest

ROOT = Path(__file__).resolve().parent.parent
GERMAN = ROOT / "locale" / "de" / "LC_MESSAGES"
PARTS = ("config", "connector", "reports", "outreach", "templates", "locale")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|{\w*}|{{.*?}}|%[sd]")


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> polib.POFile:
    """What `make messages` would collect right now, in a copy of the source."""
    if shutil.which("xgettext") is None:
        say = pytest.fail if os.environ.get("CI") else pytest.skip
        say("There is no xgettext; `make test` gets it.")
    copy = tmp_path_factory.mktemp("source")
    for part in PARTS:
        shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "django", "makemessages", "--locale", "de", "--no-obsolete", "--no-wrap"]
    subprocess.run([*command, "--no-location"], cwd=copy, check=True, capture_output=True)
    return polib.pofile(str(copy / "locale" / "de" / "LC_MESSAGES" / "django.po"))


def test_every_text_of_the_interface_has_its_german(collected: polib.POFile) -> None:
    missing = [entry.msgid for entry in collected if not entry.translated() or entry.fuzzy]
    assert missing == [], "run `make messages` and translate"


def test_no_german_text_is_left_over(collected: polib.POFile) -> None:
    stored = polib.pofile(str(GERMAN / "django.po"))
    current = {(entry.msgctxt, entry.msgid) for entry in collected}
    assert [entry.msgid for entry in stored if (entry.msgctxt, entry.msgid) not in current] == []


def test_the_compiled_file_is_current() -> None:
    source, compiled = polib.pofile(str(GERMAN / "django.po")), polib.mofile(str(GERMAN / "django.mo"))
    expected = {(e.msgctxt, e.msgid): e.msgstr or tuple(e.msgstr_plural.values()) for e in source}
    found = {(e.msgctxt, e.msgid): e.msgstr or tuple(e.msgstr_plural.values()) for e in compiled}
    assert found == expected


def test_a_translation_keeps_its_placeholders() -> None:
    for entry in polib.pofile(str(GERMAN / "django.po")):
        for text in entry.msgstr_plural.values() or [entry.msgstr]:
            originals = set(PLACEHOLDER.findall(entry.msgid)) | set(PLACEHOLDER.findall(entry.msgid_plural))
            assert set(PLACEHOLDER.findall(text)) <= originals, entry.msgid
            if not entry.msgid_plural:
                assert set(PLACEHOLDER.findall(text)) == originals, entry.msgid


def test_german_is_written_in_the_polite_form() -> None:
    for entry in polib.pofile(str(GERMAN / "django.po")):
        for text in entry.msgstr_plural.values() or [entry.msgstr]:
            assert not re.search(r"\b(du|dein\w*|dich|dir|euch)\b", text, re.IGNORECASE), text
