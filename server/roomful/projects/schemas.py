"""The bodies of requests for projects and members, and of their answers."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from roomful.email_address import normal_email
from roomful.projects.models import ProjectStatus, Role
from roomful.web.schemas import Body, Out, Visible

ProjectName = Annotated[str, Field(min_length=1, max_length=100), Visible]
ProjectDescription = Annotated[str, Field(max_length=500)]


class Patch(Body):
    """A body whose absent fields stay as they are. Their defaults here mean nothing."""

    def given(self) -> dict[str, Any]:
        """The fields that the request names."""
        return {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}


class NewProject(Body):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Apollo", "description": "Fly there, land, come back."}]}
    )

    name: ProjectName
    description: ProjectDescription | None = None


class ProjectPatch(Patch):
    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Gemini"}, {"status": "archived"}]})

    name: ProjectName = ""
    description: ProjectDescription | None = None
    status: ProjectStatus = "active"


class ProjectState(Out):
    """A project as all its members see it, and as its events tell of it."""

    id: str
    name: str
    description: str | None
    status: ProjectStatus
    task_count: int
    created_at: datetime
    updated_at: datetime
    owner_id: str
    version: int


class Project(ProjectState):
    """A project as one member sees it: `role` is theirs, `offset` is that of the project's newest event."""

    role: Role
    offset: int

    @classmethod
    def of(cls, state: ProjectState, role: Role, offset: int) -> Self:
        return cls(**state.model_dump(), role=role, offset=offset)


class NewMember(Body):
    """Somebody who has an account, named by `email` or by `user_id`."""

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
    """`owner` hands the project over: the owner of before stays as an editor."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"role": "viewer"}, {"role": "owner"}]})

    role: Role = "viewer"


class Member(Out):
    """Addresses stay between a person and the server: members see each other's names."""

    user_id: str
    name: str
    role: Role
    version: int
    created_at: datetime
    updated_at: datetime


class MemberByAddress(Member):
    """A member just added by address. Whoever registers can claim any: the owner is told whether it is checked."""

    email_verified: Annotated[
        bool, Field(description="Whether the operator or the identity provider vouches for the address.")
    ]


class Event(Out):
    """Something that happened. `data` holds what it happened to, as it was afterwards; only the id of what is gone."""

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
    data: dict[str, Any]
    mutation_id: str | None = None
