/** A label's name in its colour. */

import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { useProject } from "./context";

interface LabelProps {
  name: string;
  color: string | undefined;
  children?: ComponentChildren;
}

export function Label({ name, color, children }: LabelProps) {
  return (
    <span class={`label ${tintOf(color)}`} dir="auto">
      {name}
      {children}
    </span>
  );
}

/** The class that draws in a label's colour. One of a newer server, or of a label without a row, is drawn gray. */
export function tintOf(color: string | undefined): string {
  return `tint tint-${color ?? "gray"}`;
}

/** The colours of a task's labels, in their order, as one text: cards are drawn anew when it changes. */
export function tintsOf(names: readonly string[], colours: ReadonlyMap<string, string>): string {
  return names.map((name) => colours.get(name) ?? "gray").join(" ");
}

/** The colours of the project's labels, by their names. */
export function useLabelColours(): ReadonlyMap<string, string> {
  const { labels } = useProject().board.visible.value!;
  return useMemo(() => new Map(labels.map(({ name, color }) => [name, color])), [labels]);
}
