"""A session that comes back: one account over one connection after the other."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from enum import StrEnum
from functools import partial
from typing import NamedTuple

from nimsg.client import people_answers
from nimsg.client.address import Address, Security
from nimsg.client.aio import AioClient, connect
from nimsg.client.failures import passes_in_time, pauses
from nimsg.client.login import Dialog, Question, Step
from nimsg.client.people_answers import Welcome
from nimsg.client.query import Request
from nimsg.errors import NimsgError, Refusal, Unavailable, Unreachable
from nimsg.protocol.constants import CloseReason, Device
from nimsg.protocol.envelope import ServerEvent
from nimsg.protocol.methods import METHODS, Activity
from nimsg.protocol.strict import JsonObject


Say = Callable[[str], None]
Ask = Callable[[Question, str], Awaitable[str]]

# Why a session is not come back to.
FINAL: dict[str, Callable[[], NimsgError]] = {
    CloseReason.TIMEOUT: partial(
        Unavailable,
        "you were logged out: nothing was done here for too long; "
        "start again to log in",
    ),
    CloseReason.KICKED: partial(
        Refusal, "bad_resume", "an admin has ended your session"
    ),
    CloseReason.REVOKED: partial(
        Refusal, "bad_resume", "your password or token was changed; log in again"
    ),
    CloseReason.REPLACED: partial(
        Refusal, "bad_resume", "your session was taken over by another client"
    ),
}


class LinkState(StrEnum):
    """Whether the server can be asked something now."""

    OFF = "not connected"
    UP = "online"
    LOST = "lost"
    TRYING = "trying"


class Link(NamedTuple):
    """How the connection stands and why.

    While it is lost, `retry_at_s` is when it is tried again, by the loop's clock.
    """

    state: LinkState
    why: str = ""
    retry_at_s: float = 0.0


class Way(NamedTuple):
    """How a server is reached.

    Each step of it has `timeout_s`, and who is not there is tried for `patience_s`;
    None is for ever.
    """

    address: Address
    security: Security
    timeout_s: float
    patience_s: float | None


class Steady:
    """Calls methods as one account, and comes back where the connection is lost.

    `log_in`, then `run` in a task of its own, and `close` in the end. What the
    person is to know of all this is given to `say`, with the `hint` while it tries
    for ever, and how the connection stands to `watch`. `acted` is set by any call
    that shows the server that a person is there.
    """

    def __init__(
        self,
        way: Way,
        device: Device,
        say: Say,
        watch: Callable[[Link], None] = lambda _: None,
        hint: str = "Ctrl-C ends",
    ) -> None:
        self.acted = False
        self.link = Link(LinkState.OFF)
        self.welcome = Welcome("", "", 0, 0, None, None, 0, 0)
        self._way = way
        self._device = device
        self._say = say
        self._watch = watch
        self._hint = hint
        self._retry = asyncio.Event()
        self._client = AioClient(way.address, way.timeout_s)
        self._up = asyncio.Event()
        self._secret: str | None = None

    @property
    def auth(self) -> str:
        """How the server has names proven."""
        return str(self._client.hello.get("auth"))

    @property
    def local_host(self) -> str:
        """The address of this machine that the server is reached from."""
        return self._client.local_host

    @property
    def is_up(self) -> bool:
        """Whether a call can be made now."""
        return self._up.is_set()

    async def reach(self, patience_s: float) -> None:
        """Connect. Raises what `connect` raises."""
        self._client = await self._reached(patience_s)

    def retry_now(self) -> None:
        """Where it waits before it tries again: wait no longer."""
        self._retry.set()

    async def log_in(
        self, dialog: Dialog, ask: Ask, check: Callable[[str], None] = lambda _: None
    ) -> None:
        """Go through the dialog. Raises the refusal that ends it.

        A server that has hung up while the person was typing is come back to. Whoever
        is logged in is given to `check`; what it raises ends the login before anything
        else is asked of the server.
        """
        welcome = await self._walk(dialog, ask)
        try:
            check(welcome.user)
        except NimsgError:
            with suppress(NimsgError):
                await self._client.call("auth.logout", {})
            raise
        self.welcome = welcome
        self._secret = dialog.secret
        self._is_back()

    async def call(
        self, method: str, params: JsonObject, parked_s: float = 0.0
    ) -> JsonObject:
        """One method's result; `parked_s` is how long the server may hold it.

        Raises `Refusal`, and `Unreachable` where the connection is lost.
        """
        if not self._up.is_set():
            raise Unreachable(f"there is no connection to {self._way.address} now")
        self.acted = self.acted or METHODS[method].activity is Activity.ACTIVE
        client = self._client
        try:
            return await client.call(method, params, self._way.timeout_s + parked_s)
        except Unreachable:
            # One that does not answer is as good as lost.
            self._lose(client)
            raise

    async def insist(
        self, method: str, params: JsonObject, parked_s: float = 0.0
    ) -> JsonObject:
        """Like `call`, and asks again once it is back: for what may be repeated."""
        while True:
            await self._up.wait()
            try:
                return await self.call(method, params, parked_s)
            except Unreachable:
                continue

    async def run(
        self, handle: Callable[[ServerEvent], None], returned: Callable[[], None]
    ) -> None:
        """Hand on what the server says unasked; `returned` is called after a loss.

        Raises `Unavailable` or `Refusal` where the session is over for good.
        """
        while True:
            try:
                event = await self._client.event()
            except Unreachable:
                await self._come_back()
                returned()
            except NimsgError:
                self._is_off()
                await self.close()
                raise
            else:
                handle(event)

    async def log_out(self) -> None:
        """Say goodbye, where there is somebody to hear it, and hang up."""
        try:
            if self._up.is_set():
                await self.call("auth.logout", {})
        except (Unreachable, Refusal):
            pass
        finally:
            self._is_off()
            await self.close()

    async def close(self) -> None:
        """Hang up."""
        await self._client.close()

    # -- coming back

    def _is_back(self) -> None:
        self._up.set()
        self._stand(Link(LinkState.UP))

    def _is_off(self) -> None:
        self._up.clear()
        self._stand(Link(LinkState.OFF))

    def _stand(self, link: Link) -> None:
        self.link = link
        self._watch(link)

    async def _wait(self, pause_s: float, why: str) -> None:
        """Wait before the next try, or until it is wanted at once."""
        self._retry.clear()
        self._stand(Link(LinkState.LOST, why, _now() + pause_s))
        try:
            async with asyncio.timeout(pause_s):
                await self._retry.wait()
        except TimeoutError:
            return

    def _lose(self, client: AioClient) -> None:
        if client is self._client:
            self._up.clear()
            client.abort()

    async def _come_back(self) -> None:
        self._up.clear()
        reason = self._client.closing
        if reason in FINAL:
            self._is_off()
            await self._client.close()
            raise FINAL[reason]()
        patience_s = self._way.patience_s
        ends = "" if patience_s is not None else f"; {self._hint}"
        stopped = reason == CloseReason.SHUTDOWN
        lost = "the server has stopped" if stopped else "the connection was lost"
        self._stand(Link(LinkState.TRYING, lost))
        await self._client.close()
        self._say(f"{lost}; trying to come back{ends}")
        deadline = _now() + (float("inf") if patience_s is None else patience_s)
        waits = pauses()
        how = ""
        while not how:
            pause_s = next(waits)
            try:
                how = await self._return(await connect(*self._way[:3]))
            except (Unreachable, Refusal) as failure:
                if not passes_in_time(failure) or _now() + pause_s > deadline:
                    self._is_off()
                    raise
                await self._wait(pause_s, lost)
                self._stand(Link(LinkState.TRYING, lost))
        self._is_back()
        self._say(how)

    async def _return(self, client: AioClient) -> str:
        """Log in on a new connection; how that was done."""
        self._client, before = client, self._client
        try:
            return await self._return_by_token(client)
        except BaseException:
            self._client = before
            await client.close()
            raise

    async def _return_by_token(self, client: AioClient) -> str:
        if self.welcome.resume is not None:
            params: JsonObject = {
                "token": self.welcome.resume,
                "device": self._device.value,
            }
            try:
                answer = await client.call("auth.resume", params)
            except Refusal as refusal:
                if refusal.kind != "bad_resume":
                    raise
                self.welcome = self.welcome._replace(resume=None)
            else:
                self.welcome = people_answers.welcome(answer)
                return "connected again"
        if self._secret is None and self.auth == "password":
            raise Refusal("bad_resume", "the server has forgotten you; log in again")
        dialog = Dialog(
            self.auth,
            self._device.value,
            user=self.welcome.user,
            secret=self._secret,
            may_ask=False,
        )
        self.welcome = await self._walk(dialog, _nobody)
        return "connected and logged in again"

    async def _walk(self, dialog: Dialog, ask: Ask) -> Welcome:
        """Take the dialog to its end, whoever must answer."""
        answer: JsonObject = {}
        asked = False
        while (request := dialog.request) or dialog.question:
            if request is None:
                if (question := dialog.question) is not None:
                    asked = True
                    dialog.answer(await ask(question, dialog.said))
                continue
            try:
                answer = await self._put(request, again=asked)
            except Refusal as refusal:
                dialog.refused(refusal)
            else:
                dialog.result(answer)
            asked = False
        if dialog.refusal is not None and dialog.step is Step.ENDED:
            raise dialog.refusal
        return people_answers.welcome(answer)

    async def _put(self, request: Request, *, again: bool) -> JsonObject:
        """What the server answers; `again`, over a new connection if need be."""
        try:
            return await self._client.call(*request)
        except Unreachable:
            if not again:
                raise
        # A person may have taken longer than the server waits.
        await self._client.close()
        self._client = await self._reached(0.0)
        return await self._client.call(*request)

    async def _reached(self, patience_s: float) -> AioClient:
        deadline = _now() + patience_s
        waits = pauses()
        while True:
            pause_s = next(waits)
            try:
                return await connect(*self._way[:3])
            except Unreachable:
                if _now() + pause_s > deadline:
                    raise
            await asyncio.sleep(pause_s)


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _nobody(question: Question, _: str) -> str:
    raise Refusal("login_required", f"nobody can be asked: {question.text}")
