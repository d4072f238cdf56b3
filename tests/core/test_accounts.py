"""Accounts and tokens: who gets which name, and what each change leaves."""

import pytest
from msgspec.structs import replace

from nimsg.core import accounts
from nimsg.core.accounts import Account, RoomFacts, Token
from nimsg.core.commands import (
    AddBlock,
    CreateAccount,
    CreateToken,
    JoinRoom,
    LeaveRoom,
    MarkRoom,
    MembershipChange,
    OwnChange,
    RemoveAccount,
    RemoveBlock,
    RevokeToken,
    SetPassword,
    SetRole,
    TouchToken,
)
from nimsg.core.rooms import Membership, Room
from nimsg.errors import Refusal
from nimsg.protocol.constants import limit


HOUR = 3_600_000
NOW = 10 * HOUR + 1234
TOKEN = Token("t1", "a" * 64, "cron", 5)
OTHER = Token("t2", "b" * 64, "night", 6, NOW, 7)
BOB = Account(1, "bob", "user", "hash", 5, None, (TOKEN, OTHER))
GONE = Account(2, "bob", "user", None, 5, removed_at=6)


def create(*, look_alike: bool = False, existing: bool = False) -> CreateAccount:
    return CreateAccount("bob", "new", "user", look_alike, existing)


# Whether the very name, or one like it, is there; what the command admits; the end.
CREATIONS: dict[
    str, tuple[Account | None, bool, CreateAccount, Account | str | None]
] = {
    "a free name": (None, False, create(), None),
    "a free name, of an import": (
        None,
        False,
        create(look_alike=True, existing=True),
        None,
    ),
    "a name that looks taken": (None, True, create(), "name_taken"),
    "a name that looks taken, existing": (
        None,
        True,
        create(existing=True),
        "name_taken",
    ),
    "a name that looks taken, of an import": (
        None,
        True,
        create(look_alike=True),
        None,
    ),
    "a taken name": (BOB, True, create(), "name_taken"),
    "a taken name, of an import": (BOB, True, create(look_alike=True), "name_taken"),
    "a taken name, existing": (BOB, True, create(existing=True), BOB),
    "a removed name": (GONE, True, create(), "name_taken"),
    "a removed name, existing": (GONE, True, create(existing=True), "name_taken"),
}


def kind_of(account: Account, command: OwnChange) -> str:
    with pytest.raises(Refusal) as caught:
        accounts.decide_change(account, command, NOW)
    return caught.value.kind


def changed(account: Account, command: OwnChange) -> Account:
    return accounts.decide_change(account, command, NOW)


@pytest.mark.parametrize("case", CREATIONS)
def test_x16_who_gets_a_name(case: str) -> None:
    same, folded_taken, command, expected = CREATIONS[case]

    if isinstance(expected, str):
        with pytest.raises(Refusal) as caught:
            accounts.decide_create(command, same, folded_taken=folded_taken)
        assert (caught.value.kind, caught.value.data) == (expected, {"user": "bob"})
    else:
        got = accounts.decide_create(command, same, folded_taken=folded_taken)
        assert got is expected


def test_sec_3_a_new_password_ends_all_tokens() -> None:
    after = changed(BOB, SetPassword(1, "new"))

    assert after == replace(BOB, password_hash="new", tokens=())


def test_sec_2_a_stronger_hash_of_the_same_password_ends_none() -> None:
    after = changed(BOB, SetPassword(1, "new", BOB.password_hash))

    assert after == replace(BOB, password_hash="new")


def test_sec_9_a_stronger_hash_of_a_password_that_was_changed_is_dropped() -> None:
    assert changed(BOB, SetPassword(1, "new", "an earlier hash")) == BOB


def test_sec_17_a_role_is_set_and_nothing_else() -> None:
    assert changed(BOB, SetRole(1, "admin")) == replace(BOB, role="admin")


def test_a_removed_account_keeps_its_name_and_no_secrets() -> None:
    assert changed(BOB, RemoveAccount(1)) == Account(1, "bob", "user", None, 5, NOW)


