"""Which mail servers an administrator may name: not this machine, in whatever spelling or behind whatever name."""

import socket
from typing import Any

import pytest

from connector import hosts

pytestmark = pytest.mark.once
PUBLIC = "93.184.216.34"


@pytest.fixture
def known_hosts(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What the name servers know; tests must not ask real ones."""
    known: dict[str, list[str]] = {}
    monkeypatch.setattr(hosts, "look_up", lambda host: known.get(host, []))
    return known


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST.",
        "mail.localhost",
        "127.0.0.1",
        "127.255.0.9",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "017700000001",
        "0177.0.0.1",
        "0",
        "0.0.0.0",
        "0.1.2.3",
        "::",
        "::1",
        "0:0:0:0:0:0:0:1",
        "::ffff:127.0.0.1",
        "::ffff:7f00:1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "2852039166",
        "100.100.100.200",
        "168.63.129.16",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "224.0.0.1",
        "ff02::1",
        "255.255.255.255",
    ],
)
def test_this_machine_in_any_spelling_is_off_limits(host: str, known_hosts: dict[str, list[str]]) -> None:
    assert hosts.is_off_limits(host)
    known_hosts["mail.kehrwieder.example"] = [PUBLIC]
    assert not hosts.leads_off_limits("mail.kehrwieder.example")
    known_hosts["mail.kehrwieder.example"] = [PUBLIC, host]
    assert hosts.leads_off_limits("mail.kehrwieder.example")


@pytest.mark.parametrize(
    "host",
    [
        "10.0.0.25",
        "192.168.1.2",
        "172.16.0.9",
        "fd12:3456::25",
        PUBLIC,
        "2001:db8:1::25",
        "relay",
        "mail.example",
    ],
)
def test_private_networks_and_the_world_are_fine(host: str) -> None:
    assert hosts.is_host(host)
    assert not hosts.is_off_limits(host)


def test_this_machines_own_name_and_private_address_are_off_limits(
    known_hosts: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "desk-server")
    known_hosts |= {
        "desk-server": ["10.1.2.3", PUBLIC],
        "relay.example": ["10.1.2.3"],
        "mail.example": [PUBLIC],
    }
    assert hosts.is_off_limits("Desk-Server")
    assert hosts.leads_off_limits("relay.example")
    # A public address behind our name may be the whole office's: the mail server may share it.
    assert not hosts.leads_off_limits("mail.example")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "smtp://mail.example",
        "mail.example:587",
        "[::1]",
        "fe80::1%eth0",
        "mail example",
        "10.0.0.1 x",
        "127。0。0。1",
        "mäil.example",
        "-mail.example",
        "mail.example/",
        "user@mail.example",
    ],
)
def test_a_host_is_a_name_or_an_address_and_nothing_more(text: str) -> None:
    assert not hosts.is_host(text)


@pytest.mark.parametrize(
    ("address", "listed"),
    [
        ("https://crm.example/SuperOffice", "crm.example"),
        ("https://CRM.example", "crm.example"),
        ("https://crm.example:443/SuperOffice", "crm.example:443"),
        ("https://crm.example/SuperOffice", "crm.example:443"),
        ("https://crm.example:8443", "crm.example:8443"),
        ("https://[fd12::9]/SuperOffice", "[fd12::9]"),
        ("https://[fd12::9]:8443", "[fd12::9]:8443"),
        ("http://127.0.0.1:5000/SuperOffice", "127.0.0.1:5000"),
        ("http://127.0.0.1", "127.0.0.1:80"),
    ],
)
def test_an_installation_is_named_by_host_and_port(address: str, listed: str) -> None:
    assert hosts.is_listed(address, ["other.example", listed])
    assert not hosts.is_listed(address, ["other.example"])


@pytest.mark.parametrize(
    ("address", "listed"),
    [
        ("https://crm.example:22", "crm.example"),
        ("https://crm.example", "crm.example:8443"),
        ("https://crm.example:8443", "crm.example:443"),
        ("http://127.0.0.1:6379", "127.0.0.1"),
        ("http://127.0.0.1", "127.0.0.1"),
        ("http://127.0.0.1:443", "127.0.0.1"),
        ("http://127.0.0.1:6379", "127.0.0.1:5000"),
        ("http://crm.example:80", "crm.example:80"),
        ("ftp://crm.example", "crm.example"),
        ("https://crm.example:port", "crm.example"),
        ("https://crm.example:99999", "crm.example"),
        ("https://[crm.example", "crm.example"),
        ("", ""),
        ("https://", ""),
    ],
)
def test_another_port_of_a_listed_host_is_another_server(address: str, listed: str) -> None:
    assert not hosts.is_listed(address, [listed])


def test_the_real_look_up_finds_this_machine() -> None:
    assert "127.0.0.1" in hosts.look_up("localhost")
    assert hosts.leads_off_limits("localhost")


@pytest.mark.parametrize(
    "error", [socket.gaierror(-2, "not known"), UnicodeError("label too long"), TimeoutError()]
)
def test_a_name_that_cannot_be_found_is_no_error(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: Any, **_options: Any) -> None:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert hosts.look_up("nobody.example") == []
    assert not hosts.leads_off_limits("nobody.example")
