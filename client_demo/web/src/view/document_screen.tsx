/** The place of an open document, whose editor is loaded when one is first opened. */

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import * as texts from "../texts/documents";
import { useProject } from "./context";
import { Icon } from "./icons";
import { at } from "./route";
import { Failed, ListSkeleton } from "./states";

type Page = ComponentType<{ id: string }>;

export function DocumentScreen({ id }: { id: string }) {
  const [page, setPage] = useState<{ Page: Page } | null>(null);
  const [attempt, setAttempt] = useState(0);
  const [hasFailed, setFailed] = useState(false);
  useEffect(() => {
    let isCurrent = true;
    setFailed(false);
    import("../editor/page").then(
      ({ DocumentPage }) => isCurrent && setPage({ Page: DocumentPage }),
      () => isCurrent && setFailed(true),
    );
    return () => {
      isCurrent = false;
    };
  }, [attempt]);
  if (page) return <page.Page id={id} />;
  return (
    <section class="place" aria-label={texts.document}>
      <BackToDocuments />
      {hasFailed ? (
        <Failed title={texts.editorNotLoaded} onRetry={() => setAttempt(attempt + 1)}>
          {texts.editorNotLoadedHint}
        </Failed>
      ) : (
        <ListSkeleton rows={4} />
      )}
    </section>
  );
}

export function BackToDocuments() {
  const project = useProject();
  return (
    <a class="ghost back" href={at.documents(project.id)}>
      <Icon name="back" />
      <span class="back-word">{texts.documents}</span>
    </a>
  );
}
