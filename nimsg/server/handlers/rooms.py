"""Rooms: make, join, leave, list, write, read."""

import asyncio
from functools import partial

from nimsg.core.commands import (
    CreateRoom,
    JoinRoom,
    LeaveRoom,
    MarkRoom,
    PostToRoom,
    SentPost,
    SetTopic,
)
from nimsg.core.ulid import RANDOM_BYTES, ulid
from nimsg.errors import Refusal
from nimsg.protocol import requests as q
from nimsg.protocol.constants import limit
from nimsg.protocol.results import Done
from nimsg.protocol.results_rooms import Joined, Posted, RoomPage
from nimsg.protocol.rules import check_message, check_topic
from nimsg.server.context import Context, Reply
from nimsg.store.base import HistoryQuery, RoomsQuery


FIRST_PAGE = 50


async def create(context: Context, params: q.CreateRoom) -> Reply:
    """Make a room and be in it."""
    services = context.services
    check_topic(params.topic)
    id_ = ulid(services.clock(), services.entropy(RANDOM_BYTES))
    command = CreateRoom(id_, context.uid, params.room, params.topic)
    return await _arrive(context, command)


async def join(context: Context, params: q.OneRoom) -> Reply:
    """Become a member."""
    return await _arrive(context, JoinRoom(context.uid, params.room))


async def leave(context: Context, params: q.OneRoom) -> Reply:
    """Be no member any more."""
    services, uid = context.services, context.uid
    live = partial(services.rooms.leave, uid, params.room)
    await services.change(LeaveRoom(uid, params.room), live)
    return Reply(Done())


async def list_(context: Context, params: q.ListRooms) -> Reply:
    """A page of rooms."""
    services = context.services
    query = RoomsQuery(context.uid, params.after, params.joined, params.limit)
    return Reply(await services.read(services.store.rooms, query))


async def members(context: Context, params: q.ListMembers) -> Reply:
    """A page of a room's members."""
    services = context.services
    page = await services.read(
        services.store.members, context.uid, params.room, params.after, params.limit
    )
    return Reply(page)


async def topic(context: Context, params: q.SetTopic) -> Reply:
    """Set a topic; all who are there are told by a message of the server's."""
    services, me = context.services, context.me.account
    check_topic(params.topic)
    admin = me.role == "admin" and services.proves_names
    command = SetTopic(me.uid, params.room, params.topic, any_room=admin)
    await services.committed(command)
    return Reply(Done())


async def post(context: Context, params: q.Post) -> Reply:
    """Store a message; the answer says that its file stands."""
    services, uid = context.services, context.uid
    check_message("", params.body)
    services.rooms.posting(context.session, uid, params.client_id)
    try:
        command = PostToRoom(uid, params.room, params.client_id, params.body)
        sent = await services.commit(command, SentPost)
    finally:
        services.rooms.posted(uid, params.client_id)
    missed = None
    if params.since is not None:
        missed = await _page(
            context,
            q.History(params.room, after=params.since, limit=limit("history_rows")),
        )
    return Reply(
        Posted(
            room=sent.message.room,
            id=sent.message.id,
            position=sent.message.position,
            sent_at=sent.message.sent_at,
            digest=sent.message.digest,
            hash=sent.hash,
            duplicate=sent.duplicate,
            missed=missed,
        )
    )


async def history(context: Context, params: q.History) -> Reply:
    """A page of a room; parked while there is nothing behind `after`."""
    services = context.services
    if params.before is not None and (params.after is not None or params.mine):
        raise Refusal("invalid_params", "a page is before, or after, or behind mine")
    if params.wait_ms and params.after is None:
        raise Refusal("invalid_params", "what waits is asked for with `after`")
    loop = asyncio.get_running_loop()
    deadline = loop.time() + params.wait_ms / 1000
    while True:
        # The ticket is taken before the question: nothing falls between them.
        ticket = services.parking.park(params.room)
        try:
            page = await _page(context, params)
            left = 0.0 if services.stopping else deadline - loop.time()
            if page.messages or page.damaged or left <= 0:
                return Reply(page)
            await asyncio.wait({ticket}, timeout=left)
        finally:
            services.parking.leave(params.room, ticket)


async def mark(context: Context, params: q.Mark) -> Reply:
    """Note how far the asker has read."""
    command = MarkRoom(context.uid, params.room, params.position)
    await context.services.commit(command, int)
    return Reply(Done())


async def _arrive(context: Context, command: CreateRoom | JoinRoom) -> Reply:
    """Become a member, and what that is answered with."""
    services, uid, room = context.services, context.uid, command.room

    def join_live() -> None:
        person = services.people.session(uid)
        if person is not None:
            services.rooms.join(person, room)

    await services.change(command, join_live)
    page = await _page(context, q.History(room, limit=FIRST_PAGE))
    return Reply(Joined(await services.read(services.store.room, uid, room), page))


async def _page(context: Context, params: q.History) -> RoomPage:
    services = context.services
    query = HistoryQuery(
        context.uid,
        params.room,
        params.before,
        params.after,
        params.mine,
        params.limit,
    )
    return await services.read(services.store.history, query)
