"""The names of people and tasks."""

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


class Snapshot(msgspec.Struct):
    """A project as it is at one moment, as far as names are concerned."""

    project: Project
    members: list[Member] = []
    tasks: list[Titled] = []


class Names:
    """Names by id: of the snapshot first, then kept up to date by the events. An unknown id stands for itself."""

    def __init__(self) -> None:
        self._people: dict[str, str] = {}
        self._titles: dict[str, str] = {}

    def learn(self, snapshot: Snapshot) -> None:
        for member in snapshot.members:
            self.learn_person(member.user_id, member.name)
        for titled in snapshot.tasks:
            self.learn_title(titled.id, titled.title)

    def learn_person(self, user_id: str, name: str) -> None:
        if name:
            self._people[user_id] = name

    def learn_title(self, thing_id: str, title: str) -> None:
        if title:
            self._titles[thing_id] = title

    def person(self, user_id: str | None) -> str:
        if user_id is None:
            return "somebody"
        return printable(self._people.get(user_id) or f"user …{user_id[-6:]}")

    def present(self, person: Person) -> str:
        """Somebody who is here, by the name that the connection shows."""
        self.learn_person(person.user_id, person.name)
        return self.person(person.user_id)

    def title(self, thing_id: str) -> str | None:
        """In quotes, cut where it is long; None when it was never heard of."""
        title = self._titles.get(thing_id)
        return None if title is None else quoted(title)


def quoted(text: str) -> str:
    text = printable(text)
    return f"“{text[: MAX_TITLE_CHARACTERS - 1]}…”" if len(text) > MAX_TITLE_CHARACTERS else f"“{text}”"
