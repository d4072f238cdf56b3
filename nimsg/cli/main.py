"""The command line: has it run, maps errors to exits."""

import errno
import gc
import os
import sys
from collections.abc import Callable, Sequence

from nimsg.errors import Exit, NimsgError, Refusal, StorageFailure


OURS = "nimsg"
COMPLETING = "_ARGCOMPLETE"  # set by the script of `nimsg completion`


def run_line() -> None:
    """Run the command line of this process, and end it."""
    # A stream that the caller has closed reads and writes nothing.
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nothing = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(nothing, mode, encoding="utf-8"))
    code = main(sys.argv[1:], gc.freeze)
    # The interpreter would look through all that is left for garbage.
    gc.freeze()
    sys.exit(code)


def main(argv: Sequence[str], loaded: Callable[[], object] = bool) -> int:
    """Run a command line; the exit code (see `nimsg.errors.Exit`).

    `loaded` is called when what the verb begins with has been imported.
    """
    try:
        code = dispatch(argv, loaded)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except NimsgError as error:
        return complain(error)
    except ModuleNotFoundError as error:
        return miss(error)
    except OSError as error:
        return give_up(error)
    except Exception as error:  # noqa: BLE001 - the last line before the user
        return confess(error)
    return code


def give_up(error: OSError) -> int:
    """End where the system has refused something; the exit code."""
    # What is printed goes to no file that has a name here.
    if error.filename is None and error.errno in UNWRITABLE:
        return give_up_output(error)
    from nimsg.cli.system import in_words

    found = in_words(error)
    return confess(error) if found is None else complain(found)


def miss(error: ModuleNotFoundError) -> int:
    """Tell of a library that is not installed; the exit code."""
    library = (error.name or OURS).partition(".")[0]
    if library == OURS:
        return confess(error)
    # What words are cleaned and folded by may be missing too.
    print(
        f"nimsg: nimsg is not installed whole, the Python library {library} is "
        "missing: run pip install . in the project's folder, with the Python that "
        "runs nimsg",
        file=sys.stderr,
    )
    return Exit.CONFIG


def give_up_output(error: OSError) -> int:
    """End where nothing more can be printed; the exit code."""
    # What is still buffered goes nowhere, or the interpreter fails at its end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):  # whoever reads has seen enough
        return Exit.DONE
    return complain(StorageFailure(f"cannot write the output: {error.strerror}"))


def dispatch(argv: Sequence[str], loaded: Callable[[], object]) -> int:
    """Run a line; for a plain check for mail the other verbs are not looked at."""
    completing = COMPLETING in os.environ
    if argv[:1] == ["client"] and "--once" in argv and not completing:
        from nimsg.cli.once import check, plain

        asked = plain(argv[1:])
        if asked is not None:
            return check(asked)
    from nimsg.cli.verbs import offer_words, run_verb

    return offer_words() if completing else run_verb(argv, loaded)


def complain(error: NimsgError) -> int:
    """Say what was refused, on the standard error; its exit code."""
    from nimsg.cli.show import terminal_width
    from nimsg.client.lines import folded
    from nimsg.text import clean_line, printable

    # One line: what a server says is not taken for the shell's prompt, or nimsg's.
    text = clean_line(_about(error)[:LONGEST])
    if isinstance(error, Refusal) and error.kind in HINTS:
        text = f"{text}; {HINTS[error.kind]}"
    text = folded(f"nimsg: {text}", terminal_width(sys.stderr))
    print(printable(text, sys.stderr.encoding), file=sys.stderr)
    return error.exit


def _about(error: NimsgError) -> str:
    """What was refused, and which name it is about."""
    user = error.data.get("user") if isinstance(error, Refusal) else None
    named = isinstance(error, Refusal) and error.kind in NAMED
    named = named and isinstance(user, str) and user != ""
    return f"{user}: {error}" if named else str(error)


def confess(error: Exception) -> int:
    """A fault of ours: one line, or the whole report where it is asked for."""
    if os.environ.get("NIMSG_DEBUG"):
        import traceback

        traceback.print_exc()
    # The system's number for it tells nobody anything.
    words = getattr(error, "strerror", None) or error
    print(
        f"nimsg: a fault of nimsg itself: {type(error).__name__}: {words}; "
        "NIMSG_DEBUG=1 shows where, for a report",
        file=sys.stderr,
    )
    return Exit.INTERNAL


# A message may hold what a server said; nobody reads more of it.
LONGEST = 2000
UNWRITABLE = (errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
# Of what was refused for a name, which of several it was is said.
NAMED = ("unknown_user", "name_invalid", "name_reserved")
HINTS = {
    "bad_credentials": "`nimsg register` makes an account where the server lets you",
    "registration_closed": "ask who runs the server: nimsg user add NAME",
    "invitation_invalid": "ask who runs the server: nimsg user invite",
    "account_locked": "who runs the server frees it: nimsg user unlock NAME",
    "unknown_room": "nimsg room list shows all",
    "room_exists": "nimsg room join ROOM",
    "not_blocked": "nimsg blocks shows whom",
    "login_required": "give --user and a password, or a token",
    "busy": "nothing was changed",
    "storage_failed": "try again when the server is back",
    "disk_full": "nothing was stored; try again when space has been made",
}
