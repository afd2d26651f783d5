/** The project's labels: new ones, other names and colours, and their end. */

import { useId, useMemo, useState } from "preact/hooks";
import type { Label as LabelState } from "../api/shapes";
import { countUses } from "../state/labels";
import * as colours from "../texts/colours";
import * as common from "../texts/common";
import * as texts from "../texts/labels";
import { LABEL_COLOURS } from "./colours";
import { useProject } from "./context";
import { Confirm, Dialog } from "./dialog";
import { useProjectDraft } from "./draft";
import { messageOf } from "./failure";
import { Icon } from "./icons";
import { Label, tintOf } from "./label";
import { MOST_CHARACTERS, nameOf } from "./label_choices";
import { notify } from "./notice";
import { useRowFocus } from "./row_focus";

export function LabelsDialog({ onClose }: { onClose: () => void }) {
  const project = useProject();
  const { board, session } = project;
  const snapshot = board.visible.value!;
  const uses = useMemo(() => countUses(snapshot.tasks), [snapshot.tasks]);
  const labels = snapshot.labels.toSorted((a, b) => a.name.localeCompare(b.name));
  const [changing, setChanging] = useState<string | null>(null);
  const [leaving, setLeaving] = useState<LabelState | null>(null);
  const rows = useRowFocus<HTMLUListElement>();
  const canEdit = board.canEdit.value;
  const path = (label: LabelState) => `projects/${project.id}/labels/${label.id}`;

  const remove = async (label: LabelState) => {
    try {
      await session.request("DELETE", path(label));
    } catch (failure) {
      notify(messageOf(failure), "bad");
    }
  };
  const change = async (label: LabelState, body: Fields) => {
    await session.request("PATCH", path(label), { body });
    setChanging((other) => (other === label.id ? null : other)); // another one may be open by now
  };
  const add = async (body: Fields, key: string) => {
    await session.request("POST", `projects/${project.id}/labels`, { body, headers: { "Idempotency-Key": key } });
  };
  return (
    <Dialog title={texts.title} onClose={onClose} wide>
      {canEdit && <LabelForm action={texts.add} onSave={add} />}
      {labels.length === 0 && <p class="quiet">{texts.none}</p>}
      <ul class="label-list" role="list" {...rows}>
        {labels.map((label) => (
          <li key={label.id}>
            {changing === label.id ? (
              <LabelForm
                label={label}
                action={common.save}
                onSave={(fields) => change(label, fields)}
                onCancel={() => setChanging(null)}
              />
            ) : (
              <>
                <span class="what">
                  <Label name={label.name} color={label.color} />
                </span>
                <span class="quiet small">{texts.uses(uses.get(label.name) ?? 0)}</span>
                {canEdit && (
                  <>
                    <button
                      type="button"
                      class="ghost icon-only"
                      aria-label={texts.changeIt(label.name)}
                      title={texts.change}
                      onClick={() => setChanging(label.id)}
                    >
                      <Icon name="pencil" />
                    </button>
                    <button
                      type="button"
                      class="ghost icon-only"
                      aria-label={texts.deleteIt(label.name)}
                      title={texts.deleteShort}
                      onClick={() => setLeaving(label)}
                    >
                      <Icon name="trash" />
                    </button>
                  </>
                )}
              </>
            )}
          </li>
        ))}
      </ul>
      {!canEdit && <p class="quiet small">{texts.editorsOnly}</p>}
      {leaving && (
        <Confirm
          title={texts.deleteQuestion(leaving.name)}
          action={texts.deleteLabel}
          onConfirm={() => void remove(leaving)}
          onClose={() => setLeaving(null)}
        >
          {texts.loss(uses.get(leaving.name) ?? 0)}
        </Confirm>
      )}
    </Dialog>
  );
}

type Fields = Partial<Pick<LabelState, "name" | "color">>;

interface LabelFormProps {
  /** The label to change; without it, a new one. */
  label?: LabelState;
  action: string;
  /** Raises what the server answers. Under the same key it is done once. */
  onSave: (fields: Fields, key: string) => Promise<void>;
  onCancel?: () => void;
}

/**
 * A name, which is a draft, and a colour. A new label may be left without one: then it gets the colour that the project
 * uses least.
 */
function LabelForm({ label, action, onSave, onCancel }: LabelFormProps) {
  const id = useId();
  const field = label ? `label-name:${label.id}` : "new-label";
  const words = label ? texts.draftOfName(label.name) : texts.newLabel;
  const { text: name, key, write, discard, settle } = useProjectDraft(null, field, words, label?.name);
  const [baseColor] = useState(label?.color);
  const [color, setColor] = useState(label?.color ?? null);
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const save = async (event: Event) => {
    event.preventDefault();
    const written = nameOf(name);
    const fields: Fields = {};
    // Fields that the person leaves alone are not sent, so that others' changes of them stay.
    if (written !== label?.name) fields.name = written;
    if (color !== null && color !== baseColor) fields.color = color;
    setBusy(true);
    setProblem(null);
    try {
      await onSave(fields, `${key} ${color}`);
      settle(label ? written : "");
      if (!label) setColor(null);
    } catch (failure) {
      setProblem(messageOf(failure));
    }
    setBusy(false);
  };
  return (
    <form class="label-form" onSubmit={save}>
      <div class="field">
        <label for={`${id}-name`}>{label ? common.name : texts.newLabel}</label>
        <input
          id={`${id}-name`}
          required
          maxLength={MOST_CHARACTERS}
          value={name}
          autoComplete="off"
          aria-invalid={problem !== null}
          aria-describedby={problem ? `${id}-problem` : undefined}
          ref={(field) => {
            if (label && field && !field.dataset.met) {
              field.dataset.met = "yes";
              field.focus();
              field.select();
            }
          }}
          onInput={(event) => write(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Escape" || !onCancel) return;
            event.preventDefault(); // leaves this form, not the dialog; what is written stays a draft
            onCancel();
          }}
        />
      </div>
      <fieldset class="swatches">
        <legend class="sr">{texts.colour}</legend>
        {LABEL_COLOURS.map((each) => (
          <label key={each} class="swatch" title={colours.names[each]}>
            <input type="radio" name={`${id}-color`} checked={color === each} onChange={() => setColor(each)} />
            <span class={`dot ${tintOf(each)}`} aria-hidden="true" />
            <span class="sr">{colours.names[each]}</span>
          </label>
        ))}
      </fieldset>
      {problem && (
        <p class="problem" id={`${id}-problem`} role="alert">
          {problem}
        </p>
      )}
      <div class="row end">
        {onCancel && (
          <button
            type="button"
            class="plain"
            onClick={() => {
              discard();
              onCancel();
            }}
          >
            {common.cancel}
          </button>
        )}
        <button type="submit" class="primary" disabled={isBusy}>
          {action}
        </button>
      </div>
    </form>
  );
}
