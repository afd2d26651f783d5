/** A field that is saved when its writer has settled on a value, not at each value on the way there. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";

type Field = HTMLInputElement | HTMLSelectElement;

/**
 * The attributes for an `<input>` or a `<select>` whose stored value is `stored`.
 *
 * By keyboard a date passes the years 2, 20 and 202 on its way to 2026, and a list passes each entry that an arrow key
 * goes over: the value is saved when the field is left, at Enter, or when the field goes away. Escape takes it back. What
 * is chosen by pointer is saved at once. A value that the field itself calls invalid is never saved.
 */
export function useSettled<F extends Field>(stored: string, save: (value: string) => void) {
  const field = useRef<F>(null);
  const isTyping = useRef(false);
  const [draft, setDraft] = useState<string | null>(null);

  const leave = () => {
    isTyping.current = false;
    setDraft(null);
  };
  const show = () => {
    field.current!.value = stored; // half a date is no value that a new drawing would replace
  };
  const keep = () => {
    const { value, validity } = field.current!;
    leave();
    if (!validity.valid) show();
    else if (value !== stored) save(value);
  };
  const latest = useRef(keep);
  latest.current = keep;
  useLayoutEffect(
    () => () => {
      if (isTyping.current) latest.current();
    },
    [],
  );

  return {
    ref: field,
    value: draft ?? stored,
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key === "Enter") keep();
      else if (event.key === "Escape" && isTyping.current) {
        event.preventDefault(); // it closes nothing else
        leave();
        show();
      } else if (event.key !== "Tab" && event.key !== "Escape") isTyping.current = true;
    },
    onPointerDown: () => {
      isTyping.current = false;
    },
    onInput: () => {
      setDraft(field.current!.value);
      if (!isTyping.current) keep();
    },
    onBlur: keep,
  };
}
