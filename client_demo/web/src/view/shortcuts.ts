/** The keyboard shortcuts of what is on screen: each part registers its own, and one listener runs them. */

import { effect, signal } from "@preact/signals";
import { storage } from "../account/storage";
import { Registry, useRegistry } from "./registry";

export interface Shortcut {
  /** The key as `KeyboardEvent.key` has it; `Mod+` before it means Ctrl, or ⌘ on a Mac. For example `/` or `Mod+z`. */
  keys: string;
  /** What it does, in the imperative, for the list of shortcuts. */
  description: string;
  run: (event: KeyboardEvent) => void;
  /** The focused part handles the key itself; here it is only listed. */
  isListed?: boolean;
  /** The heading of the list under which it stands; without one it works everywhere. */
  group?: string;
  /** Also while the person writes in a field. */
  whileWriting?: boolean;
}

const KEY = "roomful.no-letter-keys";

/**
 * Whether letters and signs work without Ctrl or ⌘. Speech input may press them by accident, so they can be turned off
 * (WCAG 2.1.4). Remembered in this browser.
 */
export const hasLetterKeys = signal(storage.getItem(KEY) === null);

effect(() => {
  if (hasLetterKeys.value) storage.removeItem(KEY);
  else storage.setItem(KEY, "1");
});

const WITHOUT_TEXT = ["button", "checkbox", "radio", "submit"];

const registered = new Registry<Shortcut>();

/** Those that work now, the newest part's last. */
export const shortcuts = registered.all;

/**
 * Offer these shortcuts while this component is shown.
 *
 * None works while a dialog is open, nor, unless it says so, while the person writes. If two parts use the same keys the
 * one shown last gets them.
 */
export function useShortcuts(entries: readonly Shortcut[]): void {
  useRegistry(registered, entries, ({ keys, description }) => `${keys} ${description}`);
}

window.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
  const isChord = event.ctrlKey || event.metaKey;
  const found = shortcuts.peek().findLast((each) => !each.isListed && isMeant(each.keys, event, isChord));
  if (!found || (takesKey(event.target, isChord) && !found.whileWriting)) return;
  if (isLetter(found.keys) && !hasLetterKeys.value) return;
  event.preventDefault();
  found.run(event);
});

/** Whether it is a letter, a digit or a sign alone. */
export function isLetter(keys: string): boolean {
  return [...keys].length === 1;
}

/** The attribute that tells of a shortcut to screen readers, as long as it works. */
export function toldKeys(keys: string): { "aria-keyshortcuts"?: string } {
  return isLetter(keys) && !hasLetterKeys.value ? {} : { "aria-keyshortcuts": keys };
}

/** A letter means itself without Shift; a sign, such as `?`, may need it on some keyboards. */
function isMeant(keys: string, event: KeyboardEvent, isChord: boolean): boolean {
  const wantsChord = keys.startsWith("Mod+");
  const key = wantsChord ? keys.slice("Mod+".length) : keys;
  if (wantsChord !== isChord || event.key.toLowerCase() !== key.toLowerCase()) return false;
  return !event.shiftKey || !/^[a-z0-9]$/i.test(key);
}

/** Whether the key belongs to the element: text to a field, a letter to a list of choices. */
function takesKey(target: EventTarget | null, isChord: boolean): boolean {
  return isWriting(target) || (target instanceof HTMLSelectElement && !isChord);
}

/** Whether keys pressed there are text. */
export function isWriting(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return !WITHOUT_TEXT.includes(target.type);
  return target instanceof HTMLTextAreaElement || (target instanceof HTMLElement && target.isContentEditable);
}
