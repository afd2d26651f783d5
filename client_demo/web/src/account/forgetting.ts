/** What a person has seen leaves this device with their sign-in, however that ends. */

import { effect } from "@preact/signals";
import { forgetBoards } from "./kept_boards";
import type { Session } from "./session";

/** Also forgets, at the start, what others have left: a browser may have ended before it was deleted. */
export function forgetWithSession(session: Session): void {
  let last: string | null = null;
  let isFirst = true;
  effect(() => {
    const now = session.user.value?.id ?? null;
    if (isFirst || now !== last) void forgetBoards(now, last);
    isFirst = false;
    last = now;
  });
}
