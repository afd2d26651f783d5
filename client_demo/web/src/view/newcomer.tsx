/** The form for somebody with an invitation who is not signed in. */

import { useState } from "preact/hooks";
import * as common from "../texts/common";
import * as entrance from "../texts/entrance";
import * as texts from "../texts/join";
import { useSession } from "./context";
import { Field } from "./entrance";
import { messageOf } from "./failure";
import type { Preview } from "./join";

interface NewcomerProps {
  preview: Preview;
  token: string;
  join: () => Promise<void>;
}

/** Registers and joins in one step, or signs in and joins. */
export function Newcomer({ preview, token, join }: NewcomerProps) {
  const session = useSession();
  const [isNew, setNew] = useState(true);
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      if (isNew) await session.register(email.trim(), password, name.trim(), token);
      else await session.signIn(email.trim(), password);
    } catch (failure) {
      setProblem(messageOf(failure));
      setBusy(false);
      return;
    }
    await join();
  };
  return (
    <>
      {preview.address_required && <p class="note">{texts.sameAddress}</p>}
      <form onSubmit={submit}>
        {isNew && <Field label={common.name} value={name} onInput={setName} autoComplete="name" maxLength={100} />}
        <Field label={entrance.email} type="email" value={email} onInput={setEmail} autoComplete="username" />
        <Field
          label={entrance.password}
          type="password"
          value={password}
          onInput={setPassword}
          autoComplete={isNew ? "new-password" : "current-password"}
          minLength={isNew ? 8 : undefined}
          maxLength={256}
          hint={isNew ? entrance.passwordHint : undefined}
        />
        {problem && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        <button type="submit" class="primary block" disabled={isBusy}>
          {isNew ? texts.createAndJoin : texts.signInAndJoin}
        </button>
      </form>
      <button
        type="button"
        class="plain block"
        onClick={() => {
          setNew(!isNew);
          setProblem(null);
        }}
      >
        {isNew ? texts.haveAccount : texts.newHere}
      </button>
    </>
  );
}
