/** A field that holds one of several choices: typing filters them. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { matching } from "../state/choosing";
import { type Choice, useListbox } from "./listbox";

interface PickProps {
  /** Of the field, for its label. */
  id: string;
  /** What the list is called, such as `People`. */
  label: string;
  choices: readonly Choice[];
  /** What the field shows while nobody types in it. */
  text: string;
  mark?: ComponentChildren;
  disabled: boolean;
  onPick: (choice: Choice) => void;
}

export function Pick({ id, label, choices, text, mark, disabled, onPick }: PickProps) {
  /** What is typed; null while the field shows what is chosen. */
  const [query, setQuery] = useState<string | null>(null);
  const found = query ? matching(choices, query) : choices;
  const leave = () => setQuery(null);
  const listbox = useListbox({
    label,
    choices: found,
    first: query ? 0 : found.findIndex(({ isChosen }) => isChosen),
    onTake: (choice) => {
      leave();
      if (!choice.isChosen) onPick(choice);
    },
  });
  return (
    <div class="pick">
      {query === null && mark}
      <input
        id={id}
        {...listbox.attributes}
        type="text"
        class={mark && query === null ? "marked" : undefined}
        disabled={disabled}
        spellcheck={false}
        value={query ?? text}
        onClick={(event) => {
          event.currentTarget.select();
          listbox.open();
        }}
        onInput={(event) => {
          setQuery(event.currentTarget.value);
          listbox.open();
        }}
        onKeyDown={(event) => {
          if (listbox.press(event)) {
            if (event.key === "Escape") leave();
          } else if (event.key === "Enter") {
            event.preventDefault();
            listbox.open();
          } else if (event.key === "Escape" && query !== null) {
            event.preventDefault(); // and closes nothing else
            leave();
          }
        }}
        onFocus={(event) => event.currentTarget.select()}
        onBlur={() => {
          leave();
          listbox.close();
        }}
      />
      {listbox.list}
    </div>
  );
}
