"""Every row of the method table: what it takes, and that it takes nothing else."""

import json

import msgspec
import pytest

from nimsg.errors import ProtocolFault
from nimsg.protocol import codec, requests, results
from nimsg.protocol.methods import EVENTS, METHODS, Activity, Needs
from tests.support.json_corners import TYPES
from tests.support.requests_table import MINIMAL, field_of, request, request_with


PARAMETERS = [
    (name, parameter)
    for name, row in METHODS.items()
    for parameter in row.params.__struct_encode_fields__
]
PASSIVE = {
    "auth.logins",
    "session.ping",
    "server.stats",
    "mail.list",
    "mail.changes",
    "mail.status",
    "mail.search",
    "mail.thread",
    "draft.list",
    "block.list",
    "room.list",
    "room.members",
    "room.history",
    "room.mark",
    "token.list",
    "users.list",
    "users.invitations",
    "users.mail",
    "users.sessions",
}
ANONYMOUS = {
    "auth.begin",
    "auth.login",
    "auth.nick",
    "auth.resume",
    "auth.token",
    "auth.register",
}


def decode(payload: bytes) -> requests.Params:
    return codec.decode_params(codec.decode_envelope(payload), payload).params


def taken(value: object) -> object:
    """A parameter as it is decoded."""
    if isinstance(value, dict):
        return msgspec.convert(value, requests.Origin)
    return value


def refused(payload: bytes) -> bool:
    with pytest.raises(ProtocolFault) as caught:
        decode(payload)
    return caught.value.kind == "invalid_params"


def test_s2_7_every_method_has_a_request_in_the_table() -> None:
    assert MINIMAL.keys() == METHODS.keys()


def test_s2_7_a_row_is_found_under_its_own_name() -> None:
    assert all(row.name == name and row.text for name, row in METHODS.items())


def test_x7_polls_are_passive_and_acts_are_not() -> None:
    passive = {n for n, row in METHODS.items() if row.activity is Activity.PASSIVE}

    assert passive == PASSIVE


def needing(needs: Needs) -> set[str]:
    return {name for name, row in METHODS.items() if row.needs is needs}


def test_s1_4_only_the_ways_to_log_in_are_open_before_login() -> None:
    assert needing(Needs.ANONYMOUS) == ANONYMOUS


def test_sec_17_accounts_are_kept_on_the_servers_machine_only() -> None:
    accounts = {name for name in METHODS if name.startswith("users.")}
    assert needing(Needs.LOCAL) == {*accounts, "server.stats"}


def test_s3_22_only_admins_stop_the_server() -> None:
    assert needing(Needs.ADMIN) == {"server.shutdown", "server.cancel"}


def test_x2_only_a_client_with_a_person_is_idle_or_has_private_links() -> None:
    private = {name for name in METHODS if name.startswith("private.")}

    assert needing(Needs.INTERACTIVE) == {"session.touch", *private}


def test_every_kind_of_parameters_and_results_is_used_by_some_row() -> None:
    used = {row.params for row in METHODS.values()}
    shown = {row.result for row in METHODS.values()} | {r for r, _ in EVENTS.values()}

    assert used == below(requests.Params)
    assert shown == below(results.Result)


def below(kind: type[object]) -> set[type[object]]:
    """All kinds that are made from one."""
    return {one for sub in kind.__subclasses__() for one in (sub, *below(sub))}


@pytest.mark.parametrize("name", METHODS)
def test_s2_7_the_fewest_parameters_are_enough(name: str) -> None:
    assert type(decode(request(name, MINIMAL[name]))) is METHODS[name].params


@pytest.mark.parametrize(
    ("name", "parameter"), [(n, p) for n, given in MINIMAL.items() for p in given]
)
def test_s2_7_none_of_the_fewest_can_be_missing(name: str, parameter: str) -> None:
    rest = {key: value for key, value in MINIMAL[name].items() if key != parameter}

    assert refused(request(name, rest))


@pytest.mark.parametrize("name", METHODS)
def test_sec_14_an_unknown_parameter_is_refused(name: str) -> None:
    assert refused(request(name, {**MINIMAL[name], "spare": 1}))
    assert refused(request(name, {**MINIMAL[name], "": None}))


@pytest.mark.parametrize("name", METHODS)
def test_sec_14_parameters_are_an_object(name: str) -> None:
    for type_, text in TYPES.items():
        if type_ != "object":
            assert refused(request_with(name, text)), type_


@pytest.mark.parametrize(("name", "parameter"), PARAMETERS)
def test_sec_14_a_parameter_of_a_wrong_type_is_refused(
    name: str, parameter: str
) -> None:
    for type_, text in TYPES.items():
        if type_ not in field_of(name, parameter).types:
            value: object = json.loads(text)
            assert refused(request(name, {**MINIMAL[name], parameter: value})), type_


@pytest.mark.parametrize(("name", "parameter"), PARAMETERS)
def test_sec_14_a_parameter_is_taken_up_to_its_limit(name: str, parameter: str) -> None:
    field = field_of(name, parameter)
    edges = [*field.taken, None] if "null" in field.types else [*field.taken]

    for value in edges:
        got = decode(request(name, {**MINIMAL[name], parameter: value}))
        names = got.__struct_encode_fields__.index(parameter)
        assert getattr(got, got.__struct_fields__[names]) == taken(value)


@pytest.mark.parametrize(("name", "parameter"), PARAMETERS)
def test_sec_14_a_parameter_beyond_its_limit_is_refused(
    name: str, parameter: str
) -> None:
    for value in field_of(name, parameter).refused:
        assert refused(request(name, {**MINIMAL[name], parameter: value})), value


def test_s4_6_a_send_may_ask_what_changed() -> None:
    got = decode(request("mail.send", {**MINIMAL["mail.send"], "since": "e1:2"}))

    assert isinstance(got, requests.Send)
    assert got.since == "e1:2"


def test_s0_21_a_message_can_be_asked_for_by_its_hash() -> None:
    got = decode(request("mail.open", {"hash": "0" * 32}))

    assert got == requests.OpenMail(None, "0" * 32)


def test_x7_a_session_is_kept_alive_by_acts_and_by_touch_alone() -> None:
    assert METHODS["session.touch"].activity is Activity.ACTIVE
    assert METHODS["session.ping"].activity is Activity.PASSIVE


def test_s3_22_a_shutdown_is_a_minute_away_unless_it_is_said() -> None:
    assert decode(request("server.shutdown", {})) == requests.Shutdown(60)


def test_s2_7_history_begins_where_it_is_asked_to() -> None:
    got = decode(request("room.history", {"room": "dev", "after": 0, "wait_ms": 9}))

    assert got == requests.History("dev", after=0, wait_ms=9)
