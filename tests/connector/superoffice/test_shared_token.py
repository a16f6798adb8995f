"""One access token for everybody: renewed ahead of its end by one, waited for by the others once it is over."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.superoffice import errors
from connector.superoffice.auth import LEASE, PATIENCE, AccessToken, Auth, MemoryTokenStore
from connector.superoffice.transport import Transport
from tests.connector.superoffice.conftest import MakeClient, MakeTransport, Time, credentials_for
from tests.connector.superoffice.rows import person_entity
from tests.connector.superoffice.server import (
    Handler,
    Reply,
    ScriptedTenant,
    answer,
    public_key,
    signing_key,
)

pytestmark = pytest.mark.once

PERSON = "Person/63"
TOKENS = "/login/common/oauth/tokens"
KEYS = "/login/.well-known/jwks"
GOOD = answer(person_entity(63))
REVOKED = answer({"error": "invalid_grant", "error_description": "revoked"}, 400)
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def in_minutes(minutes: float) -> datetime:
    return datetime.now(UTC) + timedelta(minutes=minutes)


def together(work: Callable[[], Any], count: int = 20) -> list[Any]:
    """What `count` threads that start at once got: a result or an error each."""
    start, results = threading.Barrier(count), []

    def run() -> None:
        start.wait()
        try:
            results.append(work())
        except errors.SuperOfficeError as error:
            results.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


class WatchedStore(MemoryTokenStore):
    """Counts whose claims were refused, so that a test knows how many are waiting."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._waiting: set[int] = set()
        self._changed = threading.Condition()

    def claim(self, seconds: float) -> bool:
        is_ours = super().claim(seconds)
        if not is_ours:
            with self._changed:
                self._waiting.add(threading.get_ident())
                self._changed.notify_all()
        return is_ours

    def once_waiting(self, count: int, reply: Reply) -> Reply:
        """This reply, but only when so many have been told that somebody else is at it."""

        def wait(handler: Handler) -> None:
            with self._changed:
                assert self._changed.wait_for(lambda: len(self._waiting) >= count, timeout=10)
            reply(handler)

        return wait


def tokens(tenant: ScriptedTenant) -> Reply:
    """The scripted tenant's own good answer, made when it is asked for."""

    def reply(handler: Handler) -> None:
        answer(tenant.token_answer())(handler)

    return reply


class Moving:
    """A clock for store and Auth alike, which only sleeping moves."""

    def __init__(self, time: Time, start: datetime = EPOCH) -> None:
        self._time, self._start = time, start - timedelta(seconds=time.now)

    def __call__(self) -> datetime:
        return self._start + timedelta(seconds=self._time.now)


@pytest.fixture
def make_auth(
    tenant: ScriptedTenant, make_transport: MakeTransport, time: Time
) -> Callable[[MemoryTokenStore, Moving], Auth]:
    def make(store: MemoryTokenStore, now: Moving) -> Auth:
        transport: Transport = make_transport()
        return Auth(
            credentials_for(tenant.url), transport, store, now=now, clock=time.clock, sleep=time.sleep
        )

    return make


MakeAuth = Callable[[MemoryTokenStore, Moving], Auth]


# --- After its end ------------------------------------------------------------------------------------


def test_twenty_threads_that_find_an_expired_token_make_one_refresh(
    tenant: ScriptedTenant, make_client: MakeClient
) -> None:
    store = WatchedStore()
    store.save(AccessToken("8A:over", in_minutes(-1)))
    clients = [make_client(token_store=store) for _ in range(4)]
    tenant.script("GET", PERSON, GOOD)
    tenant.script("POST", TOKENS, store.once_waiting(19, tokens(tenant)))
    turn = iter(range(20))
    results = together(lambda: clients[next(turn) % 4].person(63).id)
    assert results == [63] * 20
    assert len(tenant.calls(TOKENS)) == 1
    assert {seen.headers["Authorization"] for seen in tenant.calls(PERSON)} == {"Bearer 8A:Cust12345.token1"}


def test_twenty_threads_that_are_refused_together_make_one_refresh(
    tenant: ScriptedTenant, make_client: MakeClient
) -> None:
    store = MemoryTokenStore()
    store.save(AccessToken("8A:refused", in_minutes(30)))

    def by_token(handler: Handler) -> None:
        is_old = handler.headers["Authorization"] == "Bearer 8A:refused"
        (answer(b"", 401) if is_old else GOOD)(handler)

    tenant.script("GET", PERSON, by_token)
    client = make_client(token_store=store)
    assert together(lambda: client.person(63).id) == [63] * 20
    assert len(tenant.calls(TOKENS)) == 1


def test_a_failure_is_shared_with_those_who_waited_and_the_next_one_tries_again(
    tenant: ScriptedTenant, make_client: MakeClient
) -> None:
    store = WatchedStore()
    client = make_client(token_store=store)
    tenant.script("GET", PERSON, GOOD)
    tenant.script("POST", TOKENS, store.once_waiting(19, REVOKED), tokens(tenant))
    results = together(lambda: client.person(63))
    assert {type(one) for one in results} == {errors.NeedsConsent}
    assert {one.path for one in results} == {TOKENS}
    assert len(tenant.calls(TOKENS)) == 1, "one question, although twenty were waiting"

    assert client.person(63).id == 63
    assert len(tenant.calls(TOKENS)) == 2


