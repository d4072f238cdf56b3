"""What holds for all tests."""

import gc
import signal
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.soaking import Soak, asked_seconds, asked_seed


SOAKED = "soaked"
E2E = Path(__file__).parent / "e2e"
SHARES = pytest.StashKey[int]()

# How long an example takes says more of the machine than of the example.
settings.register_profile(
    "house", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("house")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Sixteen thousand tests stay to the end: nobody searches them for garbage."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def uncounted(item: pytest.Item) -> bool:
    """Whether a test says nothing of what is covered."""
    return any(item.get_closest_marker(mark) for mark in ("slow", "e2e"))


@pytest.hookimpl(tryfirst=True)  # before marks choose what is run
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """What takes minutes has no guard of seconds; each has its share of the time.

    What stands in tests/e2e has its mark. Counting what is covered takes as long as the
    tests themselves: slow ones go without, and those of processes, in which nothing is
    counted.
    """
    for item in items:
        if item.path.is_relative_to(E2E):
            item.add_marker(pytest.mark.e2e)
        if uncounted(item):
            item.add_marker(pytest.mark.no_cover)
        if item.get_closest_marker("soak"):
            item.add_marker(pytest.mark.timeout(0))
    marked = [one for one in items if "soak" in getattr(one, "fixturenames", ())]
    config.stash[SHARES] = max(1, len(marked))


# A job in the background of a script has it ignored, and so would all that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _hang_up_ends() -> Iterator[None]:
    """A client at its end ignores SIGHUP; this process has others to come."""
    yield
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def soak(request: pytest.FixtureRequest) -> Iterator[Soak]:
    """A share of the time that soak tests have, and what they tell at the end."""
    workers = int(getattr(request.config, "workerinput", {}).get("workercount", 1))
    share = asked_seconds() * workers / request.config.stash[SHARES]
    one = Soak(share, asked_seed())
    yield one
    request.node.user_properties.append((SOAKED, {"seed": one.seed, **one.counts}))


def counted(report: pytest.TestReport) -> dict[str, int]:
    """What a soak test told; nothing of any other."""
    told = dict(report.user_properties).get(SOAKED)
    return told if isinstance(told, dict) else {}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What soak tests counted."""
    rows: list[tuple[str, dict[str, int]]] = [
        (report.nodeid.split("::")[-1], counted(report))
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport)
        and report.when == "teardown"
        and counted(report)
    ]
    if rows:
        terminalreporter.section("what the soak tests counted")
    for name, counts in sorted(rows):
        seed = counts.pop("seed")
        told = ", ".join(f"{what} {times:,}" for what, times in counts.items())
        terminalreporter.write_line(f"{name}: {told} (SOAK_SEED={seed})")
