"""What is read from a verified token: storable texts, compared as they came."""

from typing import Any

import pytest

from connector.superoffice import errors
from connector.superoffice.auth import Auth, MemoryTokenStore
from tests.connector.superoffice.conftest import MakeTransport, credentials_for, system_user_for
from tests.connector.superoffice.server import CLAIM, CONTEXT, ScriptedTenant

pytestmark = pytest.mark.once


def signed_in(tenant: ScriptedTenant, make_transport: MakeTransport) -> Auth:
    auth = Auth(credentials_for(tenant.url), make_transport(), MemoryTokenStore())
    auth.token()
    return auth


def test_claims_have_no_nul_and_no_lone_surrogate(
    tenant: ScriptedTenant, make_transport: MakeTransport
) -> None:
    tenant.settings.claims = {CLAIM + "email": "a\x00b\ud800@c.example", "other\x00": ["\x00"]}
    identity = signed_in(tenant, make_transport).identity
    assert identity is not None
    assert identity.email == "ab@c.example"


def test_a_tenants_name_is_not_cleaned_into_ours(
    tenant: ScriptedTenant, make_transport: MakeTransport
) -> None:
    tenant.settings.claims = {CLAIM + "ctx": f"{CONTEXT}\x00"}
    with pytest.raises(errors.WrongTenant) as caught:
        signed_in(tenant, make_transport)
    assert "\x00" not in str(vars(caught.value))


def test_a_system_users_claims_are_cleaned_as_well(
    tenant: ScriptedTenant, make_transport: MakeTransport
) -> None:
    tenant.settings.system_claims = {CLAIM + "email": "a\x00b@c.example"}
    auth = Auth(system_user_for(tenant.url), make_transport(), MemoryTokenStore())
    auth.token()
    assert auth.identity is not None
    assert auth.identity.email == "ab@c.example"


def nested(depth: int) -> list[Any]:
    inside: list[Any] = []
    for _ in range(depth):
        inside = [inside]
    return inside


@pytest.mark.parametrize("claims", [{"exp": float("inf")}, {"iat": float("inf")}, {"other": nested(800)}])
def test_claims_that_break_their_readers_prove_nothing_and_break_nothing_else(
    tenant: ScriptedTenant, make_transport: MakeTransport, claims: dict[str, Any]
) -> None:
    tenant.settings.claims = claims
    with pytest.raises(errors.InvalidIdentity):
        signed_in(tenant, make_transport)
