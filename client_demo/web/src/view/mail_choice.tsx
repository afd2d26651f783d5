/** Whether unread notifications come by mail, on servers that send mail. */

import { useEffect, useState } from "preact/hooks";
import { reportFault } from "../account/fault";
import * as texts from "../texts/account";
import { useSession } from "./context";
import { messageOf } from "./failure";
import { notify } from "./notice";

interface Mail {
  enabled: boolean;
  available: boolean;
}

export function MailChoice() {
  const session = useSession();
  const [mail, setMail] = useState<Mail | null>(null);
  useEffect(() => {
    session
      .request<Mail>("GET", "notifications/mail")
      .then((answer) => setMail(answer.body))
      .catch(reportFault); // without the answer there is no choice
  }, [session]);
  if (!mail?.available) return null;
  const choose = async (enabled: boolean) => {
    setMail({ ...mail, enabled });
    try {
      setMail((await session.request<Mail>("PUT", "notifications/mail", { body: { enabled } })).body);
    } catch (failure) {
      setMail(mail);
      notify(messageOf(failure), "bad");
    }
  };
  return (
    <section class="sheet">
      <h2>{texts.mail}</h2>
      <label class="row">
        <input type="checkbox" checked={mail.enabled} onChange={(event) => void choose(event.currentTarget.checked)} />
        {texts.mailChoice}
      </label>
    </section>
  );
}
