"""What works by itself in a tenant and can only be looked at here: webhooks, scripts, the mailings' messages."""

from collections.abc import Iterable
from datetime import datetime, time

from connector.demo import people
from connector.demo.columns import stamp
from connector.demo.entities import associate
from connector.demo.lists import NO_RIGHTS, JsonObject
from connector.demo.providers import SCRIPTS
from connector.demo.routing import Route, agent, one, reading
from connector.demo.serving import Reply, Request, json_reply
from connector.demo.story import Story

_EVENTS = ["sale.created", "sale.changed"]


class AutomationOperations:
    """One webhook of somebody else, two scripts, and an empty message to begin a mailing with."""

    def __init__(self, story: Story) -> None:
        self.since = datetime.combine(story.today, time(3))

    def routes(self) -> Iterable[Route]:
        yield reading("/Webhook/default", lambda request: self._webhook(0))
        yield reading("/Webhook", self._webhooks)
        yield Route("GET", "/Webhook/{id}", self._webhook_by_id)
        yield Route("GET", "/Webhook/{webhookId}/LastError", self._last_error)
        yield Route("GET", "/CRMScript/{cRMScriptId}/Validate", self._validated)
        yield reading("/ShipmentMessage/default", self._message)
        yield agent("Marketing/CreateDefaultShipmentMessageEntity", self._message)

    def _webhooks(self, request: Request) -> list[JsonObject]:
        webhook = self._webhook(1)
        wanted = request.option("eventFilter").lower()
        is_wanted = (
            request.option("nameFilter").lower() in webhook["Name"].lower()
            and (not wanted or wanted in _EVENTS)
            and request.option("statusFilter").lower() in ("", "active")
        )
        return [webhook] if is_wanted else []

    def _webhook_by_id(self, request: Request, key: str) -> Reply:
        webhook = one({1: self._webhook(1)}, key, "Webhook")
        return json_reply(webhook | {"_Links": {"Self": f"{request.api_url}/Webhook/{key}"}})

    def _last_error(self, request: Request, key: str) -> Reply:
        one({1: True}, key, "Webhook")
        return json_reply("")

    def _webhook(self, key: int) -> JsonObject:
        """A webhook as it is saved; 0 for one that is not saved yet. The secret is never shown again."""
        user = associate(people.USERS[people.API_USER_ID])
        return {
            "WebhookId": key, "Name": "Warehouse" if key else "", "Events": list(_EVENTS) if key else [],
            "TargetUrl": "https://warehouse.example/hook" if key else "", "Secret": "",
            "State": "Active" if key else "Unknown", "Type": "webhook", "Headers": {}, "Properties": {},
            "Registered": stamp(self.since if key else None), "RegisteredAssociate": user if key else None,
            "Updated": stamp(self.since if key else None), "UpdatedAssociate": user if key else None,
            "ErrorsEmail": "",
        }  # fmt: skip

    def _validated(self, request: Request, key: str) -> Reply:
        one({item.key: item for item in SCRIPTS}, key, "CRMScript")
        body = {
            "Valid": True, "ErrorMessage": "", "LineNumber": 0, "ErrorInformation": None, "Transpiled": "",
            "Includes": [], "SourceMaps": [],
        } | NO_RIGHTS  # fmt: skip
        return json_reply(body)

    def _message(self, request: Request) -> JsonObject:
        return {
            "ShipmentMessageId": 0, "PlainMessage": "", "HtmlMessage": "", "SmsMessage": "", "Description": "",
            "Subject": "", "FolderId": 0, "HeaderField": "", "Design": "", "Designtype": "Unknown",
            "Flags": "Html", "RegisterViews": False, "InlineImages": False, "LongDescription": "",
            "AccessKey": "", "DocumentMessage": 0, "Registered": stamp(None), "RegisteredAssociateId": 0,
            "Updated": stamp(None), "UpdatedAssociateId": 0, "UpdatedCount": 0,
        } | NO_RIGHTS  # fmt: skip
