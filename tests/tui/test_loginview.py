"""The first screen walks the questions of the login in one form."""

import asyncio
from collections.abc import Callable, Sequence

import pytest
from urwid.testing import check_box_sizing, press, render_text

from nimsg.client.acts_session import FINAL
from nimsg.client.login import Dialog
from nimsg.errors import NimsgError, Refusal
from nimsg.protocol.constants import AuthMode, Device
from nimsg.protocol.strict import JsonObject
from nimsg.text import wrap
from nimsg.tui.keys import Context, KeyMap
from nimsg.tui.loginview import FIRST_RUN, KEPT, TYPED_ABOVE, Changed, LoginView
from nimsg.tui.secretbox import HIDDEN


SIZE = (80, 16)
SERVER = "127.0.0.1:6969"
PASSWORD = "correct horse"
KNOWN: JsonObject = {"next": "password"}
UNKNOWN: JsonObject = {"next": "register"}
WELCOME: JsonObject = {"user": "ann"}

Outcome = JsonObject | Refusal


class Town:
    """A login as the app does it, with what the server answers, in order."""

    def __init__(
        self, view: LoginView, *answers: Outcome, auth: str = "password"
    ) -> None:
        self.view = view
        self.dialog = Dialog(auth, Device.TUI.value)
        self._answers = list(answers)

    async def log_in(self) -> None:
        while self.dialog.request or self.dialog.question:
            question = self.dialog.question
            if question is not None:
                answer = await self.view.ask(question, self.dialog.said)
                self.dialog.answer(answer)
                continue
            outcome = self._answers.pop(0)
            if isinstance(outcome, Refusal):
                self.dialog.refused(outcome)
            else:
                self.dialog.result(outcome)


def drawn(view: LoginView, size: tuple[int, int] = SIZE) -> list[str]:
    rows = render_text(view, size, focus=True, strip=True)
    return [row.strip() for row in rows if row.strip()]


async def settle() -> None:
    """Let the other side go on until it waits."""
    for _ in range(20):
        await asyncio.sleep(0)


async def types(view: LoginView, *texts: str) -> None:
    """Type texts, each with Enter behind it."""
    for text in texts:
        assert press(view, SIZE, *text) == []
        assert KeyMap().action(Context.LOGIN, "enter") == "submit"
        view.act("submit")
        await settle()


def wrong(left: int) -> Refusal:
    return Refusal("bad_credentials", "", {"attempts_left": left})


async def submitted(view: LoginView, *texts: str) -> str:
    async with asyncio.TaskGroup() as tasks:
        address = tasks.create_task(view.address())
        await settle()
        await types(view, *texts)
    return address.result()


async def test_s1_2_the_form_asks_for_server_name_and_password() -> None:
    view = LoginView(SERVER, "ann")

    assert drawn(view) == [
        "nimsg",
        f"Server    {SERVER}",
        "User      ann",
        "> Password",
    ]
    assert await submitted(view, PASSWORD) == SERVER
    town = Town(view, KNOWN, WELCOME)
    await town.log_in()
    assert (town.dialog.user, town.dialog.secret) == ("ann", PASSWORD)


async def test_s1_2_a_password_is_never_drawn_nor_how_long_it_is() -> None:
    view = LoginView(SERVER, "ann")
    await types(view)
    seen = set()
    for key in PASSWORD:
        press(view, SIZE, key)
        seen.add("\n".join(render_text(view, SIZE, focus=True)))
        seen.add(str(view.get_cursor_coords(SIZE)))

    assert len(seen) == 2
    assert HIDDEN in "".join(seen)
    assert not any(part in "".join(seen) for part in ("correct", "horse", "cor"))
    assert PASSWORD not in repr(view) + repr(vars(view))


async def test_a_pasted_password_is_one_insert() -> None:
    view = LoginView(SERVER, "ann")
    states = []
    for key in ("begin paste", *"two words", "enter", "end paste"):
        assert view.keypress(SIZE, key) is None
        states.append(view.is_pasting)
    assert states == [*[True] * 11, False]
    assert HIDDEN in drawn(view)[-1]

    assert await submitted(view, "") == SERVER
    town = Town(view, KNOWN, WELCOME)
    await town.log_in()
    assert town.dialog.secret == "two words"


async def test_s3_13_what_is_not_known_is_asked_for_first() -> None:
    view = LoginView()
    assert "> Server" in drawn(view)

    assert await submitted(view, "lab:7000", "bob", PASSWORD) == "lab:7000"


async def test_s3_13_a_server_must_be_given() -> None:
    view = LoginView("", "ann")
    view.act("next-pane")
    view.act("next-pane")
    await types(view, PASSWORD)

    assert drawn(view)[1] == "> Server"
    assert "Give the server as HOST:PORT." in drawn(view)


async def test_a_first_run_says_what_to_do() -> None:
    view = LoginView(SERVER, first_run=True)

    assert drawn(view)[-2:] == list(FIRST_RUN)
    assert drawn(LoginView(SERVER))[-1] != FIRST_RUN[-1]


