/** The form for somebody with an invitation who is not signed in. */

import { useState } from "preact/hooks";
import * as texts from "../texts/join";
import { CredentialsForm } from "./credentials_form";
import type { Preview } from "./join";

interface NewcomerProps {
  preview: Preview;
  token: string;
  join: () => Promise<void>;
}

/** Registers and joins in one step, or signs in and joins. */
export function Newcomer({ preview, token, join }: NewcomerProps) {
  const [isNew, setNew] = useState(true);
  return (
    <>
      {preview.address_required && <p class="note">{texts.sameAddress}</p>}
      <CredentialsForm
        isNew={isNew}
        action={isNew ? texts.createAndJoin : texts.signInAndJoin}
        invitation={token}
        onSignedIn={join}
      />
      <button type="button" class="plain block" onClick={() => setNew(!isNew)}>
        {isNew ? texts.haveAccount : texts.newHere}
      </button>
    </>
  );
}
