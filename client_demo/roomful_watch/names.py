"""Names of people, tasks, columns, labels and documents."""

import msgspec

from roomful_watch.stream import Person
from roomful_watch.terminal import printable

MAX_TITLE_CHARACTERS = 60


class Member(msgspec.Struct):
    user_id: str = ""
    name: str = ""
    role: str = ""


class Titled(msgspec.Struct):
    id: str = ""
    title: str = ""


class Project(msgspec.Struct):
    id: str = ""
    name: str = ""


class Named(msgspec.Struct):
    """A column or a label."""

    id: str = ""
    name: str = ""


class Snapshot(msgspec.Struct):
    """The names in a project's snapshot."""

    project: Project
    members: list[Member] = []
    columns: list[Named] = []
    labels: list[Named] = []
    tasks: list[Titled] = []
    documents: list[Titled] = []


class Names:
    """Names by id, from the snapshot and then from events. An unknown id shows as itself."""

    def __init__(self) -> None:
        self._people: dict[str, str] = {}
        self._titles: dict[str, str] = {}
        self._names: dict[str, str] = {}

    def learn(self, snapshot: Snapshot) -> None:
        for member in snapshot.members:
            self.learn_person(member.user_id, member.name)
        for titled in [*snapshot.tasks, *snapshot.documents]:
            self.learn_title(titled.id, titled.title)
        for named in [*snapshot.columns, *snapshot.labels]:
            self.learn_name(named)

    def learn_person(self, user_id: str, name: str) -> None:
        if name:
            self._people[user_id] = name

    def learn_title(self, thing_id: str, title: str) -> None:
        if title:
            self._titles[thing_id] = title

    def learn_name(self, named: Named) -> None:
        if named.name:
            self._names[named.id] = named.name

    def name(self, thing_id: str) -> str | None:
        """The name of a column or label; None if unknown."""
        name = self._names.get(thing_id)
        return None if name is None else printable(name)

    def person(self, user_id: str | None) -> str:
        if user_id is None:
            return "somebody"
        return printable(self._people.get(user_id) or f"user …{user_id[-6:]}")

    def present(self, person: Person) -> str:
        """A present person's name, as the server gives it."""
        self.learn_person(person.user_id, person.name)
        return self.person(person.user_id)

    def title(self, thing_id: str) -> str | None:
        """The title in quotes, shortened if long; None if unknown."""
        title = self._titles.get(thing_id)
        return None if title is None else quoted(title)


def quoted(text: str) -> str:
    text = printable(text)
    return f"“{text[: MAX_TITLE_CHARACTERS - 1]}…”" if len(text) > MAX_TITLE_CHARACTERS else f"“{text}”"
