/** A look at a version: its text, what changed between it and another one, and the way back to it. */

import type { ComponentChildren } from "preact";
import { useEffect, useId, useMemo, useState } from "preact/hooks";
import type { Version } from "../api/shapes";
import * as common from "../texts/common";
import * as texts from "../texts/versions";
import { useProject } from "../view/context";
import { moment } from "../view/dates";
import { Confirm, Dialog } from "../view/dialog";
import { messageOf } from "../view/failure";
import { notify } from "../view/notice";
import { useOnScreen } from "../view/on_screen";
import { ListSkeleton } from "../view/states";
import type { ContentNode } from "./content";
import { countChanges, differenceOf } from "./content_difference";
import { Rendering } from "./rendering";

interface Props {
  id: string;
  version: Version;
  /** All of them, newest first. */
  versions: readonly Version[];
  canEdit: boolean;
  onRestored: () => void;
  onClose: () => void;
}

/** What a version is compared with, if not with another one. */
const NOTHING = "";
const PRESENT = "present";

export function VersionPreview({ id, version, versions, canEdit, onRestored, onClose }: Props) {
  const { session } = useProject();
  const [partner, setPartner] = useState(NOTHING);
  const [problem, setProblem] = useState<string | null>(null);
  const [isAsking, setAsking] = useState(false);
  const isOnScreen = useOnScreen();
  const path = `documents/${id}/versions/${version.id}`;
  const own = useContent(`${path}/content`);
  const other = useContent(pathOf(id, partner));
  const notLoaded = own.problem ?? other.problem;
  const why = problem ?? notLoaded;
  const again = () => {
    for (const each of [own, other]) if (each.problem) each.retry();
  };
  const compared = useMemo(() => {
    const partnerVersion = versions.find(({ id }) => id === partner);
    if (!own.content || !other.content) return null;
    return isOlder(version, partnerVersion)
      ? { from: version, to: partnerVersion, difference: differenceOf(own.content, other.content) }
      : { from: partnerVersion, to: version, difference: differenceOf(other.content, own.content) };
  }, [own.content, other.content]);
  const restore = async () => {
    setProblem(null);
    try {
      await session.request("POST", `${path}/restore`);
      notify(texts.restored);
      onRestored();
      if (isOnScreen()) onClose(); // else another version may be open in its place
    } catch (failure) {
      if (isOnScreen()) setProblem(messageOf(failure));
      else notify(messageOf(failure), "bad");
    }
  };
  return (
    <Dialog title={nameOf(version)} onClose={onClose} wide>
      {why && (
        <p class="problem" role="alert">
          {why}{" "}
          {notLoaded && (
            <button type="button" class="plain small" onClick={again}>
              {common.tryAgain}
            </button>
          )}
        </p>
      )}
      <PartnerChoice version={version} versions={versions} partner={partner} onChoose={setPartner}>
        {compared && <Summary {...compared} />}
      </PartnerChoice>
      {partner === NOTHING && own.content && <Text label={texts.textOfVersion} content={own.content} />}
      {compared?.difference && <Text label={texts.whatChanged} content={compared.difference} />}
      {!why && !compared && (partner !== NOTHING || !own.content) && <ListSkeleton />}
      {canEdit && (
        <div class="row end">
          <button type="button" class="primary" onClick={() => setAsking(true)}>
            {texts.restore}
          </button>
        </div>
      )}
      {isAsking && (
        <Confirm
          title={texts.restoreQuestion}
          action={common.restore}
          onClose={() => setAsking(false)}
          onConfirm={() => void restore()}
        >
          {texts.restoreHint}
        </Confirm>
      )}
    </Dialog>
  );
}

interface ChoiceProps {
  version: Version;
  versions: readonly Version[];
  partner: string;
  onChoose: (partner: string) => void;
  children: ComponentChildren;
}

function PartnerChoice({ version, versions, partner, onChoose, children }: ChoiceProps) {
  const field = useId();
  return (
    <div class="field">
      <label for={field}>{texts.compareWith}</label>
      <select id={field} value={partner} onChange={(event) => onChoose(event.currentTarget.value)}>
        <option value={NOTHING}>{texts.nothing}</option>
        <option value={PRESENT}>{texts.present}</option>
        {versions
          .filter(({ id }) => id !== version.id)
          .map((each) => (
            <option key={each.id} value={each.id}>
              {nameOf(each)}
            </option>
          ))}
      </select>
      <p class="small" role="status">
        {children}
      </p>
    </div>
  );
}

interface Compared {
  /** The present text, if there is no version. */
  from: Version | undefined;
  to: Version | undefined;
  difference: ContentNode | null;
}

function Summary({ from, to, difference }: Compared) {
  if (!difference) return <>{texts.noChange(titleOf(from), titleOf(to))}</>;
  const { inserted, deleted } = countChanges(difference);
  return (
    <>
      {texts.changes(titleOf(from), titleOf(to))} {inserted} <ins>{texts.inserted}</ins>, {deleted}{" "}
      <del>{texts.deleted}</del>.
    </>
  );
}

function Text({ label, content }: { label: string; content: ContentNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard
    <section class="version-text" tabIndex={0} aria-label={label}>
      <Rendering content={content} />
    </section>
  );
}

interface Loaded {
  content: ContentNode | null;
  problem: string | null;
}

const NOT_LOADED: Loaded = { content: null, problem: null };

function useContent(path: string | null): Loaded & { retry: () => void } {
  const { session } = useProject();
  const [attempt, setAttempt] = useState(0);
  const [loaded, setLoaded] = useState(NOT_LOADED);
  useEffect(() => {
    let isCurrent = true;
    setLoaded(NOT_LOADED);
    if (path) {
      session.request<ContentNode>("GET", `${path}?format=json`).then(
        ({ body }) => isCurrent && setLoaded({ content: body, problem: null }),
        (failure) => isCurrent && setLoaded({ content: null, problem: messageOf(failure) }),
      );
    }
    return () => {
      isCurrent = false;
    };
  }, [path, attempt]);
  return { ...loaded, retry: () => setAttempt((count) => count + 1) };
}

function pathOf(id: string, partner: string): string | null {
  if (partner === NOTHING) return null;
  return partner === PRESENT ? `documents/${id}/content` : `documents/${id}/versions/${partner}/content`;
}

function isOlder(one: Version, other: Version | undefined): boolean {
  return !other || one.created_at < other.created_at;
}

function titleOf(version: Version | undefined): string {
  return version ? texts.named(nameOf(version)) : texts.presentText;
}

function nameOf(version: Version): string {
  return version.label ?? moment(version.created_at);
}
