"""A shell within this process: the same `main`, without a start of its own."""

import io
import sys
from pathlib import Path

import pytest

from nimsg.cli.main import main
from tests.support.people import Typed


class Shell:
    """Runs command lines in a home of its own. What it prints is read by capsys."""

    def __init__(
        self,
        home: Path,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        self.home = home
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    @property
    def config(self) -> Path:
        """Where the config file is looked for; its folder is there."""
        path = self.home / ".config" / "nimsg" / "config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def types(self, *words: str, stdin: bytes = b"") -> Typed:
        """Run one command line."""
        typing = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")
        self._monkeypatch.setattr(sys, "stdin", typing)
        code = main(words)
        out, err = self._capsys.readouterr()
        assert "Traceback" not in out + err
        return Typed(code, out, err)


@pytest.fixture
def shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Shell:
    """A shell whose environment says nothing about nimsg but who is typing."""
    for name in ("SERVER", "PASSWORD", "VAR", "DEBUG"):
        monkeypatch.delenv(f"NIMSG_{name}", raising=False)
    monkeypatch.setenv("NIMSG_USER", "bob")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path, capsys, monkeypatch)
