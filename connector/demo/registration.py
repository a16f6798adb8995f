"""What is agreed between the demo tenant and its callers: the registered app, its secrets, the way in onsite.

None of this protects anything: it is published, and the tenant answers on this computer only.
"""

import re

CONTEXT_IDENTIFIER = "Cust12345"
CLIENT_ID = "demo-client"
CLIENT_SECRET = "demo-secret"  # noqa: S105 - the demo's only secret is that there is none
REFRESH_TOKEN = "demo-refresh-token"  # noqa: S105
REDIRECT_URI = "http://127.0.0.1/callback"
SYSTEM_USER_TOKEN = "Sales Desk-demoSystemUser"  # noqa: S105
SERIAL = "1234567890"
ONSITE_PATH = "SuperOffice"
ONSITE_USER = "desk"
ONSITE_PASSWORD = "demo-onsite-password"  # noqa: S105
# An app's addresses may be registered as regular expressions; this one fits whatever port the desk listens on.
_CALLBACKS = re.compile(r"http://(127\.0\.0\.1|localhost)(:\d{1,5})?/superoffice/callback/")


def is_registered(redirect_uri: str) -> bool:
    """Whether the app may be sent back to this address."""
    return redirect_uri == REDIRECT_URI or _CALLBACKS.fullmatch(redirect_uri) is not None
