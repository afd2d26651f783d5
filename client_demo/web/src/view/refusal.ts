/** What becomes of a change that the server refused: its text is a draft again, and the person is told. */

import type { Change } from "../state/change";
import type { Drafts, Place } from "../state/drafts";
import type { Refusal } from "../state/outbox";
import { categoryNames } from "../texts/columns";
import * as common from "../texts/common";
import * as texts from "../texts/unsaved";
import { dismiss, notices, notify, withdrawOffer } from "./notice";
import { commentField, newTaskPlace } from "./places";

/** The notice of the bulk change that was refused last: one for all of its tasks. */
let lastBulk = { bulk: "", count: 0, notice: 0 };

export function keepRefused(drafts: Drafts, refusal: Refusal): void {
  const isKept = keep(drafts, refusal);
  if (refusal.isConsequence) return;
  const { change, conflicting, message } = refusal;
  if (change.bulk) {
    const count = lastBulk.bulk === change.bulk ? lastBulk.count + 1 : 1;
    if (count > 1) dismiss(lastBulk.notice);
    const words = change.kind === "create" ? texts.someNotAdded(count) : texts.someNotChanged(count);
    notify(`${words} ${message}`, "bad");
    lastBulk = { bulk: change.bulk, count, notice: notices.peek().at(-1)!.id };
    return;
  }
  withdrawOffer(change.mutation);
  const reason = conflicting.length > 0 ? texts.fieldsChangedFirst(conflicting) : message;
  notify([wordsOf(change), reason, isKept && texts.isKept].filter(Boolean).join(" "), "bad");
}

function wordsOf(change: Change): string {
  switch (change.kind) {
    case "create":
      return texts.notAdded(change.title);
    case "comment":
      return texts.commentNotDone[change.deed.do];
    default:
      return texts.notDone[change.kind];
  }
}

/** Whether there was something to keep. */
function keep(drafts: Drafts, { project, change, message, conflicting }: Refusal): boolean {
  const put = (place: Place, text: string, base: string, words: string, refused: string) =>
    text !== base && drafts.write(place, { text, base, words, refused });
  switch (change.kind) {
    case "create": {
      const place = newTaskPlace(project, change.column ?? change.status);
      // On a line of its own, beside what the field holds already.
      const begun = drafts.find(place)?.text ?? "";
      const text = [change.written ?? change.title, begun].filter(Boolean).join("\n");
      put(place, text, "", texts.newTask(categoryNames[change.status]), message);
      return true;
    }
    case "edit":
      for (const [field, value] of Object.entries(change.fields)) {
        const place = { project, task: change.task, field };
        const base = change.base[field as keyof typeof change.base] ?? "";
        const reason = conflicting.includes(field) ? common.changedFirst : message;
        // The person may be writing on already.
        const text = drafts.find(place)?.text ?? value ?? "";
        put(place, text, base, field === "title" ? texts.titleOf(base) : texts.fieldOfTask(field), reason);
      }
      return true;
    case "labels": {
      const place = { project, task: change.task, field: "label" };
      const begun = drafts.find(place)?.text ?? "";
      put(place, [...change.add, begun].filter(Boolean).join(", "), "", texts.label, message);
      return change.add.length > 0;
    }
    case "comment": {
      const { deed } = change;
      if (deed.do !== "add" && deed.do !== "edit") return false;
      const place = { project, task: change.task, field: commentField(deed, change.comment) };
      const begun = drafts.find(place)?.text ?? "";
      put(place, [deed.body, begun].filter(Boolean).join("\n\n"), "", texts.comment.add, message);
      return true;
    }
    default:
      return false;
  }
}
