"""A server's state as text that Prometheus reads (its exposition format 0.0.4)."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from nimsg.errors import ConfigError
from nimsg.protocol.results_stats import Stats
from nimsg.store.atomic import put_file
from nimsg.store.disk import RealDisk
from nimsg.store.layout import StrPath


# Monitors run as users of their own; there is nothing of anybody's in it.
MODE = 0o644
US_PER_S = 1_000_000
MS_PER_S = 1000

Samples = Mapping[str, float]


class Metric(NamedTuple):
    """One metric: its samples by what stands between name and value."""

    name: str
    kind: str
    text: str
    samples: Callable[[Stats], Samples]


def _labelled(label: str, values: Mapping[str, float]) -> Samples:
    """A sample for each value of one label, whose values need no escapes."""
    return {f'{{{label}="{value}"}}': number for value, number in values.items()}


def _one(value: float) -> Samples:
    return {"": value}


def _connections(stats: Stats) -> Samples:
    found = stats.connections
    kinds = {
        "anonymous": found.anonymous,
        "headless": found.headless,
        "interactive": found.interactive,
        "handshaking": found.handshaking,
    }
    return _labelled("kind", kinds)


def _queues(stats: Stats) -> Samples:
    found = stats.queues
    names = {
        "commit": found.commit,
        "journal": found.journal,
        "indexer": found.indexer,
    }
    return _labelled("queue", names)


def _latency(stats: Stats) -> Samples:
    found = stats.commits
    ranks = {"0.5": found.p50_us / US_PER_S, "0.99": found.p99_us / US_PER_S}
    return _labelled("quantile", ranks)


def _until(stats: Stats) -> Samples:
    return {} if stats.tls_ends_at is None else _one(stats.tls_ends_at / MS_PER_S)


# fmt: off
METRICS = (
    Metric("nimsg_time_seconds", "gauge", "When this was measured.",
           lambda stats: _one(stats.at / MS_PER_S)),
    Metric("nimsg_uptime_seconds", "gauge", "How long the server has run.",
           lambda stats: _one(stats.uptime_s)),
    Metric("nimsg_connections", "gauge", "Open connections.", _connections),
    Metric("nimsg_connections_most", "gauge", "Connections that are taken at most.",
           lambda stats: _one(stats.connections_most)),
    Metric("nimsg_accounts", "gauge", "Accounts that are not closed.",
           lambda stats: _one(stats.accounts)),
    Metric("nimsg_messages", "gauge", "Messages in the store.",
           lambda stats: _one(stats.messages)),
    Metric("nimsg_rooms", "gauge", "Rooms.", lambda stats: _one(stats.rooms)),
    Metric("nimsg_queue_length", "gauge", "What waits.", _queues),
    Metric("nimsg_sent_total", "counter", "Messages taken since the start.",
           lambda stats: _one(stats.sent)),
    Metric("nimsg_sent_per_second", "gauge", "The same, over the last minute.",
           lambda stats: _one(round(stats.sent_minute / 60, 3))),
    Metric("nimsg_commit_seconds", "gauge", "How long the last commands took.",
           _latency),
    Metric("nimsg_refusals_total", "counter", "Refusals since the start.",
           lambda stats: _labelled("kind", stats.refusals)),
    Metric("nimsg_resident_memory_bytes", "gauge", "Memory of the server.",
           lambda stats: _one(stats.rss_bytes)),
    Metric("nimsg_open_files", "gauge", "Open descriptors.",
           lambda stats: _one(stats.open_files)),
    Metric("nimsg_open_files_most", "gauge", "Descriptors that it may have.",
           lambda stats: _one(stats.open_files_most)),
    Metric("nimsg_free_bytes", "gauge", "Free space where the store lies.",
           lambda stats: _one(stats.free_bytes)),
    Metric("nimsg_min_free_bytes", "gauge", "Free space below which mail is refused.",
           lambda stats: _one(stats.min_free_bytes)),
    Metric("nimsg_mail_refused", "gauge", "1 where there is less than that, else 0.",
           lambda stats: _one(stats.mail_refused)),
    Metric("nimsg_certificate_end_seconds", "gauge", "The end of the certificate.",
           _until),
)
# fmt: on


class _ForAll(RealDisk):
    """Files that everybody may read."""

    def open(self, path: StrPath, flags: int) -> int:
        """See `Disk`."""
        fd = super().open(path, flags)
        os.fchmod(fd, MODE)
        return fd


def exposition(stats: Stats) -> str:
    """All metrics, each with its help; one without a sample is left out."""
    return "".join(f"{line}\n" for metric in METRICS for line in _lines(metric, stats))


def _lines(metric: Metric, stats: Stats) -> Iterator[str]:
    samples = metric.samples(stats)
    if samples:
        yield f"# HELP {metric.name} {metric.text}"
        yield f"# TYPE {metric.name} {metric.kind}"
    for labels, value in samples.items():
        yield f"{metric.name}{labels} {value:.15g}"


def require_place(path: Path) -> None:
    """Raises `ConfigError` where a file that is kept for a monitor cannot be."""
    folder = path.absolute().parent
    if os.path.isdir(path):  # noqa: PTH112 - pathlib fails where it may not look
        why = "this is a folder; name a file in it"
    elif not folder.is_dir():
        why = f"there is no folder {folder}; make it, or name another file"
    elif not os.access(folder, os.W_OK | os.X_OK):
        why = f"the server may not write into {folder}; let it, or name another file"
    else:
        return
    raise ConfigError(f"--prometheus {path}: {why}")


def write_exposition(path: Path, text: str) -> None:
    """Let a file hold a text, whole or not at all. Raises `OSError`."""
    put_file(_ForAll(), path, text.encode("ascii"))
