/** The focus goes back to what opened something. */

import { useEffect } from "preact/hooks";

/** Give the focus back, when this component goes, to what had it when it came. Call it before the focus is moved. */
export function useOpener(): void {
  useEffect(() => {
    const opener = document.activeElement;
    return () => {
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, []);
}
