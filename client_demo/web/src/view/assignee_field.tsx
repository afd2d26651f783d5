/** The assignee of a task, in its panel. */

import { useId } from "preact/hooks";
import type { Task } from "../api/shapes";
import * as common from "../texts/common";
import * as texts from "../texts/task";
import { Avatar } from "./avatar";
import { peopleChoices } from "./choices";
import { useProject } from "./context";
import { Pick } from "./pick";

interface AssigneeProps {
  task: Task;
  canEdit: boolean;
  onAssign: (person: string | null) => void;
}

const NOBODY = "";

export function Assignee({ task, canEdit, onAssign }: AssigneeProps) {
  const { board } = useProject();
  const id = useId();
  const self = board.userId;
  const nobody = { id: NOBODY, name: common.nobody, isChosen: task.assignee_id === null };
  const [first, ...others] = peopleChoices(board.members.value.values(), self, task.assignee_id);
  const assignee = board.members.value.get(task.assignee_id ?? "");
  return (
    <div class="fact">
      <label for={id}>{texts.assignee}</label>
      <Pick
        id={id}
        label={texts.people}
        choices={first ? [first, nobody, ...others] : [nobody]}
        text={task.assignee_id === null ? common.nobody : (assignee?.name ?? common.aFormerMember)}
        mark={assignee && <Avatar id={assignee.user_id} name={assignee.name} size="small" />}
        disabled={!canEdit}
        onPick={(choice) => onAssign(choice.id === NOBODY ? null : choice.id)}
      />
      {canEdit && task.assignee_id !== self && (
        <button type="button" class="link-like" onClick={() => onAssign(self)}>
          {texts.assignToMe}
        </button>
      )}
    </div>
  );
}
