"""A line for people from each event."""

import re
from datetime import datetime

import msgspec
from rich.text import Text

from roomful_watch.names import Member, Named, Names, Titled, quoted
from roomful_watch.stream import Person
from roomful_watch.terminal import printable

MAX_NAMED = 3
"""How many people one line names."""

_MENTION = re.compile(r"@\[([^\[\]]*)\]\(mention://user/[^()\s]*\)")

_STATUS_NAMES = {"todo": "To do", "in_progress": "In progress", "done": "Done"}
_ROLE_WORDS = {"owner": "the owner", "editor": "an editor", "viewer": "a viewer"}
_FIELD_WORDS = {
    "title": "the title",
    "description": "the description",
    "assignee_id": "the assignee",
    "due_on": "the due date",
    "labels": "the labels",
    "name": "the name",
    "key": "the key",
    "category": "the category",
    "color": "the colour",
    "wip_limit": "the limit",
}


class _Task(msgspec.Struct):
    id: str = ""
    title: str = ""
    status: str = ""
    column_id: str = ""
    assignee_id: str | None = None


class _Comment(msgspec.Struct):
    task_id: str = ""
    parent_id: str | None = None
    body: str = ""
    resolved_at: str | None = None


class _Project(msgspec.Struct):
    id: str = ""
    name: str = ""
    key: str = ""


class _Previous(msgspec.Struct):
    """Values from before; absent in events of an older server."""

    name: str = ""


class _Version(msgspec.Struct):
    label: str = ""


class _Data(msgspec.Struct):
    task: _Task | None = None
    member: Member | None = None
    project: _Project | None = None
    document: Titled | None = None
    comment: _Comment | None = None
    column: Named | None = None
    columns: list[Named] = []
    label: Named | None = None
    new_labels: list[Named] = []
    version: _Version = msgspec.field(default_factory=_Version)
    by: list[str] = []
    restored: bool | None = None
    changed: list[str] = []
    previous: _Previous = msgspec.field(default_factory=_Previous)


class _Event(msgspec.Struct):
    type: str
    offset: int
    at: datetime
    actor_id: str | None = None
    data: _Data = msgspec.field(default_factory=_Data)


class _Heading(msgspec.Struct):
    """The fields of every event, for one whose `data` a newer server has changed."""

    type: str
    offset: int
    at: datetime
    actor_id: str | None = None


def event_line(body: bytes, names: Names) -> Text:
    """A line such as `10:42:07  #12  ada moved “Fix login” to done`. Learns the names in the event."""
    try:
        event = msgspec.json.decode(body, type=_Event)
    except msgspec.ValidationError:
        heading = msgspec.json.decode(body, type=_Heading)
        event = _Event(heading.type, heading.offset, heading.at, heading.actor_id)
    if event.data.member is not None:
        names.learn_person(event.data.member.user_id, event.data.previous.name)
    known, deed = _doers(event, names), _deed(event, names)
    _learn(event.data, names)
    line = _opening(event.at)
    line.append(f"#{event.offset:<4} ", "cyan")
    # The line of a rename shows the old name first.
    line.append(known if _is_rename(event) else _doers(event, names), "bold")
    return line.append(f" {deed}")


def presence_line(person: Person, deed: str, names: Names) -> Text:
    line = _opening(datetime.now().astimezone())
    line.append("      ")
    line.append(names.present(person), "bold green")
    return line.append(f" {deed}", "green")


def _opening(at: datetime) -> Text:
    return Text().append(f"{at.astimezone():%H:%M:%S}  ", "dim")


def _learn(data: _Data, names: Names) -> None:
    if data.member is not None:
        names.learn_person(data.member.user_id, data.member.name)
    if data.task is not None:
        names.learn_title(data.task.id, data.task.title)
    if data.document is not None:
        names.learn_title(data.document.id, data.document.title)
    for named in [*data.columns, *data.new_labels, data.column, data.label]:
        if named is not None:
            names.learn_name(named)


def _doers(event: _Event, names: Names) -> str:
    """The actors. A change of a document's content has several authors and no actor."""
    if event.actor_id is not None or not event.data.by:
        return names.person(event.actor_id)
    first, *others = [names.person(user_id) for user_id in event.data.by[:MAX_NAMED]]
    more = len(event.data.by) - MAX_NAMED
    if more > 0:
        others.append(f"{more} more")
    return f"{', '.join([first, *others[:-1]])} and {others[-1]}" if others else first


def _is_rename(event: _Event) -> bool:
    return event.type == "member.updated" and "name" in event.data.changed


