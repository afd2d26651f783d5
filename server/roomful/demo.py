"""The demo: two people and a project with tasks, for a first look."""

import contextlib
import shlex
import shutil
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.accounts.operator import find_user, issue_token
from roomful.channels import project_channel
from roomful.comments import service as comments
from roomful.comments.schemas import NewComment
from roomful.db.base import now
from roomful.db.engine import Database
from roomful.documents import service as documents
from roomful.documents.conversions import Conversions
from roomful.documents.descriptions import DocumentDescriptions
from roomful.documents.operator import write_document
from roomful.documents.schemas import NewDocument
from roomful.errors import Conflict, NotFound
from roomful.eventlog import log
from roomful.identity.models import User
from roomful.identity.passwords import Passwords
from roomful.identity.people import Person, add_person
from roomful.identity.tokens import Tokens
from roomful.projects import members
from roomful.projects import service as projects
from roomful.projects.access import Access
from roomful.projects.models import Project
from roomful.projects.schemas import NewMember, NewProject
from roomful.tasks import service as tasks
from roomful.tasks.schemas import NewTask, TaskPatch
from roomful.web.dependencies import API
from roomful.web.etag import Precondition

OWNER, EDITOR = "ada@example.com", "bob@example.com"
NAMES = {OWNER: "Ada Lovelace", EDITOR: "Bob Kahn"}
PASSWORD = "correct horse battery staple"
TOKEN_TTL_SECONDS = 86_400
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Demo:
    """The owner's token, good for a day, and the demo project unless somebody has deleted it."""

    token: str
    project_id: str | None


async def seed(database: Database, passwords: Passwords, tokens: Tokens) -> Demo:
    """Make the demo's people and project, all of it or nothing, and only if its owner is not there yet."""
    # A conflict: another node that starts now was first.
    with contextlib.suppress(Conflict):
        async with database.write() as session:
            try:
                await find_user(session, OWNER)
            except NotFound:
                await _make(session, await passwords.hash(PASSWORD))
                await session.commit()
    async with database.write() as session:
        owner = await find_user(session, OWNER)
        token = await issue_token(session, tokens, owner, ttl_seconds=TOKEN_TTL_SECONDS)
        oldest = select(Project.id).where(Project.owner_id == owner.id).order_by(Project.id).limit(1)
        project_id = await session.scalar(oldest)
        await session.commit()
    return Demo(token, project_id)


def welcome(demo: Demo, url: str) -> str:
    """Two commands that work when they are pasted, and how to sign in.

    The addresses come last: tokens are long, and the end is what a small terminal shows.
    """
    return f"""{"" if demo.project_id is None else _commands(demo.token, demo.project_id, url)}
Ctrl+C stops the server. Everything is kept, and the next start goes on with it.

Demo people: {OWNER} and {EDITOR}, both with the password: {PASSWORD}

In a browser, with the form filled in; take a private window, or another browser, for the second of them:

{_sign_in_address(url, OWNER)}
{_sign_in_address(url, EDITOR)}
"""


def _commands(token: str, project_id: str, url: str) -> str:
    watch = [*_watch_command(), project_id, "--url", url, "--token", token]
    headers = ["-H", f"Authorization: Bearer {token}", "-H", "Content-Type: application/json"]
    body = '{"title": "Look at the other terminal"}'
    curl = ["curl", f"{url}{API}/projects/{project_id}/tasks", *headers, "-d", body]
    return f"""
Watch the demo project in a second terminal:

{shlex.join(watch)}

and change something in a third:

{shlex.join(curl)}
"""


async def _make(session: AsyncSession, password_hash: str) -> None:
    owner, editor = [
        _acting(
            await add_person(session, email=email, name=NAMES[email], password_hash=password_hash, email_verified=True)
        )
        for email in (OWNER, EDITOR)
    ]
    new = NewProject(name="Moon landing", description="Fly there, land, come back.")
    project = await projects.create_project(session, owner, new)
    position = await log.head(session, project_channel(project.id))
    access = Access(owner, "owner", project, position)
    await members.add_member(session, access, NewMember(user_id=editor.id, role="editor"))
    made = [await tasks.create_task(session, access, new) for new in _tasks(owner.id, editor.id)]
    await _make_document(session, access)
    # The last one was begun by somebody else, so that the log has a move to show.
    begun, descriptions = TaskPatch(status="in_progress"), DocumentDescriptions(Conversions(), max_bytes=MIB)
    editing = Access(editor, "editor", project, position)
    await tasks.change_task(session, editing, made[-1].id, begun, Precondition(None), descriptions)
    fuel = next(task.id for task in made if task.title == "Order fuel")
    await _discuss(session, fuel, owner=access, editor=editing)


