"""Demo tenants for their own tests: a fixed day, so that nothing depends on when the suite runs."""

from collections.abc import Iterator
from datetime import date

import pytest

from connector.demo.tenant import DemoTenant
from tests.connector.demo.api import Api

TODAY = date(2026, 3, 18)


@pytest.fixture(scope="module")
def reading_tenant() -> Iterator[DemoTenant]:
    with DemoTenant(today=TODAY) as tenant:
        yield tenant


@pytest.fixture(scope="module")
def reading(reading_tenant: DemoTenant) -> Iterator[Api]:
    """A session for tests that only read; the tenant is shared by the tests of a module."""
    with Api(reading_tenant) as api:
        yield api


@pytest.fixture
def shared_tenant(reading_tenant: DemoTenant) -> Iterator[DemoTenant]:
    """The module's tenant with every switch as it was: for tests that turn switches and mind no foreign record."""
    with reading_tenant.faults.cleared_afterwards():
        yield reading_tenant


@pytest.fixture
def tenant() -> Iterator[DemoTenant]:
    """A tenant of one's own."""
    with DemoTenant(today=TODAY) as tenant:
        yield tenant


@pytest.fixture
def api(tenant: DemoTenant) -> Iterator[Api]:
    """A session on one's own tenant."""
    with Api(tenant) as api:
        yield api
