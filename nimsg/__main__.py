"""`python -m nimsg` is `nimsg`."""

from nimsg.cli.main import entry


if __name__ == "__main__":
    entry()