async def test_s2_10_a_wrong_password_says_how_many_tries_are_left() -> None:
    view = LoginView(SERVER, "ann")
    await submitted(view, "wrong")
    town = Town(view, KNOWN, wrong(2), wrong(1), WELCOME)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(town.log_in())
        await settle()
        assert "> Password" in drawn(view)
        assert "That is not the password; 2 tries left." in drawn(view)
        assert "Password of ann:" in drawn(view)
        await types(view, "wrong again")
        assert "That is not the password; 1 try left." in drawn(view)
        await types(view, PASSWORD)
    assert town.dialog.secret == PASSWORD
    assert "logging in…" in drawn(view)


async def test_s2_10_what_ends_a_login_is_shown_in_place() -> None:
    view = LoginView(SERVER, "ann")
    await submitted(view, "wrong")
    view.failed("too many wrong passwords; locked for 60 s", forget=True)

    assert drawn(view)[3:] == [
        "> Password",
        "too many wrong passwords; locked for 60 s",
        "Enter tries again.",
    ]


async def test_a_connection_that_fails_is_tried_again_by_enter() -> None:
    view = LoginView(SERVER, "ann")
    await submitted(view, PASSWORD)
    assert "connecting…" in drawn(view)
    view.failed(f"no server answers at {SERVER}")

    assert drawn(view)[-2:] == [f"no server answers at {SERVER}", "Enter tries again."]
    assert drawn(view)[1] == f"> Server    {SERVER}"
    assert await submitted(view, "") == SERVER
    town = Town(view, KNOWN, WELCOME)
    await town.log_in()
    assert town.dialog.secret == PASSWORD


@pytest.mark.parametrize("ends", FINAL.values())
async def test_a_session_that_has_ended_is_begun_again_on_the_form(
    ends: Callable[[], NimsgError],
) -> None:
    view = LoginView(SERVER, "ann")
    view.failed(str(ends()))
    view.ended()

    said = " ".join(drawn(view))
    assert KEPT in said
    assert "again" not in said.replace(KEPT, "")
    # The password is all that is wanting.
    assert any(row.startswith("> Password") for row in drawn(view))


async def test_it_is_tried_again_where_no_password_was_needed() -> None:
    view = LoginView(SERVER, "ann")
    await submitted(view, "")
    view.failed("no server")

    assert await submitted(view, "") == SERVER


async def test_enter_does_nothing_while_it_connects() -> None:
    view = LoginView(SERVER, "ann")
    await submitted(view, PASSWORD)
    await types(view, "", "")
    view.failed("no server")

    again = asyncio.create_task(view.address())
    await settle()
    assert not again.done()
    again.cancel()


async def register(
    view: LoginView, texts: Sequence[str], *answers: Outcome
) -> tuple[Town, list[list[str]]]:
    """A login that goes on to a registration, and what was seen before each text."""
    town = Town(view, *answers)
    seen = []
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(town.log_in())
        for text in texts:
            await settle()
            seen.append(drawn(view))
            await types(view, text)
    return town, seen


async def test_s1_3_a_new_name_is_registered_by_two_equal_passwords() -> None:
    view = LoginView(SERVER, "ann")
    await submitted(view, "")
    town, seen = await register(view, [PASSWORD, PASSWORD], UNKNOWN, WELCOME)

    told = "ann has no account here yet; a new password makes it."
    assert seen[0][3:] == ["> Password", told, "New password for ann:"]
    assert seen[1][3:] == [f"Password  {HIDDEN}", "> Again", "The same again:"]
    assert town.dialog.secret == PASSWORD


async def test_s1_3_a_password_typed_before_is_the_new_one_and_asked_once_more() -> (
    None
):
    view = LoginView(SERVER, "ann")
    await submitted(view, PASSWORD)
    town, seen = await register(view, [PASSWORD], UNKNOWN, WELCOME)

    assert seen[0][3:] == [
        f"Password  {HIDDEN}",
        "> Again",
        "ann has no account here yet; a new password makes it.",
        "The same again:",
        *wrap(TYPED_ABOVE, 58),
    ]
    assert town.dialog.secret == PASSWORD


async def test_s1_3_a_password_typed_before_that_cannot_be_is_asked_for_anew() -> None:
    view = LoginView(SERVER, "ann")
    await submitted(view, "short")
    town, seen = await register(view, [PASSWORD, PASSWORD], UNKNOWN, WELCOME)

    assert seen[0][3] == "> Password"
    assert seen[0][4].startswith("ann has no account here yet")
    assert seen[0][-1] == "New password for ann:"
    assert seen[1][3:] == [f"Password  {HIDDEN}", "> Again", "The same again:"]
    assert town.dialog.secret == PASSWORD


