/** Starts the service worker (worker.ts), once the page has what it needs itself. */

/** By then even a large board is live on most lines. */
const AFTER_MS = 5_000;

const WORKER = "./sw.js";

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL: () => string }): { createScriptURL(text: string): string };
}

export function startWorker(): void {
  // In development files change under their names. Browsers have workers on https and localhost only.
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  const later = () => setTimeout(() => void register(), AFTER_MS);
  if (document.readyState === "complete") later();
  else window.addEventListener("load", later, { once: true });
}

async function register(): Promise<void> {
  try {
    await navigator.serviceWorker.register(workerAddress(), { updateViaCache: "none" });
    const { active } = await navigator.serviceWorker.ready;
    if (!isSparing()) active?.postMessage("rest");
  } catch {
    // A browser that allows none. The board works without it while there is a network.
  }
}

/** The page's policy takes an address of a script only from a policy that it names; this one knows a single address. */
function workerAddress(): string {
  const { trustedTypes } = window as { trustedTypes?: TrustedTypes };
  const policy = trustedTypes?.createPolicy("roomful-worker", { createScriptURL: () => WORKER });
  return policy?.createScriptURL("") ?? WORKER;
}

/** Whether the person has asked the browser to save data. */
function isSparing(): boolean {
  const { connection } = navigator as Navigator & { connection?: { saveData?: boolean } };
  return connection?.saveData === true;
}