async def _discuss(session: AsyncSession, task_id: str, *, owner: Access, editor: Access) -> None:
    """A thread with a mention, for the owner's inbox, and a reply, for the editor's."""
    mention = f"@[{owner.person.name}](mention://user/{owner.person.id})"
    asked = NewComment(body=f"{mention}, is **half a tank** enough for the way back?")
    question = await comments.add_comment(session, editor, task_id, asked)
    answer = NewComment(body="No: order both tanks, and ask for the *cold* kind.", parent_id=question.id)
    reply = await comments.add_comment(session, owner, task_id, answer)
    await comments.set_reaction(session, editor, task_id, reply.id, "👍", Precondition(None), is_on=True)


async def _make_document(session: AsyncSession, access: Access) -> None:
    document = await documents.create_document(session, access, NewDocument(title="Flight plan"), most=0)
    await write_document(session, document.id, _FLIGHT_PLAN.encode(), "json", max_bytes=MIB)


_FLIGHT_PLAN = """
{"type": "doc", "content": [
  {"type": "heading", "attrs": {"level": 1}, "content": [{"type": "text", "text": "Flight plan"}]},
  {"type": "paragraph", "content": [
    {"type": "text", "text": "Several people write here at once; what is "},
    {"type": "text", "text": "saved", "marks": [{"type": "bold"}]},
    {"type": "text", "text": " is stored."}]},
  {"type": "bulletList", "content": [
    {"type": "listItem", "content": [
      {"type": "paragraph", "content": [{"type": "text", "text": "Launch on the sixteenth of July."}]}]},
    {"type": "listItem", "content": [
      {"type": "paragraph", "content": [{"type": "text", "text": "Land four days later, and come back."}]}]}]}
]}
"""


def _tasks(owner_id: str, editor_id: str) -> list[NewTask]:
    today = now().date()
    return [
        NewTask(title="Choose a landing site", status="done", assignee_id=owner_id, labels=["planning"]),
        NewTask(title="Train the crew", status="done", assignee_id=editor_id),
        NewTask(title="Test the heat shield", status="in_progress", assignee_id=editor_id, labels=["safety"]),
        NewTask(
            title="Write the guidance program",
            description="Restart safely when it runs out of time: drop what matters least.",
            status="in_progress",
            assignee_id=owner_id,
            due_on=today + timedelta(days=3),
            labels=["software", "safety"],
        ),
        NewTask(
            title="Order fuel",
            description="There **and back**.\n\n- [x] Ask three depots\n- [ ] Compare prices\n- [ ] Order",
            due_on=today + timedelta(days=7),
            labels=["supplies"],
        ),
        NewTask(title="Pack a flag", labels=["supplies"]),
        NewTask(title="Plan the way back", assignee_id=owner_id, labels=["planning"]),
        NewTask(title="Rehearse the countdown", assignee_id=editor_id),
    ]


def _acting(user: User) -> Person:
    return Person(user.id, user.email, user.name, "user", session_id="")


def _sign_in_address(url: str, email: str) -> str:
    """The board's form, filled in. What comes after the # stays in the browser."""
    return f"{url}/#/sign-in?{urlencode({'email': email, 'password': PASSWORD})}"


def _watch_command() -> list[str]:
    """`roomful-watch` as this terminal finds it."""
    installed = Path(sys.executable).with_name("roomful-watch")
    if shutil.which("roomful-watch"):
        return ["roomful-watch"]
    if not installed.exists():
        return [sys.executable, "-m", "roomful_watch"]
    here = Path.cwd()
    return [str(installed.relative_to(here) if installed.is_relative_to(here) else installed)]
