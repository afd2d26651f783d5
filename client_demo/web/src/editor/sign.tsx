/** The sign that says whether everything is saved. */

import { useEffect, useRef } from "preact/hooks";
import { type Saving, signOf, wordsOf } from "../state/saving";
import { say } from "../view/notice";
import type { Replica } from "./replica";

/** Whether everything is saved. Changes from one state to another that matter are spoken. */
export function Sign({ replica }: { replica: Replica }) {
  const saving = signOf(replica.facts.value);
  const words = wordsOf(saving);
  const before = useRef<Saving["kind"]>("opening");
  useEffect(() => {
    const isTrouble = saving.kind === "offline" || saving.kind === "refused";
    const wasTrouble = before.current === "offline" || before.current === "refused";
    if (isTrouble || (wasTrouble && saving.kind === "saved")) say(words);
    if (saving.kind !== "saving") before.current = saving.kind;
  }, [words]);
  return (
    <p class={`save-sign ${saving.kind}`}>
      <i aria-hidden="true" />
      {words}
    </p>
  );
}
