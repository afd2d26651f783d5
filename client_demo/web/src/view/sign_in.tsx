/** The screen for signing in and registering. */

import * as texts from "../texts/entrance";
import { useSession } from "./context";
import { CredentialsForm } from "./credentials_form";
import { Entrance } from "./entrance";
import { at } from "./route";

interface SignInProps {
  isNew: boolean;
  email?: string;
  password?: string;
}

export function SignIn({ isNew, email, password }: SignInProps) {
  const session = useSession();
  const wasSignedOut = session.absence.value === "ended";
  return (
    <Entrance>
      <h1>{isNew ? texts.createTitle : texts.welcome}</h1>
      <p class="quiet">{isNew ? texts.createHint : texts.welcomeHint}</p>
      {email && password && !wasSignedOut && <p class="note">{texts.demo}</p>}
      <CredentialsForm
        isNew={isNew}
        action={isNew ? texts.createAccount : texts.signIn}
        email={email}
        password={password}
        note={
          wasSignedOut && (
            <p class="note" role="status">
              {texts.wasSignedOut}
            </p>
          )
        }
      />
      <p class="quiet switch">
        {isNew ? texts.haveAccount : texts.newHere}{" "}
        <a href={isNew ? at.signIn : at.register}>{isNew ? texts.signIn : texts.createAnAccount}</a>
      </p>
    </Entrance>
  );
}
