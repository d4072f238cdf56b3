"""What programs read: one object a line, with its schema and times of one form."""

import re
from collections.abc import Iterator

from tests.e2e.conftest import Town


RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def times(value: object, key: str = "") -> Iterator[object]:
    """Every member that is a time, however deep."""
    if isinstance(value, dict):
        for name, inside in value.items():
            yield from times(inside, name)
    elif isinstance(value, list):
        for inside in value:
            yield from times(inside)
    elif key.endswith("_at") and value is not None:
        yield value


def test_s0_6_every_json_line_has_its_schema_and_readable_times(
    town: Town,
) -> None:
    ann, bob = town.settler("ann"), town.settler("bob")
    id_ = ann.sends("bob", "-s", "for a program", "-m", "x")
    gone, back = ann.sends("bob", "-m", "x"), ann.sends("bob", "-m", "x")
    for who, words, schema in (
        (ann, ("send", "bob", "-m", "x"), "sent"),
        (bob, ("client", "--once"), "inbox"),
        (bob, ("inbox", "--all"), "inbox"),
        (ann, ("outbox", "--all"), "outbox"),
        (ann, ("recall", back), "recall"),
        (bob, ("open", id_), "message"),
        (bob, ("client", "--once", "--open"), "message"),
        (bob, ("ack", id_), "ack"),
        (ann, ("status", id_), "status"),
        (ann, ("wait", id_, "--until", "acked"), "status"),
        (ann, ("delete", gone), "delete"),
        (ann, ("token", "create", "x"), "token"),
        (ann, ("token", "list"), "token"),
        (ann, ("user", "list", "--var", str(town.server.var)), "user"),
        (ann, ("check", "--var", str(town.server.var)), "check"),
    ):
        lines = who.gets(*words, "--json").objects
        found = [time for line in lines for time in times(line)]

        assert lines, words
        assert {line["schema"] for line in lines} == {f"nimsg.{schema}/1"}
        assert found or schema in ("check", "delete") or words[1] == "create"
        assert all(RFC_3339.fullmatch(str(time)) for time in found), found
