/** Offers texts that could not be saved, before they are forgotten. */

import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import { save } from "../api/download";
import * as common from "../texts/common";
import * as texts from "../texts/editor";
import { copyText } from "../view/copy";
import { Confirm } from "../view/dialog";
import type { OpenDocument } from "./open_document";

/** What the server never got of a document, from this window and earlier ones. */
export function Leftovers({ of: opened }: { of: OpenDocument }) {
  return (
    <>
      {opened.leftovers.value.map((leftover) => (
        <UnsavedText key={leftover.kept.name} text={leftover.text} onForget={() => void opened.forget(leftover)}>
          {texts.copyWhatYouNeed(leftover.why)}
        </UnsavedText>
      ))}
    </>
  );
}

interface Props {
  text: string;
  children: ComponentChildren;
  onForget: () => void;
}

export function UnsavedText({ text, children, onForget }: Props) {
  const id = useId();
  const [isAsking, setAsking] = useState(false);
  const download = () => save(new Blob([text], { type: "text/plain" }), texts.fileOfUnsaved);
  return (
    <div class="unsaved" role="alert">
      <p id={id}>
        <b>{texts.notSaved}</b> {children}
      </p>
      <textarea readOnly rows={4} value={text} aria-labelledby={id} dir="auto" />
      <div class="row end">
        <button type="button" class="plain small" onClick={() => void copyText(text)}>
          {common.copy}
        </button>
        <button type="button" class="plain small" onClick={download}>
          {texts.download}
        </button>
        <button type="button" class="danger small" onClick={() => setAsking(true)}>
          {texts.forget}
        </button>
      </div>
      {isAsking && (
        <Confirm
          title={texts.forgetQuestion}
          action={texts.forget}
          onClose={() => setAsking(false)}
          onConfirm={onForget}
        >
          {texts.forgetHint}
        </Confirm>
      )}
    </div>
  );
}
