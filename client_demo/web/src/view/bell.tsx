/** The way to the inbox, with the number of unread entries. */

import * as texts from "../texts/top_bar";
import { useInbox } from "./context";
import { Icon } from "./icons";
import { at } from "./route";

/** The server counts no further than 1,000. */
const MOST = 99;

export function Bell() {
  const inbox = useInbox();
  if (!inbox) return null;
  const unread = inbox.unread.value;
  const shown = unread > MOST ? `${MOST}+` : String(unread);
  return (
    <a class="ghost bell" href={at.inbox} aria-label={unread === 0 ? texts.inbox : texts.inboxUnread(shown)}>
      <Icon name="bell" />
      {unread > 0 && (
        <span class="bell-count" aria-hidden="true">
          {shown}
        </span>
      )}
    </a>
  );
}
