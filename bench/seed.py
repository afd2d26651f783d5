"""Thousands of people and projects for a benchmark, written directly, since the API would take too long."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import insert

from bench.grounds import SETTINGS, Ground
from roomful.channels import project_channel, user_channel
from roomful.db import schema
from roomful.db.base import now
from roomful.db.engine import Database
from roomful.db.fingerprint import fingerprint
from roomful.eventlog.models import CHANNEL
from roomful.identity.models import SIGN_IN, USER
from roomful.identity.tokens import Tokens
from roomful.ids import new_id
from roomful.link.redis_names import RedisNames
from roomful.projects.models import MEMBER, PROJECT
from roomful.settings import load_settings

KEY = SETTINGS["ROOMFUL_SECRET_KEY"]
EPOCH = "benchmrk"
TOKEN_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Seeded:
    """A token for each person, each with their own sign-in; ids of projects, used from the front.

    `names` are the Redis names of a server on this database.
    """

    tokens: list[str]
    projects: Iterator[str]
    names: RedisNames

    def take(self, count: int) -> list[str]:
        """Unused projects."""
        return [next(self.projects) for _ in range(count)]


async def seed(ground: Ground, *, people: int, shared: int, projects: int) -> Seeded:
    """Migrate the database and fill it. Everybody is a member of the first `shared` projects, of the others only the
    first person.
    """
    database = Database(load_settings(database_url=ground.database_url, secret_key=KEY))
    users = [new_id() for _ in range(people)]
    sign_ins = [new_id() for _ in users]
    ids = [new_id() for _ in range(projects)]
    channels = [*map(user_channel, users), *map(project_channel, ids)]
    members = [
        (project, user) for place, project in enumerate(ids) for user in (users if place < shared else users[:1])
    ]
    at = now()
    stamps = {"created_at": at, "updated_at": at}
    try:
        await schema.upgrade(database.engine)
        async with database.write() as session:
            rows: list[dict[str, object]] = [
                {"id": user, "email": f"{user}@example.test", "name": f"Person {place}", "password_hash": "!"}
                for place, user in enumerate(users)
            ]
            await session.execute(insert(USER), rows)
            expiry = {"expires_at": at + timedelta(days=1)}
            pairs = zip(sign_ins, users, strict=True)
            await session.execute(insert(SIGN_IN), [{"id": id_, "user_id": user, **expiry} for id_, user in pairs])
            rows = [{"id": id_, "name": "Bench", "status": "active", "owner_id": users[0], **stamps} for id_ in ids]
            await session.execute(insert(PROJECT), rows)
            rows = [
                {"project_id": project, "user_id": user, "role": "owner" if user == users[0] else "viewer", **stamps}
                for project, user in members
            ]
            await session.execute(insert(MEMBER), rows)
            await session.execute(insert(CHANNEL), [{"name": name, "epoch": EPOCH} for name in channels])
            await session.commit()
        names = RedisNames(KEY.encode(), installation=await fingerprint(database))
    finally:
        await database.close()
    tokens = Tokens(KEY, access_ttl_seconds=TOKEN_SECONDS)
    issued = [tokens.issue(user, sign_in) for user, sign_in in zip(users, sign_ins, strict=True)]
    return Seeded(issued, iter(ids), names)
