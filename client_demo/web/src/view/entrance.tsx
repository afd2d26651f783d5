/** The picture and the frame of screens for people who are not inside: sign-in, registration, invitations. */

import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import * as common from "../texts/common";
import * as texts from "../texts/entrance";
import { Mark } from "./icons";

export function Entrance({ children }: { children: ComponentChildren }) {
  return (
    <main class="entrance">
      <div class="entrance-picture" aria-hidden="true">
        <Scene />
      </div>
      <div class="entrance-form">
        <p class="brand">
          <Mark size={30} />
          {common.appName}
        </p>
        {children}
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
          {texts.ada}
        </text>
      </g>
      <g class="scene-cursor hue-0">
        <path d="M92 292l26 14-11 2.4-6 10z" />
        <rect x="114" y="316" width="56" height="20" rx="10" />
        <text x="142" y="330">
          {texts.grace}
        </text>
      </g>
    </svg>
  );
}
