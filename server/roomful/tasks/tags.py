"""Entity tags of tasks: `"7"`, and `"7.345"` where the description is a document.

345 is the offset of the event that told of the description, so that a change of it can be merged at what was read.
Typing changes this part only, and If-Match compares the versions only.
"""

import re

from roomful.errors import PreconditionFailed
from roomful.tasks.schemas import Task
from roomful.web import etag
from roomful.web.etag import Precondition

_VERSION = re.compile(r"(\d{1,18})(?:\.(\d{1,18}))?")


def tag_of(task: Task) -> str:
    offset = "" if task.description_offset is None else f".{task.description_offset}"
    return etag.of(f"{task.version}{offset}")


def require_version(if_match: Precondition, task: Task) -> int | None:
    """The offset in the tag that names the task's version, if there is one. Raises PreconditionFailed."""
    if not if_match.versions:
        return None
    for version in if_match.versions:
        found = _VERSION.fullmatch(version)
        if found is not None and int(found[1]) == task.version:
            return None if found[2] is None else int(found[2])
    raise stale(task)


def stale(task: Task) -> PreconditionFailed:
    """The error for a stale If-Match, with the task as it is now."""
    return PreconditionFailed(details=[task.model_dump(mode="json")], headers={"ETag": tag_of(task)})
