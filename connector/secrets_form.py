"""The base of every form with secrets: they go in and never come out again.

A stored secret goes only where it always went: whoever changes a destination has to know the secret, or a
server of their own would be told it.
"""

from typing import Any

from django import forms
from django.db.models import Model
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class WriteOnlyTextarea(forms.Textarea):
    """A text area that never shows its value, not even what was just sent."""

    def format_value(self, value: Any) -> None:
        return None


class WriteOnlyField(forms.CharField):
    """Shows whether there is a secret, never which; left empty it keeps the stored one."""

    def __init__(self, *, is_long: bool = False, **kwargs: Any) -> None:
        kind = WriteOnlyTextarea if is_long else forms.PasswordInput
        attributes: dict[str, Any] = {"autocomplete": "off" if is_long else "new-password"}
        if is_long:
            attributes |= {"rows": 6, "cols": 64, "spellcheck": "false"}
        super().__init__(required=False, strip=True, widget=kind(attrs=attributes), **kwargs)


class SecretsForm(forms.ModelForm):
    """Every field named in `secrets` is write-only.

    `destination` names the fields that decide whom a secret is told. After `is_valid`, `has_moved` says
    whether one of them has changed, `has_new_values` whether anything that a sign-in is made of has, and
    `forgotten` which stored secrets that somebody else put there do not go along.
    """

    secrets: tuple[str, ...] = ()
    long_secrets: tuple[str, ...] = ()
    # Nobody may know these by heart: after a move they are forgotten, not asked for.
    given_by_sign_in: tuple[str, ...] = ()
    destination: tuple[str, ...] = ()
    matters_to_sign_in: tuple[str, ...] = ()  # beside the secrets and the destination

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.has_moved = self.has_new_values = False
        self.forgotten: list[str] = []
        for name in set(self.secrets) & set(self.fields):  # a read-only page has none of them
            self.fields[name] = self._write_only(name)
            self.initial.pop(name, None)

    def _write_only(self, name: str) -> WriteOnlyField:
        is_set = bool(self.instance.pk and getattr(self.instance, name))
        state = _("A value is stored. Leave empty to keep it.") if is_set else _("Nothing is stored yet.")
        help_text = f"{self.fields[name].help_text} {state}".strip()
        return WriteOnlyField(
            label=self.fields[name].label, help_text=help_text, is_long=name in self.long_secrets
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        stored = self._stored()
        self.has_moved = stored is not None and self._differs(stored, self.destination)
        for name in self.secrets:
            if name not in self.errors:
                self._settle(name, stored)
        if stored is not None:
            watched = (*self.destination, *self.matters_to_sign_in, *self.secrets)
            self.has_new_values = self._differs(stored, watched)
        return cleaned

    def _stored(self) -> Any:
        """The row as it is now, and nobody else changes it until this form is saved."""
        if not self.instance.pk:
            return None
        return type(self.instance)._default_manager.select_for_update().get(pk=self.instance.pk)

    def _differs(self, stored: Model, names: tuple[str, ...]) -> bool:
        return any(
            self.cleaned_data.get(name, getattr(stored, name)) != getattr(stored, name) for name in names
        )

    def _settle(self, name: str, stored: Model | None) -> None:
        """Decide what becomes of one secret: the new one, the stored one, or none."""
        entered, kept = self.cleaned_data.get(name, ""), getattr(stored, name, "")
        if not self.uses(name):
            self.cleaned_data[name] = ""  # a secret that nothing uses is not kept
            if entered:
                self.add_error(name, self.not_used())
        elif not entered and kept and not self.has_moved:
            self.cleaned_data[name] = kept
        elif not entered and kept and name in self.given_by_sign_in:
            self.forgotten.append(name)
        elif not entered and kept:
            self.add_error(name, _("The destination has changed. Enter this again."))

    def uses(self, name: str) -> bool:
        """Whether an empty `name` stands for the stored secret; otherwise it is forgotten."""
        return True

    def not_used(self) -> str:
        """What is said where a secret was entered that nothing uses."""
        return gettext("This is not used. Leave it empty.")

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # not in django-stubs
        # Django leaves a column as it is when its field was not sent at all: a secret would stay that way.
        for name in self.secrets:
            if name in self.cleaned_data:
                setattr(self.instance, name, self.cleaned_data[name])
        if self.errors:
            self._ask_again()

    def _ask_again(self) -> None:
        """What was entered does not come back with a refused form: say so where the field is empty now.

        A secret that is wrong itself has its own sentence.
        """
        for name in set(self.secrets) & set(self.fields) - set(self.errors):
            if self.data.get(self.add_prefix(name), "").strip():
                self[name].help_text = format_html(
                    "{} <strong>{}</strong>",
                    self[name].help_text,
                    gettext("Empty again for safety: please enter it once more."),
                )
