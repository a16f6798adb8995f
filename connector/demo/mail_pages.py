"""The mail catcher's web pages: a list, one mail, its raw bytes. No scripts, nothing loaded from anywhere."""

from __future__ import annotations

import base64
import hashlib
import logging
import re
import socket
from collections.abc import Iterator
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from connector.demo.mail_store import CaughtMail, MailStore

logger = logging.getLogger(__name__)

_SHOWN_AT_ONCE = 200
_LABEL = "Demo mail catcher – nothing here has left this computer"
_LABEL_DE = "Demo-Mailfänger – nichts davon hat diesen Computer verlassen"

_STYLE = """
:root{color-scheme:light dark;--canvas:#f4f6f8;--surface:#fff;--ink:#1b2530;--muted:#56636f;--line:#d5dbe1;
--accent:#0b665c;--warn:#7d5200;--tint:#fdf3dc}
@media(prefers-color-scheme:dark){:root{--canvas:#12171d;--surface:#1b222b;--ink:#e7ecf1;--muted:#a3afbb;
--line:#323c47;--accent:#5cc9b8;--warn:#e8b44f;--tint:#2b2616}}
*{box-sizing:border-box}
body{margin:0;background:var(--canvas);color:var(--ink);font:15px/1.45 system-ui,sans-serif}
.label{background:var(--tint);color:var(--warn);padding:8px 16px;border-bottom:1px solid var(--line)}
.label span{display:block;font-size:13px}main{max-width:1100px;margin:0 auto;padding:16px}
h1{font-size:26px;line-height:1.25;overflow-wrap:anywhere}h2{font-size:20px}a{color:var(--accent)}
table{width:100%;border-collapse:collapse;background:var(--surface);border:1px solid var(--line)}
th,td{text-align:left;padding:8px 12px;border-bottom:1px solid var(--line);vertical-align:top}
th,td{overflow-wrap:anywhere}
th{font-size:13px;color:var(--muted)}td.time{white-space:nowrap;font-variant-numeric:tabular-nums}
pre,iframe{background:var(--surface);border:1px solid var(--line);border-radius:6px;width:100%}
pre{padding:12px;white-space:pre-wrap;overflow-wrap:anywhere}iframe{height:420px;background:#fff}
.muted{color:var(--muted)}details{margin:16px 0}
@media(max-width:720px){thead{display:none}table.list tr,table.list td{display:block}
table.list td{border:0;padding:2px 12px}table.list tr{border-bottom:1px solid var(--line);padding:8px 0}
table.facts th,table.facts td{padding:8px}}
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode("utf-8")).digest()).decode("ascii")
_PAGE_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
# The mail's own HTML: no script, form, image or link that leads out; all it may have are its inline styles.
_HTML_PART_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
_BARE_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"


class PageServer(ThreadingHTTPServer):
    """Serves the pages of one store on a socket that already listens."""

    daemon_threads = True

    def __init__(self, listener: socket.socket, store: MailStore) -> None:
        super().__init__(listener.getsockname()[:2], _Pages, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.server_name, self.server_port = listener.getsockname()[:2]
        self.store = store


class _Pages(BaseHTTPRequestHandler):
    server: PageServer
    server_version = "mail-catcher"
    sys_version = ""
    timeout = 15  # seconds; a browser's idle spare connection must not hold a thread for ever

    def do_GET(self) -> None:
        if not _is_loopback_name(self.headers.get("Host", "")):
            # Another site's name that points to this computer could otherwise read the mails.
            self._problem(HTTPStatus.FORBIDDEN, "Open this page as 127.0.0.1 or localhost.")
            return
        path = urlsplit(self.path).path
        if path == "/":
            self._page("Caught mails", _list_page(self.server.store))
            return
        found = re.fullmatch(r"/mail/([0-9A-Za-z-]+)(/raw\.eml|/html)?", path)
        mail = self.server.store.get(found[1]) if found else None
        if found is None or mail is None:
            self._problem(HTTPStatus.NOT_FOUND, "There is no such mail.")
        elif found[2] == "/raw.eml":
            self._raw(mail)
        elif found[2] == "/html":
            self._html_part(mail)
        else:
            self._page(_header(message_from_bytes(mail.raw), "Subject") or "(no subject)", _mail_page(mail))

    do_HEAD = do_GET  # noqa: N815

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Errors of the HTTP layer, in the same frame as every other page."""
        self._problem(HTTPStatus(code), message or HTTPStatus(code).phrase)

    def log_message(self, format: str, *args: object) -> None:
        logger.debug(format, *args)

    def _raw(self, mail: CaughtMail) -> None:
        disposition = f'attachment; filename="{mail.id}.eml"'
        self._respond(
            HTTPStatus.OK, "message/rfc822", mail.raw, _BARE_POLICY, {"Content-Disposition": disposition}
        )

    def _html_part(self, mail: CaughtMail) -> None:
        part = _first_part(message_from_bytes(mail.raw), "text/html")
        if part is None:
            self._problem(HTTPStatus.NOT_FOUND, "This mail has no HTML part.")
        elif self.headers.get("Sec-Fetch-Dest", "iframe") not in {"iframe", "frame"}:
            # By itself it would be a page without the label.
            self._respond(
                HTTPStatus.SEE_OTHER, "text/plain", b"", _BARE_POLICY, {"Location": f"/mail/{mail.id}"}
            )
        else:
            body = _text_of(part).encode("utf-8", "replace")
            self._respond(HTTPStatus.OK, "text/html; charset=utf-8", body, _HTML_PART_POLICY)

    def _problem(self, status: HTTPStatus, sentence: str) -> None:
        content = f'<p>{escape(sentence)}</p><p><a href="/">All mails</a></p>'
        self._page(f"{status.value} {status.phrase}", f"<h1>{status.phrase}</h1>{content}", status)

    def _page(self, title: str, content: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        page = (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            f"<title>{escape(title)} · mail catcher</title>"
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<style>{_STYLE}</style></head><body>"
            f'<div class="label" role="note"><strong>{_LABEL}</strong>'
            f'<span lang="de">{_LABEL_DE}</span></div>'
            f"<main>{content}</main></body></html>"
        )
        self._respond(status, "text/html; charset=utf-8", page.encode("utf-8", "replace"), _PAGE_POLICY)

    def _respond(
        self, status: HTTPStatus, kind: str, body: bytes, csp: str, extra: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        headers = {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            "Content-Security-Policy": csp,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cache-Control": "no-store",
            "X-DNS-Prefetch-Control": "off",
        }
        for name, value in (headers | (extra or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _list_page(store: MailStore) -> str:
    ids = store.ids()[::-1]
    mails = [mail for mail_id in ids[:_SHOWN_AT_ONCE] if (mail := store.get(mail_id))]
    if not mails:
        return "<h1>Caught mails</h1><p>No mail yet. What the demo sends appears here after a reload.</p>"
    older = len(ids) - _SHOWN_AT_ONCE
    note = (
        f'<p class="muted">The newest {_SHOWN_AT_ONCE} are shown; {older} older ones are in the folder.</p>'
    )
    rows = "".join(
        f'<tr><td class="time">{_moment(mail)}</td><td>{escape(mail.envelope_from)}</td>'
        f"<td>{escape(', '.join(mail.recipients))}</td>"
        f'<td><a href="/mail/{mail.id}">'
        f"{escape(_header(message_from_bytes(mail.raw), 'Subject') or '(no subject)')}</a></td></tr>"
        for mail in mails
    )
    return (
        '<h1>Caught mails</h1><table class="list">'
        '<thead><tr><th scope="col">Time</th><th scope="col">From</th>'
        f'<th scope="col">To</th><th scope="col">Subject</th></tr></thead><tbody>{rows}</tbody></table>'
        f"{note if older > 0 else ''}"
    )


def _mail_page(mail: CaughtMail) -> str:
    message = message_from_bytes(mail.raw)
    facts = [
        ("Received", _moment(mail)),
        ("Envelope from", escape(mail.envelope_from)),
        ("Envelope to", escape(", ".join(mail.recipients))),
        ("Size", f"{len(mail.raw):,} bytes"),
        *((escape(name), escape(_decoded(value))) for name, value in message.items()),
    ]
    rows = "".join(f'<tr><th scope="row">{name}</th><td>{value}</td></tr>' for name, value in facts)
    return (
        f'<p><a href="/">All mails</a></p><h1>{escape(_header(message, "Subject") or "(no subject)")}</h1>'
        f'<p><a href="/mail/{mail.id}/raw.eml" download>Download the mail as it arrived (.eml)</a></p>'
        f'<table class="facts"><tbody>{rows}</tbody></table>{"".join(_part_sections(mail, message))}'
    )


def _part_sections(mail: CaughtMail, message: Message) -> Iterator[str]:
    text, html = _first_part(message, "text/plain"), _first_part(message, "text/html")
    if text is not None:
        yield f"<h2>Text</h2><pre>{escape(_text_of(text))}</pre>"
    if html is not None:
        yield (
            "<h2>HTML</h2><p class='muted'>Shown without scripts, remote content and working links.</p>"
            f'<iframe sandbox="" src="/mail/{mail.id}/html" title="HTML part of the mail"></iframe>'
            f"<details><summary>HTML source</summary><pre>{escape(_text_of(html))}</pre></details>"
        )
    if names := [_decoded(str(part.get_filename())) for part in message.walk() if part.get_filename()]:
        items = "".join(f"<li>{escape(name)}</li>" for name in names)
        yield f"<h2>Attachments</h2><ul>{items}</ul><p class='muted'>They are in the .eml file.</p>"


def _first_part(message: Message, kind: str) -> Message | None:
    parts = (part for part in message.walk() if part.get_content_type() == kind and not part.get_filename())
    return next(parts, None)


def _text_of(part: Message) -> str:
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    try:
        return content.decode(part.get_content_charset() or "utf-8", "replace")
    except LookupError:
        return content.decode("latin-1")


def _header(message: Message, name: str) -> str:
    return _decoded(message.get(name, ""))


def _decoded(value: object) -> str:
    """A header's words for people; the words as they arrived when they cannot be decoded."""
    try:
        return str(make_header(decode_header(str(value))))
    except (ValueError, LookupError):
        return str(value)


def _moment(mail: CaughtMail) -> str:
    return f"{mail.received_at.astimezone():%Y-%m-%d %H:%M:%S}"


def _is_loopback_name(host: str) -> bool:
    return bool(re.fullmatch(r"(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?", host, re.IGNORECASE))