def test_a_renewal_that_broke_off_lets_the_next_one_begin_at_once(
    tenant: ScriptedTenant, make_client: MakeClient, time: Time
) -> None:
    def full(token: str) -> None:
        raise RuntimeError("the disk is full")

    store = MemoryTokenStore()
    tenant.script("GET", PERSON, GOOD)
    tenant.settings.token_extra = {"refresh_token": "a-new-one"}
    with pytest.raises(RuntimeError):
        make_client(token_store=store, on_refresh_token=full).person(63)
    assert make_client(token_store=store).person(63).id == 63
    assert len(tenant.calls(TOKENS)) == 2


def claimed_elsewhere(store: MemoryTokenStore, seconds: float) -> None:
    results: list[bool] = []
    thread = threading.Thread(target=lambda: results.append(store.claim(seconds)))
    thread.start()
    thread.join()
    assert results == [True]


def test_the_claim_of_a_client_that_died_is_taken_over(
    tenant: ScriptedTenant, make_auth: MakeAuth, time: Time
) -> None:
    now = Moving(time, datetime.now(UTC))
    store = MemoryTokenStore(now=now)
    claimed_elsewhere(store, 30)
    assert make_auth(store, now).token().value == "8A:Cust12345.token1"
    assert 30 <= sum(time.sleeps) <= 32
    assert all(0.1 <= pause <= 0.25 for pause in time.sleeps)


def test_nobody_waits_for_ever(tenant: ScriptedTenant, make_auth: MakeAuth, time: Time) -> None:
    now = Moving(time)
    store = MemoryTokenStore(now=now)
    claimed_elsewhere(store, 100_000)
    with pytest.raises(errors.Unreachable) as caught:
        make_auth(store, now).token()
    assert caught.value.reason == "timeout"
    assert PATIENCE <= sum(time.sleeps) <= PATIENCE + 1
    assert not tenant.seen


def test_who_has_less_patience_is_told_to_try_again(
    tenant: ScriptedTenant, make_auth: MakeAuth, time: Time
) -> None:
    class Page(MemoryTokenStore):
        def patience(self, longest: float) -> float:
            return 10.0

    now = Moving(time)
    store = Page(now=now)
    claimed_elsewhere(store, LEASE)
    with pytest.raises(errors.Busy):
        make_auth(store, now).token()
    assert 10 <= sum(time.sleeps) <= 11
    assert not tenant.seen


def test_the_holder_extends_its_claim_between_the_token_and_the_keys(
    tenant: ScriptedTenant, make_auth: MakeAuth, time: Time
) -> None:
    clock = Time()  # the store's; for the transport no time passes
    store = MemoryTokenStore(now=Moving(clock))
    free: list[bool] = []

    def others() -> None:
        thread = threading.Thread(target=lambda: free.append(store.claim(1)))
        thread.start()
        thread.join()

    def slow_token(handler: Handler) -> None:
        clock.now += LEASE - 1
        tokens(tenant)(handler)

    def slow_keys(handler: Handler) -> None:
        clock.now += LEASE - 1
        others()
        answer({"keys": [public_key(signing_key())]})(handler)

    tenant.script("POST", TOKENS, slow_token)
    tenant.script("GET", KEYS, slow_keys)
    assert make_auth(store, Moving(time, datetime.now(UTC))).token().value == "8A:Cust12345.token1"
    assert free == [False]
    assert store.claim(1), "and it is over with the token"


def test_a_claim_that_was_lost_is_not_extended(time: Time) -> None:
    now = Moving(time)
    store = MemoryTokenStore(now=now)
    claimed_elsewhere(store, 10)
    store.extend(100)
    time.now += 11
    assert store.claim(10)


def test_a_token_that_came_between_our_look_and_our_claim_is_used(
    tenant: ScriptedTenant, make_client: MakeClient
) -> None:
    class Quicker(MemoryTokenStore):
        def claim(self, seconds: float) -> bool:
            self.save(AccessToken("8A:quicker", in_minutes(30)))
            return super().claim(seconds)

    store = Quicker()
    tenant.script("GET", PERSON, GOOD)
    make_client(token_store=store).person(63)
    assert not tenant.calls(TOKENS)
    assert tenant.calls(PERSON)[0].headers["Authorization"] == "Bearer 8A:quicker"
    assert MemoryTokenStore.claim(store, 60), "the claim was given back"


