"""The routes of invitations: their owner's, and those of whoever has a link."""

from collections.abc import Sequence

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from roomful.errors import Conflict, Gone, RateLimited
from roomful.invitations import joining, service, standing
from roomful.invitations.joining import Guest
from roomful.invitations.mail_quota import MailQuota
from roomful.invitations.schemas import Invitation, InvitationPreview, InvitationWithUrl, NewInvitation
from roomful.invitations.tokens import tokens_of
from roomful.projects.access import OwnerOf, PathId, ViewerOf, may_see
from roomful.projects.quotas import quotas_of
from roomful.projects.schemas import Project
from roomful.web import etag, idempotency
from roomful.web.bearer import bearer_of
from roomful.web.dependencies import API, DB, Claims, CurrentUser, Live, MutationId, ReadDB, runtime_of
from roomful.web.limits import ClientAddress, RateLimits, network_of
from roomful.web.openapi import errors
from roomful.web.pagination import Page
from roomful.web.routing import Route

router = APIRouter(prefix=API, tags=["invitations"], route_class=Route)


class _Url:
    """The link of a new invitation, which no table may hold: it is derived again when the answer is repeated."""

    def conceal(self, body: bytes) -> bytes:
        return msgspec.json.encode(msgspec.json.decode(body, type=dict[str, object]) | {"url": ""})

    def reveal(self, request: Request, body: bytes) -> bytes:
        answer = msgspec.json.decode(body, type=dict[str, object])
        tokens = tokens_of(runtime_of(request))
        return msgspec.json.encode(answer | {"url": tokens.url(tokens.issue(str(answer["id"])))})


async def count_invitation(claims: Claims, limits: RateLimits) -> None:
    # Before the project is locked: the counter may be in Redis.
    await limits.count_invitation(claims.user_id)


async def count_look(request: Request, limits: RateLimits, address: ClientAddress) -> None:
    """Count a look at a token like the other requests of strangers, also where it comes with somebody's sign-in."""
    if bearer_of(request.scope):  # without one it has been counted
        limits.count_strangers_read(address)


@router.get("/projects/{project_id}/invitations")
async def list_invitations(access: ViewerOf, session: ReadDB, page: Page) -> Sequence[Invitation]:
    """The owner's invitations that still admit somebody, newest first."""
    access.require_owner()
    return await service.list_open(session, access, page)


@router.post(
    "/projects/{project_id}/invitations",
    status_code=201,
    dependencies=[Depends(count_invitation), idempotency.once(may_see, _Url())],
    responses=errors(Conflict),
)
async def invite(
    access: OwnerOf, new: NewInvitation, session: DB, runtime: Live, address: ClientAddress
) -> InvitationWithUrl:
    """Invite whoever gets the link, or the person with an address, who gets it by mail where this server sends mail.

    `url` is told only here.
    """
    settings = runtime.settings
    return await service.invite(
        session,
        access,
        new,
        tokens_of(runtime),
        mail_quota=MailQuota.of(settings) if settings.smtp_url is not None else None,
        network=network_of(address),
    )


@router.delete("/projects/{project_id}/invitations/{invitation_id}", status_code=204)
async def withdraw(access: OwnerOf, invitation_id: PathId, session: DB) -> None:
    """Withdraw an invitation. Those who have joined by it stay."""
    await service.withdraw(session, access, invitation_id)


@router.get("/invitations/{token}", dependencies=[Depends(count_look)], responses=errors(Gone, RateLimited))
async def show_invitation(token: str, session: ReadDB) -> InvitationPreview:
    """The project, the role and who invites. Needs no sign-in. 410 when nobody can join by it any more."""
    invitation = await standing.find(session, token)
    standing.require_open(invitation)
    return InvitationPreview(
        project_name=invitation.project_name,
        role=invitation.role,
        invited_by=invitation.inviter_name,
        address_required=invitation.email is not None,
    )


@router.post(
    "/invitations/{token}/accept",
    dependencies=[idempotency.once(may_see)],
    responses=errors(Gone, Conflict),
)
async def accept(
    token: str,
    person: CurrentUser,
    request: Request,
    session: DB,
    response: Response,
    mutation_id: MutationId = None,
) -> Project:
    """Join the project. Accepting again changes nothing, and counts no use."""
    project = await joining.accept(session, token, Guest(person.id, person.email, mutation_id), quotas_of(request))
    request.state.project_id = project.id  # for a repetition of this request
    response.headers["ETag"] = etag.of(project.version)
    return project
