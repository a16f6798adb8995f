"""What can go wrong while a mail session is opened, or is lost.

    SmtpError                     code
    ├── AccountError              configuration       the account itself cannot work; nothing was sent
    ├── UnreachableError          unreachable         no such host, connection refused, no route
    ├── TimedOutError             timeout             the server did not answer in time
    ├── ConnectionLostError       connection_lost     the server hung up
    ├── GarbledReplyError         garbled_reply       the answer is not SMTP
    ├── GreetingRefusedError      greeting_refused    the server does not want to talk to us (yet)
    ├── TlsFailedError            tls_failed          no trusted encryption
    │   └── StarttlsMissingError  starttls_missing    the server offers none
    └── LoginRefusedError         login_refused       user, password or policy; see `reply_code`

`code` is stable: screens translate it, tests and alarms compare it. `reply_code` and `reply_text` are the
server's own words (0 and "" when it said nothing). No error carries a password.
"""

from __future__ import annotations

from typing import ClassVar

from connector.smtp.classification import classify


class SmtpError(Exception):
    """A session could not be opened or went away. `str()` is one English sentence with the server's words."""

    code: ClassVar[str] = "smtp_error"
    worth_retrying: ClassVar[bool] = True

    def __init__(self, message: str, *, reply_code: int = 0, reply_text: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.reply_code = reply_code
        self.reply_text = reply_text

    def __str__(self) -> str:
        if not self.reply_code:
            return f"{self.message}: {self.reply_text}" if self.reply_text else self.message
        return f"{self.message}: {self.reply_code} {self.reply_text}".rstrip()

    @property
    def is_temporary(self) -> bool:
        """True when trying again later, unchanged, can help."""
        if self.classification in {"configuration", "throttled"}:
            return self.classification == "throttled"
        return self.reply_code < 500 if self.reply_code else self.worth_retrying

    @property
    def classification(self) -> str:
        """Who has to act: see `classification.classify`; "" when the server said nothing telling."""
        return classify(self.reply_code, self.reply_text, stage="login") if self.reply_code else ""


class AccountError(SmtpError):
    code = "configuration"
    worth_retrying = False

    @property
    def classification(self) -> str:
        return "configuration"


class UnreachableError(SmtpError):
    code = "unreachable"


class TimedOutError(SmtpError):
    code = "timeout"


class ConnectionLostError(SmtpError):
    code = "connection_lost"


class GarbledReplyError(SmtpError):
    code = "garbled_reply"


class GreetingRefusedError(SmtpError):
    code = "greeting_refused"


class TlsFailedError(SmtpError):
    code = "tls_failed"
    worth_retrying = False


class StarttlsMissingError(TlsFailedError):
    code = "starttls_missing"


class LoginRefusedError(SmtpError):
    code = "login_refused"
    worth_retrying = False
