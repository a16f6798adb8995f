"""What a password must not be, beside Django's own rules."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from config.demo_data import PASSWORD


class PublishedPasswordValidator:
    """Refuses the demo's password: everybody can read it. The demo's own users get theirs without asking."""

    def validate(self, password: str, user: Any = None) -> None:
        if password.strip() == PASSWORD:
            raise ValidationError(self.get_help_text(), code="password_published")

    def get_help_text(self) -> str:
        return _("Your password can’t be the one of the demo, because that one is public.")
