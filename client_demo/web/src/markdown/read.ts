/** Reads Markdown, by the parser that the server's documents use. Loaded when the first text is shown. */

import MarkdownIt, { type Token } from "markdown-it";
import type { Part, Tag } from "./parts";

const MENTION = "mention://user/";
const DEEPEST = 30;
/** Of the parser's tokens. A table of one wide row and empty ones is filled up to 65,536 cells. */
const MOST_TOKENS = 10_000;
const BOX = /^\[([ xX])\](?: |$)/;

const TAGS: Record<string, Tag> = {
  paragraph: "p",
  strong: "strong",
  em: "em",
  s: "s",
  blockquote: "blockquote",
  bullet_list: "ul",
  ordered_list: "ol",
  list_item: "li",
  table: "table",
  thead: "thead",
  tbody: "tbody",
  tr: "tr",
  th: "th",
  td: "td",
};

const parser = new MarkdownIt({ html: false, linkify: true, breaks: true });
parser.validateLink = (address) => /^(https?:\/\/|mailto:|mention:\/\/user\/)/i.test(address);
parser.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false });

type Branch = Extract<Part, { children: Part[] }>;

/** The text as parts; as it is written if it is nested too deep to draw, or too much. Pure. */
export function readMarkdown(text: string): Part[] {
  const tokens = parser.parse(text, {});
  if (tokens.length > MOST_TOKENS || tokens.some((token) => token.level > DEEPEST)) return [{ kind: "block", text }];
  return tree(tokens);
}

/** Each token that opens is followed by one that closes, with the same name. */
function tree(tokens: readonly Token[]): Part[] {
  const root: Part[] = [];
  const open: Branch[] = [];
  for (const token of tokens) {
    const siblings = open.at(-1)?.children ?? root;
    if (token.hidden) continue; // the paragraphs of a tight list
    if (token.nesting === 1) open.push(begun(token));
    else if (token.nesting === -1) {
      const branch = open.pop()!;
      close(branch, open.at(-1)?.children ?? root);
    } else siblings.push(...single(token));
  }
  return root;
}

function begun(token: Token): Branch {
  const name = token.type.replace(/_open$/, "");
  if (name === "link") return { kind: "link", href: String(token.attrGet("href") ?? ""), children: [] };
  const tag = TAGS[name];
  if (!tag) return { kind: "heading", level: Number(token.tag.slice(1)), children: [] };
  const start = Number(token.attrGet("start") ?? 1);
  return start === 1 ? { kind: "element", tag, children: [] } : { kind: "element", tag, start, children: [] };
}

function close(branch: Branch, siblings: Part[]): void {
  const box = branch.kind === "element" && branch.tag === "li" ? takeBox(branch.children) : null;
  if (box !== null) {
    siblings.push({ kind: "task", isDone: box, children: branch.children });
    return;
  }
  if (branch.kind !== "link" || !branch.href.startsWith(MENTION)) {
    siblings.push(branch);
    return;
  }
  // A link of this kind after an @ is a mention, elsewhere only its text.
  const before = siblings.at(-1);
  if (before?.kind !== "text" || !before.text.endsWith("@")) {
    siblings.push(...branch.children);
    return;
  }
  before.text = before.text.slice(0, -1);
  siblings.push({ kind: "mention", id: branch.href.slice(MENTION.length), label: wordsOf(branch.children) });
}

/** Takes the box off a text that begins with one, `[ ] ` or `[x] `; whether it is ticked, or null without one. */
function takeBox(parts: readonly Part[]): boolean | null {
  const [first] = parts;
  if (first?.kind === "element" && first.tag === "p") return takeBox(first.children);
  const found = first?.kind === "text" ? BOX.exec(first.text) : null;
  if (first?.kind !== "text" || !found) return null;
  first.text = first.text.slice(found[0].length);
  return found[1] !== " ";
}

function single(token: Token): Part[] {
  switch (token.type) {
    case "inline":
      return tree(token.children ?? []);
    case "text":
      return [{ kind: "text", text: token.content }];
    case "softbreak":
    case "hardbreak":
      return [{ kind: "break" }];
    case "code_inline":
      return [{ kind: "code", text: token.content }];
    case "fence":
    case "code_block":
      return [{ kind: "block", text: token.content.replace(/\n$/, "") }];
    case "image":
      return [{ kind: "image", src: String(token.attrGet("src") ?? ""), alt: token.content }];
    case "hr":
      return [{ kind: "rule" }];
    default:
      return token.content ? [{ kind: "text", text: token.content }] : [];
  }
}

function wordsOf(parts: readonly Part[]): string {
  return parts.map((part) => ("text" in part ? part.text : "children" in part ? wordsOf(part.children) : "")).join("");
}
