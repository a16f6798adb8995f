"""One message over one connection: the outcome for every way in which a server can answer, or not answer."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from connector.smtp import submission
from connector.smtp.errors import TimedOutError
from connector.smtp.sessions import Account, Session, open_session
from connector.smtp.submission import Outcome
from tests.connector.smtp.conftest import BIG, RAW, MakeAccount
from tests.connector.smtp.scripted_server import (
    Action,
    Dialogue,
    Script,
    ScriptedServer,
    dribble,
    hang_up,
    late,
    reset,
    silence,
    then_hang_up,
)

FROM = "j.weiss@maker.example"
TO = "k.kranz@kranz.example"
SECOND = "m.zweite@kranz.example"


class Callback:
    """`before_dot` that counts its calls and gives a fixed answer."""

    def __init__(self, answer: bool = True) -> None:
        self.answer = answer
        self.calls = 0

    def __call__(self) -> bool:
        self.calls += 1
        return self.answer


@contextmanager
def opened(account: Account) -> Iterator[Session]:
    with open_session(account) as session:
        yield session


def send(session: Session, **changes: Any) -> Outcome:
    values: dict[str, Any] = {
        "envelope_from": FROM,
        "recipients": [TO],
        "raw": RAW,
        "before_dot": lambda: True,
        "answer_timeout": 5,
    }
    return session.submit(**(values | changes))


@pytest.mark.parametrize(
    "raw", [RAW, BIG, b"\r\n", b".\r\n", b"..\r\n.\r\n"], ids=["ugly", "big", "empty", "dot", "dots"]
)
def test_accepted_bytes_are_exactly_the_given_ones(account: MakeAccount, raw: bytes) -> None:
    callback = Callback()
    with ScriptedServer() as server:
        with opened(account(server.port)) as session:
            outcome = send(session, raw=raw, before_dot=callback)
        server.wait()
    assert (outcome.kind, outcome.stage, outcome.code, outcome.text) == (
        "accepted",
        "dot",
        250,
        "2.0.0 queued",
    )
    assert server.accepted == [raw]
    assert callback.calls == 1


def test_the_dot_is_sent_only_after_the_callback_returned(account: MakeAccount) -> None:
    with ScriptedServer() as server, opened(account(server.port)) as session:

        def before_dot() -> bool:
            time.sleep(0.2)
            assert server.received == []
            return True

        assert send(session, before_dot=before_dot).kind == "accepted"


# What the script does, then: kind, stage and code that must come out, and whether the server took the mail.
FAULTS: dict[str, tuple[Script, str, str, int, bool]] = {
    "hangs up at MAIL": ({"mail": hang_up}, "deferred", "mail", 0, False),
    "hangs up at RCPT": ({"rcpt": hang_up}, "deferred", "rcpt", 0, False),
    "hangs up at DATA": ({"data": hang_up}, "deferred", "data", 0, False),
    "hangs up after the dot": ({"dot": hang_up}, "unknown", "dot", 0, True),
    "resets after the dot": ({"dot": reset}, "unknown", "dot", 0, True),
    "is silent after MAIL": ({"mail": silence}, "deferred", "mail", 0, False),
    "is silent after RCPT": ({"rcpt": silence}, "deferred", "rcpt", 0, False),
    "is silent after DATA": ({"data": silence}, "deferred", "data", 0, False),
    "is silent after the dot": ({"dot": silence}, "unknown", "dot", 0, True),
    "answers the dot too late": ({"dot": late(1.2, "250 ok")}, "unknown", "dot", 0, True),
    "421 at MAIL": ({"mail": then_hang_up("421 4.7.0 too many messages")}, "deferred", "mail", 421, False),
    "421 at RCPT": ({"rcpt": then_hang_up("421 4.3.2 closing")}, "deferred", "rcpt", 421, False),
    "421 at DATA": ({"data": then_hang_up("421 4.3.2 closing")}, "deferred", "data", 421, False),
    "421 at the dot": ({"dot": "421 4.3.2 closing"}, "deferred", "dot", 421, False),
    "4xx at MAIL": ({"mail": "451 4.3.0 later"}, "deferred", "mail", 451, False),
    "4xx at RCPT": ({"rcpt": "451 4.7.1 greylisted"}, "deferred", "rcpt", 451, False),
    "4xx at DATA": ({"data": "451 4.3.0 later"}, "deferred", "data", 451, False),
    "4xx at the dot": ({"dot": "451 4.3.0 later"}, "deferred", "dot", 451, False),
    "5xx at MAIL": ({"mail": "550 5.7.60 not as this sender"}, "rejected", "mail", 550, False),
    "5xx at RCPT": ({"rcpt": "550 5.1.1 no such user"}, "rejected", "rcpt", 550, False),
    "5xx at DATA": ({"data": "554 5.5.1 no valid recipients"}, "rejected", "data", 554, False),
    "5xx at the dot": ({"dot": "554 5.2.252 SendAsDenied; a as b"}, "rejected", "dot", 554, False),
    "a daily limit at the dot": (
        {"dot": "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException"},
        "deferred",
        "dot",
        554,
        False,
    ),
    "250 instead of 354 at DATA": ({"data": "250 ok"}, "deferred", "data", 250, False),
    "354 instead of 250 at MAIL": ({"mail": "354 ok"}, "deferred", "mail", 354, False),
    "garbage at MAIL": ({"mail": b"HTTP/1.1 400 Bad Request\r\n"}, "deferred", "mail", 0, False),
    "garbage at the dot": ({"dot": b"segmentation fault\r\n"}, "unknown", "dot", 0, True),
    "a number without a sense at the dot": ({"dot": "354 go on"}, "unknown", "dot", 354, True),
    "two codes in one reply at the dot": ({"dot": b"250-ok\r\n550 no\r\n"}, "unknown", "dot", 0, True),
    "endless reply lines at the dot": ({"dot": b"250-more\r\n" * 300}, "unknown", "dot", 0, True),
    "a reply line without an end at the dot": ({"dot": b"250 " + b"x" * 9000}, "unknown", "dot", 0, True),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_has_the_required_outcome(account: MakeAccount, fault: str) -> None:
    script, kind, stage, code, taken = FAULTS[fault]
    callback = Callback()
    with ScriptedServer(script) as server:
        with opened(account(server.port, timeout=0.5)) as session:
            outcome = send(session, before_dot=callback, answer_timeout=0.5)
        server.wait()
    assert (outcome.kind, outcome.stage, outcome.code) == (kind, stage, code)
    assert server.accepted == ([RAW] if taken else [])
    assert callback.calls == (1 if stage == "dot" else 0)
    assert outcome.text, "a person has to be told something"


@pytest.mark.parametrize("loss", [hang_up, reset])
def test_a_connection_lost_in_the_body_was_no_delivery(account: MakeAccount, loss: Action) -> None:
    with ScriptedServer({"body": loss}) as server:

        def before_dot() -> bool:
            server.wait()  # a body that fits into the network's buffers is "sent" before the loss shows
            return True

        with opened(account(server.port)) as session:
            outcome = send(session, raw=BIG, before_dot=before_dot)
    assert (outcome.kind, outcome.code) == ("deferred", 0)
    assert outcome.stage in {"body", "dot"}
    assert server.received == []


@pytest.mark.parametrize(
    "ending", [b"25", b"250", b"250 2.0.0 que", b"250-first\r\n", b"250-first\r\n250 sec"]
)
def test_an_answer_that_is_cut_off_is_no_answer(account: MakeAccount, ending: bytes) -> None:
    def half(dialogue: Any) -> None:
        dialogue.sock.sendall(ending)
        hang_up(dialogue)

    with ScriptedServer({"dot": half}) as server, opened(account(server.port)) as session:
        outcome = send(session)
    assert (outcome.kind, outcome.stage, outcome.code) == ("unknown", "dot", 0)
    assert outcome.text


def test_the_beginning_of_a_lost_answer_is_kept_for_the_person_who_decides(account: MakeAccount) -> None:
    def half(dialogue: Any) -> None:
        dialogue.sock.sendall(b"250 2.0.0 queued as 4F")
        hang_up(dialogue)

    with ScriptedServer({"dot": half}) as server, opened(account(server.port)) as session:
        assert send(session).text == "250 2.0.0 queued as 4F"


def test_dribbling_multi_line_replies_are_read_whole(account: MakeAccount) -> None:
    script: Script = {
        "mail": dribble(b"250-first\r\n250-second\r\n250 third\r\n"),
        "dot": dribble("250-2.0.0 schön\r\n250 2.0.0 fertig\r\n".encode()),
    }
    with ScriptedServer(script) as server, opened(account(server.port)) as session:
        outcome = send(session)
    assert (outcome.kind, outcome.text) == ("accepted", "2.0.0 schön\n2.0.0 fertig")


def test_the_wait_for_the_answer_is_bounded_as_a_whole(account: MakeAccount) -> None:
    endless: Action = dribble(b"250-never ending\r\n" * 20, pause=0.05)
    with ScriptedServer({"dot": endless}) as server:
        with opened(account(server.port)) as session:
            started = time.monotonic()
            outcome = send(session, answer_timeout=0.6)
            elapsed = time.monotonic() - started
        assert outcome.kind == "unknown"
        assert elapsed < 2


def test_the_answer_may_take_longer_than_a_command(account: MakeAccount) -> None:
    with (
        ScriptedServer({"dot": late(0.6, "250 ok")}) as server,
        opened(account(server.port, timeout=0.3)) as session,
    ):
        assert send(session, answer_timeout=5).kind == "accepted"


@pytest.mark.parametrize(
    "early",
    ["552 5.3.4 too big", then_hang_up("552 5.3.4 too big")],
    ids=["goes on reading", "hangs up at once"],
)
def test_a_refusal_during_a_large_body_is_not_lost(account: MakeAccount, early: Action) -> None:
    callback = Callback()
    with ScriptedServer({"body": early}) as server:
        with opened(account(server.port)) as session:
            outcome = send(session, raw=BIG, before_dot=callback)
            assert not session.is_usable
        server.wait()
    assert (outcome.kind, outcome.stage, outcome.code, outcome.text) == (
        "rejected",
        "body",
        552,
        "5.3.4 too big",
    )
    assert outcome.classification == "content"
    assert callback.calls == 0
    assert server.accepted == []


def test_an_acceptance_before_the_dot_is_not_believed(account: MakeAccount) -> None:
    with ScriptedServer({"body": "250 2.0.0 already happy"}) as server:
        with opened(account(server.port)) as session:
            outcome = send(session, raw=BIG)
        server.wait()
    assert (outcome.kind, outcome.stage) == ("deferred", "body")
    assert server.accepted == []


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (hang_up, 0),
        (reset, 0),
        (then_hang_up("421 4.4.2 idle"), 421),
        ("250 2.0.0 early", 250),
        ("550 5.7.0 no", 550),
    ],
)
def test_what_happens_while_the_callback_works_is_seen_before_the_dot(
    account: MakeAccount, event: Action, code: int
) -> None:
    go = threading.Event()

    def wait_then_act(dialogue: Dialogue) -> None:
        go.wait(5)
        dialogue.say(event) if isinstance(event, str) else event(dialogue)  # type: ignore[operator]

    def before_dot() -> bool:
        go.set()
        time.sleep(0.2)
        return True

    with ScriptedServer({"body": wait_then_act}) as server:
        with opened(account(server.port)) as session:
            outcome = send(session, raw=RAW * 2, before_dot=before_dot)
            assert not session.is_usable
        server.wait()
    assert (outcome.kind, outcome.stage, outcome.code) == (
        "rejected" if code == 550 else "deferred",
        "dot",
        code,
    )
    assert server.received == []


def test_a_dot_that_the_system_refuses_leaves_no_doubt(account: MakeAccount) -> None:
    with ScriptedServer() as server:
        with opened(account(server.port)) as session:

            def before_dot() -> bool:
                session._channel._open_socket().shutdown(socket.SHUT_WR)
                return True

            outcome = send(session, before_dot=before_dot)
        server.wait()
    assert (outcome.kind, outcome.stage) == ("deferred", "dot")
    assert server.received == []


def test_a_callback_that_says_no_withdraws_the_message(account: MakeAccount) -> None:
    with ScriptedServer() as server:
        with opened(account(server.port)) as session:
            outcome = send(session, before_dot=Callback(False))
            assert not session.is_usable
        server.wait()
    assert outcome == Outcome("withdrawn", "before_dot")
    assert server.received == []
    assert server.unfinished == [RAW]


@pytest.mark.parametrize(
    "error", [RuntimeError("database gone"), KeyboardInterrupt(), TimedOutError("from inside")]
)
def test_an_error_in_the_callback_comes_through_and_no_dot_is_sent(
    account: MakeAccount, error: BaseException
) -> None:
    def before_dot() -> bool:
        raise error

    with ScriptedServer() as server:
        with opened(account(server.port)) as session:
            with pytest.raises(type(error)) as caught:
                send(session, before_dot=before_dot)
            assert not session.is_usable
        server.wait()
    assert caught.value is error
    assert server.received == []


def test_a_long_pause_after_the_callback_withdraws_the_message(
    account: MakeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([100.0, 102.1])
    monkeypatch.setattr(submission, "_now", lambda: next(clock))
    with ScriptedServer() as server:
        with opened(account(server.port)) as session:
            outcome = send(session)
        server.wait()
    assert outcome == Outcome("withdrawn", "dot")
    assert server.received == []


def test_the_clock_for_the_pause_counts_suspended_time() -> None:
    assert submission._now() == pytest.approx(time.clock_gettime(time.CLOCK_BOOTTIME), abs=1)


def test_one_refused_recipient_of_two_means_that_nobody_gets_it(account: MakeAccount) -> None:
    with ScriptedServer({"rcpt": ["250 ok", "550 5.1.1 unknown", "250 ok"]}) as server:
        with opened(account(server.port)) as session:
            refused = send(session, recipients=[TO, SECOND])
            assert session.is_usable
            again = send(session, recipients=[TO])
        server.wait()
    assert (refused.kind, refused.stage, refused.classification) == ("rejected", "rcpt", "address")
    assert refused.refused == (SECOND,)
    assert again.kind == "accepted"
    assert server.accepted == [RAW]
    assert [command.split()[0] for command in server.commands].count("RSET") == 1


@pytest.mark.parametrize(
    "replies", [["451 4.7.1 later", "550 5.1.1 unknown"], ["550 5.1.1 unknown", "451 4.7.1 later"]]
)
def test_the_gravest_of_two_refusals_decides(account: MakeAccount, replies: list[Action]) -> None:
    with ScriptedServer({"rcpt": replies}) as server, opened(account(server.port)) as session:
        outcome = send(session, recipients=[TO, SECOND])
    assert (outcome.kind, outcome.code) == ("rejected", 550)
    assert outcome.refused == (TO, SECOND)


def test_a_connection_that_cannot_be_reset_is_given_up(account: MakeAccount) -> None:
    script: Script = {"rcpt": "550 5.1.1 unknown", "rset": "451 4.3.0 confused"}
    with ScriptedServer(script) as server, opened(account(server.port)) as session:
        assert send(session).kind == "rejected"
        assert not session.is_usable


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data", "dot"])
def test_a_connection_is_given_up_when_the_server_announces_its_end(account: MakeAccount, stage: str) -> None:
    with ScriptedServer({stage: "421 4.3.2 closing soon"}) as server, opened(account(server.port)) as session:
        assert send(session).kind == "deferred"
        assert not session.is_usable


def test_a_refused_sender_reported_after_rcpt_is_no_dead_address(account: MakeAccount) -> None:
    reply = f"553 5.7.1 <{TO}>: Sender address rejected: not owned by user svc"
    with ScriptedServer({"rcpt": reply}) as server, opened(account(server.port)) as session:
        assert send(session).classification == "configuration"


def test_the_message_id_that_the_server_assigns_is_reported(account: MakeAccount) -> None:
    reply = "250 2.0.0 OK <new@eurprd04.prod.example> [Hostname=X]"
    with ScriptedServer({"dot": reply}) as server, opened(account(server.port)) as session:
        outcome = send(session)
    assert (outcome.kind, outcome.wire_message_id) == ("accepted", "<new@eurprd04.prod.example>")


@pytest.mark.parametrize(
    "said", ["<own-id@maker.example>", f"from <{FROM}> to <{TO}>", "Ok: queued as 4F2", "<no-at-sign>"]
)
def test_what_is_not_a_new_message_id_is_not_reported(account: MakeAccount, said: str) -> None:
    with ScriptedServer({"dot": f"250 2.0.0 {said}"}) as server, opened(account(server.port)) as session:
        assert send(session).wire_message_id == ""


@pytest.mark.parametrize(
    ("features", "raw", "expected"),
    [
        (("SIZE 100000", "8BITMIME"), RAW, f"MAIL FROM:<{FROM}> SIZE={len(RAW)}"),
        ((), RAW, f"MAIL FROM:<{FROM}>"),
        (("8BITMIME",), "Grüße\r\n".encode(), f"MAIL FROM:<{FROM}> BODY=8BITMIME"),
    ],
)
def test_mail_declares_what_the_server_offers(
    account: MakeAccount, features: tuple[str, ...], raw: bytes, expected: str
) -> None:
    with ScriptedServer(features=features) as server:
        with opened(account(server.port)) as session:
            send(session, raw=raw)
        server.wait()
    assert expected in server.commands


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no end",
        b"ends with LF\n",
        b"bare\nLF\r\n",
        b"bare\rCR\r\n",
        b"x" * 999 + b"\r\n",
        b"doubled\r\r\n",
    ],
)
def test_bytes_that_smtp_cannot_carry_are_refused_before_anything_is_sent(
    account: MakeAccount, raw: bytes
) -> None:
    with ScriptedServer() as server:
        with opened(account(server.port)) as session:
            with pytest.raises(ValueError, match="message"):
                send(session, raw=raw)
            assert session.is_usable
        server.wait()
    assert server.commands == ["ehlo desk.maker.example", "QUIT"]


@pytest.mark.parametrize(
    "changes",
    [
        {"recipients": []},
        {"recipients": TO},
        {"recipients": [TO, "jörg@kranz.example"]},
        {"recipients": ["j@straße.example"]},
        {"recipients": ["a@b.example> SIZE=1"]},
        {"recipients": ["a@b.example\r\nDATA"]},
        {"recipients": ["a@b.example, c@d.example"]},
        {"recipients": ["nobody"]},
        {"envelope_from": ""},
        {"envelope_from": "jörg@maker.example"},
    ],
)
def test_addresses_that_smtp_cannot_carry_are_refused_before_mail(
    account: MakeAccount, changes: dict[str, Any]
) -> None:
    with ScriptedServer() as server:
        with opened(account(server.port)) as session:
            with pytest.raises(ValueError, match=r"recipient|address"):
                send(session, **changes)
            assert send(session).kind == "accepted"
        server.wait()
    assert [command.split()[0] for command in server.commands].count("MAIL") == 1


def test_a_second_message_on_the_same_connection_is_cleanly_turned_away(account: MakeAccount) -> None:
    limit: list[Action] = ["250 ok", then_hang_up("421 4.7.0 too many messages in this connection")]
    with ScriptedServer({"mail": limit}) as server, opened(account(server.port)) as session:
        assert send(session).kind == "accepted"
        outcome = send(session)
        assert (outcome.kind, outcome.stage, outcome.classification) == ("deferred", "mail", "throttled")
        assert not session.is_usable
        after = send(session)
    assert (after.kind, after.stage) == ("deferred", "mail")
