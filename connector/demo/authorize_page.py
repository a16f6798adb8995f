"""The HTML of the sign-in page, in English and German beside each other, because the tenant knows neither."""

from collections.abc import Iterable
from html import escape

from connector.demo.pages import HEADERS, LABEL, STYLE
from connector.demo.people import Associate
from connector.demo.serving import Reply, html_reply

_STYLE = """
p[lang=de]{color:#5b6475}form{display:grid;gap:.5rem;margin-top:1rem}
button{font:inherit;text-align:left;padding:.75rem 1rem;min-height:2.75rem;border:1px solid #6b7486;
border-radius:6px;background:#fff;color:inherit;cursor:pointer}
button:hover{background:#eef1f6}button:focus-visible{outline:3px solid #0a58ca;outline-offset:2px}
button small{display:block;color:#5b6475}button[name=refuse]{text-align:center;margin-top:.75rem}
"""


def sign_in_page(users: Iterable[Associate], action: str, back_to: str) -> Reply:
    """A button for each user, and one to refuse. `back_to` is the origin to which the answer leads."""
    buttons = "".join(
        f'<button name="user" value="{user.associate_id}">{escape(user.full_name)}{_role(user)}'
        f"<small>{escape(user.email)}</small></button>"
        for user in users
    )
    text = _both(
        f"Sales Desk wants to work in this tenant in your name. Sign in as one of its invented users; "
        f"there are no passwords. You will be sent back to {escape(back_to)}.",
        f"Sales Desk möchte in diesem Mandanten in Ihrem Namen arbeiten. Melden Sie sich als einer der "
        f"erfundenen Benutzer an; Passwörter gibt es nicht. Danach geht es zurück zu {escape(back_to)}.",
    )
    heading = "Demo: sign in / anmelden"
    return _page(heading, text + _form(buttons, action, "Refuse / Ablehnen"), back_to)


def approval_page(action: str, back_to: str) -> Reply:
    """What people see while no administrator has approved the app."""
    text = _both(
        "This app has not been approved for the tenant. A general or user administrator of SuperOffice has to "
        "approve it first.",
        "Diese App ist für den Mandanten noch nicht freigegeben. Zuerst muss sie ein allgemeiner oder ein "
        "Benutzer-Administrator von SuperOffice genehmigen.",
    )
    return _page(
        "Demo: approval is missing / Freigabe fehlt", text + _form("", action, "Back / Zurück"), back_to
    )


def technical_error(reason: str) -> Reply:
    """What people see when the app's request cannot be trusted: nothing leads back from here."""
    text = _both(
        f"Technical error. {escape(reason)} Close this page and tell the app's administrator.",
        "Technischer Fehler. Schließen Sie diese Seite und wenden Sie sich an die Administration der App.",
    )
    return _page("Demo: Technical error", text, "", 400)


def _role(user: Associate) -> str:
    return " (Administrator)" if user.is_administrator else ""


def _form(buttons: str, action: str, leave: str) -> str:
    refuse = f'<button name="refuse" value="1">{leave}</button>'
    return f'<form method="post" action="{escape(action)}">{buttons}{refuse}</form>'


def _both(english: str, german: str) -> str:
    return f'<p>{english}</p><p lang="de">{german}</p>'


def _page(heading: str, body: str, back_to: str, status: int = 200) -> Reply:
    page = (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{heading} – {LABEL}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}{_STYLE}</style>'
        f'</head><body><header><p class="demo">{LABEL}</p></header><main><h1>{heading}</h1>{body}</main></body></html>'
    )
    # Browsers apply form-action to the redirect that follows as well.
    policy = f"default-src 'none'; style-src 'unsafe-inline'; form-action 'self' {back_to}".rstrip()
    headers = {
        **HEADERS, "Content-Security-Policy": policy + "; frame-ancestors 'none'", "Referrer-Policy": "no-referrer"
    }  # fmt: skip
    return html_reply(page, status, headers)
