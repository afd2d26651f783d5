"""The members whom an import's cells name."""

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.parts import full_parts
from roomful.email_address import normal_email
from roomful.identity.models import USER
from roomful.projects.access import Access
from roomful.projects.members import list_everybody
from roomful.projects.models import MEMBER


class Assignees:
    """Finds members by id, by name if one alone has it, and by address as far as the importer may know it."""

    def __init__(self, ids: Collection[str]) -> None:
        self._ids = frozenset(ids)
        self._named: defaultdict[str, set[str]] = defaultdict(set)

    def add(self, name: str, user_id: str) -> None:
        self._named[name.strip().casefold()].add(user_id)

    def with_id(self, user_id: str) -> str | None:
        return user_id if user_id in self._ids else None

    def named(self, name: str) -> str | None:
        found = self._named.get(name.strip().casefold(), set())
        return next(iter(found)) if len(found) == 1 else None


async def find_assignees(session: AsyncSession, access: Access, cells: Collection[str]) -> Assignees:
    """The members of the project, for these cells.

    Members see no addresses. The owner adds people by theirs, so only the owner may name members by them; everybody may
    name themselves.
    """
    members = await list_everybody(session, access.project.id)
    found = Assignees([member.user_id for member in members])
    for member in members:
        found.add(member.name, member.user_id)
    found.add(access.person.email, access.person.id)
    if access.role == "owner":
        for address, user_id in await _by_address(session, access.project.id, _addresses(cells)):
            found.add(address, user_id)
    return found


def _addresses(cells: Collection[str]) -> list[str]:
    addresses: set[str] = set()
    for cell in cells:
        try:
            addresses.add(normal_email(cell.strip()))
        except ValueError:  # a name
            continue
    return sorted(addresses)


async def _by_address(session: AsyncSession, project_id: str, addresses: list[str]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for part in full_parts(addresses):
        rows = await session.execute(_BY_ADDRESS, {"project": project_id, "addresses": part})
        found += [(address, user_id) for address, user_id in rows]
    return found


_BY_ADDRESS = (
    select(USER.c.email, USER.c.id)
    .join(MEMBER, MEMBER.c.user_id == USER.c.id)
    .where(MEMBER.c.project_id == bindparam("project"), USER.c.email.in_(bindparam("addresses", expanding=True)))
)
