/** The screen for signing in and registering. */

import { useId, useState } from "preact/hooks";
import * as common from "../texts/common";
import * as texts from "../texts/entrance";
import { useSession } from "./context";
import { Entrance, Field } from "./entrance";
import { messageOf } from "./failure";
import { at } from "./route";

interface SignInProps {
  isNew: boolean;
  email?: string;
  password?: string;
}

export function SignIn({ isNew, email: givenEmail = "", password: givenPassword = "" }: SignInProps) {
  const session = useSession();
  const [name, setName] = useState("");
  const [email, setEmail] = useState(givenEmail);
  const [password, setPassword] = useState(givenPassword);
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const problemId = useId();
  const absence = session.absence.value;
  const isGiven = givenEmail !== "" && givenPassword !== "";

  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      if (isNew) await session.register(email.trim(), password, name.trim());
      else await session.signIn(email.trim(), password);
    } catch (failure) {
      setProblem(messageOf(failure));
      setBusy(false);
    }
  };
  return (
    <Entrance>
      <h1>{isNew ? texts.createTitle : texts.welcome}</h1>
      <p class="quiet">{isNew ? texts.createHint : texts.welcomeHint}</p>
      {absence === "ended" && !problem && (
        <p class="note" role="status">
          {texts.wasSignedOut}
        </p>
      )}
      {isGiven && absence !== "ended" && <p class="note">{texts.demo}</p>}
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
          {isNew ? texts.createAccount : texts.signIn}
        </button>
      </form>
      <p class="quiet switch">
        {isNew ? texts.haveAccount : texts.newHere}{" "}
        <a href={isNew ? at.signIn : at.register}>{isNew ? texts.signIn : texts.createAnAccount}</a>
      </p>
    </Entrance>
  );
}
