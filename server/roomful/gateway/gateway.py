"""The engine of one process, given the rules of this application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from roomful import __version__
from roomful.gateway.project_policy import ProjectPolicy
from roomful.gateway.revocation import Revocation
from roomful.identity.revocations import ACCESS_CHANNEL
from roomful.realtime.history.port import PAGE_BYTES
from roomful.realtime.limits import Limits
from roomful.realtime.node.node import Node
from roomful.realtime.node.shutdown import Shutdown
from roomful.realtime.node.socket_registry import SocketRegistry
from roomful.realtime.presence.recorder import PresenceRecorder
from roomful.runtime import Runtime
from roomful.settings import Settings


@asynccontextmanager
async def open_node(runtime: Runtime) -> AsyncIterator[Node]:
    """Serve sockets over the runtime's hub; at the end every one of them is closed with 3001."""
    sessions = SocketRegistry()
    policy = ProjectPolicy(runtime)
    node = Node(
        version=__version__,
        hub=runtime.hub,
        history=runtime.history,
        presence=runtime.presence,
        presence_recorder=PresenceRecorder(runtime.presence, runtime.broker.publish),
        policy=policy,
        task_scope=runtime.task_scope,
        sessions=sessions,
        shutdown=Shutdown(sessions, runtime.task_scope, grace_seconds=runtime.settings.shutdown_grace),
        emulation=runtime.emulation,
        rates=runtime.rates,
        limits=limits_of(runtime.settings),
    )
    runtime.hub.observe(Revocation(runtime.hub, sessions, runtime.task_scope, forget=policy.forget).observe)
    await runtime.hub.pin(ACCESS_CHANNEL)
    runtime.loops.run("timers", node.wheel.run())
    runtime.loops.run("presence recorder", node.presence_recorder.run())
    try:
        yield node
    finally:
        node.shutdown.finish()
        await node.presence_recorder.settle()


def limits_of(settings: Settings) -> Limits:
    """Whatever a client asks for, what waits for it stays below its send buffer: a quarter, and one reply of a half."""
    bound = settings.send_buffer_bytes
    return Limits(
        page_bytes=min(PAGE_BYTES, bound // 2),
        presence_bytes=bound // 2,
        resume_bytes=bound // 4,
        recovery=settings.recovery_limit,
        connections_per_user=settings.max_connections_per_user,
        commands_per_minute=settings.rate_limit_commands,
        message_bytes=settings.max_message_bytes,
        ping_seconds=settings.ping_interval,
        pong_seconds=settings.pong_timeout,
    )
