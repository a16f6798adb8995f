"""The local copy of sales, quotes and products; reports as people define them; rows that stand for themselves."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connector", "0007_one_row_for_each_tenant"),
        ("reports", "0003_names_stay"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Download",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "problem_code",
                    models.CharField(blank=True, editable=False, max_length=40, verbose_name="problem"),
                ),
                (
                    "problem_detail",
                    models.TextField(blank=True, editable=False, verbose_name="what the other side said"),
                ),
                ("problem_at", models.DateTimeField(editable=False, null=True, verbose_name="problem since")),
                ("worked_at", models.DateTimeField(editable=False, null=True, verbose_name="last worked")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("running", "Running"),
                            ("succeeded", "Succeeded"),
                            ("incomplete", "Incomplete"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("queued_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("alive_at", models.DateTimeField(null=True)),
                ("fence", models.PositiveIntegerField(default=0)),
                ("lease_until", models.DateTimeField(null=True)),
                ("owner", models.CharField(blank=True, max_length=80)),
                ("attempt_count", models.PositiveIntegerField(default=0)),
                ("report_name", models.CharField(blank=True, max_length=100)),
                (
                    "format",
                    models.CharField(
                        choices=[
                            ("excel", "CSV for Excel (German)"),
                            ("data", "CSV for programs"),
                            ("xlsx", "Excel workbook"),
                        ],
                        max_length=5,
                    ),
                ),
                ("query", models.CharField(blank=True, max_length=2000)),
                ("language", models.CharField(default="de", max_length=10)),
                ("name", models.CharField(max_length=200)),
                ("expected_count", models.PositiveIntegerField(default=0)),
                ("row_count", models.PositiveIntegerField(default=0)),
                ("byte_count", models.PositiveBigIntegerField(default=0)),
                ("is_prepared", models.BooleanField(default=False)),
                ("removed_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="JobSchedule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "job",
                    models.CharField(
                        choices=[
                            ("run_report", "Run a report"),
                            ("read_changes", "Read what changed in SuperOffice"),
                            ("read_all", "Read all sales from SuperOffice and compare"),
                        ],
                        default="run_report",
                        max_length=12,
                        verbose_name="job",
                    ),
                ),
                (
                    "rhythm",
                    models.CharField(
                        choices=[
                            ("daily", "every day"),
                            ("weekdays", "Monday to Friday"),
                            ("weekly", "every week"),
                            ("monthly", "every month"),
                            ("cron", "cron expression"),
                        ],
                        default="daily",
                        max_length=8,
                        verbose_name="how often",
                    ),
                ),
                ("at", models.TimeField(blank=True, null=True, verbose_name="time")),
                (
                    "weekday",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        choices=[
                            (1, "Monday"),
                            (2, "Tuesday"),
                            (3, "Wednesday"),
                            (4, "Thursday"),
                            (5, "Friday"),
                            (6, "Saturday"),
                            (0, "Sunday"),
                        ],
                        null=True,
                        verbose_name="weekday",
                    ),
                ),
                (
                    "day",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="29 to 31: in shorter months the last day.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(31),
                        ],
                        verbose_name="day of the month",
                    ),
                ),
                (
                    "cron",
                    models.CharField(
                        blank=True,
                        help_text="Five fields: minute hour day month weekday, like 0 6 * * 1-5.",
                        max_length=60,
                        verbose_name="cron expression",
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="in use")),
                (
                    "attachment",
                    models.CharField(
                        choices=[
                            ("none", "link only"),
                            ("excel", "CSV for Excel (German)"),
                            ("data", "CSV for programs"),
                            ("xlsx", "Excel workbook"),
                        ],
                        default="none",
                        max_length=5,
                        verbose_name="attachment",
                    ),
                ),
                (
                    "on_empty",
                    models.CharField(
                        choices=[
                            ("send", "send it with the reason"),
                            ("skip", "send nothing"),
                            ("alert", "tell the administrators instead"),
                        ],
                        default="send",
                        max_length=5,
                        verbose_name="when nothing was found",
                    ),
                ),
                ("changed_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "verbose_name": "schedule",
                "verbose_name_plural": "schedules",
                "permissions": [("plan_job", "May plan jobs")],
            },
        ),
        migrations.CreateModel(
            name="Label",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("heading", models.TextField()),
                ("products", models.TextField(blank=True)),
                ("is_right", models.BooleanField()),
                ("truth", models.TextField(blank=True)),
                ("labelled_at", models.DateTimeField(auto_now=True)),
            ],
        ),
        migrations.CreateModel(
            name="LocalCopy",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("revision", models.PositiveBigIntegerField(default=0)),
                ("complete_at", models.DateTimeField(null=True)),
                ("read_at", models.DateTimeField(null=True)),
                ("quotes_at", models.DateTimeField(null=True)),
                ("catalogue_at", models.DateTimeField(null=True)),
                ("sale_count", models.PositiveIntegerField(default=0)),
                ("without_company_count", models.PositiveIntegerField(default=0)),
                ("acts_as", models.CharField(blank=True, max_length=200)),
                ("text_columns", models.JSONField(default=list)),
                ("quotes_problem", models.CharField(blank=True, max_length=40)),
            ],
        ),
        migrations.CreateModel(
            name="Occurrence",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("planned_at", models.DateTimeField(verbose_name="planned")),
                ("started_at", models.DateTimeField(null=True)),
                ("missed_at", models.DateTimeField(null=True)),
                (
                    "mail_status",
                    models.CharField(
                        choices=[
                            ("none", "No mail wanted"),
                            ("waiting", "Waits for the result"),
                            ("sending", "Is being sent"),
                            ("sent", "Sent"),
                            ("skipped", "Nothing found, nothing sent"),
                            ("failed", "Not sent"),
                        ],
                        default="none",
                        max_length=8,
                    ),
                ),
                ("mail_problem", models.TextField(blank=True)),
                ("mail_outcomes", models.JSONField(default=dict)),
                ("mailed_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Product",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("product_id", models.PositiveBigIntegerField()),
                ("name", models.CharField(blank=True, max_length=255, verbose_name="product")),
                ("code", models.CharField(blank=True, max_length=255, verbose_name="code")),
                ("family_name", models.CharField(blank=True, max_length=255, verbose_name="family")),
            ],
        ),
        migrations.CreateModel(
            name="ProductFamily",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("family_id", models.PositiveBigIntegerField()),
                ("name", models.CharField(max_length=255, verbose_name="family")),
                ("rank", models.IntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="QuoteLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("line_id", models.PositiveBigIntegerField()),
                ("rank", models.PositiveIntegerField(default=0)),
                ("name", models.CharField(blank=True, max_length=255, verbose_name="product")),
                ("code", models.CharField(blank=True, max_length=255, verbose_name="code")),
                ("quantity", models.DecimalField(decimal_places=4, max_digits=18, verbose_name="quantity")),
                ("total_price", models.DecimalField(decimal_places=2, max_digits=18, verbose_name="total")),
                ("family_key", models.CharField(blank=True, max_length=255)),
            ],
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("query", models.CharField(max_length=2000)),
                (
                    "is_shared",
                    models.BooleanField(default=False, verbose_name="for everybody who sees the report"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Sync",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "problem_code",
                    models.CharField(blank=True, editable=False, max_length=40, verbose_name="problem"),
                ),
                (
                    "problem_detail",
                    models.TextField(blank=True, editable=False, verbose_name="what the other side said"),
                ),
                ("problem_at", models.DateTimeField(editable=False, null=True, verbose_name="problem since")),
                ("worked_at", models.DateTimeField(editable=False, null=True, verbose_name="last worked")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("running", "Running"),
                            ("succeeded", "Succeeded"),
                            ("incomplete", "Incomplete"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("queued_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("alive_at", models.DateTimeField(null=True)),
                ("fence", models.PositiveIntegerField(default=0)),
                ("lease_until", models.DateTimeField(null=True)),
                ("owner", models.CharField(blank=True, max_length=80)),
                ("attempt_count", models.PositiveIntegerField(default=0)),
                (
                    "kind",
                    models.CharField(
                        choices=[("changes", "What changed"), ("full", "All sales")],
                        default="changes",
                        max_length=8,
                    ),
                ),
                (
                    "step",
                    models.CharField(
                        choices=[
                            ("sales", "Sales"),
                            ("comparison", "Comparison of numbers"),
                            ("quotes", "Quotes"),
                            ("catalogue", "Products"),
                        ],
                        default="sales",
                        max_length=10,
                    ),
                ),
                ("since", models.DateField(null=True)),
                ("cursor", models.PositiveBigIntegerField(default=0)),
                ("expected_count", models.PositiveIntegerField(null=True)),
                ("page_count", models.PositiveIntegerField(default=0)),
                ("read_count", models.PositiveIntegerField(default=0)),
                ("without_company_count", models.PositiveIntegerField(default=0)),
                ("new_count", models.PositiveIntegerField(default=0)),
                ("changed_count", models.PositiveIntegerField(default=0)),
                ("removed_count", models.PositiveIntegerField(default=0)),
                ("line_count", models.PositiveIntegerField(default=0)),
                ("acts_as", models.CharField(blank=True, max_length=200)),
            ],
        ),
        migrations.CreateModel(
            name="TextVerdict",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.CharField(max_length=200, unique=True, verbose_name="text")),
                (
                    "verdict",
                    models.CharField(
                        choices=[("ignored", "Ignored"), ("no_product", "No product")], max_length=10
                    ),
                ),
                ("decided_at", models.DateTimeField(auto_now=True)),
            ],
        ),
        migrations.AlterModelOptions(
            name="keywordlist",
            options={"permissions": [("edit_keywords", "May edit keywords")]},
        ),
        migrations.AlterModelOptions(
            name="report",
            options={
                "permissions": [("run_report", "May run reports"), ("define_report", "May define reports")],
                "verbose_name": "report",
                "verbose_name_plural": "reports",
            },
        ),
        migrations.AlterModelOptions(
            name="run",
            options={"permissions": [("download_run", "May download results")]},
        ),
        migrations.AddField(
            model_name="match",
            name="field",
            field=models.CharField(default="heading", max_length=100),
        ),
        migrations.AddField(
            model_name="report",
            name="columns",
            field=models.JSONField(blank=True, default=list, verbose_name="columns"),
        ),
        migrations.AddField(
            model_name="report",
            name="companies",
            field=models.CharField(
                choices=[
                    ("with", "with a company"),
                    ("without", "without a company"),
                    ("any", "with or without a company"),
                ],
                default="with",
                max_length=7,
                verbose_name="companies",
            ),
        ),
        migrations.AddField(
            model_name="report",
            name="description",
            field=models.CharField(blank=True, max_length=300, verbose_name="description"),
        ),
        migrations.AddField(
            model_name="report",
            name="keep_monthly",
            field=models.BooleanField(default=True, verbose_name="keep the last run of each month whole too"),
        ),
        migrations.AddField(
            model_name="report",
            name="keep_runs",
            field=models.PositiveIntegerField(
                default=10,
                help_text="Older runs keep their figures but not their sales.",
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(1000),
                ],
                verbose_name="runs to keep whole",
            ),
        ),
        migrations.AddField(
            model_name="report",
            name="keyword_list",
            field=models.ForeignKey(
                blank=True,
                help_text="Empty: always the current version.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="reports.keywordlist",
                verbose_name="keyword list",
            ),
        ),
        migrations.AddField(
            model_name="report",
            name="ordered_by",
            field=models.CharField(
                choices=[
                    ("number", "number of the sale"),
                    ("sold_on", "sale date"),
                    ("registered_at", "day of registration"),
                    ("changed_at", "last change"),
                ],
                default="number",
                max_length=13,
                verbose_name="newest by",
            ),
        ),
        migrations.AddField(
            model_name="report",
            name="owner",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="owner",
            ),
        ),
        migrations.AddField(
            model_name="report",
            name="owner_ids",
            field=models.JSONField(blank=True, default=list, verbose_name="owners"),
        ),
        migrations.AddField(
            model_name="report",
            name="period",
            field=models.CharField(
                blank=True,
                choices=[
                    ("this_month", "this month"),
                    ("last_month", "last month"),
                    ("this_quarter", "this quarter"),
                    ("last_quarter", "last quarter"),
                    ("this_year", "this year"),
                    ("last_year", "last year"),
                    ("last_30_days", "the last 30 days"),
                    ("last_90_days", "the last 90 days"),
                    ("last_365_days", "the last 365 days"),
                    ("fixed", "from … to …"),
                ],
                max_length=13,
                verbose_name="period",
            ),
        ),
        migrations.AddField(
            model_name="report",
            name="period_from",
            field=models.DateField(blank=True, null=True, verbose_name="from"),
        ),
        migrations.AddField(
            model_name="report",
            name="period_to",
            field=models.DateField(blank=True, null=True, verbose_name="to (inclusive)"),
        ),
        migrations.AddField(
            model_name="report",
            name="scope",
            field=models.CharField(
                choices=[
                    ("newest", "the newest sales"),
                    ("period", "the sales of a period"),
                    ("all", "all sales"),
                ],
                default="newest",
                max_length=7,
                verbose_name="sales",
            ),
        ),
        migrations.AddField(
            model_name="report",
            name="search_columns",
            field=models.JSONField(blank=True, default=list, verbose_name="also search in"),
        ),
        migrations.AddField(
            model_name="report",
            name="shared_with",
            field=models.CharField(
                choices=[
                    ("everyone", "everybody"),
                    ("approvers", "approvers and administrators"),
                    ("owner", "only the owner"),
                ],
                default="everyone",
                max_length=9,
                verbose_name="who may see it",
            ),
        ),
        migrations.AddField(
            model_name="report",
            name="statuses",
            field=models.JSONField(blank=True, default=list, verbose_name="status"),
        ),
        migrations.AddField(
            model_name="report",
            name="use_quotes",
            field=models.BooleanField(default=True, verbose_name="use the lines of quotes"),
        ),
        migrations.AddField(
            model_name="row",
            name="amount",
            field=models.DecimalField(decimal_places=2, default=0, max_digits=18),
        ),
        migrations.AddField(
            model_name="row",
            name="assumed_count",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="row",
            name="company_id",
            field=models.PositiveBigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="row",
            name="company_name",
            field=models.CharField(blank=True, max_length=255),
        ),
        migrations.AddField(
            model_name="row",
            name="currency",
            field=models.CharField(blank=True, max_length=8),
        ),
        migrations.AddField(
            model_name="row",
            name="families",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="row",
            name="heading",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="row",
            name="owner_name",
            field=models.CharField(blank=True, max_length=255),
        ),
        migrations.AddField(
            model_name="row",
            name="person_name",
            field=models.CharField(blank=True, max_length=255),
        ),
        migrations.AddField(
            model_name="row",
            name="sold_on",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="row",
            name="source",
            field=models.CharField(
                blank=True,
                choices=[
                    ("heading", "Heading"),
                    ("quote", "Quote"),
                    ("both", "Heading and quote agree"),
                    ("contradiction", "Heading and quote differ"),
                    ("text", "Another text of the sale"),
                ],
                max_length=13,
            ),
        ),
        migrations.AddField(
            model_name="row",
            name="status",
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AddField(
            model_name="run",
            name="acts_as",
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name="run",
            name="checksum",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name="run",
            name="cursor",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="run",
            name="data_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="run",
            name="definition",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="run",
            name="expected_count",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="run",
            name="figures",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="run",
            name="revision",
            field=models.PositiveBigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="run",
            name="rows_removed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="sale",
            name="description",
            field=models.TextField(blank=True, verbose_name="description"),
        ),
        migrations.AddField(
            model_name="sale",
            name="has_quote",
            field=models.BooleanField(default=False, verbose_name="has a quote"),
        ),
        migrations.AddField(
            model_name="sale",
            name="number",
            field=models.CharField(blank=True, max_length=100, verbose_name="sale number"),
        ),
        migrations.AddField(
            model_name="sale",
            name="probability",
            field=models.PositiveSmallIntegerField(null=True, verbose_name="probability"),
        ),
        migrations.AddField(
            model_name="sale",
            name="registered_at",
            field=models.DateTimeField(null=True, verbose_name="registered"),
        ),
        migrations.AddField(
            model_name="sale",
            name="removed_at",
            field=models.DateTimeField(null=True, verbose_name="gone since"),
        ),
        migrations.AddField(
            model_name="sale",
            name="sale_type",
            field=models.CharField(blank=True, max_length=255, verbose_name="sale type"),
        ),
        migrations.AddField(
            model_name="sale",
            name="stage_name",
            field=models.CharField(blank=True, max_length=255, verbose_name="stage in SuperOffice"),
        ),
        migrations.AddField(
            model_name="sale",
            name="texts",
            field=models.JSONField(default=dict),
        ),
        migrations.AlterField(
            model_name="match",
            name="family",
            field=models.CharField(blank=True, max_length=255),
        ),
        migrations.AlterField(
            model_name="match",
            name="keyword_number",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AlterField(
            model_name="match",
            name="product",
            field=models.CharField(max_length=255),
        ),
        migrations.AlterField(
            model_name="match",
            name="quantity",
            field=models.DecimalField(decimal_places=4, max_digits=18),
        ),
        migrations.AlterField(
            model_name="report",
            name="limit",
            field=models.PositiveIntegerField(
                default=1000,
                help_text="So many of the newest sales that fit the other choices.",
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(1000000),
                ],
                verbose_name="newest sales",
            ),
        ),
        migrations.AlterField(
            model_name="row",
            name="stage",
            field=models.CharField(
                choices=[
                    ("no_company", "No company"),
                    ("company_unreadable", "Company not readable"),
                    ("empty_heading", "Empty heading"),
                    ("excluded", "Excluded by a keyword"),
                    ("negated", "Only negated or hidden"),
                    ("unmatched", "No product found"),
                    ("matched", "Product found"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="run",
            name="queued_at",
            field=models.DateTimeField(default=django.utils.timezone.now, editable=False),
        ),
        migrations.AlterField(
            model_name="run",
            name="started_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="sale",
            name="changed_at",
            field=models.DateTimeField(null=True, verbose_name="changed in SuperOffice"),
        ),
        migrations.AlterField(
            model_name="sale",
            name="read_at",
            field=models.DateTimeField(verbose_name="read"),
        ),
        migrations.AddIndex(
            model_name="sale",
            index=models.Index(fields=["connection", "-sold_on", "-sale_id"], name="sale_by_day"),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.CheckConstraint(
                condition=models.Q(("scope__in", ["newest", "period", "all"])), name="report_scope_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("scope", "period"), _negated=True),
                    models.Q(("period", ""), _negated=True),
                    _connector="OR",
                ),
                name="report_of_a_period_names_it",
            ),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.CheckConstraint(
                condition=models.Q(("limit__gte", 1)), name="report_looks_at_something"
            ),
        ),
        migrations.AddField(
            model_name="download",
            name="run",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="downloads",
                to="reports.run",
            ),
        ),
        migrations.AddField(
            model_name="download",
            name="started_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="jobschedule",
            name="created_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="jobschedule",
            name="recipients",
            field=models.ManyToManyField(
                blank=True, related_name="+", to=settings.AUTH_USER_MODEL, verbose_name="recipients"
            ),
        ),
        migrations.AddField(
            model_name="jobschedule",
            name="report",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="schedules",
                to="reports.report",
                verbose_name="report",
            ),
        ),
        migrations.AddField(
            model_name="label",
            name="labelled_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="label",
            name="sale",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="labels", to="reports.sale"
            ),
        ),
        migrations.AddField(
            model_name="localcopy",
            name="connection",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="local_copy",
                to="connector.connection",
            ),
        ),
        migrations.AddField(
            model_name="occurrence",
            name="run",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="occurrences",
                to="reports.run",
            ),
        ),
        migrations.AddField(
            model_name="occurrence",
            name="schedule",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="occurrences",
                to="reports.jobschedule",
            ),
        ),
        migrations.AddField(
            model_name="product",
            name="connection",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="connector.connection"),
        ),
        migrations.AddField(
            model_name="productfamily",
            name="connection",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="connector.connection"),
        ),
        migrations.AddField(
            model_name="quoteline",
            name="sale",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="quote_lines", to="reports.sale"
            ),
        ),
        migrations.AddField(
            model_name="savedview",
            name="owner",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="savedview",
            name="report",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="views", to="reports.report"
            ),
        ),
        migrations.AddField(
            model_name="sync",
            name="connection",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="syncs", to="connector.connection"
            ),
        ),
        migrations.AddField(
            model_name="sync",
            name="started_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="occurrence",
            name="sync",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="occurrences",
                to="reports.sync",
            ),
        ),
        migrations.AddField(
            model_name="run",
            name="sync",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="reports.sync"
            ),
        ),
        migrations.AddField(
            model_name="textverdict",
            name="decided_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddConstraint(
            model_name="download",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["queued", "running", "succeeded", "incomplete", "failed", "cancelled"])
                ),
                name="download_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="download",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status__in", ["succeeded", "incomplete", "failed"]), _negated=True),
                    ("finished_at__isnull", False),
                    _connector="OR",
                ),
                name="finished_download_has_its_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="download",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_prepared", True), ("status__in", ["queued", "running"])),
                fields=("run", "started_by", "query", "language"),
                name="one_unfinished_file_of_a_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="jobschedule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("job", "run_report"), _negated=True), ("report__isnull", False), _connector="OR"
                ),
                name="scheduled_run_has_its_report",
            ),
        ),
        migrations.AddConstraint(
            model_name="jobschedule",
            constraint=models.CheckConstraint(
                condition=models.Q(("rhythm", "cron"), ("at__isnull", False), _connector="OR"),
                name="rhythm_has_its_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="label",
            constraint=models.UniqueConstraint(fields=("sale",), name="one_label_per_sale"),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.UniqueConstraint(
                fields=("connection", "product_id"), name="one_copy_per_product"
            ),
        ),
        migrations.AddConstraint(
            model_name="productfamily",
            constraint=models.UniqueConstraint(
                fields=("connection", "family_id"), name="one_copy_per_family"
            ),
        ),
        migrations.AddConstraint(
            model_name="quoteline",
            constraint=models.UniqueConstraint(fields=("sale", "line_id"), name="quote_line_once_a_sale"),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.UniqueConstraint(
                fields=("report", "owner", "name"), name="view_name_once_a_report"
            ),
        ),
        migrations.AddConstraint(
            model_name="sync",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["queued", "running", "succeeded", "incomplete", "failed", "cancelled"])
                ),
                name="sync_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="sync",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status__in", ["succeeded", "incomplete", "failed"]), _negated=True),
                    ("finished_at__isnull", False),
                    _connector="OR",
                ),
                name="finished_sync_has_its_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="sync",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ["queued", "running"])),
                fields=("connection",),
                name="one_unfinished_sync_per_tenant",
            ),
        ),
        migrations.AddIndex(
            model_name="occurrence",
            index=models.Index(fields=["-planned_at"], name="occurrence_newest"),
        ),
        migrations.AddConstraint(
            model_name="occurrence",
            constraint=models.UniqueConstraint(
                fields=("schedule", "planned_at"), name="each_planned_moment_once"
            ),
        ),
    ]
