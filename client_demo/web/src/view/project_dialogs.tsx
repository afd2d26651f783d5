/** The dialogs over an open project, each loaded when it is first opened. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { lazy } from "./lazy";

const DIALOGS = {
  labels: lazy(() => import("./labels_dialog").then(({ LabelsDialog }) => LabelsDialog)),
  members: lazy(() => import("./members_dialog").then(({ MembersDialog }) => MembersDialog)),
};

export type ProjectDialog = keyof typeof DIALOGS;

/** The open one. */
export const openDialog = signal<ProjectDialog | null>(null);

export function ProjectDialogs() {
  const name = openDialog.value;
  const close = () => {
    openDialog.value = null;
  };
  useEffect(() => close, []);
  if (!name) return null;
  const Shown = DIALOGS[name];
  return <Shown key={name} onClose={close} />;
}
