/** Whether a component is still on screen when an answer comes. */

import { useLayoutEffect, useRef } from "preact/hooks";

/** Returns what to ask before an answer closes something or leads elsewhere: the person may have left meanwhile. */
export function useOnScreen(): () => boolean {
  const isOnScreen = useRef(true);
  useLayoutEffect(
    () => () => {
      isOnScreen.current = false;
    },
    [],
  );
  return () => isOnScreen.current;
}
