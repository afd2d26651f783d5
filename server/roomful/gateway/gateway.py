"""The engine of one process, given the rules of this application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from roomful import __version__
from roomful.channels import ACCESS_CHANNEL
from roomful.gateway.project_policy import ProjectPolicy
from roomful.gateway.revocation import Revocation
from roomful.realtime.history.port import PAGE_BYTES
from roomful.realtime.limits import Limits
from roomful.realtime.node.engine import open_node
from roomful.realtime.node.node import Node
from roomful.runtime import Runtime
from roomful.settings import Settings


@asynccontextmanager
async def open_project_node(runtime: Runtime) -> AsyncIterator[Node]:
    """Serve sockets on the runtime's engine; at the end every one of them is closed with 3001."""
    engine, settings, policy = runtime.engine, runtime.settings, ProjectPolicy(runtime)
    node_of_policy = open_node(
        engine, policy, version=__version__, limits=engine_limits(settings), grace_seconds=settings.shutdown_grace
    )
    async with node_of_policy as node:
        revocation = Revocation(engine.hub, node.sessions, engine.task_scope, forget=policy.forget)
        engine.hub.observe(revocation.observe)
        await engine.hub.pin(ACCESS_CHANNEL)
        yield node


def engine_limits(settings: Settings) -> Limits:
    """Keep what waits for a client below its send buffer: a quarter, and one reply of a half."""
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
