"""The rule that turns a snapshot and the event after it into the next snapshot, as every client may apply it.

client_demo/web/src/state/fold.ts is the same rule in the browser; tests/vectors/fold.json binds the two.
"""

from typing import Any

Json = dict[str, Any]


def fold(snapshot: Json, event: Json) -> Json:
    """The snapshot after the event; neither is changed. An event that the snapshot holds already does nothing.

    What is the reader's own, their role in `project`, is in no event: it is to be read from `members`. Lists have no
    order here; a task's place is its `position`.
    """
    if event["offset"] <= snapshot["stream"]["offset"]:
        return snapshot
    data: Json = event["data"]
    new = snapshot | {
        "project": snapshot["project"] | {"offset": event["offset"]},
        "stream": snapshot["stream"] | {"offset": event["offset"]},
    }
    match event["type"]:
        case "project.created" | "project.updated" | "project.archived" | "project.restored":
            new["project"] |= data["project"]
        case "task.created":
            new["tasks"] = _put(snapshot["tasks"], data["task"], "id")
            new["project"]["task_count"] += 1
        case "task.updated" | "task.moved":
            moved = data.get("positions", {})
            tasks = [task | {"position": moved.get(task["id"], task["position"])} for task in snapshot["tasks"]]
            new["tasks"] = _put(tasks, data["task"], "id")
        case "task.deleted":
            new["tasks"] = _without(snapshot["tasks"], data["task"], "id")
            new["project"]["task_count"] -= 1
        case "member.added" | "member.updated":
            new["members"] = _put(snapshot["members"], data["member"], "user_id")
            if "previous_owner" in data:
                new["members"] = _put(new["members"], data["previous_owner"], "user_id")
            new["project"] |= data.get("project", {})
        case "member.removed":
            new["members"] = _without(snapshot["members"], data["member"], "user_id")
    return new


def in_order(snapshot: Json) -> Json:
    """The same snapshot with its lists in the order in which the server gives them."""
    columns = ("todo", "in_progress", "done")
    return snapshot | {
        "members": sorted(snapshot["members"], key=lambda member: member["user_id"]),
        "tasks": sorted(
            snapshot["tasks"], key=lambda task: (columns.index(task["status"]), task["position"], task["id"])
        ),
    }


def _put(items: list[Json], item: Json, key: str) -> list[Json]:
    return [*_without(items, item, key), item]


def _without(items: list[Json], item: Json, key: str) -> list[Json]:
    return [other for other in items if other[key] != item[key]]
