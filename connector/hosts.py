"""Which servers an administrator may name: installations that the operator lists, and mail servers elsewhere.

A mail server is never this machine, nor an address that only this machine reaches: otherwise the button that
tests a mailbox would tell which ports of this server are open, and would reach what trusts this server because
it is this server. What a name leads to may change, so the rule holds when a mailbox is saved and again
(`is_off_limits`) each time it is opened. Private networks stay allowed: relays live there. A relay
on this very machine is named by its operator, through the environment.
"""

import re
import socket
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from connector.superoffice.tenant import is_loopback

Address = IPv4Address | IPv6Address

_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?")
_LOCAL_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"})
_THIS_NETWORK = ip_network("0.0.0.0/8")
_NAT64 = ip_network("64:ff9b::/96")
# Where clouds tell a machine about itself, passwords included, beside 169.254.169.254.
_METADATA = frozenset(
    ip_address(text) for text in ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254")
)


def is_listed(address: str, listed: Collection[str]) -> bool:
    """Whether a URL's host and port are in `listed`: "host:port", or "host" for https and its own port 443.

    Another port of a listed host is another server. Plain http only to this machine, its port named.
    """
    try:
        parts = urlsplit(address)
        default = {"https": 443, "http": 80}[parts.scheme]
        host, port = parts.hostname or "", default if parts.port is None else parts.port
    except (ValueError, KeyError):
        return False
    name = f"[{host}]" if ":" in host else host
    if not host or (parts.scheme == "http" and not is_loopback(host)):
        return False
    return f"{name}:{port}" in listed or ((parts.scheme, port) == ("https", 443) and name in listed)


def is_host(text: str) -> bool:
    """Whether `text` is a name or an address and nothing more: no port, no scheme, no brackets."""
    return bool(_NAME.fullmatch(text)) or ("%" not in text and _address(text) is not None)


def is_off_limits(host: str) -> bool:
    """Whether `host` itself, a name or an address in any spelling, must not be asked. Asks nobody."""
    name = host.rstrip(".").lower()
    if name in {*_LOCAL_NAMES, socket.gethostname().lower()} or name.endswith(".localhost"):
        return True
    address = _address(name)
    return address is not None and _is_forbidden(address)


def leads_off_limits(host: str) -> bool:
    """Whether the name `host` leads to such an address now; not found means no.

    Asks the name servers, which may take seconds: never inside a transaction.
    """
    found = set(look_up(host))
    return any(is_off_limits(address) for address in found) or bool(found & _own_addresses())


def look_up(host: str) -> list[str]:
    """The addresses behind `host`; none when it cannot be found."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return sorted({str(entry[4][0]) for entry in found})


def _own_addresses() -> set[str]:
    """This machine's addresses behind its own name. Only private ones: a public one may be a whole office's."""
    own = {text: _address(text) for text in look_up(socket.gethostname())}
    return {text for text, address in own.items() if address is not None and not address.is_global}


def _address(text: str) -> Address | None:
    """The address that `text` stands for, also in the old spellings 127.1, 0x7f.1 and 2130706433."""
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(text)) if _NAME.fullmatch(text) else None
    except OSError:
        return None


def _is_forbidden(address: Address) -> bool:
    inner = _inner(address)
    return (
        inner.is_loopback
        or inner.is_link_local
        or inner.is_unspecified
        or inner.is_multicast
        or inner.is_reserved
        or inner in _THIS_NETWORK
        or inner in _METADATA
    )


def _inner(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one: ::ffff:127.0.0.1, ::127.0.0.1, 2002:7f00:1::, 64:ff9b::7f00:1."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64 or (not any(address.packed[:12]) and int(address) > 1):
        return IPv4Address(address.packed[12:])
    return address.ipv4_mapped or address.sixtofour or address
