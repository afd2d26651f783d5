/** A field that is saved once the person has settled on a value, not at each value on the way. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";

type Field = HTMLInputElement | HTMLSelectElement;

/**
 * The attributes for an `<input>` or a `<select>` whose stored value is `stored`.
 *
 * Typing the year 2026 passes 2, 20 and 202, and arrow keys pass every entry of a list. So a value from the keyboard is
 * saved at Enter, or when the field loses the focus or goes away, also with the page; Escape restores the stored one. A
 * choice by pointer is saved at once. An invalid value is never saved.
 */
export function useSettled<F extends Field>(stored: string, save: (value: string) => void) {
  const field = useRef<F | null>(null);
  const hold = useRef((element: F | null) => {
    if (element) field.current = element; // kept when it goes: its value may have to be saved yet
  }).current;
  const isTyping = useRef(false);
  const [draft, setDraft] = useState<string | null>(null);

  const leave = () => {
    isTyping.current = false;
    setDraft(null);
  };
  const show = () => {
    field.current!.value = stored; // redrawing alone would not replace half a date
  };
  const keep = () => {
    const { value, validity } = field.current!;
    leave();
    if (!validity.valid) show();
    else if (value !== stored) save(value);
  };
  const latest = useRef(keep);
  latest.current = keep;
  useLayoutEffect(() => {
    const settle = () => {
      if (isTyping.current) latest.current();
    };
    window.addEventListener("beforeunload", settle);
    return () => {
      window.removeEventListener("beforeunload", settle);
      settle();
    };
  }, []);

  return {
    ref: hold,
    value: draft ?? stored,
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key === "Enter") keep();
      else if (event.key === "Escape" && isTyping.current) {
        event.preventDefault(); // and closes nothing else
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
