"""Every way of saying no: one root, one table, one exit code each."""

import ssl

import pytest

from nimsg import errors
from nimsg.errors import KINDS, Exit, ProtocolFault, Refusal, tls_words


EXITS: dict[str, int] = {
    "DONE": 0,
    "NOTHING_NEW": 1,
    "USAGE": 2,
    "WAITED_IN_VAIN": 3,
    "REFUSED": 4,
    "ENDED": 5,
    "UNREACHABLE": 69,
    "INTERNAL": 70,
    "STORAGE": 74,
    "TRY_LATER": 75,
    "PROTOCOL": 76,
    "LOGIN": 77,
    "CONFIG": 78,
    "INTERRUPTED": 130,
}
JSON_RPC: dict[str, int] = {
    "parse_error": -32700,
    "invalid_request": -32600,
    "method_not_found": -32601,
    "invalid_params": -32602,
    "internal_error": -32603,
}


def test_n4_exit_codes_are_a_promise_to_scripts() -> None:
    assert {exit_.name: exit_.value for exit_ in Exit} == EXITS


def test_s1_4_every_kind_has_its_own_code() -> None:
    codes = [kind.code for kind in KINDS.values()]

    assert len(set(codes)) == len(codes)


def test_s1_4_the_codes_of_json_rpc_are_its_own_and_ours_are_free_ones() -> None:
    assert {name: KINDS[name].code for name in JSON_RPC} == JSON_RPC
    ours = KINDS.keys() - JSON_RPC.keys()
    assert all(-32099 <= KINDS[name].code <= -32000 for name in ours)


@pytest.mark.parametrize("name", KINDS)
def test_s1_4_a_kind_is_told_in_plain_words(name: str) -> None:
    kind = KINDS[name]

    assert name == name.lower()
    assert name.replace("_", "").isalpha()
    assert kind.text
    assert kind.text == kind.text.strip()
    assert kind.exit not in (Exit.DONE, Exit.NOTHING_NEW)


@pytest.mark.parametrize(
    ("exit_", "kinds"),
    [
        (Exit.LOGIN, {"duplicate_login", "account_locked", "bad_resume"}),
        (Exit.WAITED_IN_VAIN, {"private_no_answer"}),
        (Exit.ENDED, {"recalled"}),
    ],
)
def test_n4_scripts_tell_these_kinds_by_their_exit_code(
    exit_: Exit, kinds: set[str]
) -> None:
    assert kinds <= {name for name, kind in KINDS.items() if kind.exit is exit_}


@pytest.mark.parametrize("name", KINDS)
def test_a_refusal_takes_text_and_exit_code_from_its_kind(name: str) -> None:
    refusal = Refusal(name)

    assert (refusal.kind, refusal.detail) == (name, KINDS[name].text)
    assert (refusal.exit, refusal.data) == (KINDS[name].exit, {})
    assert str(refusal) == KINDS[name].text


def test_a_refusal_may_say_it_better_and_carry_facts() -> None:
    refusal = Refusal("not_found", "gone since Monday", {"id": "x"})

    assert str(refusal) == refusal.detail == "gone since Monday"
    assert refusal.data == {"id": "x"}


@pytest.mark.parametrize(("detail", "said"), [("", "tomorrow"), ("wait", "wait")])
def test_a_kind_of_a_newer_peer_is_kept_as_it_is(detail: str, said: str) -> None:
    refusal = Refusal("tomorrow", detail)

    assert (refusal.kind, refusal.detail) == ("tomorrow", said)
    assert refusal.exit is Exit.REFUSED


@pytest.mark.parametrize("fatal", [True, False])
def test_a_protocol_fault_is_a_refusal_that_may_be_fatal(fatal: bool) -> None:
    fault = ProtocolFault("parse_error", "no", {"a": 1}, fatal=fatal)

    assert isinstance(fault, Refusal)
    assert (fault.kind, fault.detail, fault.data) == ("parse_error", "no", {"a": 1})
    assert (fault.fatal, fault.exit) == (fatal, Exit.PROTOCOL)


@pytest.mark.parametrize(
    ("type_", "exit_"),
    [
        (errors.NimsgError, Exit.INTERNAL),
        (errors.Unreachable, Exit.UNREACHABLE),
        (errors.Untrusted, Exit.PROTOCOL),
        (errors.ConfigError, Exit.CONFIG),
        (errors.UsageError, Exit.USAGE),
        (errors.Unavailable, Exit.TRY_LATER),
        (errors.StorageFailure, Exit.STORAGE),
    ],
)
def test_every_error_knows_its_exit_code(
    type_: type[errors.NimsgError], exit_: Exit
) -> None:
    error = type_("what happened")

    assert isinstance(error, errors.NimsgError)
    assert (error.exit, str(error)) == (exit_, "what happened")


def test_the_tree_is_drawn_as_it_is() -> None:
    drawn = {
        line.strip("│├└─ ").split(" ")[0]
        for line in (errors.__doc__ or "").splitlines()
        if line.startswith("    ")
    }
    defined = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.NimsgError)
    }

    assert drawn == defined


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionResetError(104, "Connection reset by peer"), "Connection reset by"),
        (ssl.SSLError(1, "[SSL] PEM lib (_ssl.c:3926)"), "PEM lib"),
        (ssl.SSLEOFError(8, "EOF occurred (_ssl.c:1006)"), "EOF occurred"),
        (ValueError("check_hostname requires server_hostname"), "check_hostname"),
        (OSError(), ""),
    ],
)
def test_sec_6_no_line_of_pythons_own_source_is_shown(
    error: OSError | ValueError, words: str
) -> None:
    found = tls_words(error)

    assert found.startswith(words)
    assert "_ssl.c" not in found


def test_sec_6_openssls_reasons_are_words() -> None:
    error = ssl.SSLError(1, "[SSL: HTTP_REQUEST] http request (_ssl.c:1006)")
    error.reason = "HTTP_REQUEST"

    assert tls_words(error) == "http request"


def test_a_file_that_may_not_be_read_is_told_with_what_to_do() -> None:
    found = errors.unreadable("pw", PermissionError(13, "Permission denied"))
    assert str(found) == (
        "pw cannot be read: Permission denied; let the user who runs nimsg read it"
    )
    missing = errors.unreadable("pw", FileNotFoundError(2, "No such file"))
    assert str(missing) == "pw cannot be read: No such file"
