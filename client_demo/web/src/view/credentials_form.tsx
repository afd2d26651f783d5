/** The form with which people sign in or register. */

import type { ComponentChildren } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import * as common from "../texts/common";
import * as texts from "../texts/entrance";
import { useSession } from "./context";
import { Field } from "./entrance";
import { messageOf } from "./failure";

interface CredentialsFormProps {
  isNew: boolean;
  /** What the button says. */
  action: string;
  /** What is filled in already. */
  email?: string;
  password?: string;
  /** Of an invitation, with which people may register where others can't. */
  invitation?: string;
  /** Stands above the form until there is a problem to tell of. */
  note?: ComponentChildren;
  /** Called when the person is signed in. */
  onSignedIn?: () => Promise<void>;
}

/** Registers, if the person `isNew`, or signs in. What is written in it stays when the one becomes the other. */
export function CredentialsForm({ isNew, action, invitation, note, onSignedIn, ...given }: CredentialsFormProps) {
  const session = useSession();
  const [name, setName] = useState("");
  const [email, setEmail] = useState(given.email ?? "");
  const [password, setPassword] = useState(given.password ?? "");
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const problemId = useId();
  // A problem of the one form says nothing of the other.
  useEffect(() => setProblem(null), [isNew]);

  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      if (isNew) await session.register(email.trim(), password, name.trim(), invitation);
      else await session.signIn(email.trim(), password);
    } catch (failure) {
      setProblem(messageOf(failure));
      setBusy(false);
      return;
    }
    await onSignedIn?.();
  };
  return (
    <>
      {!problem && note}
      <form onSubmit={submit} aria-describedby={problem ? problemId : undefined}>
        {isNew && <Field label={common.name} value={name} onInput={setName} autoComplete="name" maxLength={100} />}
        <Field label={texts.email} type="email" value={email} onInput={setEmail} autoComplete="username" />
        <Field
          label={texts.password}
          type="password"
          value={password}
          onInput={setPassword}
          autoComplete={isNew ? "new-password" : "current-password"}
          minLength={isNew ? 8 : undefined}
          maxLength={256}
          hint={isNew ? texts.passwordHint : undefined}
        />
        {problem && (
          <p class="problem" id={problemId} role="alert">
            {problem}
          </p>
        )}
        <button type="submit" class="primary block" disabled={isBusy}>
          {action}
        </button>
      </form>
    </>
  );
}
