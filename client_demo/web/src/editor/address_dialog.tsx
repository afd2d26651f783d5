/** Asks for the address of a link or an image. */

import type { Editor } from "@tiptap/core";
import { useId, useState } from "preact/hooks";
import * as texts from "../texts/editor";
import { Dialog } from "../view/dialog";
import { useProjectDraft } from "../view/draft";
import { imageHosts } from "./image";

export type AddressKind = "link" | "image";

interface Props {
  editor: Editor;
  kind: AddressKind;
  /** A name for the document that stays the same on this device, and its title. */
  document: string;
  title: string;
  onClose: () => void;
}

export function AddressDialog({ editor, kind, document, title, onClose }: Props) {
  const id = useId();
  const isLink = kind === "link";
  const present = isLink ? String(editor.getAttributes("link").href ?? "") : "";
  const target = complete(present); // null for what others may have put in besides, such as a script
  const place = `document-${kind}:${document}:${present}`;
  const address = useProjectDraft(
    null,
    `${place}:address`,
    isLink ? texts.addressOfLink(title) : texts.addressOfImage(title),
    present,
  );
  const words = useProjectDraft(null, `${place}:words`, isLink ? texts.textOfLink(title) : texts.textOfImage(title));
  const discard = () => {
    address.discard();
    words.discard();
  };
  const [problem, setProblem] = useState<string | null>(null);
  const hosts = imageHosts();
  const needsWords = !isLink || (editor.state.selection.empty && !present);
  const save = (event: Event) => {
    event.preventDefault();
    const href = complete(address.text);
    if (!href) return setProblem(texts.noAddress);
    const text = words.text.trim();
    discard();
    onClose();
    const chain = editor.chain().focus();
    if (!isLink) chain.setImage({ src: href, alt: text }).run();
    else if (needsWords) {
      chain.insertContent({ type: "text", text: text || href, marks: [{ type: "link", attrs: { href } }] }).run();
    } else chain.extendMarkRange("link").setLink({ href }).run();
  };
  return (
    <Dialog
      title={isLink ? texts.link : texts.image}
      onClose={onClose}
      unsaved={address.draft || words.draft ? { discard } : null}
    >
      <form onSubmit={save} class="stack" noValidate>
        <div class="field">
          <label for={id}>{texts.address}</label>
          <input
            id={id}
            inputMode="url"
            required
            maxLength={2000}
            value={address.text}
            placeholder="https://"
            autoComplete="off"
            aria-describedby={problem ? `${id}-problem` : undefined}
            onInput={(event) => address.write(event.currentTarget.value)}
          />
        </div>
        {needsWords && (
          <div class="field">
            <label for={`${id}-words`}>{isLink ? texts.text : texts.whatItShows}</label>
            <input
              id={`${id}-words`}
              maxLength={500}
              value={words.text}
              autoComplete="off"
              onInput={(event) => words.write(event.currentTarget.value)}
            />
          </div>
        )}
        {!isLink && <p class="quiet small">{hosts.length > 0 ? texts.otherServersThan(hosts) : texts.otherServers}</p>}
        {problem && (
          <p class="problem" id={`${id}-problem`} role="alert">
            {problem}
          </p>
        )}
        <div class="row end">
          {present && (
            <button
              type="button"
              class="plain"
              onClick={() => {
                discard();
                onClose();
                editor.chain().focus().extendMarkRange("link").unsetLink().run();
              }}
            >
              {texts.removeLink}
            </button>
          )}
          {target && (
            <a class="plain" href={target} target="_blank" rel="noopener noreferrer nofollow">
              {texts.open}
            </a>
          )}
          <button type="submit" class="primary">
            {isLink ? texts.link : texts.addImage}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** The address with its scheme, or null if it is none that a link may have. */
export function complete(text: string): string | null {
  const address = text.trim();
  if (/^[^\s@:/]+@[^\s@:/]+\.[^\s@:/]+$/.test(address)) return `mailto:${address}`;
  const withScheme =
    /^[a-z][a-z0-9+.-]*:/i.test(address) && !/^[^/]+:\d/.test(address) ? address : `https://${address}`;
  try {
    const url = new URL(withScheme);
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}
