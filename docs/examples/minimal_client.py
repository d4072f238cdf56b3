"""A whole client on one page: two people, one message, and its receipt.

python docs/examples/minimal_client.py HOST PORT

It follows docs/protocol.md and uses nothing of nimsg. It speaks plain TCP, so HOST
is the loopback of a server without TLS.
"""

import json
import socket
import struct
import sys


PASSWORD = "an example only"  # noqa: S105 - of accounts that hold nothing
OURS = 1  # the protocol version this client speaks


class Refused(Exception):
    """The server understood a request and said no."""

    def __init__(self, error: dict) -> None:
        super().__init__(error["message"])
        self.kind = error["data"]["kind"]


class Client:
    """One connection. Calls one method at a time."""

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port), timeout=10)
        self.last_id = 0
        self.hello = self.read_frame()["params"]
        if OURS not in self.hello["versions"]:
            raise SystemExit(f"the server speaks versions {self.hello['versions']}")

    def call(self, method: str, **params: object) -> dict:
        """The result of a method. Raises `Refused`."""
        self.last_id += 1
        self.write_frame(
            {"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params}
        )
        while True:
            frame = self.read_frame()
            if "method" in frame:
                continue  # an event; this client waits for none
            if "error" in frame:
                raise Refused(frame["error"])
            if frame["id"] == self.last_id:
                return frame["result"]

    def enter(self, user: str) -> dict:
        """Log in; make the account where there is none."""
        asked = self.call("auth.begin", user=user)["next"]
        if asked == "register":
            return self.call("auth.register", user=user, password=PASSWORD)
        if asked == "password":
            return self.call("auth.login", user=user, password=PASSWORD)
        return self.call("auth.login", user=user)

    def write_frame(self, message: dict) -> None:
        """Send one frame: the payload's length, then the payload."""
        payload = json.dumps(message, allow_nan=False).encode("utf-8")
        self.socket.sendall(struct.pack(">I", len(payload)) + payload)

    def read_frame(self) -> dict:
        """Take one frame."""
        (length,) = struct.unpack(">I", self.read_exactly(4))
        return json.loads(self.read_exactly(length))

    def read_exactly(self, size: int) -> bytes:
        """Take so many bytes, however they come."""
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise SystemExit("the server has hung up")
            data += more
        return data


def main(host: str, port: int) -> None:
    """Tell the story."""
    ada, ben = Client(host, port), Client(host, port)
    print(f"{ada.hello['server']}, auth {ada.hello['auth']}")
    for client, name in ((ada, "ada"), (ben, "ben")):
        welcome = client.enter(name)
        print(f"{welcome['user']} is logged in: {welcome['new']} new")

    sent = ada.call(
        "mail.send",
        to=["ben"],
        client_id=f"minimal-{ada.hello['time']}",
        subject="Coffee",
        body="Is there any left?\n",
    )
    print(f"ada sent {sent['id']} to {', '.join(sent['to'])}")
    print(f"ada sees: {state(ada, sent['id'])}")

    for row in ben.call("mail.list", box="inbox")["inbox"]:
        print(f"ben lists i{row['position']} from {row['from']}: {row['subject']}")

    letter = ben.call("mail.open", id=sent["id"])
    print(f"ben opens it: {letter['body'].strip()}")
    print(f"ada sees: {state(ada, sent['id'])}")

    ada.call("auth.logout")
    ben.call("auth.logout")


def state(client: Client, message: str) -> str:
    """Where the one copy of a message stands."""
    return client.call("mail.status", id=message)["receipts"][0]["state"]


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: minimal_client.py HOST PORT")
    main(sys.argv[1], int(sys.argv[2]))
