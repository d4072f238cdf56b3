"""What a server counts of itself."""

from nimsg.protocol.results_stats import Commits
from nimsg.server.meter import LATENCIES, Meter


def test_n8_messages_of_the_last_minute_are_counted() -> None:
    meter = Meter(1000.0)
    for at_s in (1000.2, 1000.9, 1059.0, 1060.5):
        meter.took_in(2, at_s)

    assert (meter.sent, meter.sent_minute(1059.5)) == (8, 8)
    assert meter.sent_minute(1060.5) == 4
    assert meter.sent_minute(1200.0) == 0
    for second in range(1200, 1400):
        meter.took_in(1, second)
    assert meter.sent_minute(1399.9) == 60


def test_n8_half_and_99_in_100_of_the_last_commands() -> None:
    meter = Meter(0.0)
    assert meter.commits() == Commits(0, 0, 0)
    meter.took(0.002)
    assert meter.commits() == Commits(1, 2000, 2000)
    for _ in range(LATENCIES):
        meter.took(5.0)
    for number in range(100, 0, -1):
        meter.took(number / 1000)
    assert meter.commits() == Commits(LATENCIES, 5_000_000, 5_000_000)
    for number in range(LATENCIES):
        meter.took((number % 100 + 1) / 1000)
    assert meter.commits() == Commits(LATENCIES, 49_000, 99_000)


def test_n8_refusals_are_counted_by_kind() -> None:
    meter = Meter(0.0)
    for kind in ("busy", "not_found", "busy"):
        meter.refused(kind)

    assert meter.refusals == {"busy": 2, "not_found": 1}
