"""A new installation starts with one template in each language; administrators change or replace them."""

from django.db import migrations

GERMAN = """Guten Tag {{ person.name }},

vielen Dank, dass {{ company.name }} mit uns zusammenarbeitet. Bei uns steht vom {{ sale.date }}:

    {{ sale.heading }}

Läuft damit alles so, wie Sie es sich vorgestellt haben? Wenn Sie Fragen zu {{ products }} haben oder einen Termin für Wartung oder Einweisung wünschen, antworten Sie mir einfach auf diese E-Mail.

Mit freundlichen Grüßen
{{ representative.name }}

Wenn Sie solche Nachrichten von mir nicht mehr wünschen, antworten Sie bitte kurz mit „keine weiteren E-Mails“; dafür fallen nur die Übermittlungskosten nach den Basistarifen an.
"""
ENGLISH = """Hello {{ person.name }},

thank you for working with us. Our notes of {{ sale.date }} for {{ company.name }} say:

    {{ sale.heading }}

Does everything work as you expected? If you have questions about {{ products }} or would like an appointment for maintenance or training, simply answer this mail.

Kind regards
{{ representative.name }}

If you would rather not receive such messages from me, please answer with "no further mails".
"""


def add(apps, schema_editor):
    templates = apps.get_model("outreach", "MailTemplate").objects
    for name, language, subject, body in (
        ("Nachfrage nach dem Kauf", "de", "Läuft alles mit {{ products }}?", GERMAN),
        ("Follow-up after the sale", "en", "Is everything fine with {{ products }}?", ENGLISH),
    ):
        templates.get_or_create(
            name=name,
            defaults={
                "language": language,
                "legal_basis": "existing_customer",
                "subject": subject,
                "body": body,
            },
        )


class Migration(migrations.Migration):
    dependencies = [("outreach", "0001_initial")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
