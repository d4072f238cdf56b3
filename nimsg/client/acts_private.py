"""Private links: who is asked, who asks, and what is said over them."""

import asyncio
from collections.abc import Coroutine

from nimsg.client import answers, people_answers
from nimsg.client.acts_person import Person
from nimsg.client.acts_touch import Touches
from nimsg.client.address import Address
from nimsg.client.events import Invited, LinkEnded
from nimsg.client.lines import said
from nimsg.client.peer import Listener, Tokens, listen, reach
from nimsg.client.peerlink import Ending, PeerLink
from nimsg.errors import NimsgError, Refusal
from nimsg.protocol.constants import limit
from nimsg.protocol.strict import JsonObject


REACH_S = 10.0
ANSWER_S = limit("private_answer_ms") / 1000
ENDED = {
    Ending.BYE: "{} ended the private link",
    Ending.LOST: "the private link to {} broke",
    Ending.FAULT: "the private link to {} is over: it broke the protocol",
    Ending.NONE: "the private link to {} is over",
}
TOLD = {
    "declined": "{} declined the private link",
    "no answer": "the invitation of {} has expired",
    "withdrawn": "{} took the invitation back",
    "stopped": "{} ended the private link",
    "offline": "{} is gone, and the private link with it",
}


class Privates:
    """The links of a person, one for each other. Its tasks live in `tasks`.

    `port` is where this side listens; 0 lets the system choose. `greeting` is how
    one speaks to a `{user}` on a link that has come about.
    """

    greeting = "private {user} TEXT"

    def __init__(self, me: Person, tasks: asyncio.TaskGroup, port: int) -> None:
        self._me = me
        self._tasks = tasks
        self._port = port
        self._links: dict[str, PeerLink] = {}
        self._asked: dict[str, asyncio.Task[None]] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}
        self.touches = Touches(me, tasks)

    def start(self, user: str) -> None:
        """Ask somebody for a link, while other things go on."""
        if user in self._links or user in self._asked:
            raise Refusal("private_open", data={"user": user})
        self._me.note(f"asking {user} for a private link")
        self._run(self._asked, user, self._invite(user))

    def invited(self, event: Invited) -> None:
        """Somebody asks for a link."""
        self._run(self._asking, event.user, self._consider(event))

    async def send(self, user: str, text: str) -> None:
        """Say something to somebody, and to nobody else."""
        link = self._links.get(user)
        if link is None:
            raise await self._no_link(user)
        try:
            await link.send(text)
        except Refusal:
            raise
        except NimsgError:
            if self._links.pop(user, None) is not None:
                await self._tell_server(user)
            raise
        self.told(user, self._me.user, text)
        self._touch()

    async def stop(self, user: str) -> None:
        """End a link, or take a question back."""
        link = self._links.pop(user, None)
        asked = self._asked.pop(user, None)
        if link is None and asked is None:
            raise Refusal(
                "no_private", f"there is no private link to {user}: nothing to stop"
            )
        if asked is not None:
            asked.cancel()
        await self._tell_server(user)
        if link is not None:
            await link.end()
        what = "the private link to" if link else "the invitation to"
        self.happened(user, f"{what} {user} is ended")

    def ended(self, event: LinkEnded) -> None:
        """The server says that a link or a question is over; it may be known."""
        link = self._links.pop(event.user, None)
        asking = self._asking.pop(event.user, None)
        if asking is not None:
            asking.cancel()
        if link is not None:
            self._tasks.create_task(link.end())
        if link is not None or asking is not None:
            self.happened(event.user, TOLD[event.reason].format(event.user))

    def returned(self) -> None:
        """The session was lost and is back: links are to be begun anew."""
        links, self._links = self._links, {}
        for user, link in links.items():
            self.happened(user, f"the private link to {user} is ended")
            self._tasks.create_task(self._give_up(user, link))

    async def close(self) -> None:
        """End all links, as the session ends."""
        self.touches.close()
        for tasks in (self._asked, self._asking):
            for task in tuple(tasks.values()):
                task.cancel()
        links, self._links = self._links, {}
        for link in links.values():
            await link.end()

    def has(self, user: str) -> bool:
        """Whether there is a link to somebody."""
        return user in self._links

    # -- what the person is shown

    def told(self, user: str, sender: str, text: str) -> None:
        """Show what was said on the link to `user`, by either side."""
        place = "private" if sender == user else f"private to {user}"
        time = self._me.time(self._me.clock())
        self._me.say(said(place, sender, text, time))

    def happened(self, _: str, text: str) -> None:
        """Show what became of the link to somebody."""
        self._me.note(text)

    # -- agreeing

    async def _invite(self, user: str) -> None:
        params: JsonObject = {"user": user}
        result = await self._me.home.call("private.invite", params, ANSWER_S)
        offer = people_answers.offer(result)
        address = Address(offer.host, offer.port)
        tokens = Tokens(offer.mine, offer.theirs)
        try:
            link = await reach(address, offer.fingerprint, tokens, REACH_S, peer=user)
        except NimsgError:
            await self._tell_server(user)
            raise
        self._open(user, link)

    async def _consider(self, event: Invited) -> None:
        left_s = (event.expires_at - self._me.clock()) / 1000
        question = f"{event.user} asks for a private link. Accept? [y/n] "
        try:
            async with asyncio.timeout(min(max(left_s, 1.0), ANSWER_S)):
                key = await self._me.ask(question, "yn")
        except TimeoutError:
            return  # the server says so
        if key == "y":
            await self._accept(event)
        else:
            await self._answer(event, {"accept": False})
            self._me.note(f"the private link of {event.user} is declined")

    async def _accept(self, event: Invited) -> None:
        try:
            listener = await listen(self._me.home.local_host, self._port)
        except NimsgError:
            await self._answer(event, {"accept": False})
            raise
        try:
            link = await self._met(listener, event)
        finally:
            await listener.close()
        self._open(event.user, link)

    async def _met(self, listener: Listener, event: Invited) -> PeerLink:
        where: JsonObject = {
            "accept": True,
            "port": listener.port,
            "fingerprint": listener.fingerprint,
        }
        taken = await self._answer(event, where)
        tokens = Tokens(answers.text(taken, "mine"), answers.text(taken, "theirs"))
        try:
            return await listener.accept(tokens, REACH_S, peer=event.user)
        except NimsgError:
            await self._tell_server(event.user)
            raise

    async def _answer(self, event: Invited, answer: JsonObject) -> JsonObject:
        params = {"invitation": event.invitation, **answer}
        return await self._me.call("private.answer", params)

    async def _no_link(self, user: str) -> Refusal:
        """Why nothing can be said to somebody; where they are not known, it is raised.

        Who blocks the person is offline here, too.
        """
        row = await self._me.call("presence.seen", {"user": user})
        if not people_answers.seen_row(row).online:
            return Refusal("user_offline", data={"user": user})
        return Refusal(
            "no_private",
            f"no active private session with {user}; "
            f"start one with: startprivate {user}",
        )

    # -- a link that stands

    def _open(self, user: str, link: PeerLink) -> None:
        self._links[user] = link
        how = self.greeting.format(user=user)
        self.happened(user, f"private link to {user} at {link.peer_address}: {how}")
        self._tasks.create_task(self._receive(user, link))

    async def _receive(self, user: str, link: PeerLink) -> None:
        while (text := await link.receive()) is not None:
            self.told(user, user, text)
        if self._links.get(user) is link:
            del self._links[user]
            self.happened(user, ENDED[link.ended_by].format(user))
            if link.ended_by is not Ending.BYE:  # else the other side has told it
                await self._tell_server(user)
        await link.end()

    async def _give_up(self, user: str, link: PeerLink) -> None:
        await self._tell_server(user)
        await link.end()

    async def _tell_server(self, user: str) -> None:
        """The server forgets the link, where it still knows it."""
        try:
            await self._me.call("private.stop", {"user": user})
        except NimsgError:
            return

    def _touch(self) -> None:
        """A text to somebody shows that the person is there; told now and then."""
        if quarter_s := self._me.home.welcome.timeout_s / 4:
            self.touches.soon(quarter_s)

    def _run(
        self,
        tasks: dict[str, asyncio.Task[None]],
        user: str,
        work: Coroutine[None, None, None],
    ) -> None:
        """Run in a task that is found under a name, and say what goes wrong in it."""

        async def watched() -> None:
            try:
                await work
            except NimsgError as error:
                self._me.note(f"{user}: {error}")

        task = tasks[user] = self._tasks.create_task(watched())

        def forget(done: asyncio.Task[None]) -> None:
            work.close()  # it may never have begun
            if tasks.get(user) is done:
                del tasks[user]

        task.add_done_callback(forget)
