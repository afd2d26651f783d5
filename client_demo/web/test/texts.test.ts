import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseSync } from "vite";
import { expect, test } from "vitest";

const SOURCES = fileURLToPath(new URL("../src/", import.meta.url));

/** Attributes, and properties of components, that people read or hear. */
const SHOWN =
  /^(aria-(label|description|roledescription|valuetext)|title|placeholder|alt|label|action|hint|note|description)$/;
/** Whatever stands in them is for browsers. */
const UNSEEN = /^(class|className|rel|style|key)$/;
/** Calls whose arguments are selectors, or names of headers and keys. */
const UNREAD_CALLS =
  /^(querySelector|querySelectorAll|closest|matches|matchMedia|get|set|has|startsWith|Error|WebSocket)$/;
/** Keys by their names, addresses, selectors, lengths, classes of colours, and the server's words for why a document ends. */
const CODES = [
  /^((Mod|Ctrl|Control|Meta|Shift)\+\S* ?)+$/,
  /^(Enter|Escape|Tab|Space|Home|End|Delete|Backspace|Arrow\w+|Mod|Ctrl)$/,
  /^https:\/\/$|^\.\S|\dpx\b|^tint tint-|^Bearer /,
  /^(sign-in ended|token expired)$/,
];

interface Node {
  type: string;
  start: number;
  [property: string]: unknown;
}

/** The texts in a module that are shown to people, or look like it, each with its line. */
function textsIn(name: string, source: string): string[] {
  const found: string[] = [];
  const note = (node: Node, text: string, isShown: boolean) => {
    const isText = isShown ? /\p{L}/u : /^\p{Lu}\p{Ll}|\p{L}[,.:;…!?]? \p{L}|0 \p{L}{2}|\p{L}{2} 0/u;
    if (isText.test(text) && !CODES.some((code) => code.test(text))) {
      found.push(`${name}:${source.slice(0, node.start).split("\n").length} ${text.trim()}`);
    }
  };
  const walk = (node: Node, isShown: boolean) => {
    switch (node.type) {
      case "JSXText":
        return note(node, node.value as string, true);
      case "Literal":
        return typeof node.value === "string" && note(node, node.value, isShown);
      case "TemplateLiteral":
        // A 0 stands for each value.
        note(
          node,
          (node.quasis as { value: { cooked: string } }[]).map(({ value }) => value.cooked).join("0"),
          isShown,
        );
        return each(node.expressions, false);
      case "JSXAttribute": {
        const attribute = (node.name as { name: string }).name;
        return UNSEEN.test(attribute) || each(node.value, SHOWN.test(attribute));
      }
      case "JSXExpressionContainer":
      case "ConditionalExpression":
      case "LogicalExpression":
        return each(Object.values(node), isShown);
      case "JSXElement":
      case "JSXFragment":
        each(node.openingElement, false);
        return each(node.children, true);
      case "BinaryExpression":
        return each(
          node.operator === "+" ? [node.left, node.right] : withoutText([node.left, node.right] as Node[]),
          isShown,
        );
      case "CallExpression":
      case "NewExpression": {
        const { name, property } = node.callee as { name?: string; property?: { name: string } };
        each(node.callee, false);
        const isUnread = UNREAD_CALLS.test(property?.name ?? name ?? "");
        return each(isUnread ? withoutText(node.arguments as Node[]) : node.arguments, false);
      }
      case "AssignmentExpression": {
        const { property, object } = node.left as {
          property?: { name?: string };
          object?: { property?: { name: string } };
        };
        const isUnseen = UNSEEN.test(property?.name ?? "") || object?.property?.name === "style";
        return isUnseen || each(node.right, false);
      }
      case "Property": {
        const { name: key = "" } = node.key as { name?: string };
        return UNSEEN.test(key) || each(node.value, SHOWN.test(key));
      }
      case "MemberExpression":
        return each(node.object, false);
      case "SwitchCase":
        return each(node.consequent, false);
      case "ImportDeclaration":
      case "ImportExpression":
        return;
      default:
        if (!node.type.startsWith("TS")) return each(Object.values(node), false);
        return /^TS(As|Satisfies|NonNull)/.test(node.type) && each(node.expression, isShown);
    }
  };
  const withoutText = (nodes: Node[]) => nodes.filter(({ type }) => type !== "Literal" && type !== "TemplateLiteral");
  const each = (value: unknown, isShown: boolean) => {
    if (Array.isArray(value)) for (const one of value) each(one, isShown);
    else if (value && typeof value === "object" && "type" in value) walk(value as Node, isShown);
  };
  each(parseSync(name, source).program, false);
  return found;
}

test("every text that people read is in src/texts", () => {
  const names = readdirSync(SOURCES, { recursive: true, encoding: "utf8" });
  const checked = names.filter((name) => /\.tsx?$/.test(name) && !/^(texts\/|api\/events\.ts)/.test(name));
  expect(checked.length).toBeGreaterThan(100);
  expect(checked.flatMap((name) => textsIn(name, readFileSync(SOURCES + name, "utf8")))).toEqual([]);
});

test.each([
  "<p>Hello</p>",
  "<p>{isOn ? 'on' : other}</p>",
  "<button aria-label='close' />",
  '<Confirm title={"Delete " + name} />',
  "notify('Copied.')",
  "offer(words, { label: 'undo' })",
  "const NAMES = { todo: 'To do' }",
  "function words() { return isOn ? 'is on' : 'is off' }",
])("a text elsewhere is found: %s", (source) => {
  expect(textsIn("module.tsx", source)).toHaveLength(source.includes("'is off'") ? 2 : 1);
});

test.each([
  "<p class='quiet small'>{count} · {name} ×</p>",
  "if (event.key === 'Escape') listen('pointerdown')",
  "import { board } from './Board'",
  "list.querySelector('button, .menu')",
  "element.style.inset = 'auto auto'",
  "throw new Error('no such thing')",
])("what people don't read is left alone: %s", (source) => {
  expect(textsIn("module.tsx", source)).toEqual([]);
});
