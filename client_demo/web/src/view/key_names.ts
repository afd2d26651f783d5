/** What keys are called on this machine. */

const IS_MAC = /Mac|iPhone|iPad/.test(navigator.platform);

/** Of one key, as `Shortcut` has it: `K` for `k`; Ctrl or ⌘ for `Mod`. */
export function keyName(key: string): string {
  if (key === "Mod") return IS_MAC ? "⌘" : "Ctrl";
  return key.length === 1 ? key.toUpperCase() : key;
}

/** A label with the shortcut that does the same: `Bold (Ctrl+B)`. */
export function withKeys(label: string, keys: string): string {
  return `${label} (${keys.split("+").map(keyName).join("+")})`;
}
