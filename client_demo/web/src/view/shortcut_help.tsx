/** The list of keyboard shortcuts, which opens at ? and from the person's menu. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import * as texts from "../texts/top_bar";
import { lazy } from "./lazy";
import { useShortcuts } from "./shortcuts";

const ShortcutsDialog = lazy(() => import("./shortcuts_dialog").then(({ ShortcutsDialog }) => ShortcutsDialog));

export const isHelpOpen = signal(false);

export function ShortcutHelp() {
  const open = () => {
    isHelpOpen.value = true;
  };
  const close = () => {
    isHelpOpen.value = false;
  };
  useEffect(() => close, []); // not for whoever signs in next
  useShortcuts([{ keys: "?", description: texts.showShortcuts, run: open }]);
  return isHelpOpen.value ? <ShortcutsDialog onClose={close} /> : null;
}
