"""The routes by which a person turns mail off, and on again."""

from html import escape

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import HTMLResponse

from roomful.errors import NotFound
from roomful.inbox.mail.unsubscribing import UnsubscribeTokens, has_verified_address, set_wanted, wants_mail
from roomful.inbox.schemas import MailAnswer, MailPreference
from roomful.settings import Settings
from roomful.web.dependencies import API, DB, CurrentUser, Live, ReadDB
from roomful.web.routing import Route

router = APIRouter(prefix=API, tags=["inbox"], route_class=Route)

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}


@router.get("/notifications/mail")
async def show_mail(person: CurrentUser, session: ReadDB, runtime: Live) -> MailAnswer:
    """Whether the caller wants unread notifications by mail."""
    return await _answer(session, person.id, runtime.settings)


@router.put("/notifications/mail")
async def set_mail(person: CurrentUser, body: MailPreference, session: DB, runtime: Live) -> MailAnswer:
    """Turn mail on or off for the caller."""
    await set_wanted(session, person.id, is_wanted=body.enabled)
    return await _answer(session, person.id, runtime.settings)


@router.get("/mail/unsubscribe/{token}", include_in_schema=False)
async def ask(token: str, request: Request) -> HTMLResponse:
    """A page with a button. Looking at it changes nothing: mail filters look at every link."""
    _person(request, token)
    return _page("No more mail?", '<form method="post"><button>Send me no more mail</button></form>')


@router.post("/mail/unsubscribe/{token}", include_in_schema=False)
async def unsubscribe(token: str, request: Request, session: DB) -> HTMLResponse:
    """Turn mail off: by the page's button, or by a mail program on its own (RFC 8058)."""
    await set_wanted(session, _person(request, token), is_wanted=False)
    return _page("No more mail", "<p>You get no more mail. You can turn it on again in your account.</p>")


async def _answer(session: AsyncSession, user_id: str, settings: Settings) -> MailAnswer:
    available = settings.smtp_url is not None and (
        settings.mail_to_unverified or await has_verified_address(session, user_id)
    )
    return MailAnswer(enabled=await wants_mail(session, user_id), available=available)


def _person(request: Request, token: str) -> str:
    tokens: UnsubscribeTokens = request.app.state.unsubscribe_tokens
    user_id = tokens.read(token)
    if user_id is None:
        raise NotFound
    return user_id


def _page(title: str, content: str) -> HTMLResponse:
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    page = f'<!doctype html><html lang="en">{head}<style>{_STYLE}</style>'
    return HTMLResponse(f"{page}<main><h1>{escape(title)}</h1>{content}</main></html>", headers=_HEADERS)


# The board's colours.
_STYLE = """
:root { color-scheme: light dark; background: light-dark(#f4f2ee, #111315); color: light-dark(#1d2023, #eceae5); }
body { max-width: 34rem; margin: 12vh auto; padding: 0 20px; font: 17px/1.55 system-ui, sans-serif; }
h1 { line-height: 1.2; }
button {
  padding: .6em 1em; border: 0; border-radius: 9px; font: inherit; cursor: pointer;
  background: light-dark(#1d6b58, #6cc6ac); color: light-dark(#fff, #0c1f1a);
}
"""
