/** A text to the clipboard. */

import * as common from "../texts/common";
import { copy } from "./clipboard";
import { notify } from "./notice";

export async function copyText(text: string): Promise<void> {
  if (await copy(text)) notify(common.copied);
  else notify(common.notCopied, "bad");
}
