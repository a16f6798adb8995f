"""Every address needs a login unless the one list of public addresses names it."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from config.urls import PUBLIC
from tests.conftest import People

pytestmark = pytest.mark.once

_SAMPLES = {"int": "1", "slug": "x", "str": "x", "path": "x", "uuid": "6f1c1c1e-0000-4000-8000-000000000000"}


def _addresses(patterns: list[URLPattern | URLResolver], prefix: str = "/") -> Iterator[tuple[str, str]]:
    """(address, name) of every pattern, with something plausible in each placeholder."""
    for pattern in patterns:
        route = prefix + re.sub(
            r"<(?:(\w+):)?\w+>", lambda hole: _SAMPLES[hole[1] or "str"], str(pattern.pattern)
        )
        if isinstance(pattern, URLResolver):
            yield from _addresses(pattern.url_patterns, route)
        elif "(?P<url>" in route:  # the admin's answer to everything unknown
            yield f"{prefix}unknown/", "unknown"
        else:
            yield route.replace("^", "").replace("$", "").replace("\\", ""), str(pattern.name)


ADDRESSES = sorted(set(_addresses(get_resolver().url_patterns)))
PUBLIC_NAMES = {str(pattern.name) for pattern in PUBLIC}


def test_the_public_list_is_short() -> None:
    assert {"healthz", "readyz", "login", "set_language", "superoffice_callback"} == PUBLIC_NAMES
    assert len(ADDRESSES) > 40


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(("address", "name"), [entry for entry in ADDRESSES if entry[1] not in PUBLIC_NAMES])
def test_strangers_are_sent_to_the_login(
    client: Client, db: None, address: str, name: str, method: str
) -> None:
    answer = getattr(client, method)(address)
    assert answer.status_code == 302, address
    assert re.match(r"/(admin/)?login/", answer["Location"]), address


def test_the_admin_has_no_sign_in_of_its_own(client: Client, db: None) -> None:
    answer = client.get("/admin/login/?next=/admin/connector/")
    assert (answer.status_code, answer["Location"]) == (302, "/login/?next=/admin/connector/")
    elsewhere = client.get("/admin/login/?next=https://evil.example/")
    assert "evil" not in elsewhere["Location"]


def test_the_admin_is_for_administrators(client: Client, people: People) -> None:
    for user in (people.viewer, people.approver, people.jonas, people.outsider):
        client.force_login(user)
        assert client.get("/admin/", follow=True).status_code == 403
    client.force_login(people.administrator)
    assert client.get("/admin/").status_code == 200


def test_no_address_of_the_queue_is_in_the_admin(client: Client, people: People) -> None:
    assert not [address for address, _name in ADDRESSES if "django_q" in address or "/axes/" in address]
    client.force_login(people.administrator)
    assert client.get("/admin/django_q/schedule/").status_code == 404


@pytest.mark.parametrize("address", ["/healthz", "/login/", "/nowhere/"])
def test_every_answer_forbids_inline_scripts_and_frames(client: Client, db: None, address: str) -> None:
    answer = client.get(address)
    policy = answer["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
