/** Content drawn without an editor, to read only. It may hold nodes that this version's editor doesn't know. */

import type { ComponentChildren } from "preact";
import * as texts from "../texts/editor";
import type { ContentNode } from "./content";

export function Rendering({ content }: { content: ContentNode }) {
  return (
    <div class="prose" dir="auto">
      <Children of={content} />
    </div>
  );
}

function Children({ of: { content } }: { of: ContentNode }) {
  return (
    <>
      {content?.map((node, index) => (
        <Drawn node={node} key={index} />
      ))}
    </>
  );
}

function Drawn({ node }: { node: ContentNode }) {
  const inner = <Children of={node} />;
  if (node.change === "inserted") return <ins>{inner}</ins>;
  if (node.change === "deleted") return <del>{inner}</del>;
  switch (node.type) {
    case "text":
      return <>{marked(node)}</>;
    case "paragraph":
      return <p>{inner}</p>;
    case "heading":
      return <Heading level={Number(node.attrs?.level)}>{inner}</Heading>;
    case "bulletList":
      return <ul>{inner}</ul>;
    case "orderedList":
      return <ol start={Number(node.attrs?.start) || 1}>{inner}</ol>;
    case "listItem":
      return <li>{inner}</li>;
    case "taskList":
      return <ul data-type="taskList">{inner}</ul>;
    case "taskItem":
      return (
        <li>
          <label>
            <input type="checkbox" checked={node.attrs?.checked === true} disabled aria-label={texts.done} />
          </label>
          <div>{inner}</div>
        </li>
      );
    case "blockquote":
      return <blockquote>{inner}</blockquote>;
    case "codeBlock":
      return (
        <pre>
          <code>{inner}</code>
        </pre>
      );
    case "horizontalRule":
      return <hr />;
    case "hardBreak":
      return <br />;
    case "mention":
      return <span class="mention">@{String(node.attrs?.label ?? "")}</span>;
    case "image":
      return <p class="quiet">{texts.drawnImage(String(node.attrs?.alt ?? node.attrs?.src ?? ""))}</p>;
    case "table":
      return (
        <table>
          <tbody>{inner}</tbody>
        </table>
      );
    case "tableRow":
      return <tr>{inner}</tr>;
    case "tableHeader":
      return <th>{inner}</th>;
    case "tableCell":
      return <td>{inner}</td>;
    default:
      return (
        <div class="stranger">
          <span class="quiet small">{texts.unknown(node.type)}</span>
          {inner}
        </div>
      );
  }
}

function Heading({ level, children }: { level: number; children: ComponentChildren }) {
  if (level === 1) return <h1>{children}</h1>;
  if (level === 2) return <h2>{children}</h2>;
  return <h3>{children}</h3>;
}

const MARKS: Record<string, "strong" | "em" | "s" | "u" | "code"> = {
  bold: "strong",
  italic: "em",
  strike: "s",
  underline: "u",
  code: "code",
};

function marked({ text, marks }: ContentNode): ComponentChildren {
  return (marks ?? []).reduce<ComponentChildren>((inner, { type, attrs }) => {
    const Tag = MARKS[type];
    if (Tag) return <Tag>{inner}</Tag>;
    const address = String(attrs?.href ?? "");
    if (type !== "link" || !/^(https?|mailto):/i.test(address)) return inner;
    return (
      <a href={address} target="_blank" rel="noopener noreferrer nofollow">
        {inner}
      </a>
    );
  }, text);
}
