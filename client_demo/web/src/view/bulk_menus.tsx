/** What can be chosen for selected cards: a column, a person, labels, a day. */

import { useState } from "preact/hooks";
import type { Column, Member, Snapshot, Task } from "../api/shapes";
import { matching } from "../state/choosing";
import { dayAhead, dayIn } from "../state/due_words";
import * as common from "../texts/common";
import * as texts from "../texts/selection_bar";
import { BulkMenu } from "./bulk_menu";
import { columnChoices, peopleChoices } from "./choices";
import { dayOf } from "./dates";
import { Icon } from "./icons";
import { labelChoices, labelOf, MOST_CHARACTERS } from "./label_choices";
import type { Choice } from "./listbox";
import { PickList } from "./pick_list";

const NONE = "";

export function ColumnMenu({ columns, onChoose }: { columns: readonly Column[]; onChoose: (id: string) => void }) {
  const choices = columnChoices(columns);
  return (
    <BulkMenu name="column" label={texts.moveTo} keys="m" icon="columns">
      {(close) => (
        <PickList
          label={texts.moveToColumn}
          choicesFor={(typed) => matching(choices, typed)}
          onTake={({ id }) => {
            close();
            onChoose(id);
          }}
        />
      )}
    </BulkMenu>
  );
}

interface AssigneeMenuProps {
  members: readonly Member[];
  self: string;
  onChoose: (id: string | null) => void;
}

export function AssigneeMenu({ members, self, onChoose }: AssigneeMenuProps) {
  const choices = [...peopleChoices(members, self), { id: NONE, name: common.nobody, isChosen: false }];
  return (
    <BulkMenu name="assignee" label={texts.assign} keys="a" icon="people">
      {(close) => (
        <PickList
          label={texts.assignTo}
          choicesFor={(typed) => matching(choices, typed)}
          onTake={({ id }) => {
            close();
            onChoose(id || null);
          }}
        />
      )}
    </BulkMenu>
  );
}

interface LabelsMenuProps {
  tasks: readonly Task[];
  project: Snapshot;
  onChoose: (label: string, isWanted: boolean) => void;
}

export function LabelsMenu({ tasks, project, onChoose }: LabelsMenuProps) {
  const wornBy = (label: string) => {
    const count = tasks.filter((task) => task.labels.includes(label)).length;
    return { isChosen: count === tasks.length, note: count > 0 && count < tasks.length ? texts.someHaveIt : undefined };
  };
  return (
    <BulkMenu name="labels" label={texts.labels} keys="l" icon="tag">
      {() => (
        <PickList
          label={texts.addLabel}
          isMulti
          maxLength={MOST_CHARACTERS}
          choicesFor={(typed) => labelChoices(project, typed, wornBy)}
          onTake={(choice, typed) => onChoose(labelOf(choice, typed), !choice.isChosen)}
        />
      )}
    </BulkMenu>
  );
}

export function DueMenu({ onChoose }: { onChoose: (day: string | null) => void }) {
  const [day, setDay] = useState("");
  return (
    <BulkMenu name="due" label={texts.dueDate} keys="d" icon="calendar">
      {(close) => (
        <>
          <PickList
            label={texts.dayExamples}
            choicesFor={days}
            onTake={({ id }) => {
              close();
              onChoose(id || null);
            }}
          />
          <form
            class="row"
            onSubmit={(event) => {
              event.preventDefault();
              close();
              onChoose(day);
            }}
          >
            <input
              type="date"
              required
              min="1900-01-01"
              max="9999-12-31"
              aria-label={texts.anotherDay}
              value={day}
              onInput={(event) => setDay(event.currentTarget.value)}
            />
            <button type="submit" class="plain small">
              {texts.setDay}
            </button>
          </form>
        </>
      )}
    </BulkMenu>
  );
}

/** The day that is typed, or the ones that are chosen most. */
function days(typed: string): Choice[] {
  const now = new Date();
  const day = typed ? dayIn(typed, navigator.language, now) : null;
  const choice = (words: string, id: string) => ({
    id,
    name: words,
    note: id ? dayOf(id) : undefined,
    mark: <Icon name={id ? "calendar" : "close"} size={16} />,
    isChosen: false,
  });
  const usual = [
    choice(texts.today, dayAhead(now, 0)),
    choice(texts.tomorrow, dayAhead(now, 1)),
    choice(texts.inAWeek, dayAhead(now, 7)),
    choice(texts.noDate, NONE),
  ];
  const rest = matching(usual, typed).filter(({ id }) => id !== day);
  return day ? [choice(typed, day), ...rest] : rest;
}
