"""The lines that a person reads, one for each event."""

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


class _Project(msgspec.Struct):
    id: str = ""
    name: str = ""


class _Previous(msgspec.Struct):
    """Values from before; absent in events of an older server."""

    name: str = ""


class _Data(msgspec.Struct):
    task: _Task | None = None
    member: Member | None = None
    project: _Project | None = None
    changed: list[str] = []
    previous: _Previous = msgspec.field(default_factory=_Previous)


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
    if event.data.member is not None:
        names.learn_person(event.data.member.user_id, event.data.previous.name)
    known, deed = names.person(event.actor_id), _deed(event, names)
    _learn(event.data, names)
    line = _opening(event.at)
    line.append(f"#{event.offset:<4} ", "cyan")
    # A person who takes another name is called by the old one in the line that tells it.
    line.append(known if _is_rename(event) else names.person(event.actor_id), "bold")
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


def _is_rename(event: _Event) -> bool:
    return event.type == "member.updated" and "name" in event.data.changed


def _deed(event: _Event, names: Names) -> str:
    """In words; a type that only a newer server knows is told by its name."""
    match event.type, event.data:
        case "task.created", _Data(task=_Task() as task):
            return f"added {_title(task, names)}"
        case "task.updated", _Data(task=_Task() as task, changed=changed):
            return _changed_task(task, changed, names)
        case "task.moved", _Data(task=_Task() as task, changed=changed):
            if changed and "status" not in changed:
                return f"reordered {_title(task, names)}"
            return _moved_task(task, names)
        case "task.deleted", _Data(task=_Task() as task):
            return f"deleted {_title(task, names)}"
        case "member.added", _Data(member=Member() as member):
            return f"added {_name(member, names)} as {printable(member.role)}"
        case "member.updated", _Data(member=Member() as member):
            return _changed_member(event, member, names)
        case "member.removed", _Data(member=Member() as member):
            return "left the project" if member.user_id == event.actor_id else f"removed {_name(member, names)}"
        case "project.created", _Data(project=_Project() as project):
            return f"created the project {quoted(project.name)}"
        case "project.updated", _Data(project=_Project() as project, changed=["name"]):
            return f"renamed the project to {quoted(project.name)}"
        case "project.updated", _Data(changed=changed):
            return f"changed {_fields(changed)} of the project"
        case "project.archived" | "project.restored" | "project.deleted", _:
            return f"{event.type.removeprefix('project.')} the project"
    return f"did {printable(event.type)}"


def _changed_task(task: _Task, changed: list[str], names: Names) -> str:
    title = _title(task, names)
    match changed:
        case ["status"]:
            return _moved_task(task, names)
        case ["title"]:
            return f"renamed {names.title(task.id) or 'a task'} to {title}"
        case ["assignee_id"]:
            return f"assigned {title} to {names.person(task.assignee_id) if task.assignee_id else 'nobody'}"
    return f"changed {_fields(changed)} of {title}"


def _moved_task(task: _Task, names: Names) -> str:
    return f"moved {_title(task, names)} to {_STATUS_WORDS.get(task.status, printable(task.status))}"


def _changed_member(event: _Event, member: Member, names: Names) -> str:
    if not _is_rename(event):
        return f"made {_name(member, names)} {printable(member.role)}"
    if member.user_id == event.actor_id:
        return f"is called {printable(member.name)} now"
    return f"renamed {names.person(member.user_id)} to {printable(member.name)}"


def _title(task: _Task, names: Names) -> str:
    return quoted(task.title) if task.title else names.title(task.id) or f"task …{task.id[-6:]}"


def _name(member: Member, names: Names) -> str:
    return printable(member.name) if member.name else names.person(member.user_id)


def _fields(changed: list[str]) -> str:
    words = [printable(field).removesuffix("_id").removesuffix("_on").replace("_", " ") for field in changed]
    return ", ".join(words) or "something"
