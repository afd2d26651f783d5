/** Markdown as a tree to draw: what a text says, without HTML. */

export type Tag =
  | "p"
  | "strong"
  | "em"
  | "s"
  | "blockquote"
  | "ul"
  | "ol"
  | "li"
  | "table"
  | "thead"
  | "tbody"
  | "tr"
  | "th"
  | "td";

export type Part =
  | { kind: "text"; text: string }
  | { kind: "element"; tag: Tag; start?: number; children: Part[] }
  /** An entry of a check list. */
  | { kind: "task"; isDone: boolean; children: Part[] }
  | { kind: "heading"; level: number; children: Part[] }
  | { kind: "link"; href: string; children: Part[] }
  /** `label` is the name that the text was written with. */
  | { kind: "mention"; id: string; label: string }
  /** Never loaded, only linked: another server would learn who reads. */
  | { kind: "image"; src: string; alt: string }
  | { kind: "code"; text: string }
  | { kind: "block"; text: string }
  | { kind: "break" }
  | { kind: "rule" };
