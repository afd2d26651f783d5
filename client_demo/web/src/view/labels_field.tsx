/** The labels of a task, in its panel, and the list from which they are chosen. */

import { useId, useRef } from "preact/hooks";
import type { Task } from "../api/shapes";
import { keyOf } from "../state/labels";
import * as texts from "../texts/task";
import { useProject } from "./context";
import { useProjectDraft } from "./draft";
import { Icon } from "./icons";
import { Label, useLabelColours } from "./label";
import { labelChoices, labelOf, MOST_CHARACTERS, nameOf } from "./label_choices";
import { useListbox } from "./listbox";
import { openDialog } from "./project_dialogs";

export function Labels({ task, canEdit }: { task: Task; canEdit: boolean }) {
  const project = useProject();
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  const { text, write, discard } = useProjectDraft(task.id, "label", texts.labelFor(task.title));
  const worn = new Set(task.labels.map(keyOf));
  const choices = labelChoices(project.board.visible.value!, text, (name) => ({ isChosen: worn.has(keyOf(name)) }));
  const colours = useLabelColours();
  const remove = (label: string) => project.label(task.id, { remove: [label] });
  const listbox = useListbox({
    label: texts.suggestions,
    choices,
    first: nameOf(text) === "" ? -1 : 0,
    isMulti: true,
    takes: ["Enter", ","],
    onTake: (choice) => {
      discard();
      if (choice.isChosen) remove(choice.name);
      else project.label(task.id, { add: [labelOf(choice, text)] });
    },
  });
  return (
    <div class="labels-field" ref={box} tabIndex={-1}>
      <span class="fact-head">
        <label for={canEdit ? id : undefined}>{texts.labels}</label>
        {canEdit && (
          <button
            type="button"
            class="link-like"
            onClick={() => {
              openDialog.value = "labels";
            }}
          >
            {texts.manageLabels}
          </button>
        )}
      </span>
      <div class="labels">
        {task.labels.map((label) => (
          <Label key={label} name={label} color={colours.get(label)}>
            {canEdit && (
              <button
                type="button"
                aria-label={texts.removeLabel(label)}
                onClick={() => {
                  remove(label);
                  box.current!.focus(); // the button goes away
                }}
              >
                <Icon name="close" size={12} />
              </button>
            )}
          </Label>
        ))}
        {canEdit && (
          <input
            id={id}
            {...listbox.attributes}
            type="text"
            value={text}
            maxLength={MOST_CHARACTERS}
            placeholder={texts.addLabel}
            enterkeyhint="done"
            onClick={listbox.open}
            onInput={(event) => {
              write(event.currentTarget.value);
              listbox.open();
            }}
            onBlur={listbox.close}
            onKeyDown={(event) => {
              if (listbox.press(event)) return;
              if (event.key === "Enter") {
                event.preventDefault();
                listbox.open();
              } else if (event.key === "Backspace" && text === "" && task.labels.length > 0) {
                remove(task.labels.at(-1)!);
              }
            }}
          />
        )}
        {!canEdit && task.labels.length === 0 && <span class="quiet">{texts.noLabels}</span>}
      </div>
      {listbox.list}
    </div>
  );
}
