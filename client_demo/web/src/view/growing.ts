/** How much of a long list is drawn: what may be on screen at once, the rest while the browser has nothing else to do. */

import { useEffect, useLayoutEffect, useState } from "preact/hooks";

const FIRST = 24;
const STEP = 60;

/** The number of entries to draw now, which soon is all of them and stays so. A printed page has all. */
export function useGrowing(total: number, onGrow: () => void): number {
  const [drawn, setDrawn] = useState(FIRST);
  useLayoutEffect(() => {
    if (drawn > FIRST) onGrow();
  }, [drawn]);
  const isWhole = drawn >= total;
  useEffect(() => {
    if (drawn === Number.POSITIVE_INFINITY) return;
    if (isWhole) return setDrawn(Number.POSITIVE_INFINITY); // one that is added later appears at once
    const grow = whenIdle(() => setDrawn(drawn + STEP));
    const print = () => setDrawn(Number.POSITIVE_INFINITY);
    window.addEventListener("beforeprint", print);
    return () => {
      grow();
      window.removeEventListener("beforeprint", print);
    };
  }, [drawn, isWhole]);
  return drawn;
}

/** Returns what cancels it. */
function whenIdle(work: () => void): () => void {
  if (!("requestIdleCallback" in window)) {
    const timer = setTimeout(work, 30);
    return () => clearTimeout(timer);
  }
  const handle = requestIdleCallback(work, { timeout: 200 });
  return () => cancelIdleCallback(handle);
}
