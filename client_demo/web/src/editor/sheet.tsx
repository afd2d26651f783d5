/** The text of an open document: in an editor, or only drawn if an editor would damage it. */

import type { Editor } from "@tiptap/core";
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import * as texts from "../texts/editor";
import { newer } from "../texts/saving";
import { useProject, useSession } from "../view/context";
import { ListSkeleton } from "../view/states";
import { AddressDialog, type AddressKind } from "./address_dialog";
import { contentOf, obstacle, textOf } from "./content";
import { mountEditor } from "./mount";
import { Rendering } from "./rendering";
import type { Replica } from "./replica";
import { SCHEMA } from "./schema";
import { Toolbar } from "./toolbar";
import { UnsavedText } from "./unsaved_text";

/** How long to wait for the server before this device's copy is shown. */
const WAIT_MS = 3_000;

interface SheetProps {
  replica: Replica;
  title: string;
  placeholder?: string;
  /** What stands here until the text can be shown. */
  waiting?: ComponentChildren;
  /** The text is shown: in this editor, or only drawn. */
  onShown?: (editor: Editor | null) => void;
  discard: () => void;
}

export function Sheet({ replica, title, placeholder, waiting, onShown, discard }: SheetProps) {
  const facts = replica.facts.value;
  const isReady = useReady(replica);
  const [blocked, setBlocked] = useState<string | null>(null);
  const [isChecked, setChecked] = useState(false);
  useEffect(() => {
    if (!isReady) return;
    setBlocked(obstacle(replica.root, SCHEMA));
    setChecked(true);
  }, [isReady]);
  useEffect(() => {
    if (facts.unsaved === 0 || facts.isKept) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, [facts.unsaved === 0, facts.isKept]);

  useEffect(() => {
    if (blocked) onShown?.(null);
  }, [blocked]);

  if (!isChecked) return waiting === undefined ? <ListSkeleton rows={4} /> : waiting;
  return (
    <>
      {facts.isRefused && (
        <UnsavedText text={textOf(contentOf(replica.root))} onForget={discard}>
          {texts.onlyReadNow}
        </UnsavedText>
      )}
      {blocked ? (
        <Drawn replica={replica} why={blocked} />
      ) : (
        <Writing
          replica={replica}
          title={title}
          placeholder={placeholder}
          onShown={onShown}
          onStrangers={() => setBlocked(newer)}
        />
      )}
    </>
  );
}

/** Whether there is something to show: the server's content, or this device's when the server does not answer. */
function useReady(replica: Replica): boolean {
  const { isSynced, hasContent } = replica.facts.value;
  const [isLate, setLate] = useState(false);
  const [wasReady, setReady] = useState(false);
  useEffect(() => {
    const timer = setTimeout(setLate, WAIT_MS, true);
    return () => clearTimeout(timer);
  }, []);
  const isReady = isSynced || (isLate && hasContent);
  useEffect(() => {
    if (isReady) setReady(true);
  }, [isReady]);
  return isReady || wasReady;
}

function Drawn({ replica, why }: { replica: Replica; why: string }) {
  const [content, setContent] = useState(() => contentOf(replica.root));
  useEffect(() => {
    const draw = () => setContent(contentOf(replica.root));
    replica.doc.on("update", draw);
    return () => replica.doc.off("update", draw);
  }, [replica]);
  return (
    <div class="sheet-scroll">
      <p class="note" role="status">
        {texts.readOnly(why)}
      </p>
      <Rendering content={content} />
    </div>
  );
}

interface WritingProps {
  replica: Replica;
  title: string;
  placeholder: string | undefined;
  onShown: ((editor: Editor) => void) | undefined;
  onStrangers: () => void;
}

function Writing({ replica, title, placeholder, onShown, onStrangers }: WritingProps) {
  const { board } = useProject();
  const user = useSession().user.value;
  const place = useRef<HTMLDivElement>(null);
  const [editor, setEditor] = useState<Editor | null>(null);
  const [asking, setAsking] = useState<AddressKind | null>(null);
  const members = useMemo(() => () => board.members.peek().values(), [board]);
  const facts = replica.facts.value;
  const canEdit = board.canEdit.value && facts.scope !== "read" && !facts.isRefused;
  useEffect(() => {
    if (!user) return;
    const element = place.current!;
    const mounted = mountEditor({
      ...{ element, replica, user, title, placeholder, canEdit, members, onStrangers },
      askForImage: () => setAsking("image"),
    });
    setEditor(mounted.editor);
    onShown?.(mounted.editor);
    return () => {
      setEditor(null);
      mounted.unmount();
    };
  }, [replica, user?.id]);
  useEffect(() => {
    if (!editor || editor.isDestroyed || editor.isEditable === canEdit) return;
    const hadFocus = editor.isFocused;
    editor.setEditable(canEdit, false);
    if (!hadFocus) return;
    editor.view.dom.blur(); // an element that becomes editable while it has the focus gets no caret
    if (canEdit) editor.view.focus();
  }, [editor, canEdit]);
  return (
    <>
      {editor && canEdit && <Toolbar editor={editor} onAsk={setAsking} />}
      {editor && canEdit && asking && (
        <AddressDialog
          editor={editor}
          kind={asking}
          document={replica.kept.name}
          title={title}
          onClose={() => setAsking(null)}
        />
      )}
      <div class="sheet-scroll">
        <div class="prose" ref={place} />
      </div>
    </>
  );
}
