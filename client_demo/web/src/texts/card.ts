/** A card on the board. */

import { plural } from "./plural";

export const assignedTo = (name: string) => `Assigned to ${name}`;
export const selected = "Selected:";
export const labels = "Labels:";
export const due = "Due:";
export const ofChecks = "of its check list";
export const comments = (count: number) => plural(count, "comment", "comments");
export const isMoving = (name: string) => `${name} is moving this`;
