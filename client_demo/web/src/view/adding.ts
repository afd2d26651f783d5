/** Where new tasks go in their column: the person's choice, remembered in this browser. */

import { effect, signal } from "@preact/signals";
import { storage } from "../account/storage";

const KEY = "roomful.add-at-top";

export const addsAtTop = signal(storage.getItem(KEY) !== null);

effect(() => {
  if (addsAtTop.value) storage.setItem(KEY, "1");
  else storage.removeItem(KEY);
});
