"""One connection, from its first byte to its last, in a task of its own."""

import asyncio
from contextlib import suppress
from functools import partial

from nimsg.core.accounts import Account
from nimsg.errors import ProtocolFault, Refusal, StorageFailure
from nimsg.logs import LOGGER
from nimsg.protocol.codec import (
    Request,
    decode_envelope,
    decode_params,
    encode_answer,
    encode_event,
    encode_refusal,
)
from nimsg.protocol.connection import Connection, Event
from nimsg.protocol.constants import (
    INTERACTIVE,
    CloseReason,
    Departure,
    Device,
    limit,
)
from nimsg.protocol.methods import Activity, Method, Needs
from nimsg.protocol.results import Closing
from nimsg.protocol.results_people import SessionRow
from nimsg.server.audit import Auditor
from nimsg.server.context import Context, Login, Reply
from nimsg.server.dispatch import Asker, answer, check_may_call
from nimsg.server.errands import Errands
from nimsg.server.greeting import greeting
from nimsg.server.idle import Idle
from nimsg.server.intake import Intake
from nimsg.server.peer import address_of
from nimsg.server.services import Services
from nimsg.server.timers import Timer


IN_FLIGHT = limit("requests_in_flight")
UNSENT = limit("unsent_bytes")
HIGH_WATER = CHUNK = 65_536
# How the others are told that somebody is gone; a connection that broke was lost.
DEPARTURES = {
    CloseReason.LOGOUT: Departure.LOGOUT,
    CloseReason.TIMEOUT: Departure.TIMEOUT,
    CloseReason.REVOKED: Departure.KICKED,
    CloseReason.KICKED: Departure.KICKED,
    CloseReason.SHUTDOWN: Departure.SHUTDOWN,
}
# After these a session is not come back to.
FINAL = {CloseReason.LOGOUT, CloseReason.TIMEOUT, CloseReason.KICKED}


