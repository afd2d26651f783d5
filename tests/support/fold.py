"""The rule that makes the next snapshot of a snapshot and an event, for every client.

client_demo/web/src/state/fold.ts is the same rule in the browser; tests/vectors/fold.json binds the two.
"""

from typing import Any

from roomful.projects.label_names import key_of

Json = dict[str, Any]


def fold(snapshot: Json, event: Json) -> Json:
    """The snapshot after the event; neither is changed. An event that the snapshot includes does nothing.

    Events lack the reader's own role in `project`: read it from `members`. Lists have no order here; a task's place is
    its `position`.
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
            new["columns"] = data.get("columns", snapshot["columns"])
        case "column.created" | "column.updated" | "column.moved":
            column = data["column"]
            new["columns"] = _put(_place(snapshot["columns"], data), column, "id")
            new["tasks"] = [
                task | {"status": column["category"]} if task["column_id"] == column["id"] else task
                for task in snapshot["tasks"]
            ]
        case "column.deleted":
            new["columns"] = _without(snapshot["columns"], data["column"], "id")
            new["tasks"] = [_leave(task, snapshot["columns"], data) for task in snapshot["tasks"]]
        case "label.created":
            new["labels"] = _put(snapshot["labels"], data["label"], "id")
        case "label.updated":
            old = data["previous"].get("name")
            new["labels"] = _put(snapshot["labels"], data["label"], "id")
            if old is not None:
                new["tasks"] = [_relabel(task, old, data["label"]["name"]) for task in snapshot["tasks"]]
        case "label.deleted":
            old = next(label["name"] for label in snapshot["labels"] if label["id"] == data["label"]["id"])
            new["labels"] = _without(snapshot["labels"], data["label"], "id")
            new["tasks"] = [_relabel(task, old) for task in snapshot["tasks"]]
        case "task.created" | "task.restored":
            new["labels"] = [*snapshot["labels"], *data.get("new_labels", [])]
            new["tasks"] = _put(snapshot["tasks"], _complete(snapshot, data["task"]), "id")
            new["project"]["task_count"] += 1
        case "task.updated" | "task.moved":
            count = next(
                (task.get("comment_count", 0) for task in snapshot["tasks"] if task["id"] == data["task"]["id"]), 0
            )
            task = {"comment_count": count} | data["task"]  # older servers' events lack it
            new["labels"] = [*snapshot["labels"], *data.get("new_labels", [])]
            new["tasks"] = _put(_place(snapshot["tasks"], data), _complete(snapshot, task), "id")
        case "task.deleted":
            new["tasks"] = _without(snapshot["tasks"], data["task"], "id")
            new["project"]["task_count"] -= 1
        case "comment.created" | "comment.deleted":
            more, task_id = (1 if event["type"] == "comment.created" else -1), data["comment"]["task_id"]
            new["tasks"] = [
                task | {"comment_count": task["comment_count"] + more} if task["id"] == task_id else task
                for task in snapshot["tasks"]
            ]
        case "document.created" | "document.updated" | "document.undeleted" | "document.restored":
            new["documents"] = _put(snapshot["documents"], data["document"], "id")
        case "document.deleted":
            new["documents"] = _without(snapshot["documents"], data["document"], "id")
        case "member.added" | "member.updated":
            new["members"] = _put(snapshot["members"], data["member"], "user_id")
            if "previous_owner" in data:
                new["members"] = _put(new["members"], data["previous_owner"], "user_id")
            new["project"] |= data.get("project", {})
        case "member.removed":
            new["members"] = _without(snapshot["members"], data["member"], "user_id")
    return new


def in_order(snapshot: Json) -> Json:
    """The same snapshot with its lists in the server's order."""
    statuses = ("todo", "in_progress", "done")
    return snapshot | {
        "columns": sorted(snapshot["columns"], key=lambda column: (column["position"], column["id"])),
        "labels": sorted(snapshot["labels"], key=lambda label: key_of(label["name"])),
        "members": sorted(snapshot["members"], key=lambda member: member["user_id"]),
        "documents": sorted(snapshot["documents"], key=lambda document: document["id"]),
        "tasks": sorted(
            snapshot["tasks"],
            key=lambda task: (statuses.index(task["status"]), task["column_id"], task["position"], task["id"]),
        ),
    }


def _place(items: list[Json], data: Json) -> list[Json]:
    """The items, those that had to make room at their new positions."""
    moved = data.get("positions", {})
    return [item | {"position": moved.get(item["id"], item["position"])} for item in items]


def _leave(task: Json, columns: list[Json], data: Json) -> Json:
    """The task after its column was deleted, if that was its."""
    if task["column_id"] != data["column"]["id"]:
        return task
    (target,) = (column for column in columns if column["id"] == data["move_to"])
    position = data["positions"][task["id"]]
    return task | {"column_id": target["id"], "status": target["category"], "position": position}


def _relabel(task: Json, old: str, new: str | None = None) -> Json:
    """The task with the label's new name, or without the label, if it has it."""
    if old not in task["labels"]:
        return task
    others = [new if label == old else label for label in task["labels"] if label != new]
    return task | {"labels": [label for label in others if label is not None]}


def _complete(snapshot: Json, task: Json) -> Json:
    """The task of an event, with what a node of the version before columns leaves out."""
    if "column_id" in task:
        return task
    old: Json = next((other for other in snapshot["tasks"] if other["id"] == task["id"]), {})
    columns = sorted(snapshot["columns"], key=lambda column: (column["position"], column["id"]))
    first: str = next(column["id"] for column in columns if column["category"] == task["status"])
    stays = old.get("status") == task["status"]
    return {"number": old.get("number", 0), "column_id": old["column_id"] if stays else first} | task


def _put(items: list[Json], item: Json, key: str) -> list[Json]:
    return [*_without(items, item, key), item]


def _without(items: list[Json], item: Json, key: str) -> list[Json]:
    return [other for other in items if other[key] != item[key]]
