"""Command lines that cannot be understood: said in words, and not sent on."""

from collections.abc import Iterator

import pytest

from tests.cli.conftest import Shell
from tests.support.fakeserver import FakeServer, obliging
from tests.support.people import Typed


def refused(done: Typed, code: int, word: str) -> None:
    """A verb said no: in words, on the standard error, by its exit code."""
    assert (done.code, done.out) == (code, ""), done
    assert word in done.err, done


@pytest.fixture(autouse=True)
def _server(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server that lets anybody in and does nothing for them."""
    with FakeServer(obliging({})) as server:
        monkeypatch.setenv("NIMSG_SERVER", server.address)
        yield
    assert not list(shell.home.iterdir())


@pytest.mark.parametrize(
    ("words", "code", "word"),
    [
        (("bob", "-s", "x" * 201), 4, "at most 200 characters"),
        (("bob", "-s", "two\nlines"), 4, "one line"),
        (
            ("bob", "-s", "ab\udcff"),
            4,
            "the subject is not UTF-8: byte 2 cannot",
        ),
        (("bob", "-m", "ä\udcff"), 4, "the text is not UTF-8: byte 2 cannot"),
        ((), 2, "to whom? nimsg send NAME: a message goes to 1 to 64 people"),
        (tuple(f"u{n}" for n in range(65)), 2, "1 to 64 people"),
        (("a b",), 2, "printable ASCII"),
        (("ü",), 2, "printable ASCII"),
        (("",), 2, "printable ASCII"),
        (("x" * 33,), 2, "1 to 32"),
        (("bob", "--reply-to", "yesterday"), 2, "names no message"),
        (("bob", "--client-id", "two words"), 2, "--client-id has 1 to 64"),
        (("bob", "--client-id", ""), 2, "--client-id has 1 to 64"),
        (("bob", "--client-id", "x" * 65), 2, "--client-id has 1 to 64"),
        (("bob", "--wait", "read"), 2, "invalid choice: 'read'"),
        (("bob", "--wait", "opened", "--for", "soon"), 2, "90s, 30m, 2h or 1d"),
        (("bob", "-f", "x"), 2, "not allowed with argument"),
        (("bob", "--user", "a b"), 2, "printable ASCII"),
        (("bob", "--user", "\udcff"), 2, "printable ASCII"),
    ],
    ids=lambda value: str(value)[:30].encode("ascii", "replace").decode(),
)
def test_s0_18_what_cannot_be_sent_is_said_in_words(
    shell: Shell, words: tuple[str, ...], code: int, word: str
) -> None:
    refused(shell.types("send", "-m", "x", *words), code, word)


@pytest.mark.parametrize(
    ("words", "word"),
    [
        (("frobnicate",), "there is no verb 'frobnicate'"),
        (("--foo",), "there is no option '--foo'"),
        (("inbox", "--no-such-option"), "unrecognized arguments: --no-such-option"),
        (("inbox", "extra"), "unrecognized arguments: extra"),
        (("inbox", "-n", "-5"), "'-5' is no whole number"),
        (("inbox", "-n", "many"), "'many' is no whole number"),
        (("search", "x", "-n", "٣"), "'٣' is no whole number"),
        (("room", "history", "lab", "-n", "x"), "'x' is no whole number"),
        (("open",), "ID or --md5 HASH"),
        (("open", "i1", "--md5", "0" * 32), "either an ID or --md5 HASH"),
        (("ack",), "required: ID"),
        (("wait", "o1", "--until", "read"), "invalid choice: 'read'"),
        (("user",), "required: add|list|passwd|role|remove"),
        (("user", "role", "x", "king"), "invalid choice: 'king'"),
        (("token",), "required: create|list|revoke"),
        (("register",), "which name? nimsg register NAME"),
        (("inbox",), "no user: give --user NAME or NIMSG_USER, or user in "),
        (("inbox",), "/.config/nimsg/config.toml"),
        (("search", "\udcff"), "'\\udcff' is not UTF-8"),
        (("search", "--from", "\udcff"), "'\\udcff' is not UTF-8"),
        (("search", "--to", "x\udcff"), "'x\\udcff' is not UTF-8"),
        (("search", "--with", "\udcff"), "'\\udcff' is not UTF-8"),
        (("search", "x" * 250, "y" * 250), "have 501 characters; at most 500"),
        (("search", "--box", "x"), "choose from 'inbox', 'outbox')"),
        (("search", "--state", "x"), "choose from 'new', 'opened', 'acked',"),
        (("export", "-", "--box", "x"), "choose from 'inbox', 'outbox')"),
        (("server", "--auth", "x"), "choose from 'password', 'nick', 'open')"),
        (("whoelse", "extra"), "unrecognized arguments: extra"),
        (("whoelsesince",), "required: SECONDS"),
        (("whoelsesince", "5", "6"), "unrecognized arguments: 6"),
        (("whoelsesince", "soon"), "'soon' is no whole number"),
        (("whoelsesince", "1.5"), "'1.5' is no whole number"),
        (("whoelsesince", "-1"), "'-1' is no whole number"),
        (("seen",), "required: NAME"),
        (("block", "a b"), "printable ASCII"),
        (("broadcast", "two", "texts"), "unrecognized arguments: texts"),
        (("room",), "required: list|create|join|leave|post|history|topic"),
        (("room", "join", "Lab"), "'Lab' names no room: a room has 1 to 32"),
        (("room", "join", "##lab"), "'##lab' names no room"),
        (("room", "list", "--all", "--joined"), "not allowed with argument"),
        (("room", "mark", "lab", "0"), "'0' is no whole number from 1"),
        (("room", "mark", "lab", "x"), "'x' is no whole number from 1"),
        (
            ("room", "post", "lab", "-m", "x", "--since", "-1"),
            "'-1' is no whole number",
        ),
        (("room", "history", "lab", "--before", "0"), "'0' is no whole number from 1"),
        (("room", "history", "lab", "--mine", "--after", "1"), "not allowed with"),
        (
            ("room", "history", "lab", "--before", "9", "--wait", "1"),
            "no --wait for it",
        ),
        (("shutdown", "soon"), "'soon' is no whole number from 0 to 86400"),
        (("shutdown", "86401"), "'86401' is no whole number"),
        (("shutdown", "5", "--cancel"), "not allowed with argument"),
        *(
            ((*verb, "--var", "x", *option), f"{option[0]} for a server over the wire")
            for verb in (
                ("shutdown",),
                ("export", "m.mbox", "--of", "ann"),
                ("import", "m.mbox", "--map", "m"),
            )
            for option in (("--server", "1"), ("--user", "ann"), ("--tls",))
        ),
        (("logins", "-n", "x"), "'x' is no whole number"),
        (("completion",), "required: bash|zsh|fish"),
        (("search", "x", "--box", "inbox", "--room", "lab"), "--box or --room"),
        (("search", "x", "--room", "Lab"), "'Lab' names no room"),
        (("server", "--registration", "x"), "choose from 'open', 'invite', 'closed')"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_c20_what_cannot_be_understood_is_a_usage_error(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], word: str
) -> None:
    monkeypatch.setenv("NIMSG_USER", "")
    done = shell.types(*words)
    # Python 3.14 prints choices without quotes.
    refused(done._replace(err=done.err.replace("'", "")), 2, word.replace("'", ""))


def test_a_label_longer_than_allowed_is_a_usage_error(shell: Shell) -> None:
    for label in ("", "x" * 65):
        done = shell.types("token", "create", label)
        refused(done, 2, "a label has 1 to 64 characters")
