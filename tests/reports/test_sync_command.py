"""`sync_sales`: the same reading in the foreground, with its progress and its exit codes."""

import io
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from django_q.models import OrmQ

from connector.demo.tenant import DemoTenant
from connector.models import Connection
from reports import claims
from reports.local_copy import sync
from reports.management.commands import sync_sales
from reports.management.commands.sync_sales import counted
from reports.models import Sale, Sync


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.local_copy.reading.PAGE_SIZE", 100)


@pytest.fixture(autouse=True)
def _sales_as_before(demo_tenant: DemoTenant) -> Iterator[None]:
    with demo_tenant.sales_restored_afterwards():
        yield


def run(*arguments: str) -> str:
    stdout = io.StringIO()
    call_command("sync_sales", *arguments, stdout=stdout)
    return stdout.getvalue()


def exit_code(*arguments: str) -> tuple[int, str]:
    with pytest.raises(CommandError) as caught:
        run(*arguments)
    return caught.value.returncode, str(caught.value)


def test_it_reads_everything_and_says_what_came(
    demo_tenant: DemoTenant, connection: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    count = len(demo_tenant.story.sales)
    words = run()
    assert f"Succeeded: {count} sales read" in words
    assert f"{count} new, 0 changed, 0 gone" in words
    assert f"The copy has {count} sales" in words
    assert Sale.objects.count() == count
    assert OrmQ.objects.count() == 0  # nobody else is woken for it
    progress = capsys.readouterr().err
    assert "Sales: " in progress
    assert "\r" not in progress  # no terminal: plain lines


def test_then_only_changes_and_with_full_everything(demo_tenant: DemoTenant, connection: Connection) -> None:
    run()
    demo_tenant.remove_sale(min(demo_tenant.story.sales))
    assert "0 gone" in run()
    assert "1 gone" in run("--full")
    kinds = Sync.objects.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["full", "changes", "full"]


def test_a_gap_is_exit_code_1_with_its_sentence(demo_tenant: DemoTenant, connection: Connection) -> None:
    demo_tenant.faults.answer_html("/Sale", after=2)
    code, words = exit_code()
    assert (code, Sync.objects.get().status) == (1, Sync.Status.INCOMPLETE)
    assert "no JSON of the expected shape" in words


def test_many_removals_need_a_word_of_their_own(demo_tenant: DemoTenant, connection: Connection) -> None:
    run()
    demo_tenant.faults.visible_sales = 100
    code, words = exit_code("--full")
    assert code == 1
    assert "--accept-removals" in words
    assert "The copy has 100 sales" in run("--full", "--accept-removals")


@pytest.mark.django_db
def test_without_a_tenant_it_cannot_start() -> None:
    code, words = exit_code()
    assert code == 2
    assert "SO_" in words


def test_without_a_sign_in_it_cannot_start(connection: Connection) -> None:
    Connection.objects.update(refresh_token="")
    code, words = exit_code()
    assert (code, Sync.objects.count()) == (2, 0)
    assert "Sign in with SuperOffice" in words


def test_ctrl_c_leaves_a_reading_that_goes_on(
    demo_tenant: DemoTenant, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    show = sync_sales._Bar.show

    def interrupt(self: Any, one: Sync, /) -> None:
        show(self, one)
        raise KeyboardInterrupt

    monkeypatch.setattr(sync_sales._Bar, "show", interrupt)
    code, words = exit_code()
    assert code == 130
    assert "Stopped after 100 sales" in words
    assert Sync.objects.get().status == Sync.Status.CANCELLED
    monkeypatch.setattr(sync_sales._Bar, "show", show)
    assert f"Succeeded: {len(demo_tenant.story.sales)} sales read" in run()


def test_it_looks_on_while_another_process_reads(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started = sync.start_sync(connection, Sync.Kind.FULL)
    other = claims.claim(Sync, started.pk, timezone.now())
    assert other is not None
    looks = []

    def finish_at_the_second(_seconds: float) -> None:
        looks.append(1)
        if len(looks) == 2:
            claims.finish(other, Sync.Status.SUCCEEDED)

    monkeypatch.setattr(sync_sales.time, "sleep", finish_at_the_second)
    assert "Succeeded" in run("--full")
    assert (len(looks), Sync.objects.count()) == (2, 1)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_one_line_is_drawn_again_and_again(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    run()
    drawn = terminal.getvalue().split("\r")
    assert len(drawn) > 5
    assert all("\n" not in line for line in drawn[:-1])
    assert terminal.getvalue().endswith("\n")
    shares = [line for line in drawn if "%]" in line or "%" in line]
    assert any("100 sales read" in line for line in drawn)
    assert any("a second" in line for line in drawn)
    assert shares
    assert any(line.startswith("[####") for line in shares)


@pytest.mark.once
@pytest.mark.parametrize(("count", "words"), [(0, "0 sales"), (1, "1 sale"), (1200, "1,200 sales")])
def test_counts_agree_with_their_noun(count: int, words: str) -> None:
    assert counted(count, "sale") == words
