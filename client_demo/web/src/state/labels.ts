/** A project's labels, and the names of them that tasks have. */

import type { Label, Task } from "../api/shapes";

/** Equal for names that the server takes for the same: in capitals, decomposed, or with other white space. */
export function keyOf(name: string): string {
  const folded = name.normalize("NFD").toUpperCase().toLowerCase().normalize("NFC");
  return folded.replace(/\s+/g, " ").trim();
}

/** The names as the project has them, each once. */
export function spelled(labels: readonly Label[], names: readonly string[]): string[] {
  const known = new Map(labels.map(({ name }) => [keyOf(name), name]));
  const found = new Map<string, string>();
  for (const name of names) if (!found.has(keyOf(name))) found.set(keyOf(name), known.get(keyOf(name)) ?? name);
  return [...found.values()];
}

/** The tasks with a label's new name, or without the label. The others are shared. */
export function relabelled(tasks: readonly Task[], old: string, name: string | null): Task[] {
  return tasks.map((task) => {
    if (!task.labels.includes(old)) return task;
    const others = task.labels.filter((each) => each !== name);
    return { ...task, labels: others.flatMap((each) => (each === old ? (name ?? []) : each)) };
  });
}

/** How many tasks have each label, by its name. */
export function countUses(tasks: readonly Task[]): Map<string, number> {
  const uses = new Map<string, number>();
  for (const name of tasks.flatMap((task) => task.labels)) uses.set(name, (uses.get(name) ?? 0) + 1);
  return uses;
}

/**
 * The labels whose name, or a word of it, begins with what is typed, then those that have it elsewhere; within each the
 * ones of most tasks first.
 */
export function suggested(labels: readonly Label[], uses: ReadonlyMap<string, number>, typed: string): Label[] {
  const wanted = keyOf(typed);
  const rank = (name: string) => (` ${keyOf(name)}`.includes(` ${wanted}`) ? 0 : 1);
  return labels
    .filter(({ name }) => keyOf(name).includes(wanted))
    .toSorted(
      (a, b) =>
        rank(a.name) - rank(b.name) ||
        (uses.get(b.name) ?? 0) - (uses.get(a.name) ?? 0) ||
        a.name.localeCompare(b.name),
    );
}
