"""The live server that the table is tried on, and what ann has there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from nimsg.errors import KINDS
from nimsg.protocol.framing import FrameDecoder, encode_frame
from nimsg.protocol.strict import JsonObject
from tests.conformance.cases import (
    HALF_CLOSE,
    TAKEN,
    After,
    Case,
    Start,
    Step,
    World,
    ask,
)
from tests.support.people import PASSWORD
from tests.support.plainwire import PlainWire
from tests.support.process import ServerProcess
from tests.support.wire import ANY_LENGTH, said


PROBE = 999
LONGEST = 500  # characters of a sentence for people, whatever was sent
FAULTS = {
    kind
    for kind in KINDS
    if kind.startswith(("invalid_", "parse_", "frame_", "foreign_", "truncated_"))
    and kind != "invitation_invalid"
} | {"method_not_found"}
BROKEN = {"parse_error", "invalid_params", "invalid_request"}
PEOPLE = ("ann", "ben", "chief", "dora", "eric", "finn")
IS_LOGGED_IN = frozenset({Start.USER, Start.SITTING, Start.BEN, Start.CHIEF})
# Those who sit at a screen hear of each other, when they were there a while ago too.
UNHEARD = frozenset({"presence"})


@contextmanager
def furnished(server: ServerProcess) -> Iterator[World]:
    """A server with ann, ben who writes to her, and the chief, who is an admin.

    `to_ann` is a letter by ben, `to_ben` one by ann, `recalled` one that ben took
    back, `between_others` one that she has no part in. Ann is in `dev` and
    `quiet`, where nobody says anything, ben in `attic`.
    """
    names: dict[str, str] = {}
    with PlainWire(server.var / "admin.sock") as admin:
        admin.greeted()
        wires = {name: PlainWire(server.port).greeted() for name in PEOPLE}
        for name, wire in wires.items():
            wire.call("auth.register", user=name, password=PASSWORD)
            made = wire.call("token.create", label="case")
            names[name], names[f"token_of_{name}"] = str(made["token"]), str(made["id"])
        ann, ben = wires["ann"], wires["ben"]
        for key, wire, to in (("to_ann", ben, "ann"), ("to_ben", ann, "ben")):
            names[key] = _sent(wire, key, to)
        names["recalled"] = _sent(ben, "recalled", "ann")
        ben.call("mail.recall", id=names["recalled"])
        names["between_others"] = _sent(ben, "others", "chief")
        for room in ("dev", "quiet"):
            ann.call("room.create", room=room)
        ben.call("room.create", room="attic")
        # Nothing of what others do there comes between the frames of a case.
        for wire in (ann, ben):
            wire.call("room.leave", room="lobby")
        names["cursor"] = str(ann.call("mail.changes")["cursor"])
        admin.call("users.role", user="chief", role="admin")
        for wire in wires.values():
            with wire:
                wire.end()
                wire.rest()
        yield World(server.port, admin, names)


def _sent(wire: PlainWire, key: str, to: str) -> str:
    letter = {"to": [to], "client_id": key, "body": key}
    return str(wire.call("mail.send", **letter)["id"])


def _sit_down(world: World, wire: PlainWire, name: str, device: str) -> None:
    wire.call("auth.token", token=world.names[name], device=device)


BEGIN: dict[Start, Callable[[World, PlainWire], object]] = {
    Start.GREETED: lambda _, __: None,
    Start.LOCAL: lambda _, __: None,
    Start.USER: lambda world, wire: _sit_down(world, wire, "ann", "headless"),
    Start.SITTING: lambda world, wire: _sit_down(world, wire, "ann", "line"),
    Start.BEN: lambda world, wire: _sit_down(world, wire, "ben", "tui"),
    Start.CHIEF: lambda world, wire: _sit_down(world, wire, "chief", "headless"),
}


def come_of(world: World, var: Path, case: Case) -> list[JsonObject]:
    """The frames that a case is answered with; fails where it does not end as said."""
    at = var / "admin.sock" if case.start is Start.LOCAL else world.port
    with PlainWire(at, UNHEARD) as wire:
        BEGIN[case.start](world, wire.greeted())
        frames: list[JsonObject] = []
        for step in case.steps:
            frames += _taken(step, world, wire)
        if case.after is After.CLOSED:
            return frames + wire.rest()
        frames += [_not_none(wire.next()) for _ in case.hears[len(frames) :]]
        _check_alive(case, wire)
        return frames


def _taken(step: Step, world: World, wire: PlainWire) -> list[JsonObject]:
    """Take one step; the replies that were waited for."""
    if step is HALF_CLOSE:
        wire.end()
    elif isinstance(step, bytes):
        wire.send(_filled(step, world))
    elif isinstance(step, int):
        return [_not_none(wire.next()) for _ in range(step)]
    else:
        step(world, wire)
    return []


def _check_alive(case: Case, wire: PlainWire) -> None:
    """The connection is still what it is said to be, and nothing more comes."""
    wire.send(ask("session.ping", PROBE))
    logged_in = case.start in IS_LOGGED_IN or case.after is After.USER
    proof = f"{PROBE} {'done' if logged_in else 'login_required'}"
    found = said(_not_none(wire.next()))
    assert found == proof, f"{found}, not {proof}: the connection was to live on"
    wire.end()
    rest = [said(frame) for frame in wire.rest()]
    assert rest == [], f"and more came: {rest}"


def _filled(data: bytes, world: World) -> bytes:
    """Whole frames with the names that their case could not know."""
    if b"<<" not in data:
        return data
    filled = b""
    for payload in FrameDecoder(ANY_LENGTH).feed(data):
        whole = payload
        for name, value in world.names.items():
            whole = whole.replace(f"<<{name}>>".encode(), value.encode())
        filled += encode_frame(whole)
    return filled


def _not_none(frame: JsonObject | None) -> JsonObject:
    assert frame is not None, "the connection was closed"
    return frame


def judge(case: Case, frames: list[JsonObject]) -> None:
    """Fails where the frames are not what the case says."""
    for frame in frames:
        check_shape(frame)
    told = [said(frame) for frame in frames]
    wanted = [*case.hears]
    if not case.ordered:
        told, wanted = sorted(told), sorted(wanted)
    assert len(told) == len(wanted), f"{told}, not {wanted}"
    fitting = [fits(*pair) for pair in zip(told, wanted, strict=True)]
    assert fitting == wanted, f"{told}, not {wanted}"
    refusals = [frame["error"] for frame in frames if "error" in frame]
    if case.names or case.facts:
        error = refusals[0]
        assert isinstance(error, dict)
        assert case.names in error["message"], error
        assert error["data"].items() >= case.facts.items(), error


def fits(told: str, wanted: str) -> str:
    """What was wanted, where what was told is that; else what was told."""
    if wanted.endswith(f" {TAKEN}"):
        id_, kind = told.split()
        return wanted if wanted.startswith(id_) and kind not in FAULTS else told
    if wanted == "* refused":
        return wanted if told.split()[1] in BROKEN else told
    return told


def check_shape(frame: JsonObject) -> None:
    """Every frame of a server has the members of one of three kinds, and no other."""
    assert frame["jsonrpc"] == "2.0"
    members = set(frame) - {"jsonrpc"}
    if "error" in members:
        error = frame["error"]
        assert isinstance(error, dict)
        assert error.keys() == {"code", "message", "data"}, error
        kind = error["data"]["kind"]
        assert error["code"] == KINDS[kind].code, error
        assert 0 < len(error["message"]) < LONGEST, error
        assert members == {"id", "error"}
    elif "method" in members:
        assert members == {"method", "params"}
    else:
        assert members == {"id", "result"}
