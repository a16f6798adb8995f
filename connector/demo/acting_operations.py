"""The operations that act for real: they send mails or run scripts. Here nothing leaves and nothing runs, but each
call is remembered, so that a test can prove that nobody made one.
"""

from collections.abc import Iterable
from typing import Any

from connector.demo.bodies import bad, json_object
from connector.demo.faults import Faults
from connector.demo.lists import JsonObject
from connector.demo.routing import NO_CONTENT, Operation, Route, agent
from connector.demo.serving import Reply, Request, json_reply

_SCRIPTS = ("ExecuteScript", "ExecuteScriptByUniqueId", "ExecuteScriptByIncludeId")


class ActingOperations:
    """The e-mail agent, the Service outbox, running scripts, and sending a quote."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults

    def routes(self) -> Iterable[Route]:
        yield agent("EMail/GetCurrentAccountId", self._account_id)
        yield agent("EMail/TestAuthenticate", lambda request: self._account_id(request) > 0)
        yield _acting("/Agents/EMail/Send", _sent_mails)
        yield _acting("/Agents/EMail/SendEMails", _sent_mails)
        yield _acting("/Agents/Person/SendEmail", lambda request, _: _nothing(request))
        yield _acting("/Agents/Quote/SendQuoteVersion", lambda request, _: json_reply(None))
        yield _acting("/CRMScript/{cRMScriptId}/Execute", lambda request, _: _said(request))
        for name in _SCRIPTS:
            yield _acting(f"/Agents/CRMScript/{name}", lambda request, _: _said(request))
        yield _acting("/Agents/CRMScript/ExecuteScriptByString", lambda request, _: json_reply(_run(request)))

    def _account_id(self, request: Request) -> int:
        # The system user is nobody who could have an account.
        return 0 if request.user.is_system else self.faults.mail_account_id


def _acting(path: str, run: Operation) -> Route:
    return Route("POST", path, run, acts=True)


def _sent_mails(request: Request, _: str) -> Reply:
    mails: Any = json_object(request).get("Emails")
    if not isinstance(mails, list):
        raise bad("Emails must be a list")
    return json_reply(mails)


def _nothing(request: Request) -> Reply:
    json_object(request)
    return NO_CONTENT


def _said(request: Request) -> Reply:
    json_object(request)
    return json_reply("")


def _run(request: Request) -> JsonObject:
    json_object(request)
    return {
        "Output": "", "Parameters": {}, "TraceRun": None, "Eventdata": None, "Success": True,
        "ErrorInformation": None, "StatusCode": 0, "StatusMessage": "", "Headers": {},
        "TableRight": None, "FieldProperties": {},
    }  # fmt: skip
