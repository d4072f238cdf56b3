"""A field for a password."""

from urwid import Canvas

from nimsg.tui.canvas import lines_canvas
from nimsg.tui.editbox import EditBox


HIDDEN = "(not shown)"


class SecretBox(EditBox):
    """A field that shows nothing of what is typed, not even how long it is."""

    def __init__(self) -> None:
        super().__init__("", multiline=False)

    def __repr__(self) -> str:
        return "<SecretBox>"

    def render(  # type: ignore[override]
        self,
        size: tuple[int],
        focus: bool = False,  # noqa: FBT001, FBT002
    ) -> Canvas:
        text = HIDDEN if self.edit_text else ""
        cursor = self.get_cursor_coords(size) if focus else None
        return lines_canvas([[("input", text)]], size[0], 1, "input", cursor)

    def get_cursor_coords(self, size: tuple[int]) -> tuple[int, int]:
        """The cursor stands behind the sign, wherever it is in the text."""
        shown = len(HIDDEN) if self.edit_text else 0
        return min(shown, max(size[0] - 1, 0)), 0

    def rows(
        self,
        _: tuple[int],
        focus: bool = False,  # noqa: ARG002, FBT001, FBT002
    ) -> int:
        return 1
