/** Whether unread notifications come by mail, on servers that send mail. */

import { useEffect, useRef, useState } from "preact/hooks";
import { reportFault } from "../account/fault";
import { Choice } from "../state/choice";
import * as texts from "../texts/account";
import { useSession } from "./context";
import { messageOf } from "./failure";
import { notify } from "./notice";

const ADDRESS = "notifications/mail";

export function MailChoice() {
  const session = useSession();
  const [isEnabled, setEnabled] = useState<boolean | null>(null);
  const choice = useRef(
    new Choice<boolean>(
      (enabled) => session.request("PUT", ADDRESS, { body: { enabled } }),
      setEnabled,
      (failure) => notify(messageOf(failure), "bad"),
    ),
  ).current;
  useEffect(() => {
    session
      .request<{ enabled: boolean; available: boolean }>("GET", ADDRESS)
      .then(({ body }) => body.available && choice.told(body.enabled))
      .catch(reportFault); // without the answer there is no choice
  }, [session]);
  if (isEnabled === null) return null;
  return (
    <section class="sheet">
      <h2>{texts.mail}</h2>
      <label class="row">
        <input
          type="checkbox"
          checked={isEnabled}
          onChange={(event) => void choice.choose(event.currentTarget.checked)}
        />
        {texts.mailChoice}
      </label>
    </section>
  );
}