def _deed(event: _Event, names: Names) -> str:
    """The sentence after the name. Types without one here, also those of a newer server, get a plain one."""
    match event.type, event.data:
        case "task.created", _Data(task=_Task() as task):
            return f"added {_title(task, names)}"
        case "task.updated", _Data(task=_Task() as task, changed=changed):
            return _changed_task(task, changed, names)
        case "task.moved", _Data(task=_Task() as task, changed=changed):
            if changed and not {"status", "column_id"} & set(changed):
                return f"reordered {_title(task, names)}"
            return _moved_task(task, names)
        case "task.deleted" | "task.restored", _Data(task=_Task() as task):
            return f"{event.type.removeprefix('task.')} {_title(task, names)}"
        case "comment.created" | "comment.updated" | "comment.deleted", _Data(comment=_Comment() as comment):
            return _comment_deed(event, comment, names)
        case "document.created" | "document.undeleted", _Data(document=Titled() as document):
            return f"{'added' if event.type == 'document.created' else 'brought back'} {_title(document, names)}"
        case "document.updated", _Data(document=Titled() as document, changed=["content"]):
            return f"wrote in {_title(document, names)}"
        case "document.updated", _Data(document=Titled() as document):
            return f"renamed {names.title(document.id) or 'a document'} to {_title(document, names)}"
        case "document.version_created", _Data(document=Titled() as document, version=_Version(label=label)):
            return f"kept a version of {_title(document, names)}: {quoted(label)}"
        case "document.restored", _Data(document=Titled() as document):
            return f"brought an earlier version of {_title(document, names)} back"
        case "document.deleted", _Data(document=Titled() as document):
            return f"deleted {_title(document, names)}"
        case "member.added", _Data(member=Member() as member) if member.user_id == event.actor_id:
            return f"joined as {_role(member)}"
        case "member.added", _Data(member=Member() as member):
            return f"added {_name(member, names)} as {_role(member)}"
        case "member.updated", _Data(member=Member() as member):
            return _changed_member(event, member, names)
        case "member.removed", _Data(member=Member() as member):
            return "left the project" if member.user_id == event.actor_id else f"removed {_name(member, names)}"
        case "project.created", _Data(project=_Project() as project):
            return f"created the project {quoted(project.name)}"
        case "project.updated", _Data(project=_Project() as project, changed=["name"]):
            return f"renamed the project to {quoted(project.name)}"
        case "project.updated", _Data(project=_Project() as project, changed=["key"]):
            return f"gave the project the key {printable(project.key)}"
        case "project.updated", _Data(changed=changed):
            return f"changed {_fields(changed)} of the project"
        case "project.archived" | "project.restored" | "project.deleted", _:
            return f"{event.type.removeprefix('project.')} the project"
    return _plain_deed(event, names)


def _changed_task(task: _Task, changed: list[str], names: Names) -> str:
    title = _title(task, names)
    match changed:
        case ["status"]:
            return _moved_task(task, names)
        case ["title"]:
            return f"renamed {names.title(task.id) or 'a task'} to {title}"
        case ["assignee_id"]:
            return f"assigned {title} to {names.person(task.assignee_id) if task.assignee_id else 'nobody'}"
        case ["description"]:
            return f"changed the description of {title}"
        case ["document_id"]:
            return f"opened the description of {title}"
    return f"changed {_fields(changed)} of {title}"


def _moved_task(task: _Task, names: Names) -> str:
    column = names.name(task.column_id) or _STATUS_NAMES.get(task.status, printable(task.status))
    return f"moved {_title(task, names)} to {column}"


def _plain_deed(event: _Event, names: Names) -> str:
    """`comment.created` as `added a comment`, with the names that are known."""
    kind, _, verb = printable(event.type).partition(".")
    thing = {"column": event.data.column, "label": event.data.label}.get(kind) or Named()
    known = names.name(thing.id)
    former = f"the {kind} {quoted(known)}" if known else f"{'an' if kind[:1] in 'aeiou' else 'a'} {kind}"
    present = f"the {kind} {quoted(thing.name)}" if thing.name else former
    match verb, event.data.changed:
        case "created", _:
            return f"added {present}"
        case "updated", ["name"] if thing.name:
            return f"renamed {former} to {quoted(thing.name)}"
        case "updated", changed:
            return f"changed {_fields(changed)} of {present}"
        case "moved" | "deleted" | "restored", _:
            return f"{verb} {present}"
    return f"did {printable(event.type)}"


def _comment_deed(event: _Event, comment: _Comment, names: Names) -> str:
    task = names.title(comment.task_id) or f"task …{comment.task_id[-6:]}"
    said = quoted(" ".join(_MENTION.sub(r"@\1", comment.body).split()))
    match event.type, event.data.changed:
        case "comment.created", _ if event.data.restored:
            return f"restored a comment on {task}: {said}"
        case "comment.created", _:
            return f"{'replied' if comment.parent_id else 'commented'} on {task}: {said}"
        case "comment.deleted", _:
            return f"deleted a comment on {task}"
        case _, ["reactions"]:
            return f"reacted to a comment on {task}: {said}"
        case _, changed if "resolved_at" in changed:
            return f"{'resolved' if comment.resolved_at else 'reopened'} a thread on {task}: {said}"
    return f"edited a comment on {task}: {said}"


def _changed_member(event: _Event, member: Member, names: Names) -> str:
    if not _is_rename(event):
        return f"made {_name(member, names)} {_role(member)}"
    if member.user_id == event.actor_id:
        return f"changed their name to {printable(member.name)}"
    return f"renamed {names.person(member.user_id)} to {printable(member.name)}"


def _title(thing: _Task | Titled, names: Names) -> str:
    kind = "task" if isinstance(thing, _Task) else "document"
    return quoted(thing.title) if thing.title else names.title(thing.id) or f"{kind} …{thing.id[-6:]}"


def _name(member: Member, names: Names) -> str:
    return printable(member.name) if member.name else names.person(member.user_id)


def _role(member: Member) -> str:
    return _ROLE_WORDS.get(member.role, printable(member.role))


def _fields(changed: list[str]) -> str:
    words = [_FIELD_WORDS.get(field) or f"the {printable(field).replace('_', ' ')}" for field in changed]
    *others, last = words or ["details"]
    return f"{', '.join(others)} and {last}" if others else last
