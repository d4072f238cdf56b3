"""Settings, each with its unit in its name; frozen once read."""

from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from nimsg.errors import ConfigError


LOOPBACK = "127.0.0.1"


class ServerConfig(NamedTuple):
    """What a server is started with. Port 0 lets the system choose.

    Wrong passwords lock a name for `block_duration_s`, and an interactive session ends
    after `idle_timeout_s` without an act; 0 is never. Where TLS is spoken and no
    certificate is given the server makes its own. `limits` are counts by their names
    in `hello`, in place of the usual ones; 0 is no limit. With `local_only` it answers
    on var/admin.sock, and keeps no house.
    """

    var: Path
    host: str = LOOPBACK
    port: int = 6969
    auth: str = "password"
    registration: str = "open"
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls: bool = False
    prometheus: Path | None = None
    prometheus_interval_s: float = 15.0
    max_clients: int = 4096
    min_free_bytes: int = 64 * 1024 * 1024
    login_deadline_s: float = 60.0
    frame_deadline_s: float = 30.0
    tls_deadline_s: float = 10.0
    stop_deadline_s: float = 8.0
    settle_interval_s: float = 0.5
    retention_days: float = 30.0
    purge_interval_s: float = 3600.0
    block_duration_s: float = 60.0
    lockout_scope: str = "account"
    idle_timeout_s: float = 0.0
    hash_memory_kib: int = 19_456
    hash_rounds: int = 2
    limits: Mapping[str, int] = MappingProxyType({})
    local_only: bool = False

    @property
    def secured(self) -> bool:
        """Whether TLS is spoken: always off the loopback."""
        return self.tls or self.tls_cert is not None or not is_loopback(self.host)


def check_server(config: ServerConfig) -> ServerConfig:
    """The config itself.

    Raises `ConfigError` where a certificate is given without its key, or a key alone.
    """
    if (config.tls_cert is None) != (config.tls_key is None):
        raise ConfigError("--tls-cert and --tls-key are given together or not at all")
    return config


def is_loopback(host: str) -> bool:
    """Whether a host can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
