/** Light or dark: as the system, or as the person chose in this browser. */

import { effect, signal } from "@preact/signals";
import { storage } from "../account/storage";

export type Theme = "system" | "light" | "dark";

const KEY = "roomful.theme";

const kept = storage.getItem(KEY);
export const theme = signal<Theme>(kept === "light" || kept === "dark" ? kept : "system");

effect(() => {
  const chosen = theme.value;
  if (chosen === "system") {
    storage.removeItem(KEY);
    delete document.documentElement.dataset.theme;
  } else {
    storage.setItem(KEY, chosen);
    document.documentElement.dataset.theme = chosen;
  }
});
