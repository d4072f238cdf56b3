"""The first process of a terminal: what a shell is to the command it runs.

    python -m tests.support.leader FD COMMAND...

It starts the command in the foreground and tells over the socket FD, a line each:
`pid N`, `stopped`, `ended CODE`. A byte that comes back puts a stopped command into
the foreground again. It keeps the terminal until the socket is closed: with its first
process a terminal loses its settings, and nobody could see what the command left.
"""

import os
import signal
import sys
import termios


def main() -> None:
    """Run the command to its end."""
    control = int(sys.argv[1])
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pid = os.fork()
    if pid == 0:
        _become(sys.argv[2:], control)
    os.write(control, b"pid %d\n" % pid)
    while True:
        _, status = os.waitpid(pid, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            break
        os.write(control, b"stopped\n")
        if not os.read(control, 1):
            return
        termios.tcflush(0, termios.TCIFLUSH)
        os.tcsetpgrp(0, pid)
        os.killpg(pid, signal.SIGCONT)
    os.write(control, b"ended %d\n" % os.waitstatus_to_exitcode(status))
    os.read(control, 1)


def _become(command: list[str], control: int) -> None:
    os.close(control)
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execvp(command[0], command)  # noqa: S606 - a test's own command


if __name__ == "__main__":
    main()
