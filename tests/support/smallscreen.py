"""A small program on a full screen: it shows the keys that it gets.

    python -m tests.support.smallscreen

`T` sets the window's title, `X` ends it without giving the terminal back, `q` ends it.
"""

import os
import signal
import sys

import urwid
from urwid.display.raw import Screen


def main() -> None:
    """Run until `q`, or SIGTERM."""
    keys = urwid.Text("keys:")
    screen = Screen(bracketed_paste_mode=True)
    got: list[str] = []

    def press(key: "str | tuple[str, int, int, int]") -> None:
        if key == "q":
            raise urwid.ExitMainLoop
        if key == "X":
            screen.flush()
            os._exit(3)
        if key == "T":
            screen.write("\x1b]2;small\x1b\\")
        got.append(str(key))
        keys.set_text(f"keys: {'|'.join(got[-8:])}")

    def sized(_loop: urwid.MainLoop, _data: object = None) -> None:
        cols, rows = screen.get_cols_rows()
        header.set_text(f"small {cols}x{rows} 日本")

    header = urwid.Text("small")
    body = urwid.Filler(urwid.Pile([keys, urwid.Text(("good", "green"))]), "top")
    frame: urwid.Widget = urwid.Frame(body, header=urwid.AttrMap(header, "header"))
    palette = [("header", "white,bold", "dark blue"), ("good", "dark green", "")]
    loop = urwid.MainLoop(
        frame, palette, screen, handle_mouse=False, unhandled_input=press
    )
    loop.event_loop.enter_idle(lambda: sized(loop))
    signal.signal(signal.SIGTERM, lambda *_: press("q"))
    sized(loop)
    loop.run()
    sys.stdout.write("bye\n")


if __name__ == "__main__":
    main()
