"""The bodies of requests for comments, and of their answers."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from roomful.projects.schemas import Patch
from roomful.visible_text import has_visible
from roomful.web.schemas import Body, Out


def _check_text(text: str) -> str:
    if not has_visible(text):
        raise ValueError("must have a visible character")
    return text


CommentText = Annotated[str, Field(min_length=1, max_length=10_000), AfterValidator(_check_text)]
"""Markdown. It is stored to the character, and only readers decide how to show it."""


class NewComment(Body):
    """A comment, or with `parent_id` a reply to the first comment of a thread.

    `@[Name](mention://user/ID)` in the text mentions a person.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"body": "Is the fuel **here**, @[Bob](mention://user/019a7f5d-9f11-7b04-8a6e-3f2b7d90c5aa)?"},
                {"body": "It is.", "parent_id": "019a7f5e-0000-7000-8000-000000000000"},
            ]
        }
    )

    body: CommentText
    parent_id: Annotated[str, Field(max_length=36)] | None = None


class CommentPatch(Patch):
    """A new text, by its author only, or `resolved`, which any editor sets on the first comment of a thread."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"body": "Is the fuel here?"}, {"resolved": True}]})

    body: CommentText = ""
    resolved: bool = False


class Mention(Out):
    """A mentioned person who is a member, by their present name."""

    id: str
    name: str


class Reaction(Out):
    """An emoji, and the people who have reacted with it, first to last."""

    emoji: str
    user_ids: list[str]


class Comment(Out):
    """A comment on a task; a reply's `parent_id` names the thread's first comment.

    `version` counts new texts and resolving, not reactions: a thumbs-up must not fail the author's If-Match. A deleted
    comment that has replies is still listed, with an empty `body` and with `deleted_at`.
    """

    id: str
    task_id: str
    parent_id: str | None
    author_id: str
    body: str
    mentions: list[Mention]
    reactions: list[Reaction]
    resolved_at: datetime | None
    edited_at: datetime | None
    deleted_at: datetime | None
    version: int
    created_at: datetime