class Session:
    """Reads requests, answers them in any order, and ends by a rule.

    `local` connections come by var/admin.sock.
    """

    __slots__ = (
        *("_active_at", "_asker", "_auditor", "_command", "_connection", "_errands"),
        *("_idle", "_in_flight", "_intake", "_local", "_login", "_login_timer"),
        *("_reader", "_reading", "_services", "_writer", "address", "since"),
    )

    def __init__(
        self,
        services: Services,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        local: bool,
    ) -> None:
        self._services = services
        self._reader = reader
        self._writer = writer
        self._local = local
        self._connection = Connection()
        self._login: Login | None = None
        self._asker = self._asks()
        self._in_flight = 0
        self._errands = Errands()
        self._intake = Intake(
            limit("frame_bytes") if local else self._connection.frame_limit,
            services.timers,
            services.config.frame_deadline_s,
        )
        self._login_timer: Timer | None = None
        self._reading: asyncio.Timeout | None = None
        self._command: str | None = None
        self._active_at = services.clock()
        self._idle: Idle | None = None
        self.address = address_of(writer)
        self._auditor = Auditor(writer, self.address, services.attempts)
        self.since = services.clock()
        writer.transport.set_write_buffer_limits(high=HIGH_WATER)

    @property
    def uid(self) -> int:
        """The number of the account that is logged in, 0 where none is."""
        return self._login.account.uid if self._login else 0

    @property
    def name(self) -> str:
        """The account's name, empty where none is logged in."""
        return self._login.account.name if self._login else ""

    @property
    def device(self) -> Device:
        """The kind of client."""
        return self._login.device if self._login else Device.HEADLESS

    @property
    def resume(self) -> str | None:
        """The sha-256 of the token that brings the session back."""
        return self._login.resume if self._login else None

    @property
    def row(self) -> SessionRow:
        """The connection as an admin sees it."""
        return SessionRow(
            user=self.name or None,
            device=self.device if self._login else None,
            address=self.address,
            since=self.since,
            active_at=self._active_at,
            command=self._command,
        )

    def renew(self, account: Account) -> None:
        """The account has changed."""
        if self._login is not None:
            self._login = self._login._replace(account=account)
            self._asker = self._asks()

    @property
    def token_id(self) -> str | None:
        """The script token the session came by."""
        token = self._login.token if self._login else None
        return token.id if token else None

    async def run(self) -> None:
        """Serve the connection until it ends. Never raises for the peer's doing."""
        services = self._services
        services.registry.add(self)
        if not self._local:
            self._login_timer = services.timers.call_later(
                services.config.login_deadline_s, self._login_deadline
            )
        try:
            self._greet()
            if services.stopping:
                self.finish()
            async with asyncio.timeout(None) as self._reading:
                await self._read_requests()
        except OSError:
            # Of the connection, or as the timeout says that it was ended.
            pass
        finally:
            self._reading = None
            await self._errands.give_up()
            self._forget_deadlines()
            self._depart(Departure.LOST)
            services.registry.remove(self)
            await self._close()

    def end(self, reason: CloseReason) -> None:
        """Say why, and close."""
        if not self._connection.closed:
            self.push(encode_event("closing", Closing(reason)))
            self._connection.fire(Event.CLOSE)
            if self._reading is not None:
                self._reading.reschedule(0)
            if reason in FINAL and self.resume is not None:
                self._services.resumes.drop(self.resume)
            self._depart(DEPARTURES.get(reason, Departure.LOST))

    def finish(self) -> None:
        """The server stops: end as soon as nothing is left to answer."""
        if self._in_flight == 0:
            self.end(CloseReason.SHUTDOWN)

    def cut_off(self) -> None:
        """Close at once, whatever is unsent."""
        self._writer.transport.abort()

    # -- reading ---------------------------------------------------------------

    async def _read_requests(self) -> None:
        try:
            while not (self._connection.closed or self._intake.ended):
                await self._take(await self._reader.read(CHUNK))
        except ProtocolFault as fault:
            self._note_fault(None, fault)

    async def _take(self, data: bytes) -> None:
        """Start answering what a piece of the stream completes.

        A login is waited for: it decides what follows.
        """
        for payload in self._intake.take(data, self._frame_deadline):
            await self._writer.drain()
            request = self._request(payload)
            if request is None:
                pass
            elif request.method.needs is Needs.ANONYMOUS:
                await self._answer(request)
            else:
                self._errands.start(self._answer(request))
            if self._connection.closed:
                return

    def _request(self, payload: bytes) -> Request | None:
        """A request that is in flight from now on, or None: it was refused."""
        id_ = None
        try:
            envelope = decode_envelope(payload)
            id_ = envelope.id
            request = decode_params(envelope, payload)
        except ProtocolFault as fault:
            self._note_fault(id_, fault)
            return None
        try:
            check_may_call(request.method, self._asker)
            self._check_room()
        except Refusal as refusal:
            self._refuse(request, refusal)
            return None
        self._note_activity(request.method)
        self._in_flight += 1
        return request

    def _asks(self) -> Asker:
        account = self._login.account if self._login else None
        return Asker(
            self._connection.state,
            self.device,
            role=account.role if account else "",
            local=self._local,
            proven=self._services.proves_names,
        )

    def _note_activity(self, method: Method) -> None:
        if method.activity is Activity.ACTIVE:
            if self._idle is not None:
                self._idle.touch()
            self._active_at = self._services.clock()
            self._command = method.name

    def _check_room(self) -> None:
        if self._services.stopping:
            raise Refusal("shutting_down")
        if self._in_flight >= IN_FLIGHT:
            raise Refusal("too_many_requests")

    # -- answering -------------------------------------------------------------

    async def _answer(self, request: Request) -> None:
        context = Context(self._services, self, self._login)
        revocations = self._services.registry.revocations
        try:
            reply = await answer(context, request)
            self._log_in(reply, revocations)
        except Refusal as refusal:
            self._refuse(request, refusal)
        except StorageFailure:
            # The end of the server says what has failed.
            self._refuse(request, Refusal("storage_failed"))
        except Exception:  # noqa: BLE001 - a fault in one answer ends no session
            LOGGER.exception("a fault of ours in %s", request.method.name)
            self._refuse(request, Refusal("internal_error"))
        else:
            self._tell(request, reply.outcome)
            self.push(encode_answer(request.id, reply.result))
            if reply.afterwards is not None:
                self._services.commit_later(reply.afterwards)
            if reply.goodbye is not None:
                self.end(reply.goodbye)
        finally:
            self._in_flight -= 1
            if self._services.stopping:
                self.finish()

    def _log_in(self, reply: Reply, revocations: int) -> None:
        """Become somebody, unless what was proven was taken back meanwhile."""
        if reply.login is None:
            return
        account = reply.login.account
        self._connection.check(Event.LOGIN)
        if self._services.registry.revoked_since(account.uid, revocations):
            raise Refusal("busy", "the account has just changed; log in again")
        before, self._login = self._login, reply.login
        try:
            self._arrive(reply.login)
        except Refusal:
            self._login = before
            raise
        self._connection.fire(Event.LOGIN)
        self._asker = self._asks()
        self._forget_deadlines()
        self._intake.allow(self._connection.frame_limit)
        LOGGER.info("%s logged in from %s", account.name, self.address)

    def _arrive(self, login: Login) -> None:
        """Come online, where a person sits at the client. Raises `Refusal`."""
        services = self._services
        if login.device not in INTERACTIVE:
            return
        self.since = services.clock()
        services.arrive(self, login)
        expire = partial(self.end, CloseReason.TIMEOUT)
        self._idle = Idle(services.timers, services.config.idle_timeout_s, expire)

    def _depart(self, reason: Departure) -> None:
        if self._idle is not None:
            self._idle.stop()
            self._idle = None
        if self.device in INTERACTIVE:
            self._services.depart(self, reason)

    def _refuse(self, request: Request, refusal: Refusal) -> None:
        LOGGER.debug("%s refused: %s", request.method.name, refusal.kind)
        self._tell(request, refusal.kind)
        self._say_no(request.id, refusal)

    def _tell(self, request: Request, outcome: str) -> None:
        role = self._login.account.role if self._login else ""
        self._auditor.note(request, self.name, role, outcome)

    def _say_no(self, id_: int | None, refusal: Refusal) -> None:
        self._services.meter.refused(refusal.kind)
        self.push(encode_refusal(id_, refusal))

    def _greet(self) -> None:
        self._connection.fire(Event.HELLO)
        self.push(greeting(self._services))

    def push(self, frame: bytes) -> None:
        """Queue a frame; a peer that reads nothing is cut off, not waited for.

        Nothing follows the frame that says why the connection is closed.
        """
        transport = self._writer.transport
        if transport.is_closing() or self._connection.closed:
            return
        self._writer.write(frame)
        if transport.get_write_buffer_size() > UNSENT + len(frame):
            LOGGER.warning(
                "a client that does not read was cut off: %s from %s",
                self.name or "nobody yet",
                self.address,
            )
            self.cut_off()

    # -- ending ----------------------------------------------------------------

    def _note_fault(self, id_: int | None, fault: ProtocolFault) -> None:
        self._say_no(id_, fault)
        # Its words may hold what the peer has sent, a password in a wrong place too.
        LOGGER.info("protocol fault from %s: %s", self.address, fault.kind)
        if self._connection.fault(fault):
            self.end(CloseReason.FAULTS)

    def _forget_deadlines(self) -> None:
        """Those of the login, and of the frame that is read."""
        self._intake.stop()
        if self._login_timer is not None:
            self._login_timer.cancel()
            self._login_timer = None

    def _login_deadline(self) -> None:
        self._say_no(None, Refusal("deadline_passed", "no login in time"))
        self.end(CloseReason.DEADLINE)

    def _frame_deadline(self) -> None:
        self._say_no(None, Refusal("deadline_passed", "a frame did not end in time"))
        self.end(CloseReason.DEADLINE)

    async def _close(self) -> None:
        """Hang up. What the peer still sends is dropped until it hangs up too.

        Closed over unread bytes, TCP resets the connection, and the reset may
        overtake the frame that says why (RFC 1122, section 4.2.2.13).
        """
        with suppress(OSError, asyncio.CancelledError):
            async with asyncio.timeout(self._services.config.stop_deadline_s / 4):
                if self._writer.can_write_eof() and not self._writer.is_closing():
                    self._writer.write_eof()
                    while await self._reader.read(HIGH_WATER):
                        pass
                self._writer.close()
                await self._writer.wait_closed()
            return
        self.cut_off()
