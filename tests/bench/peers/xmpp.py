"""The least of an XMPP client: PLAIN without TLS, a resource, stream management."""

import base64

from tests.bench.wire import Wire, dial


OPEN = (
    b"<?xml version='1.0'?><stream:stream to='localhost' xmlns='jabber:client' "
    b"xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
)


async def login(port: int, user: str, password: str, *, manage: bool = False) -> Wire:
    """A connection with a resource; `manage`: the server acknowledges stanzas."""
    wire = await dial(port)
    wire.write(OPEN)
    await wire.until(b"</stream:features>")
    secret = base64.b64encode(f"\0{user}\0{password}".encode())
    wire.write(
        b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>"
        + secret
        + b"</auth>"
    )
    await expect(wire, b">", b"<success")
    wire.write(OPEN)
    await wire.until(b"</stream:features>")
    wire.write(
        b"<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
        b"<resource>r</resource></bind></iq>"
    )
    await wire.until(b"</iq>")
    if manage:
        wire.write(b"<enable xmlns='urn:xmpp:sm:3'/>")
        await expect(wire, b"/>", b"<enabled")
    return wire


async def expect(wire: Wire, end: bytes, wanted: bytes) -> None:
    """What comes next up to an end, and has something in it."""
    found = await wire.until(end)
    if wanted not in found:
        raise RuntimeError(f"XMPP: {found!r}")
