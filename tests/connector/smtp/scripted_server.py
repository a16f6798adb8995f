"""An SMTP server on loopback that misbehaves exactly where a test wants it to.

    with ScriptedServer({"rcpt": ["250 ok", "550 5.1.1 unknown"], "dot": hang_up}) as server: ...

A script maps a stage (connect, ehlo, starttls, auth, mail, rcpt, data, body, dot, rset, quit) to an action,
or to a list of actions for its first, second … time (the last one stays). An action is a reply (text, whose
line feeds make it multi-line, or bytes sent as they are) or a function that gets the dialogue. "body" acts
once the first kilobyte of a body has arrived.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Self

Action = str | bytes | Callable[["Dialogue"], None]
Script = dict[str, Action | list[Action]]

_NORMAL: dict[str, str] = {
    "connect": "220 scripted ready",
    "starttls": "220 go ahead",
    "auth": "235 2.7.0 welcome",
    "mail": "250 2.1.0 ok",
    "rcpt": "250 2.1.5 ok",
    "data": "354 go ahead",
    "dot": "250 2.0.0 queued",
    "rset": "250 2.0.0 ok",
    "quit": "221 bye",
}


class _Over(Exception):
    pass


def hang_up(dialogue: Dialogue) -> None:
    """Close the connection without a word."""
    raise _Over


def reset(dialogue: Dialogue) -> None:
    """Tear the connection down so that the other side gets an error instead of an end."""
    dialogue.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise _Over


def then_hang_up(reply: str) -> Action:
    """Answer, then close at once."""

    def act(dialogue: Dialogue) -> None:
        dialogue.say(reply)
        raise _Over

    return act


def silence(dialogue: Dialogue) -> None:
    """Say nothing until the other side gives up."""
    dialogue.sock.settimeout(20)
    with contextlib.suppress(OSError):
        while dialogue.sock.recv(65536):
            pass
    raise _Over


def late(seconds: float, reply: str) -> Action:
    """Answer after a pause."""

    def act(dialogue: Dialogue) -> None:
        time.sleep(seconds)
        dialogue.say(reply)

    return act


def dribble(reply: bytes, pause: float = 0.01) -> Action:
    """Send the reply byte by byte."""

    def act(dialogue: Dialogue) -> None:
        for byte in reply:
            dialogue.sock.sendall(bytes([byte]))
            time.sleep(pause)

    return act


class ScriptedServer:
    """Listens on `port` of 127.0.0.1 while the `with` block runs.

    commands   every command line, in order (AUTH continuations as "AUTH-ANSWER …")
    received   every body that ended with a dot, dot-unstuffed, whatever was answered
    accepted   those of them that were answered with 2xx, or whose answer the script withheld
    """

    def __init__(
        self,
        script: Script | None = None,
        *,
        features: tuple[str, ...] = ("SIZE 10000000", "8BITMIME"),
        tls: ssl.SSLContext | None = None,
        tls_from_start: bool = False,
    ) -> None:
        self.script: Script = script or {}
        self.features = features
        self.tls = tls
        self.tls_from_start = tls_from_start
        self.commands: list[str] = []
        self.received: list[bytes] = []
        self.accepted: list[bytes] = []
        self.unfinished: list[bytes] = []
        self.counts: Counter[str] = Counter()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []
        self._acceptor = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._acceptor.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # shutdown wakes a blocked accept; close alone would not.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join(5)
        self.wait()

    def wait(self) -> None:
        """Until every dialogue is over; afterwards the record is complete."""
        for thread in self._threads:
            thread.join(25)
            assert not thread.is_alive(), "a dialogue did not end: the client kept its connection"

    def action(self, stage: str) -> Action | None:
        planned = self.script.get(stage)
        turn = self.counts[stage]
        self.counts[stage] += 1
        if isinstance(planned, list):
            return planned[min(turn, len(planned) - 1)]
        return planned

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        sock.settimeout(20)
        dialogue = Dialogue(self, sock)
        try:
            dialogue.run()
        except (_Over, OSError):
            pass
        finally:
            dialogue.close()


class Dialogue:
    """One connection's conversation. Actions may use `say`, `encrypt` and `sock`."""

    def __init__(self, server: ScriptedServer, sock: socket.socket) -> None:
        self.server = server
        self.sock = sock
        self._lines = sock.makefile("rb")

    def run(self) -> None:
        if self.server.tls_from_start:
            self.encrypt()
        self.do("connect")
        while line := self._lines.readline():
            command = line.decode("latin-1").rstrip("\r\n")
            self.server.commands.append(command)
            verb = command.partition(" ")[0].partition(":")[0].upper()
            getattr(self, f"on_{verb.lower()}", self._on_other)(verb.lower())

    def say(self, reply: str) -> None:
        code, *lines = reply[:3], *reply[4:].split("\n")
        said = [f"{code}{'-' if line is not lines[-1] else ' '}{line}\r\n" for line in lines]
        self.sock.sendall("".join(said).encode("utf-8"))

    def do(self, stage: str) -> str:
        """Act for `stage`; returns the first digit of a textual reply, "" for everything else."""
        action = self.server.action(stage)
        if action is None:
            action = _NORMAL[stage]
        if isinstance(action, bytes):
            self.sock.sendall(action)
        elif isinstance(action, str):
            self.say(action)
            return action[0]
        else:
            action(self)
        return ""

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._lines.close()
        self.sock.close()

    def on_ehlo(self, verb: str) -> None:
        offered = [*self.server.features]
        if self.server.tls and not isinstance(self.sock, ssl.SSLSocket):
            offered.append("STARTTLS")
        planned = self.server.action("ehlo")
        self.say(planned if isinstance(planned, str) else "250 " + "\n".join(["scripted", *offered]))

    def on_helo(self, verb: str) -> None:
        self.say("250 scripted")

    def on_starttls(self, verb: str) -> None:
        if self.do("starttls") == "2":
            self.encrypt()

    def on_auth(self, verb: str) -> None:
        # LOGIN asks twice; PLAIN brings everything along.
        if self.server.commands[-1].upper() == "AUTH LOGIN":
            for question in ("VXNlcm5hbWU6", "UGFzc3dvcmQ6"):
                self.say(f"334 {question}")
                self.server.commands.append("AUTH-ANSWER " + self._lines.readline().decode("ascii").strip())
        self.do("auth")

    def on_data(self, verb: str) -> None:
        if self.do("data") == "3":
            self._take_body()

    def on_quit(self, verb: str) -> None:
        self.do("quit")
        raise _Over

    def _on_other(self, verb: str) -> None:
        if verb in _NORMAL:
            self.do(verb)
        else:
            self.say("502 5.5.1 what?")

    def _take_body(self) -> None:
        lines: list[bytes] = []
        size = 0
        acted = "body" not in self.server.script
        while (line := self._lines.readline()) != b".\r\n":
            if not line:
                self.server.unfinished.append(b"".join(lines))
                raise _Over
            lines.append(line[1:] if line.startswith(b".") else line)
            size += len(line)
            if size > 1024 and not acted:
                acted = True
                self.do("body")
        self._end_of_body(b"".join(lines))

    def _end_of_body(self, body: bytes) -> None:
        self.server.received.append(body)
        position = len(self.server.accepted)
        self.server.accepted.append(body)
        if self.do("dot") in {"4", "5"}:
            del self.server.accepted[position]

    def encrypt(self) -> None:
        assert self.server.tls is not None
        self._lines.close()
        self.sock = self.server.tls.wrap_socket(self.sock, server_side=True)
        self._lines = self.sock.makefile("rb")
