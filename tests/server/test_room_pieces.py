"""What a batch says in rooms: one piece for all who hear the same, in its order."""

import pytest
from hypothesis import given, strategies as st

from nimsg.core.commands import SentPost
from nimsg.protocol.codec import encode_event
from nimsg.protocol.constants import Device
from nimsg.protocol.results_rooms import RoomMessage
from nimsg.server.blocks import Blocks
from nimsg.server.parking import Parking
from nimsg.server.rooms import PIECE, Rooms, pieces
from tests.support.examples import few


ANN, BOB, CYD, DEE = 1, 2, 3, 4
SIZES = st.sampled_from([0, 1, 300, PIECE // 2, PIECE - 1, PIECE, PIECE + 1])


class Listener:
    """A session, as far as rooms know it."""

    address = "local"
    since = 0
    device = Device.LINE
    name = ""
    resume = None

    def __init__(self, uid: int) -> None:
        self.uid = uid
        self.pushed: list[bytes] = []

    def end(self, _: object) -> None:
        """See `Person`."""

    def push(self, frame: bytes) -> None:
        self.pushed.append(frame)


def post(number: int, room: str, sender: int, body: str = "hi") -> SentPost:
    message = RoomMessage(room, number, f"id{number}", "x", body, 0, "d")
    return SentPost(message, "h", duplicate=False, sender=sender, client_id=str(number))


def frame(said: SentPost) -> bytes:
    return encode_event("room.message", said.message)


@pytest.fixture
def listeners() -> dict[int, Listener]:
    return {uid: Listener(uid) for uid in (ANN, BOB, CYD, DEE)}


@pytest.fixture
def rooms(listeners: dict[int, Listener]) -> Rooms:
    """All are in `dev`, cyd and dee in `ops` too; dee blocks bob."""
    made = Rooms(Blocks([(DEE, BOB)]), Parking())
    for listener in listeners.values():
        made.join(listener, "dev")
    for uid in (CYD, DEE):
        made.join(listeners[uid], "ops")
    return made


def test_sec_12_a_batch_is_one_piece_that_those_who_hear_the_same_share(
    rooms: Rooms, listeners: dict[int, Listener]
) -> None:
    said = [post(1, "dev", ANN), post(2, "ops", CYD), post(3, "dev", BOB)]
    rooms.posting(listeners[ANN], ANN, "1")

    rooms.deliver(said)

    first, second, third = map(frame, said)
    heard = {uid: listener.pushed for uid, listener in listeners.items()}
    assert heard == {
        ANN: [third],
        BOB: [first + third],
        CYD: [first + second + third],
        DEE: [first + second],
    }


def test_sec_12_a_piece_is_made_once(
    rooms: Rooms, listeners: dict[int, Listener]
) -> None:
    rooms.deliver([post(1, "dev", ANN), post(2, "dev", ANN)])

    assert len({id(listener.pushed[0]) for listener in listeners.values()}) == 1


def test_of_nothing_nobody_hears(rooms: Rooms, listeners: dict[int, Listener]) -> None:
    rooms.deliver([])

    assert not any(listener.pushed for listener in listeners.values())


@few
@given(st.lists(SIZES, max_size=8))
def test_pieces_are_all_frames_in_order_and_only_a_long_frame_is_a_long_piece(
    sizes: list[int],
) -> None:
    frames = [bytes([n]) * size for n, size in enumerate(sizes)]

    joined = pieces(frames)

    assert b"".join(joined) == b"".join(frames)
    assert all(len(piece) <= PIECE or piece in frames for piece in joined)
    assert len(joined) <= 1 + 2 * sum(sizes) / PIECE
