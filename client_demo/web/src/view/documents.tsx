/** The project's documents: the list, and its trash. */

import { useEffect, useMemo, useState } from "preact/hooks";
import { nextPage } from "../api/request";
import type { Document, DocumentState } from "../api/shapes";
import type { OpenProject } from "../live/open_project";
import * as common from "../texts/common";
import * as texts from "../texts/documents";
import { useProject } from "./context";
import { ago, moment } from "./dates";
import { Confirm } from "./dialog";
import { messageOf } from "./failure";
import { Icon, IconButton } from "./icons";
import { notify, offer } from "./notice";
import { at } from "./route";
import { useRowFocus } from "./row_focus";
import { Failed, ListSkeleton, State } from "./states";
import { TitleDialog } from "./title_dialog";

type Shelf = "present" | "trash";
type Question = { kind: "create" } | { kind: "rename" | "delete"; document: DocumentState };

export function Documents() {
  const project = useProject();
  const { board } = project;
  const [shelf, setShelf] = useState<Shelf>("present");
  const [question, setQuestion] = useState<Question | null>(null);
  const canEdit = board.canEdit.value;
  const documents = board.visible.value!.documents;
  const close = () => setQuestion(null);
  return (
    <section class="place" aria-label={texts.documents}>
      <div class="page-head">
        <h2>{texts.documents}</h2>
        <span class="spacer" />
        <div class="segments" role="group" aria-label={texts.shelves}>
          {(["present", "trash"] as const).map((each) => (
            <button type="button" key={each} aria-pressed={shelf === each} onClick={() => setShelf(each)}>
              {each === "present" ? texts.current : texts.trash}
            </button>
          ))}
        </div>
        {canEdit && (
          <button type="button" class="primary" onClick={() => setQuestion({ kind: "create" })}>
            <Icon name="plus" />
            <span>
              {texts.newShort}
              <span class="wide-only"> {texts.newRest}</span>
              <span class="sr narrow-only"> {texts.newRest}</span>
            </span>
          </button>
        )}
      </div>
      {shelf === "trash" ? (
        <Trash documents={documents} canEdit={canEdit} />
      ) : (
        <Present documents={documents} canEdit={canEdit} ask={setQuestion} />
      )}
      {question?.kind === "create" && <TitleDialog onClose={close} />}
      {question?.kind === "rename" && <TitleDialog document={question.document} onClose={close} />}
      {question?.kind === "delete" && (
        <Confirm
          title={texts.trashQuestion}
          action={texts.moveToTrash}
          onClose={close}
          onConfirm={() => void moveToTrash(project, question.document)}
        >
          {texts.trashHint(question.document.title)}
        </Confirm>
      )}
    </section>
  );
}

interface PresentProps {
  documents: DocumentState[];
  canEdit: boolean;
  ask: (question: Question) => void;
}

function Present({ documents, canEdit, ask }: PresentProps) {
  const project = useProject();
  const rows = useRowFocus<HTMLUListElement>();
  const sorted = useMemo(() => documents.toSorted(byTitle), [documents]);
  if (sorted.length === 0) {
    return (
      <State
        title={texts.none}
        action={
          canEdit && (
            <button type="button" class="primary" onClick={() => ask({ kind: "create" })}>
              {texts.writeFirst}
            </button>
          )
        }
      >
        {texts.noneHint}
      </State>
    );
  }
  return (
    <ul class="document-list" role="list" {...rows}>
      {sorted.map((document) => (
        <li key={document.id}>
          <a href={at.document(project.id, document.id)}>
            <Icon name="page" />
            <span class="who">
              <b dir="auto">{document.title}</b>
              <time class="quiet small" dateTime={document.updated_at} title={moment(document.updated_at)}>
                {texts.changed(ago(document.updated_at))}
              </time>
            </span>
          </a>
          {canEdit && (
            <>
              <IconButton
                icon="pencil"
                label={texts.renameIt(document.title)}
                onClick={() => ask({ kind: "rename", document })}
              />
              <IconButton
                icon="trash"
                label={texts.trashIt(document.title)}
                onClick={() => ask({ kind: "delete", document })}
              />
            </>
          )}
        </li>
      ))}
    </ul>
  );
}

/** What is in the trash; asked for again whenever a document of the project comes or goes. */
function Trash({ documents, canEdit }: { documents: DocumentState[]; canEdit: boolean }) {
  const project = useProject();
  const [found, setFound] = useState<Document[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [attempt, setAttempt] = useState(0);
  const rows = useRowFocus<HTMLUListElement>();
  const present = documents.map((document) => document.id).join();
  useEffect(() => {
    let isCurrent = true;
    setProblem(null);
    loadTrash(project)
      .then((all) => isCurrent && setFound(all))
      .catch((failure) => isCurrent && setProblem(messageOf(failure)));
    return () => {
      isCurrent = false;
    };
  }, [present, attempt]);

  if (problem) {
    return (
      <Failed title={texts.trashNotLoaded} onRetry={() => setAttempt(attempt + 1)}>
        {problem}
      </Failed>
    );
  }
  if (!found) return <ListSkeleton />;
  if (found.length === 0) return <State title={texts.trashEmpty}>{texts.keptFor}</State>;
  return (
    <ul class="document-list" role="list" {...rows}>
      {found.map((document) => (
        <li key={document.id}>
          <span class="who">
            <b dir="auto">{document.title}</b>
          </span>
          {canEdit && (
            <button type="button" class="plain small" onClick={() => void restore(project, document)}>
              {common.restore}
              <span class="sr"> {document.title}</span>
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

async function moveToTrash(project: OpenProject, { id, title }: DocumentState): Promise<void> {
  try {
    await project.session.request("DELETE", `documents/${id}`);
    offer(texts.isInTrash(title), { label: common.undo, act: () => void restore(project, { id, title }) });
  } catch (failure) {
    notify(messageOf(failure), "bad");
  }
}

async function restore(project: OpenProject, { id, title }: Pick<DocumentState, "id" | "title">): Promise<void> {
  try {
    await project.session.request("POST", `documents/${id}/restore`);
    notify(texts.isBack(title));
  } catch (failure) {
    notify(messageOf(failure), "bad");
  }
}

async function loadTrash(project: OpenProject): Promise<Document[]> {
  const found: Document[] = [];
  let page: string | null = `projects/${project.id}/documents?deleted=true&limit=200`;
  while (page) {
    const answer: { body: Document[]; headers: Headers } = await project.session.request<Document[]>("GET", page);
    found.push(...answer.body);
    page = nextPage(page, answer.headers);
  }
  return found.reverse();
}

function byTitle(a: DocumentState, b: DocumentState): number {
  return a.title.localeCompare(b.title) || (a.id < b.id ? -1 : 1);
}