# --- Ahead of its end ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("life", "renewed_after"), [(3600, 3300), (1500, 1200), (600, 480), (60, 48)])
def test_renewal_begins_five_minutes_ahead_or_at_four_fifths_of_a_short_life(
    tenant: ScriptedTenant, make_auth: MakeAuth, time: Time, life: int, renewed_after: int
) -> None:
    tenant.settings.token_extra = {"expires_in": life}
    now = Moving(time)
    auth = make_auth(MemoryTokenStore(now=now), now)
    auth.token()
    time.now += renewed_after - 1
    auth.token()
    assert len(tenant.calls(TOKENS)) == 1
    time.now += 1
    auth.token()
    assert len(tenant.calls(TOKENS)) == 2


def test_a_store_that_forgets_the_life_causes_no_renewal_at_every_call(
    tenant: ScriptedTenant, make_auth: MakeAuth, time: Time
) -> None:
    class Forgetful(MemoryTokenStore):
        def load(self) -> AccessToken | None:
            token = super().load()
            return token and replace(token, life=timedelta(hours=1))

    tenant.settings.token_extra = {"expires_in": 240}
    now = Moving(time)
    auth = make_auth(Forgetful(now=now), now)
    for _ in range(4):
        auth.token()
    assert len(tenant.calls(TOKENS)) == 1


def test_renewal_ahead_of_the_end_is_one_clients_work_and_blocks_nobody(
    tenant: ScriptedTenant, make_client: MakeClient
) -> None:
    store = MemoryTokenStore()
    store.save(AccessToken("8A:old", in_minutes(4)))
    asked, may_answer = threading.Event(), threading.Event()

    def slow(handler: Handler) -> None:
        asked.set()
        assert may_answer.wait(10)
        tokens(tenant)(handler)

    tenant.script("POST", TOKENS, slow)
    tenant.script("GET", PERSON, GOOD)
    renewing = threading.Thread(target=make_client(token_store=store).person, args=(63,))
    renewing.start()
    assert asked.wait(10)
    others = make_client(token_store=store)
    assert together(lambda: others.person(63).id) == [63] * 20
    assert {seen.headers["Authorization"] for seen in tenant.calls(PERSON)} == {"Bearer 8A:old"}
    may_answer.set()
    renewing.join()
    others.person(63)
    assert len(tenant.calls(TOKENS)) == 1
    assert tenant.calls(PERSON)[-1].headers["Authorization"] == "Bearer 8A:Cust12345.token1"


def test_a_renewal_that_fails_ahead_of_the_end_stops_nobody_and_is_tried_again_after_a_minute(
    tenant: ScriptedTenant, make_auth: MakeAuth, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    now = Moving(time)
    store = MemoryTokenStore(now=now)
    store.save(AccessToken("8A:old", now() + timedelta(minutes=4)))
    auth = make_auth(store, now)
    tenant.script("POST", TOKENS, REVOKED)
    for _ in range(3):
        assert auth.token().value == "8A:old"
        time.now += 5
    assert len(tenant.calls(TOKENS)) == 1
    assert "could not be renewed ahead of its end" in caplog.text
    time.now += 50
    assert auth.token().value == "8A:old"
    assert len(tenant.calls(TOKENS)) == 2
    time.now += 180
    with pytest.raises(errors.NeedsConsent):
        auth.token()


def test_settings_that_change_during_a_renewal_ahead_of_the_end_are_told_at_once(
    tenant: ScriptedTenant, make_client: MakeClient
) -> None:
    class Moved(MemoryTokenStore):
        def save(self, token: AccessToken) -> None:
            raise errors.SettingsChanged

    store = Moved()
    MemoryTokenStore.save(store, AccessToken("8A:old", in_minutes(4)))
    tenant.script("GET", PERSON, GOOD)
    with pytest.raises(errors.SettingsChanged):
        make_client(token_store=store).person(63)
    assert not tenant.calls(PERSON)


# --- The store ----------------------------------------------------------------------------------------


def test_what_comes_after_the_claim_was_lost_is_ignored(time: Time) -> None:
    now = Moving(time)
    store = MemoryTokenStore(now=now)
    claimed_elsewhere(store, 10)
    time.now += 11

    def end_too_late() -> None:
        store.save(AccessToken("8A:late", now()))
        store.fail(errors.Unreachable("late"))

    late = threading.Thread(target=end_too_late)
    assert store.claim(10)
    late.start()
    late.join()
    assert store.load() is None
    assert store.failure_since(EPOCH) is None
    assert not store.claim(10), "and our claim still stands"
    store.save(AccessToken("8A:ours", now()))
    assert store.load() == AccessToken("8A:ours", now())
    assert store.claim(10)


def test_a_failure_is_told_to_those_who_began_before_it(time: Time) -> None:
    now = Moving(time)
    store = MemoryTokenStore(now=now)
    began = now()
    store.claim(10)
    time.now += 1
    store.fail(errors.NeedsConsent("revoked", path=TOKENS))
    time.now += 1
    shared, again = store.failure_since(began), store.failure_since(began)
    assert isinstance(shared, errors.NeedsConsent)
    assert shared is not again, "raised in several threads at once, each needs its own"
    assert (shared.detail, shared.path) == ("revoked", TOKENS)
    assert store.failure_since(now()) is None
    store.clear()
    assert store.load() is None
