"""What a server says first on every connection."""

from nimsg import __version__
from nimsg.protocol.codec import encode_event
from nimsg.protocol.constants import FEATURES, PROTOCOL_VERSION
from nimsg.protocol.results import Hello
from nimsg.server.services import Services


def greeting(services: Services) -> bytes:
    """The frame of `hello`."""
    config = services.config
    hello = Hello(
        server=f"nimsg {__version__}",
        versions=[PROTOCOL_VERSION],
        auth=config.auth,
        registration=config.registration,
        features=list(FEATURES),
        limits=services.limits,
        time=services.clock(),
    )
    return encode_event("hello", hello)