@pytest.mark.parametrize(
    "command",
    [
        SetPassword(2, "new"),
        SetRole(2, "admin"),
        RemoveAccount(2),
        CreateToken(2, "t3", "c" * 64, "label", None),
        RevokeToken(2, "t1"),
        TouchToken(2, "t1"),
    ],
)
def test_a_removed_account_is_never_changed_again(command: OwnChange) -> None:
    assert kind_of(GONE, command) == "unknown_user"


def test_sec_3_a_token_is_added_behind_the_others() -> None:
    after = changed(BOB, CreateToken(1, "t3", "c" * 64, "label", 99))

    assert after.tokens == (TOKEN, OTHER, Token("t3", "c" * 64, "label", NOW, 99))


def test_sec_8_an_account_has_no_more_tokens_than_allowed() -> None:
    most = limit("tokens")
    almost = replace(BOB, tokens=(TOKEN,) * (most - 1))
    another = CreateToken(1, "t3", "c" * 64, "label", None)

    full = changed(almost, another)

    assert len(full.tokens) == most
    assert kind_of(full, another) == "not_permitted"


def test_sec_3_a_revoked_token_is_gone_and_the_others_stay() -> None:
    assert changed(BOB, RevokeToken(1, "t1")).tokens == (OTHER,)
    assert kind_of(BOB, RevokeToken(1, "t9")) == "unknown_token"


def test_sec_3_the_use_of_a_token_is_kept_to_the_hour() -> None:
    after = changed(BOB, TouchToken(1, "t1"))

    assert after.tokens == (replace(TOKEN, used_at=10 * HOUR), OTHER)
    assert accounts.decide_change(after, TouchToken(1, "t1"), NOW + 60_000) is after
    assert changed(BOB, TouchToken(1, "t9")) is BOB


@pytest.mark.parametrize(
    ("expires_at", "alive"), [(None, True), (NOW + 1, True), (NOW, False), (0, False)]
)
def test_sec_3_a_token_lives_until_it_ends(expires_at: int | None, alive: bool) -> None:
    assert accounts.token_alive(replace(TOKEN, expires_at=expires_at), NOW) is alive


# -- blocks and rooms


def test_c17_a_block_is_added_once() -> None:
    blocking = replace(BOB, blocks=(3,))

    assert changed(blocking, AddBlock(1, 2)).blocks == (2, 3)
    assert kind_of(blocking, AddBlock(1, 3)) == "already_blocked"
    assert kind_of(BOB, AddBlock(1, 1)) == "self_target"


def test_c17_an_account_blocks_so_many_others() -> None:
    most = limit("blocks")
    many = replace(BOB, blocks=tuple(range(10, 10 + most - 1)))

    full = changed(many, AddBlock(1, 2))
    assert len(full.blocks) == most
    assert kind_of(full, AddBlock(1, 3)) == "too_many"


def test_c18_a_block_is_taken_back() -> None:
    blocking = replace(BOB, blocks=(2, 3))

    assert changed(blocking, RemoveBlock(1, 2)).blocks == (3,)
    assert kind_of(blocking, RemoveBlock(1, 4)) == "not_blocked"
    assert kind_of(blocking, RemoveBlock(1, 1)) == "self_target"


DEN = RoomFacts(Room("01M7Q5CYARTHSNWEH6BRBEXR1Z", "den", "", 5, 1, last=4), 1)
MEMBERSHIPS: list[tuple[MembershipChange, tuple[Membership, ...]]] = [
    (JoinRoom(1, "den"), (Membership("den", NOW, 4),)),
    (MarkRoom(1, "den", 5), (Membership("den", NOW, 4),)),
    (LeaveRoom(1, "den"), ()),
]


def test_an_account_joins_reads_and_leaves() -> None:
    account = BOB
    for command, places in MEMBERSHIPS:
        account = accounts.decide_membership(account, command, DEN, NOW)
        assert account == replace(BOB, rooms=places)


def test_who_is_removed_blocks_nobody_and_is_in_no_room() -> None:
    full = replace(BOB, blocks=(2,), rooms=(Membership("den", 5, 0),))

    after = changed(full, RemoveAccount(1))

    assert (after.blocks, after.rooms, after.removed_at) == ((), (), NOW)


def test_a_removed_account_is_unknown() -> None:
    assert accounts.require_living(BOB) is BOB
    with pytest.raises(Refusal) as caught:
        accounts.require_living(GONE)
    assert caught.value.kind == "unknown_user"
