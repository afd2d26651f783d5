/** In place of @floating-ui/dom, which the build leaves out: a list at the caret places itself (caret_list.ts). */

/** What Tiptap asks for when it makes a list, and never runs. */
export const [offset, flip] = [() => ({}), () => ({})];

export function computePosition(): never {
  throw new Error("Lists at the caret place themselves.");
}

export const autoUpdate = computePosition;
