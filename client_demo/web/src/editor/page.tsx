/** The page of an open document. */

import { useEffect, useRef, useState } from "preact/hooks";
import "./editor.css";
import type { Person } from "../state/presence";
import * as common from "../texts/common";
import * as texts from "../texts/editor";
import { Faces } from "../view/avatar";
import { useProject, useSession } from "../view/context";
import { BackToDocuments } from "../view/document_screen";
import { Icon } from "../view/icons";
import { lazy } from "../view/lazy";
import { Failed, ListSkeleton, State } from "../view/states";
import { TitleDialog } from "../view/title_dialog";
import { useOpenDocument } from "./open_document";
import type { Replica } from "./replica";
import { Sheet } from "./sheet";
import { Sign } from "./sign";
import { Leftovers } from "./unsaved_text";

const Versions = lazy(() => import("./versions").then(({ Versions }) => Versions));

export function DocumentPage({ id }: { id: string }) {
  const { board } = useProject();
  const opened = useOpenDocument(id);
  const [isLookingBack, setLookingBack] = useState(false);
  const lookBack = () => setLookingBack(!isLookingBack);
  const lastTitle = useRef(texts.document);
  const known = board.visible.value?.documents.find((document) => document.id === id);
  if (known) lastTitle.current = known.title;
  const title = lastTitle.current;
  useEffect(() => {
    document.title = common.pageTitle(title);
  }, [title]);

  const phase = opened?.phase.value ?? { kind: "opening" };
  const replica = phase.kind === "open" ? phase.replica : null;
  return (
    <section class="document" aria-label={texts.documentOf(title)}>
      <Head title={title} id={id} replica={replica} areVersionsOpen={isLookingBack} onVersions={lookBack} />
      {opened && <Leftovers of={opened} />}
      {phase.kind === "opening" && <ListSkeleton rows={4} />}
      {phase.kind === "failed" && (
        <Failed title={texts.notOpened} onRetry={() => opened!.retry()}>
          {phase.why}
        </Failed>
      )}
      {phase.kind === "ended" && (
        <State alert title={texts.isClosed}>
          {phase.why}
        </State>
      )}
      {replica && (
        <Sheet key={replica.doc.guid} replica={replica} title={title} discard={() => opened!.discard(replica)} />
      )}
      {replica && isLookingBack && <Versions id={id} canEdit={board.canEdit.value} onClose={lookBack} />}
    </section>
  );
}

interface HeadProps {
  title: string;
  id: string;
  replica: Replica | null;
  areVersionsOpen: boolean;
  onVersions: () => void;
}

function Head({ title, id, replica, areVersionsOpen, onVersions }: HeadProps) {
  const { board } = useProject();
  const [isRenaming, setRenaming] = useState(false);
  const known = board.visible.value?.documents.find((document) => document.id === id);
  return (
    <header class="document-head">
      <BackToDocuments />
      <h2 dir="auto">{title}</h2>
      {known && board.canEdit.value && (
        <button type="button" class="ghost icon-only" aria-label={texts.rename} onClick={() => setRenaming(true)}>
          <Icon name="pencil" />
        </button>
      )}
      <span class="spacer" />
      {replica && <Readers replica={replica} />}
      {replica && (
        <button type="button" class="ghost" aria-pressed={areVersionsOpen} onClick={onVersions}>
          <Icon name="history" />
          <span class="wide-only">{texts.versions}</span>
          <span class="sr narrow-only">{texts.versions}</span>
        </button>
      )}
      {replica && <Sign replica={replica} />}
      {isRenaming && known && <TitleDialog document={known} onClose={() => setRenaming(false)} />}
    </header>
  );
}

/** The others who have this document open. */
function Readers({ replica }: { replica: Replica }) {
  const [people, setPeople] = useState<Person[]>([]);
  const self = useSession().user.value?.id;
  useEffect(() => {
    const { awareness } = replica.provider;
    const look = () => setPeople(readersOf(awareness!.getStates().values(), self));
    look();
    awareness!.on("change", look);
    return () => awareness!.off("change", look);
  }, [replica, self]);
  return <Faces people={people} />;
}

function readersOf(states: Iterable<Record<string, unknown>>, self: string | undefined): Person[] {
  const people = new Map<string, Person>();
  for (const { user } of states) {
    const { id, name } = (user ?? {}) as { id?: unknown; name?: unknown };
    if (typeof id === "string" && typeof name === "string") people.set(id, { user: id, name, isSelf: id === self });
  }
  return [...people.values()].sort((a, b) => a.name.localeCompare(b.name));
}
