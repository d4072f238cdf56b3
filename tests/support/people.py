"""People at their shells: they type verbs and see what is printed."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from nimsg.client import answers
from nimsg.protocol.strict import JsonObject
from tests.support.process import HANG_S, NIMSG, environment, nimsg


PASSWORD = "correct horse battery"


class Typed(NamedTuple):
    """What a verb came to."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """What was printed, line by line."""
        return self.out.splitlines()

    @property
    def objects(self) -> list[JsonObject]:
        """What was printed under --json."""
        return [json.loads(line) for line in self.lines]

    @property
    def object(self) -> JsonObject:
        """The one object that was printed under --json."""
        (only,) = self.objects
        return only


class Person:
    """Somebody with a home, who types verbs to one server."""

    def __init__(self, name: str, home: Path, server: str, **more: str) -> None:
        self.name = name
        self.env = environment(home, NIMSG_SERVER=server, NIMSG_USER=name, **more)

    def types(self, *words: str, stdin: bytes = b"", **more: str) -> Typed:
        """Type a verb and wait for its end; no verb ever ends in a traceback."""
        return typed(*words, env={**self.env, **more}, stdin=stdin)

    def gets(self, *words: str, stdin: bytes = b"", **more: str) -> Typed:
        """Type a verb that must succeed."""
        done = self.types(*words, stdin=stdin, **more)
        assert done.code == 0, (words, done)
        return done

    def sends(self, *words: str, stdin: bytes = b"") -> str:
        """Send a message; its id."""
        return self.gets("send", *words, stdin=stdin).out.strip()

    def begins(self, *words: str, **more: str) -> "subprocess.Popen[str]":
        """Type a verb that may take a while."""
        return subprocess.Popen(
            [*NIMSG, *words],
            env={**self.env, **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def typed(*words: str, env: Mapping[str, str], stdin: bytes = b"") -> Typed:
    """Run a verb; no verb ever ends in a traceback."""
    done = nimsg(*words, env=env, stdin=stdin)
    result = Typed(
        done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8")
    )
    assert "Traceback" not in result.out + result.err, (words, result)
    return result


def ended(typing: "subprocess.Popen[str]") -> Typed:
    """What a verb that was begun came to."""
    out, err = typing.communicate(timeout=HANG_S)
    assert "Traceback" not in out + err, (out, err)
    return Typed(typing.returncode, out, err)


def secret_file(path: Path, secret: str = PASSWORD, mode: int = 0o600) -> Path:
    """A file with a secret in it."""
    path.write_text(f"{secret}\n", encoding="utf-8")
    path.chmod(mode)
    return path


def ids(rows: Sequence[JsonObject]) -> list[str]:
    """The ids of rows."""
    return [answers.text(row, "id") for row in rows]


def inner(row: JsonObject, key: str) -> JsonObject:
    """A member that is an object."""
    found = row[key]
    assert isinstance(found, dict), (key, row)
    return found


def inners(row: JsonObject, key: str) -> list[JsonObject]:
    """A member that is a list of objects."""
    return answers.rows(row, key, dict)
