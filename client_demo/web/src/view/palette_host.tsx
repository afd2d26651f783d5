/** Opens the palette, by key or by button, on every screen of a signed-in person. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { OpenProject } from "../live/open_project";
import * as texts from "../texts/top_bar";
import { EarlyKeys } from "./early_keys";
import { lazy } from "./lazy";
import { useShortcuts } from "./shortcuts";

const Palette = lazy(() => import("./palette").then(({ Palette }) => Palette));

const isPaletteOpen = signal(false);

/** The project on screen, whose tasks the palette finds at once. */
export const projectOnScreen = signal<OpenProject | null>(null);

/** From Ctrl+K until its field has the focus. */
export const earlyKeys = new EarlyKeys();

export function openPalette(): void {
  if (isPaletteOpen.peek()) return;
  isPaletteOpen.value = true;
  earlyKeys.begin(closePalette);
}

function closePalette(): void {
  earlyKeys.end();
  isPaletteOpen.value = false;
}

export function PaletteHost() {
  useShortcuts([{ keys: "Mod+k", description: texts.find, run: openPalette, whileWriting: true }]);
  useEffect(() => closePalette, []);
  return isPaletteOpen.value ? <Palette onClose={closePalette} /> : null;
}
