"""Local methods on a folder that no server has: the same handlers, no listener."""

import asyncio
from pathlib import Path

import msgspec

from nimsg.config import ServerConfig
from nimsg.errors import Refusal
from nimsg.protocol.codec import decode_envelope, decode_params
from nimsg.protocol.envelope import encode_request
from nimsg.protocol.strict import JsonObject
from nimsg.server.context import Context, Reply
from nimsg.server.dispatch import answer
from nimsg.server.services import Services
from nimsg.store.local import LocalStore


def call_offline(var: Path, method: str, params: JsonObject) -> JsonObject:
    """The result of one local method.

    Raises `Refusal` as the server would, and what opening a store raises.
    """
    services = Services(ServerConfig(var), LocalStore(var, holder="nimsg user"))
    try:
        reply = asyncio.run(_call(services, encode_request(0, method, params)))
    finally:
        services.close()
    if isinstance(reply, Refusal):
        raise reply
    result: JsonObject = msgspec.to_builtins(reply.result)
    return result


async def _call(services: Services, payload: bytes) -> Reply | Refusal:
    async with asyncio.TaskGroup() as tasks:
        committing = tasks.create_task(services.committer.run())
        try:
            request = decode_params(decode_envelope(payload), payload)
            return await answer(Context(services, None, None), request)
        except Refusal as refusal:
            return refusal
        finally:
            committing.cancel()
