/** What a menu holds that is searched: a field, and below it the choices, which typing narrows. */

import { useState } from "preact/hooks";
import { nothingFound } from "../texts/common";
import { type Choice, useListbox } from "./listbox";

interface PickListProps {
  /** Of the field and the list, such as `Assign to`. */
  label: string;
  /** For what is typed, trimmed. */
  choicesFor: (typed: string) => readonly Choice[];
  isMulti?: boolean;
  maxLength?: number;
  onTake: (choice: Choice, typed: string) => void;
}

export function PickList({ label, choicesFor, isMulti = false, maxLength, onTake }: PickListProps) {
  const [text, setText] = useState("");
  const typed = text.trim();
  const choices = choicesFor(typed);
  const listbox = useListbox({
    label,
    choices,
    first: isMulti && typed === "" ? -1 : 0,
    isMulti,
    isInline: true,
    onTake: (choice) => {
      setText("");
      onTake(choice, typed);
    },
  });
  return (
    <>
      <input
        {...listbox.attributes}
        type="text"
        aria-label={label}
        placeholder={label}
        maxLength={maxLength}
        spellcheck={false}
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          listbox.open();
        }}
        onKeyDown={listbox.press}
      />
      {listbox.list}
      {choices.length === 0 && (
        <p class="quiet small" role="status">
          {nothingFound}
        </p>
      )}
    </>
  );
}
