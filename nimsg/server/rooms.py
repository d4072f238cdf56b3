"""Who hears at once what is said in a room."""

from collections.abc import Iterable

from nimsg.core.accounts import Account
from nimsg.core.commands import SentPost
from nimsg.protocol.codec import encode_event
from nimsg.server.blocks import Blocks
from nimsg.server.parking import Parking
from nimsg.server.people import Person


# Joined, frames are written at once: more than this is no gain.
PIECE = 65_536


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

    def deliver(self, posts: Iterable[SentPost]) -> None:
        """Messages are stored, in this order: who hears their rooms gets them.

        Of each there is one frame, and of frames that the same people get one piece.
        """
        heard: dict[Person, list[bytes]] = {}
        for post in posts:
            frame = encode_event("room.message", post.message)
            for person in self._hearers(post):
                heard.setdefault(person, []).append(frame)
            self._parking.wake((post.message.room,))
        shared: dict[tuple[bytes, ...], list[bytes]] = {}
        for person, frames in heard.items():
            same = tuple(frames)
            if same not in shared:
                shared[same] = pieces(frames)
            for piece in shared[same]:
                person.push(piece)

    def _hearers(self, post: SentPost) -> list[Person]:
        author = self._posting.get((post.sender, post.client_id))
        return [
            person
            for uid, person in self._present.get(post.message.room, {}).items()
            if person is not author and not self._hidden(post, uid)
        ]

    def _hidden(self, post: SentPost, uid: int) -> bool:
        if post.about is not None and self._blocks.blocks(post.about, uid):
            return True
        return self._blocks.blocks(uid, post.sender)


def pieces(frames: Iterable[bytes]) -> list[bytes]:
    """Frames joined as far as they are small; a long one stands by itself."""
    found: list[list[bytes]] = []
    room = 0
    for frame in frames:
        if not found or len(frame) > room:
            found.append([])
            room = PIECE
        found[-1].append(frame)
        room -= len(frame)
    return [b"".join(some) for some in found]
