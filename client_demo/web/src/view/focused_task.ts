/** The task with the keyboard's focus, on the board or in the list. */

/** The lasting name of the task that an element belongs to. */
export function taskNameAt(element: Element | null): string | null {
  return element?.closest<HTMLElement>("[data-task]")?.dataset.task ?? null;
}

/** The lasting name of the focused one. */
export function focusedName(): string | null {
  return taskNameAt(document.activeElement);
}
