"""How many messages wait, over XMPP with raw sockets: PORT USER PASSWORD.

Coming online makes the server hand over, and forget, what waits: so only the first run
finds any. The answer to a ping behind the presence marks the end.
"""

import base64
import socket
import sys


OPEN = (
    b"<?xml version='1.0'?><stream:stream to='localhost' xmlns='jabber:client' "
    b"xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
)
port, user, password = sys.argv[1:4]
connection = socket.create_connection(("127.0.0.1", int(port)))
heard = bytearray()


def until(mark: bytes) -> bytes:
    """What comes before a mark."""
    while mark not in heard:
        data = connection.recv(65_536)
        if not data:
            sys.exit("closed")
        heard.extend(data)
    before, _, after = bytes(heard).partition(mark)
    heard[:] = after
    return before


connection.sendall(OPEN)
until(b"</stream:features>")
connection.sendall(
    b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>%b</auth>"
    % base64.b64encode(f"\0{user}\0{password}".encode())
)
until(b">")
connection.sendall(OPEN)
until(b"</stream:features>")
connection.sendall(
    b"<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
    b"<resource>check</resource></bind></iq><presence/>"
    b"<iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>"
)
until(b"</iq>")
print(until(b"id='p'").count(b"<body>"))
