"""What is drawn is written whole."""

import io
import os

from nimsg.tui.screen import buffered


def test_an_output_that_is_unbuffered_is_buffered_for_frames() -> None:
    """`python -u` gives a text layer that forgets what one write did not take."""
    outer, inside = os.openpty()
    raw = io.FileIO(inside, "w", closefd=False)
    out = io.TextIOWrapper(raw, encoding="utf-8", errors="replace", write_through=True)  # type: ignore[arg-type,type-var,unused-ignore]

    with buffered(out) as whole:
        assert isinstance(whole.buffer, io.BufferedWriter)
        assert (whole.encoding, whole.errors) == ("utf-8", "replace")
        whole.write("é")
        whole.flush()
        assert os.read(outer, 10) == "é".encode()
    assert os.isatty(inside)
    os.close(outer)
    os.close(inside)
