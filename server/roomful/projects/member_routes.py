"""The routes of members."""

from fastapi import APIRouter, Response
from sqlalchemy import select

from roomful.errors import Conflict
from roomful.identity.models import User
from roomful.projects import members
from roomful.projects.access import MemberOf, OwnerOf, PathId, ViewerOf, may_see
from roomful.projects.models import Member as MemberRow
from roomful.projects.schemas import Member, MemberByAddress, MemberPatch, NewMember
from roomful.web import etag, idempotency
from roomful.web.dependencies import API, DB, ReadDB
from roomful.web.etag import IfMatch
from roomful.web.openapi import errors
from roomful.web.pagination import Keyset, Page
from roomful.web.routing import Route

_BY_PERSON = Keyset((MemberRow.user_id,))

router = APIRouter(prefix=f"{API}/projects/{{project_id}}/members", tags=["members"], route_class=Route)


@router.get("")
async def list_members(access: ViewerOf, session: ReadDB, page: Page) -> list[Member]:
    """The members, in the order of their ids."""
    rows = await page.fetch(
        session,
        select(MemberRow, members.SHOWN_NAME)
        .join(User, User.id == MemberRow.user_id)
        .where(MemberRow.project_id == access.project.id),
        _BY_PERSON,
    )
    return [members.describe(member, name) for member, name in rows]


@router.post("", status_code=201, dependencies=[idempotency.once(may_see)], responses=errors(Conflict))
async def add_member(access: OwnerOf, new: NewMember, session: DB, response: Response) -> MemberByAddress | Member:
    """Add a person who has an account here. If they are named by address, the answer says whether it is verified."""
    member = await members.add_member(session, access, new)
    response.headers["Location"] = (
        f"members/{member.user_id}"  # from the address of this POST: proxies may cut off a prefix
    )
    response.headers["ETag"] = etag.of(member.version)
    return member


@router.get("/{user_id}")
async def show_member(access: ViewerOf, user_id: PathId, session: ReadDB, response: Response) -> Member:
    member = await members.find_member(session, access.project.id, user_id)
    response.headers["ETag"] = etag.of(member.version)
    return member


@router.patch("/{user_id}", responses=errors(Conflict))
async def change_member(
    access: OwnerOf,
    user_id: PathId,
    patch: MemberPatch,
    session: DB,
    if_match: IfMatch,
    response: Response,
) -> Member:
    """Give another role. `owner` hands the project over: the caller is an editor afterwards."""
    member = await members.change_member(session, access, user_id, patch, if_match)
    response.headers["ETag"] = etag.of(member.version)
    return member


@router.delete("/{user_id}", status_code=204, responses=errors(Conflict))
async def remove_member(access: MemberOf, user_id: PathId, session: DB, if_match: IfMatch) -> None:
    """The owner removes anybody else; everybody else may remove themselves."""
    await members.remove_member(session, access, user_id, if_match)
