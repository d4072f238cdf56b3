"""Where a server is: every way to write it, and what is no address."""

import pytest

from nimsg.client.address import (
    Address,
    Security,
    check_fingerprint,
    parse_address,
    parse_port,
)
from nimsg.errors import ConfigError, UsageError


HEX = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("4000", "127.0.0.1", 4000),
        ("1", "127.0.0.1", 1),
        ("65535", "127.0.0.1", 65_535),
        ("localhost", "localhost", 6969),
        ("localhost:4000", "localhost", 4000),
        ("mail.example:1", "mail.example", 1),
        ("10.0.0.7:6969", "10.0.0.7", 6969),
        ("[::1]", "::1", 6969),
        ("[::1]:4000", "::1", 4000),
        ("::1", "::1", 6969),
        ("fe80::1%eth0", "fe80::1%eth0", 6969),
        ("/run/nimsg/admin.sock", "/run/nimsg/admin.sock", 6969),
    ],
)
def test_s1_11_an_address_is_read(text: str, host: str, port: int) -> None:
    assert parse_address(text) == Address(host, port)


@pytest.mark.parametrize(
    "text",
    [
        *("", ":", ":4000", "host:", "host:x", "host:-1", "host:0", "host:65536"),
        *("0", "65536", "99999999999999999999", "[::1", "[::1]4000", "[::1]:", "[]"),
        *("https://host", "host:4000/x", "host/x", "://"),
        *("[]:4000", "host:4000 ", "host:+5", "host:1.5", "host:0x10"),
    ],
)
def test_s1_11_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_address(text)

    assert "no address" in str(caught.value) or "no port" in str(caught.value)


@pytest.mark.parametrize("text", ["0", "65536", "-1", "", "x", "1e3", "²"])
def test_c2_a_port_is_1_to_65535(text: str) -> None:
    with pytest.raises(UsageError, match="1 to 65535"):
        parse_port(text)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (Address("127.0.0.1", 1), "127.0.0.1:1"),
        (Address("::1", 1), "[::1]:1"),
        (Address("/run/a.sock", 0), "/run/a.sock"),
    ],
)
def test_an_address_is_shown_as_it_is_typed(address: Address, shown: str) -> None:
    assert str(address) == shown


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "127.1", "127.255.255.254", "::1", "/run/a.sock"]
)
def test_c2_the_loopback_needs_no_tls(host: str) -> None:
    assert not Security().wanted(Address(host, 1))


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1.example", "127.example", "128.0.0.1", "10.0.0.1"),
        *("0.0.0.0", "::"),  # noqa: S104 - nothing listens
        *("localhost.example", "::ffff:127.0.0.1", "1270.0.0.1", "127.0.0.①"),
    ],
)
def test_term_5_whatever_may_be_another_machine_gets_tls(host: str) -> None:
    assert Security().wanted(Address(host, 1))


@pytest.mark.parametrize(
    "security",
    [Security(tls=True), Security(ca="ca.pem"), Security(fingerprint=HEX)],
)
def test_term_5_tls_is_spoken_on_the_loopback_where_it_is_asked_for(
    security: Security,
) -> None:
    assert security.wanted(Address("127.0.0.1", 1))


@pytest.mark.parametrize(
    "text",
    [
        HEX,
        HEX.upper(),
        ":".join(HEX[at : at + 2] for at in range(0, 64, 2)),
        f"SHA256={HEX}",
    ],
)
def test_term_5_a_fingerprint_is_taken_as_tools_print_it(text: str) -> None:
    assert check_fingerprint(text) == HEX


@pytest.mark.parametrize("text", ["", HEX[:-1], HEX + "0", "g" * 64, "sha1=" + HEX])
def test_term_5_what_is_no_fingerprint_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="64 hex digits"):
        check_fingerprint(text)
