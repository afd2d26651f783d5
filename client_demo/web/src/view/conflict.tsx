/** A person's text that could not simply be saved, beside the one that is saved: theirs, mine, or both. */

import { useLayoutEffect, useRef } from "preact/hooks";
import { compare, merge, type Stretch } from "../state/difference";
import type { Draft } from "../state/drafts";
import * as texts from "../texts/unsaved";
import { copyText } from "./copy";
import { notify } from "./notice";

interface ConflictProps {
  /** What the text is, such as `title`. */
  name: string;
  draft: Draft;
  saved: string;
  /** Whether this person may still save it. */
  canEdit: boolean;
  /** Words for a value that is no text of people's. */
  show?: (value: string) => string;
  onSave: (text: string) => void;
  onDiscard: () => void;
  /** Go on writing with both texts. Left out where two values can't be one. */
  onBoth?: (text: string) => void;
}

export function Conflict({ name, draft, saved, canEdit, show, onSave, onDiscard, onBoth }: ConflictProps) {
  const box = useRef<HTMLDivElement>(null);
  const isOvertaken = draft.base !== saved;
  // Seen when it comes, however far the person has scrolled.
  useLayoutEffect(() => box.current!.scrollIntoView({ block: "nearest" }), [isOvertaken]);
  return (
    <div class="conflict" ref={box} role="alert">
      <p>{headline(name, draft, isOvertaken, canEdit)}</p>
      <div class="versions-of-text">
        <Texts draft={draft} saved={saved} isOvertaken={isOvertaken} show={show} />
      </div>
      <div class="row end">
        {!canEdit && (
          <button type="button" class="plain small" onClick={() => void copyText(draft.text)}>
            {texts.copyMine}
          </button>
        )}
        <button type="button" class="plain small" onClick={onDiscard}>
          {isOvertaken && canEdit ? texts.useTheirs : texts.discardMine}
        </button>
        {isOvertaken && canEdit && onBoth && (
          <button type="button" class="plain small" onClick={() => onBoth(both(draft, saved))}>
            {texts.takeBoth}
          </button>
        )}
        {canEdit && (
          <button
            type="button"
            class="primary small"
            onClick={() => {
              onSave(draft.text);
              if (isOvertaken) notify(texts.yoursSaved);
            }}
          >
            {isOvertaken ? texts.keepMine : texts.saveNow}
          </button>
        )}
      </div>
    </div>
  );
}

function headline(name: string, draft: Draft, isOvertaken: boolean, canEdit: boolean): string {
  if (!canEdit) return texts.cannotChange(name);
  if (isOvertaken) return texts.bothWritten;
  return texts.fieldNotSaved(name, draft.refused ?? "");
}

interface TextsProps {
  draft: Draft;
  saved: string;
  isOvertaken: boolean;
  show: ((value: string) => string) | undefined;
}

function Texts({ draft, saved, isOvertaken, show }: TextsProps) {
  if (show) {
    return (
      <>
        {isOvertaken && <Text title={texts.theirs} stretches={[{ text: show(saved), isOwn: true }]} />}
        <Text title={texts.yours} stretches={[{ text: show(draft.text), isOwn: true }]} />
      </>
    );
  }
  if (!isOvertaken) return <Text title={texts.yours} stretches={[{ text: draft.text, isOwn: false }]} />;
  const { left, right } = compare(saved, draft.text);
  return (
    <>
      <Text title={texts.theirs} stretches={left} />
      <Text title={texts.yours} stretches={right} />
    </>
  );
}

function Text({ title, stretches }: { title: string; stretches: Stretch[] }) {
  return (
    <figure>
      <figcaption>{title}</figcaption>
      <blockquote dir="auto">
        {stretches.length === 0 && <i>{texts.empty}</i>}
        {stretches.map(({ text, isOwn }, index) => (isOwn ? <mark key={index}>{text}</mark> : text))}
      </blockquote>
    </figure>
  );
}

/** Both changes in one text; where they are at the same place, both texts one after the other. */
function both(draft: Draft, saved: string): string {
  const separator = draft.field === "title" ? " / " : "\n\n";
  return merge(draft.base, saved, draft.text) ?? `${saved}${separator}${draft.text}`;
}
