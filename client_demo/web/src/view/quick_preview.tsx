/** What will be made of the lines in the field for new tasks, before they are added. */

import type { Line, Mark } from "../state/quick_line";
import * as texts from "../texts/adding";
import * as common from "../texts/common";
import { due } from "./dates";
import { Icon, type IconName } from "./icons";
import { tintOf, useLabelColours } from "./label";

interface PreviewProps {
  lines: readonly Line[];
  /** Keep what is at that place as text. */
  onLiteral: (at: number) => void;
}

export function Preview({ lines, onLiteral }: PreviewProps) {
  const isMany = lines.length > 1;
  const shown = lines.filter((line) => isMany || line.marks.length > 0);
  return (
    <>
      <p class="sr" role="status">
        {summary(lines)}
      </p>
      {shown.length > 0 && (
        <div class="quick-preview">
          {isMany && <b>{common.tasks(lines.length)}</b>}
          <ul role="list" aria-label={texts.recognised}>
            {shown.map((line, index) => (
              <li key={index}>
                {isMany && <span dir="auto">{line.title}</span>}
                {line.marks.map((mark) => (
                  <Chip key={mark.at} mark={mark} onLiteral={() => onLiteral(mark.at)} />
                ))}
              </li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}

const ICONS: Record<"person" | "due", IconName> = { person: "people", due: "calendar" };

function Chip({ mark, onLiteral }: { mark: Mark; onLiteral: () => void }) {
  const words = wordsOf(mark);
  const colours = useLabelColours();
  return (
    <span class={`label ${mark.kind === "label" ? tintOf(colours.get(mark.label)) : "fact-chip"}`}>
      {mark.kind !== "label" && <Icon name={ICONS[mark.kind]} size={13} />}
      {words}
      <button type="button" aria-label={texts.keepWords(words)} title={texts.keep} onClick={onLiteral}>
        <Icon name="close" size={12} />
      </button>
    </span>
  );
}

function wordsOf(mark: Mark): string {
  switch (mark.kind) {
    case "label":
      return mark.label;
    case "person":
      return mark.person.name;
    case "due":
      return due(mark.day).text;
  }
}

/** For ears: changes with what is recognised, not with each letter. */
function summary(lines: readonly Line[]): string {
  if (lines.length > 1) return common.tasks(lines.length);
  return (lines[0]?.marks ?? []).map((mark) => texts.heard[mark.kind](wordsOf(mark))).join(", ");
}
