"""The bodies of requests for projects and members, and of their answers, which show columns and labels too."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from roomful.email_address import normal_email
from roomful.projects.models import Category, ProjectStatus, Role
from roomful.web.schemas import Body, Out, Visible

ProjectName = Annotated[str, Field(min_length=1, max_length=100), Visible]
ProjectDescription = Annotated[str, Field(max_length=500)]
ProjectKey = Annotated[str, Field(pattern="^[A-Za-z]{2,6}$"), AfterValidator(str.upper)]
"""The first part of task numbers: `MOON` of `MOON-12`."""


class Patch(Body):
    """A body whose absent fields stay unchanged. Their defaults are never used."""

    def given(self) -> dict[str, object]:
        """The fields that the request names."""
        return {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}


class NewProject(Body):
    """Without a `key` it is made of the name."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Apollo", "description": "Fly there, land, come back."}]}
    )

    name: ProjectName
    key: ProjectKey | None = None
    description: ProjectDescription | None = None


class ProjectPatch(Patch):
    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Gemini"}, {"status": "archived"}]})

    name: ProjectName = ""
    key: ProjectKey = ""
    description: ProjectDescription | None = None
    status: ProjectStatus = "active"


class ProjectState(Out):
    """A project as all its members, and its events, show it.

    `key` begins the numbers of its tasks, and may be that of another project too. It is empty in events older than it.
    """

    id: str
    name: str
    key: str = ""
    description: str | None
    status: ProjectStatus
    task_count: int
    created_at: datetime
    updated_at: datetime
    owner_id: str
    version: int


class Project(ProjectState):
    """A project as one member sees it: `role` is theirs, `offset` is the newest event's."""

    role: Role
    offset: int

    @classmethod
    def of(cls, state: ProjectState, role: Role, offset: int) -> Self:
        return cls(**state.model_dump(), role=role, offset=offset)


class Column(Out):
    """A column of the board. Its tasks have its category as their status; `position` sorts, by its bytes.

    `wip_limit` is how many tasks it should hold: boards show when there are more, and none is refused.
    """

    id: str
    name: str
    category: Category
    color: str | None
    wip_limit: int | None
    position: str
    version: int
    created_at: datetime
    updated_at: datetime


class Label(Out):
    """A label that tasks of the project may have. `color` is a name, which boards draw to suit the screen."""

    id: str
    name: str
    color: str
    version: int
    created_at: datetime
    updated_at: datetime


class NewMember(Body):
    """A person who has an account, named by `email` or by `user_id`."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"email": "grace@example.org", "role": "editor"}]})

    email: Annotated[str, AfterValidator(normal_email)] | None = None
    user_id: Annotated[str, Field(max_length=36)] | None = None
    role: Literal["editor", "viewer"]

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        if (self.email is None) == (self.user_id is None):
            raise ValueError("name the person by either email or user_id")
        return self


class MemberPatch(Patch):
    """`owner` hands the project over; the former owner becomes an editor."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"role": "viewer"}, {"role": "owner"}]})

    role: Role = "viewer"


class Member(Out):
    """Members see each other's names, and no e-mail addresses."""

    user_id: str
    name: str
    role: Role
    version: int
    created_at: datetime
    updated_at: datetime


class MemberByAddress(Member):
    """A member just added by address, with whether it is verified: a registration can claim any address."""

    email_verified: Annotated[
        bool, Field(description="Whether the operator or the identity provider vouches for the address.")
    ]


class Event(Out):
    """An event. `data` holds the resource after the change, or the id of a deleted one."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "019a7f5e-3c1d-7a52-8f0b-5d1f0c6b7e11",
                    "type": "project.updated",
                    "project_id": "019a7f5e-0b7e-7c3e-9d55-0f6f7a4d1c20",
                    "offset": 2,
                    "actor_id": "019a7f5d-9f11-7b04-8a6e-3f2b7d90c5aa",
                    "at": "2026-07-16T13:32:00Z",
                    "version": 1,
                    "data": {
                        "project": {
                            "id": "019a7f5e-0b7e-7c3e-9d55-0f6f7a4d1c20",
                            "name": "Gemini",
                            "key": "GEMINI",
                            "description": None,
                            "status": "active",
                            "task_count": 0,
                            "created_at": "2026-07-16T13:30:00Z",
                            "updated_at": "2026-07-16T13:32:00Z",
                            "owner_id": "019a7f5d-9f11-7b04-8a6e-3f2b7d90c5aa",
                            "version": 2,
                        },
                        "changed": ["name"],
                        "previous": {"name": "Apollo"},
                    },
                }
            ]
        }
    )

    id: str
    type: str
    project_id: str
    offset: int
    actor_id: str | None
    at: datetime
    version: int
    data: dict[str, Any]  # by its type: AsyncAPI has the shapes
    mutation_id: str | None = None
