"""While SuperOffice cannot be used for a while, somebody has to notice that it is back: a small job asks.

Without it, trouble would be shown until somebody happens to need SuperOffice.
"""

import logging

from connector.models import Connection
from connector.services import NotConfigured, current_connection, open_client, remember
from connector.superoffice.errors import SuperOfficeError

logger = logging.getLogger(__name__)

# What passes without anybody's doing; of a refused sign-in or a wrong setting, asking again changes nothing.
PASSING = frozenset(
    {
        "unreachable",
        "tenant_not_running",
        "wrong_host",
        "server_error",
        "rate_limited",
        "bad_request",
        "unexpected_answer",
    }
)


def may_pass(connection: Connection | None) -> bool:
    """Whether the tenant has a trouble that is looked at again without anybody's doing."""
    return connection is not None and connection.problem_code in PASSING


def look_again() -> None:
    """Ask the tenant in use for its state and who we are, if its trouble may be over; success clears it."""
    connection = current_connection()
    if connection is None or not may_pass(connection):
        return
    try:
        with open_client(connection) as client:
            client.tenant_state()  # now, not as remembered: maintenance may be over
            client.current_user()
    except (SuperOfficeError, NotConfigured) as error:
        remember(connection, error)
        return
    remember(connection, None)
    logger.info("SuperOffice answers again")
