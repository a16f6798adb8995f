"""Sending mail: the only code of the house that speaks SMTP. Knows no Django."""
