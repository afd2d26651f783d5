"""What a person reads: one line for each thing that happens."""

from datetime import datetime

import msgspec
from rich.text import Text

from roomful_watch.names import Member, Names, quoted
from roomful_watch.stream import Person
from roomful_watch.terminal import printable

_STATUS_WORDS = {"todo": "to do", "in_progress": "in progress", "done": "done"}


class _Task(msgspec.Struct):
    id: str = ""
    title: str = ""
    status: str = ""
    assignee_id: str | None = None


class _Named(msgspec.Struct):
    """A project, a document or a comment; each has some of these."""

    id: str = ""
    name: str = ""
    title: str = ""
    task_id: str = ""


class _Data(msgspec.Struct):
    task: _Task | None = None
    member: Member | None = None
    project: _Named | None = None
    document: _Named | None = None
    comment: _Named | None = None
    changed: list[str] = []


class _Event(msgspec.Struct):
    type: str
    offset: int
    at: datetime
    actor_id: str | None = None
    data: _Data = msgspec.field(default_factory=_Data)


class _Heading(msgspec.Struct):
    """What every event has, whatever a later server puts into `data`."""

    type: str
    offset: int
    at: datetime
    actor_id: str | None = None


def event_line(body: bytes, names: Names) -> Text:
    """Who did what, when: `10:42:07  #12  ada moved “Fix login” to done`. Learns the names that the event tells."""
    try:
        event = msgspec.json.decode(body, type=_Event)
    except msgspec.ValidationError:
        heading = msgspec.json.decode(body, type=_Heading)
        event = _Event(heading.type, heading.offset, heading.at, heading.actor_id)
    deed = _deed(event, names)
    _learn(event.data, names)
    line = _opening(event.at)
    line.append(f"#{event.offset:<4} ", "cyan")
    line.append(names.person(event.actor_id), "bold")
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
    for titled in (data.task, data.document):
        if titled is not None:
            names.learn_title(titled.id, titled.title)


def _deed(event: _Event, names: Names) -> str:
    kind, _, verb = event.type.partition(".")
    match kind, event.data:
        case "task", _Data(task=_Task() as task, changed=changed):
            return _task_deed(verb, task, changed, names)
        case "member", _Data(member=Member() as member):
            return _member_deed(verb, member, event.actor_id, names)
        case "project", _Data(project=_Named() as project, changed=changed):
            return _project_deed(verb, project, changed)
        case "document", _Data(document=_Named() as document):
            return _document_deed(verb, document, names)
        case "comment", _Data(comment=_Named() as comment):
            return _comment_deed(verb, comment, names)
    return f"did {printable(event.type)}"


def _task_deed(verb: str, task: _Task, changed: list[str], names: Names) -> str:
    known = names.title(task.id)
    title = quoted(task.title) if task.title else known or f"task …{task.id[-6:]}"
    match verb, changed:
        case "created", _:
            return f"added {title}"
        case "deleted", _:
            return f"deleted {title}"
        case "moved", changed if changed and "status" not in changed:
            return f"reordered {title}"
        case ("moved", _) | ("updated", ["status"]):
            return f"moved {title} to {_STATUS_WORDS.get(task.status, printable(task.status))}"
        case "updated", ["title"]:
            return f"renamed {known or 'a task'} to {title}"
        case "updated", ["assignee_id"]:
            to_whom = f"to {names.person(task.assignee_id)}" if task.assignee_id else "to nobody"
            return f"assigned {title} {to_whom}"
        case "updated", _:
            return f"changed {_fields(changed)} of {title}"
    return f"{printable(verb)} {title}"


def _member_deed(verb: str, member: Member, actor_id: str | None, names: Names) -> str:
    who = printable(member.name) if member.name else names.person(member.user_id)
    match verb:
        case "added":
            return f"added {who} as {printable(member.role)}"
        case "updated":
            return f"made {who} {printable(member.role)}"
        case "removed" if member.user_id == actor_id:
            return "left the project"
    return f"{printable(verb)} {who}"


def _project_deed(verb: str, project: _Named, changed: list[str]) -> str:
    match verb, changed:
        case "created", _:
            return f"created the project {quoted(project.name)}"
        case "updated", ["name"]:
            return f"renamed the project to {quoted(project.name)}"
        case "updated", _:
            return f"changed {_fields(changed)} of the project"
    return f"{printable(verb)} the project"


def _document_deed(verb: str, document: _Named, names: Names) -> str:
    title = quoted(document.title) if document.title else names.title(document.id) or "a document"
    verbs = {
        "created": "added the document",
        "updated": "changed the document",
        "deleted": "deleted the document",
        "version_created": "kept a version of",
        "restored": "restored a version of",
    }
    return f"{verbs.get(verb, printable(verb))} {title}"


def _comment_deed(verb: str, comment: _Named, names: Names) -> str:
    where = names.title(comment.task_id) or "a task"
    verbs = {"created": "commented on", "updated": "changed a comment on", "deleted": "deleted a comment on"}
    return f"{verbs.get(verb, printable(verb))} {where}"


def _fields(changed: list[str]) -> str:
    words = [printable(field).removesuffix("_id").removesuffix("_on").replace("_", " ") for field in changed]
    return ", ".join(words) or "something"
