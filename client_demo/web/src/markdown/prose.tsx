/** A text in Markdown, drawn by elements of the page and never as HTML. */

import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import * as texts from "../texts/prose";
import type { Part } from "./parts";

type Read = (text: string) => Part[];

const reader = signal<Read | null>(null);
let isLoading = false;

function load(): void {
  if (isLoading) return;
  isLoading = true;
  import("./read").then(
    ({ readMarkdown }) => {
      reader.value = readMarkdown;
    },
    () => {
      isLoading = false; // no network: the next text tries again
    },
  );
}

/** The present name of a mentioned person, or null. */
export type NameOf = (id: string) => string | null;

/** Until the parser is here, or if it fails, the text is shown as it is written. */
export function Prose({ text, nameOf }: { text: string; nameOf: NameOf }) {
  useEffect(load, []);
  const read = reader.value;
  const parts = useMemo(() => (read ? attempt(read, text) : null), [read, text]);
  return (
    <div class="said" dir="auto">
      {parts ? <Parts parts={parts} nameOf={nameOf} /> : <p class="as-written">{text}</p>}
    </div>
  );
}

function attempt(read: Read, text: string): Part[] | null {
  try {
    return read(text);
  } catch (failure) {
    reportError(failure);
    return null;
  }
}

interface PartsProps {
  parts: readonly Part[];
  nameOf: NameOf;
}

function Parts({ parts, nameOf }: PartsProps) {
  return (
    <>
      {parts.map((part, index) => (
        <Drawn key={index} part={part} nameOf={nameOf} />
      ))}
    </>
  );
}

function Drawn({ part, nameOf }: { part: Part; nameOf: NameOf }): ComponentChildren {
  const inner = "children" in part ? <Parts parts={part.children} nameOf={nameOf} /> : null;
  switch (part.kind) {
    case "text":
      return part.text;
    case "element": {
      const Tag = part.tag;
      return part.start === undefined ? <Tag>{inner}</Tag> : <ol start={part.start}>{inner}</ol>;
    }
    case "task":
      return (
        <li class="task">
          <input type="checkbox" checked={part.isDone} disabled aria-label={texts.done} />
          <div>{inner}</div>
        </li>
      );
    case "heading": // in the page's outline, which texts of people are no part of, it would be a chapter
      return <p class={`head level-${part.level}`}>{inner}</p>;
    case "link":
      return <Outward href={part.href}>{inner}</Outward>;
    case "mention":
      return <span class="mention">@{nameOf(part.id) ?? part.label}</span>;
    case "image":
      return <Outward href={part.src}>{part.alt ? texts.imageOf(part.alt) : texts.image}</Outward>;
    case "code":
      return <code>{part.text}</code>;
    case "block":
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard
        <pre tabIndex={0}>
          <code>{part.text}</code>
        </pre>
      );
    case "break":
      return <br />;
    case "rule":
      return <hr />;
  }
}

function Outward({ href, children }: { href: string; children: ComponentChildren }) {
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow ugc">
      {children}
    </a>
  );
}
