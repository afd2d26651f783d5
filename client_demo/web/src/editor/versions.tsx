/** The list of a document's versions: who made each and why, and a name for the present text. */

import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { Member, Version } from "../api/shapes";
import { useProject } from "../view/context";
import { ago, moment } from "../view/dates";
import { useProjectDraft } from "../view/draft";
import { messageOf } from "../view/failure";
import { Icon } from "../view/icons";
import { notify } from "../view/notice";
import { useOpener } from "../view/opener";
import { ListSkeleton } from "../view/states";
import { VersionPreview } from "./version_preview";
import "./versions.css";
import * as common from "../texts/common";
import * as texts from "../texts/versions";

export interface VersionsProps {
  id: string;
  canEdit: boolean;
  onClose: () => void;
}

export function Versions({ id, canEdit, onClose }: VersionsProps) {
  const { session, board } = useProject();
  const members = board.members.value;
  const [versions, setVersions] = useState<Version[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [attempt, setAttempt] = useState(0);
  const [shown, setShown] = useState<Version | null>(null);
  const heading = useId();
  const panel = useRef<HTMLElement>(null);
  useOpener();
  useEffect(() => panel.current!.focus(), []);
  // Asked for again when the document has changed: a version may have been made.
  const stamp = board.visible.value?.documents.find((document) => document.id === id)?.updated_at;
  useEffect(() => {
    let isCurrent = true;
    session.request<Version[]>("GET", `documents/${id}/versions?limit=200`).then(
      ({ body }) => {
        if (!isCurrent) return;
        setVersions(body);
        setProblem(null);
      },
      (failure) => isCurrent && setProblem(messageOf(failure)),
    );
    return () => {
      isCurrent = false;
    };
  }, [id, stamp, attempt]);
  const again = () => setAttempt((count) => count + 1);
  return (
    <aside
      class="panel versions"
      ref={panel}
      tabIndex={-1}
      aria-labelledby={heading}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.preventDefault(); // closes nothing else
        onClose();
      }}
    >
      <header class="panel-head">
        <h3 id={heading}>{texts.title}</h3>
        <span class="spacer" />
        <button type="button" class="ghost icon-only" aria-label={texts.close} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div class="panel-body">
        {canEdit && <NameVersion id={id} onMade={again} />}
        {problem && (
          <p class="problem" role="alert">
            {problem}{" "}
            <button type="button" class="plain small" onClick={again}>
              {common.tryAgain}
            </button>
          </p>
        )}
        {!versions && !problem && <ListSkeleton />}
        {versions?.length === 0 && <p class="quiet">{texts.none}</p>}
        <ol role="list">
          {versions?.map((version) => (
            <li key={version.id}>
              <button type="button" class="version" onClick={() => setShown(version)}>
                <b dir="auto">{version.label ?? moment(version.created_at)}</b>
                <span class="quiet small">{reasonOf(version, members)}</span>
                {version.label && <span class="quiet small">{ago(version.created_at)}</span>}
              </button>
            </li>
          ))}
        </ol>
      </div>
      {shown && (
        <VersionPreview
          id={id}
          version={shown}
          versions={versions ?? []}
          canEdit={canEdit}
          onRestored={again}
          onClose={() => setShown(null)}
        />
      )}
    </aside>
  );
}

function NameVersion({ id, onMade }: { id: string; onMade: () => void }) {
  const { session } = useProject();
  const field = useId();
  const { text: label, key, write, settle } = useProjectDraft(null, `document-version:${id}`, texts.draftOfName);
  const [isBusy, setBusy] = useState(false);
  const keep = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      const headers = { "Idempotency-Key": key };
      await session.request("POST", `documents/${id}/versions`, { body: { label: label.trim() }, headers });
      settle("");
      onMade();
    } catch (failure) {
      notify(messageOf(failure), "bad");
    }
    setBusy(false);
  };
  return (
    <form class="keep-version" onSubmit={keep}>
      <label for={field}>{texts.keepAs}</label>
      <div class="row">
        <input
          id={field}
          required
          maxLength={200}
          value={label}
          placeholder={texts.aName}
          autoComplete="off"
          onInput={(event) => write(event.currentTarget.value)}
        />
        <button type="submit" class="plain" disabled={isBusy || label.trim() === ""}>
          {texts.keep}
        </button>
      </div>
    </form>
  );
}

/** Who had written, and why the version was made. */
export function reasonOf(version: Version, members: ReadonlyMap<string, Member>): string {
  const names = version.changes_by.map((id) => members.get(id)?.name ?? common.formerMember);
  const by = names.length > 0 ? texts.textBy(names) : "";
  const asked = version.triggered_by
    ? (members.get(version.triggered_by)?.name ?? common.formerMember)
    : texts.somebody;
  const why: Record<Version["trigger"], string> = {
    manual: texts.keptBy(asked),
    idle: texts.inPause,
    patch: texts.beforePatch(asked),
    restore: texts.beforeRestore(asked),
  };
  const words = [by, why[version.trigger]].filter(Boolean).join(", ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
