/** The way in: sign in, or register. */

import { useId, useState } from "preact/hooks";
import { useSession } from "./context";
import { messageOf } from "./failure";
import { Mark } from "./icons";
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
    <main class="entrance">
      <div class="entrance-picture" aria-hidden="true">
        <Scene />
      </div>
      <div class="entrance-form">
        <p class="brand">
          <Mark size={30} />
          Roomful
        </p>
        <h1>{isNew ? "Make a place at the table" : "Come on in"}</h1>
        <p class="quiet">
          {isNew ? "One account for all projects on this server." : "A board that everybody sees change as it changes."}
        </p>
        {absence === "ended" && !problem && (
          <p class="note" role="status">
            You were signed out. Sign in and you are back where you were; changes not sent yet are kept.
          </p>
        )}
        {isGiven && absence !== "ended" && <p class="note">A demo sign-in is filled in. Only one button left.</p>}
        <form onSubmit={submit} aria-describedby={problem ? problemId : undefined}>
          {isNew && <Field label="Name" value={name} onInput={setName} autoComplete="name" maxLength={100} />}
          <Field label="E-mail address" type="email" value={email} onInput={setEmail} autoComplete="username" />
          <Field
            label="Password"
            type="password"
            value={password}
            onInput={setPassword}
            autoComplete={isNew ? "new-password" : "current-password"}
            minLength={isNew ? 8 : undefined}
            maxLength={256}
            hint={isNew ? "At least 8 characters." : undefined}
          />
          {problem && (
            <p class="problem" id={problemId} role="alert">
              {problem}
            </p>
          )}
          <button type="submit" class="primary block" disabled={isBusy}>
            {isNew ? "Create account" : "Sign in"}
          </button>
        </form>
        <p class="quiet switch">
          {isNew ? "Have an account? " : "New here? "}
          <a href={isNew ? at.signIn : at.register}>{isNew ? "Sign in" : "Create an account"}</a>
        </p>
      </div>
    </main>
  );
}

interface FieldProps {
  label: string;
  value: string;
  onInput: (value: string) => void;
  type?: "text" | "email" | "password";
  autoComplete: string;
  minLength?: number | undefined;
  maxLength?: number;
  hint?: string | undefined;
}

export function Field({ label, value, onInput, type = "text", autoComplete, minLength, maxLength, hint }: FieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type={type as "text"} // the types want to see which of the three it is
        required
        value={value}
        autoComplete={autoComplete}
        minLength={minLength}
        maxLength={maxLength}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      {hint && (
        <span class="quiet small" id={`${id}-hint`}>
          {hint}
        </span>
      )}
    </div>
  );
}

/** A board with people in it, drawn. */
function Scene() {
  return (
    <svg class="scene" viewBox="0 0 420 420" aria-hidden="true">
      <g class="scene-column">
        <rect x="24" y="60" width="112" height="300" rx="16" />
        <rect x="154" y="60" width="112" height="300" rx="16" />
        <rect x="284" y="60" width="112" height="300" rx="16" />
      </g>
      <g class="scene-card">
        <rect x="36" y="76" width="88" height="50" rx="9" />
        <rect x="36" y="136" width="88" height="66" rx="9" />
        <rect x="36" y="212" width="88" height="44" rx="9" />
        <rect x="166" y="76" width="88" height="66" rx="9" />
        <rect x="296" y="76" width="88" height="44" rx="9" />
        <rect x="296" y="130" width="88" height="50" rx="9" />
      </g>
      <g class="scene-line">
        <path d="M46 92h56M46 106h36M46 152h60M46 166h44M46 228h52M176 92h60M176 106h40M306 92h50M306 146h58M306 160h30" />
      </g>
      <g class="scene-moving">
        <rect x="176" y="176" width="96" height="58" rx="10" transform="rotate(-4 224 205)" />
        <path d="M190 196l52-3.6M191 211l34-2.4" />
      </g>
      <g class="scene-cursor hue-4">
        <path d="M262 226l26 14-11 2.4-6 10z" />
        <rect x="284" y="250" width="46" height="20" rx="10" />
        <text x="307" y="264">
          Ada
        </text>
      </g>
      <g class="scene-cursor hue-0">
        <path d="M92 292l26 14-11 2.4-6 10z" />
        <rect x="114" y="316" width="56" height="20" rx="10" />
        <text x="142" y="330">
          Grace
        </text>
      </g>
    </svg>
  );
}
