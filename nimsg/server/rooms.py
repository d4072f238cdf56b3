"""Who hears at once what is said in a room."""

from nimsg.core.accounts import Account
from nimsg.core.commands import SentPost
from nimsg.protocol.codec import encode_event
from nimsg.server.blocks import Blocks
from nimsg.server.parking import Parking
from nimsg.server.people import Person


class Rooms:
    """The members of each room that are online. Owned by the loop."""

    def __init__(self, blocks: Blocks, parking: Parking) -> None:
        self._blocks = blocks
        self._parking = parking
        self._present: dict[str, dict[int, Person]] = {}
        self._posting: dict[tuple[int, str], object] = {}

    def arrive(self, person: Person, account: Account) -> None:
        """A member of rooms came online."""
        for place in account.rooms:
            self.join(person, place.room)

    def succeed(self, before: Person, now: Person) -> None:
        """A session is in the place of another one of the same account."""
        for present in self._present.values():
            if present.get(before.uid) is before:
                present[now.uid] = now

    def leave_all(self, person: Person) -> None:
        """Somebody went offline."""
        for present in self._present.values():
            if present.get(person.uid) is person:
                del present[person.uid]

    def join(self, person: Person, room: str) -> None:
        """Somebody who is online hears a room from now on."""
        self._present.setdefault(room, {})[person.uid] = person

    def leave(self, uid: int, room: str) -> None:
        """An account hears a room no more."""
        self._present.get(room, {}).pop(uid, None)

    def posting(self, session: object, uid: int, client_id: str) -> None:
        """A session is about to post: it will be answered, and hears no echo."""
        self._posting[uid, client_id] = session

    def posted(self, uid: int, client_id: str) -> None:
        """The post was answered or given up."""
        self._posting.pop((uid, client_id), None)

    def deliver(self, post: SentPost) -> None:
        """A message is stored: all who hear the room get one and the same frame."""
        if post.duplicate:
            return
        frame = encode_event("room.message", post.message)
        author = self._posting.get((post.sender, post.client_id))
        for uid, person in tuple(self._present.get(post.message.room, {}).items()):
            if person is not author and not self._hidden(post, uid):
                person.push(frame)
        self._parking.wake((post.message.room,))

    def _hidden(self, post: SentPost, uid: int) -> bool:
        if post.about is not None and self._blocks.blocks(post.about, uid):
            return True
        return self._blocks.blocks(uid, post.sender)
