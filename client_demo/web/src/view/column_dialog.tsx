/** The form of a column: a new one, or another name, category, colour or limit. */

import { useId, useState } from "preact/hooks";
import { CATEGORIES, type Category, type Column } from "../api/shapes";
import * as colours from "../texts/colours";
import * as texts from "../texts/columns";
import * as common from "../texts/common";
import { COLOURS, colourOf } from "./colours";
import { useProject } from "./context";
import { CancelButton, Dialog } from "./dialog";
import { type DraftField, useProjectDraft } from "./draft";
import { messageOf } from "./failure";
import { useOnScreen } from "./on_screen";

interface ColumnDialogProps {
  /** The column to change; without it a new one is made. */
  column?: Column;
  onClose: () => void;
}

type Choices = Pick<Column, "category" | "color" | "wip_limit">;

const NEW: Choices = { category: "in_progress", color: null, wip_limit: null };

export function ColumnDialog({ column, onClose }: ColumnDialogProps) {
  const project = useProject();
  const id = useId();
  // What the person saw first: fields that they leave alone are not sent, so that others' changes of them stay.
  const [base] = useState<Choices>(column ?? NEW);
  const [choices, setChoices] = useState<Choices>(base);
  const name = useName(column);
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const isOnScreen = useOnScreen();
  const set = (changed: Partial<Choices>) => setChoices({ ...choices, ...changed });

  const save = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    const columns = `projects/${project.id}/columns`;
    const next = { ...choices, name: name.text.replace(/\s+/g, " ").trim() };
    try {
      if (column) {
        const was = { ...base, name: column.name };
        const body = Object.fromEntries(
          Object.entries(next).filter(([field, value]) => value !== was[field as keyof typeof was]),
        );
        const answer = project.session.request("PATCH", `${columns}/${column.id}`, { body });
        name.sending(next.name, answer);
        await answer;
      } else {
        const headers = { "Idempotency-Key": `${name.key} ${JSON.stringify(choices)}` };
        await project.session.request("POST", columns, { body: next, headers });
      }
      name.settle(column ? next.name : "");
      if (isOnScreen()) onClose(); // else another dialog may be open in its place
    } catch (failure) {
      setProblem(messageOf(failure));
      setBusy(false);
    }
  };
  return (
    <Dialog title={column ? texts.changeColumn : texts.newColumn} onClose={onClose} unsaved={name.draft && name}>
      <form onSubmit={save} class="stack">
        <div class="field">
          <label for={`${id}-name`}>{common.name}</label>
          <input
            id={`${id}-name`}
            required
            maxLength={60}
            value={name.text}
            autoComplete="off"
            onInput={(event) => name.write(event.currentTarget.value)}
          />
        </div>
        {column && name.isOvertaken && <p class="note">{texts.renamedMeanwhile(column.name)}</p>}
        <div class="field-pair">
          <div class="field">
            <label for={`${id}-category`}>{texts.countAs}</label>
            <select
              id={`${id}-category`}
              value={choices.category}
              onChange={(event) => set({ category: event.currentTarget.value as Category })}
            >
              {CATEGORIES.map((category) => (
                <option key={category} value={category}>
                  {texts.categoryNames[category]}
                </option>
              ))}
            </select>
          </div>
          <div class="field">
            <label for={`${id}-limit`}>{texts.limit}</label>
            <input
              id={`${id}-limit`}
              type="number"
              inputMode="numeric"
              min={1}
              max={999}
              step={1}
              value={choices.wip_limit ?? ""}
              aria-describedby={`${id}-limit-words`}
              onInput={(event) => set({ wip_limit: event.currentTarget.valueAsNumber || null })}
            />
          </div>
        </div>
        <p class="quiet small" id={`${id}-limit-words`}>
          {texts.limitHint}
        </p>
        <fieldset class="swatches">
          <legend>{texts.colour}</legend>
          {[null, ...COLOURS].map((color) => (
            <label key={color ?? ""} class="swatch" title={color ? colours.names[color] : colours.none}>
              <input
                type="radio"
                name={`${id}-color`}
                checked={choices.color === color}
                onChange={() => set({ color })}
              />
              <span class={color ? "dot" : "dot own"} style={colourOf(color, choices.category)} aria-hidden="true" />
              <span class="sr">{color ? colours.names[color] : colours.none}</span>
            </label>
          ))}
        </fieldset>
        {problem && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        <div class="row end">
          <CancelButton />
          <button type="submit" class="primary" disabled={isBusy}>
            {column ? common.save : texts.addColumn}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function useName(column: Column | undefined): DraftField {
  const words = column ? texts.draftOfName(column.name) : texts.draftOfNewName;
  return useProjectDraft(null, column ? `column-name:${column.id}` : "new-column", words, column?.name);
}