async def test_s1_3_two_unlike_passwords_are_asked_again() -> None:
    view = LoginView(SERVER, "ann")
    await submitted(view, "")
    town, seen = await register(
        view, [PASSWORD, "other", PASSWORD, PASSWORD], UNKNOWN, WELCOME
    )

    assert seen[2][3:] == [
        "> Password",
        "The two are not the same; again.",
        "New password for ann:",
    ]
    assert seen[3][4] == "> Again"
    assert town.dialog.secret == PASSWORD


async def test_a_free_name_is_offered_where_one_is_taken() -> None:
    view = LoginView(SERVER, "ann")
    await submitted(view, "")
    taken = Refusal("name_taken", "", {"suggestion": "ann2"})
    async with asyncio.TaskGroup() as tasks:
        town = Town(view, taken, WELCOME, auth=AuthMode.NICK.value)
        tasks.create_task(town.log_in())
        await settle()
        assert "> User      ann2" in drawn(view)
        assert "User [ann2]:" in drawn(view)
        await types(view, "")
    assert town.dialog.user == "ann2"


async def test_a_name_that_cannot_be_is_shown_again_to_be_changed() -> None:
    view = LoginView(SERVER, "annü")
    await submitted(view, PASSWORD)
    async with asyncio.TaskGroup() as tasks:
        town = Town(view, KNOWN, WELCOME)
        tasks.create_task(town.log_in())
        await settle()
        assert "> User      annü" in drawn(view)
        press(view, SIZE, "backspace")
        await types(view, "")
    assert (town.dialog.user, town.dialog.secret) == ("ann", PASSWORD)


async def test_a_question_may_come_before_an_address_was_asked_for() -> None:
    view = LoginView(SERVER, "ann")
    town = Town(view, KNOWN, WELCOME)
    town.dialog = Dialog("password", Device.TUI.value, user="ann")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(town.log_in())
        await settle()
        await types(view, PASSWORD)
    assert town.dialog.secret == PASSWORD


@pytest.mark.parametrize("field", ["User", "Server"])
async def test_another_server_or_name_may_be_given_instead_of_an_answer(
    field: str,
) -> None:
    view = LoginView(SERVER, "ann")
    await submitted(view, "wrong")
    asked = asyncio.create_task(Town(view, KNOWN, wrong(2)).log_in())
    await settle()
    for _ in range({"User": 1, "Server": 2}[field]):
        view.act("previous-pane")
    assert any(row.startswith(f"> {field}") for row in drawn(view))
    await types(view, "1")

    with pytest.raises(Changed):
        await asked
    assert await view.address() == (SERVER if field == "User" else f"{SERVER}1")


async def test_enter_elsewhere_goes_back_to_what_is_asked() -> None:
    view = LoginView(SERVER, "ann")
    await submitted(view, "wrong")
    asked = asyncio.create_task(Town(view, KNOWN, wrong(2)).log_in())
    await settle()
    view.act("next-pane")
    await types(view, "")

    assert "> Password" in drawn(view)
    assert not asked.done()
    asked.cancel()
    await settle()
    view.failed("the connection was lost")
    assert "the connection was lost" in drawn(view)


async def test_news_are_told_in_place() -> None:
    view = LoginView(SERVER, "ann")
    view.tell("the server shuts down\x1b[2J in 3 s")

    assert drawn(view)[-1] == "the server shuts down in 3 s"


async def test_esc_is_left_to_the_app() -> None:
    view = LoginView(SERVER, "ann")

    assert KeyMap().action(Context.LOGIN, "esc") == "quit"
    assert not view.act("quit")
    assert press(view, SIZE, "esc", "tab", "meta 1") == ["esc", "tab", "meta 1"]


@pytest.mark.parametrize(
    "size", [(1, 1), (5, 3), (20, 5), (40, 10), (80, 24), (200, 50)]
)
async def test_the_form_is_drawn_at_any_size(size: tuple[int, int]) -> None:
    view = LoginView("server.example.org:6969", "ann", first_run=True)
    check_box_sizing(view, cols=size[0], rows=size[1])
    await submitted(view, "wrong")
    asked = asyncio.create_task(Town(view, KNOWN, wrong(2)).log_in())
    await settle()
    check_box_sizing(view, cols=size[0], rows=size[1])
    asked.cancel()
    await settle()
    view.failed("no server answers " * 20)
    check_box_sizing(view, cols=size[0], rows=size[1])


async def test_a_small_screen_shows_the_field_and_what_is_said() -> None:
    view = LoginView(SERVER, "ann")
    await submitted(view, "wrong")
    asked = asyncio.create_task(Town(view, KNOWN, wrong(2)).log_in())
    await settle()

    rows = drawn(view, (20, 5))
    assert "> Password" in rows
    assert " ".join(rows[1:4]) == "That is not the password; 2 tries left."
    asked.cancel()
    await settle()


async def test_the_form_stays_where_it_is() -> None:
    view = LoginView(SERVER, "ann")
    before = view.get_cursor_coords((80, 24))
    view.tell("connecting")

    assert view.get_cursor_coords((80, 24)) == before
