"""The command `nimsg`, which is `python -m nimsg` too."""

import gc


# Objects. A verb that ends at once makes fewer, so that none of them is looked through
# for garbage: that takes a check for mail a twentieth of its time.
COLLECTED_AFTER = 20_000


def entry() -> None:
    """What the installed command runs."""
    gc.set_threshold(COLLECTED_AFTER)
    from nimsg.cli.main import run_line

    run_line()


if __name__ == "__main__":
    entry()
