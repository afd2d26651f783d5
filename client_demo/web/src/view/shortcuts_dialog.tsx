/** Every keyboard shortcut that works here, and the choice whether letters alone are some. */

import { useId } from "preact/hooks";
import * as texts from "../texts/shortcuts";
import * as topBar from "../texts/top_bar";
import { Dialog } from "./dialog";
import { keyName } from "./key_names";
import { hasLetterKeys, isLetter, type Shortcut, shortcuts } from "./shortcuts";

export function ShortcutsDialog({ onClose }: { onClose: () => void }) {
  const id = useId();
  const groups = grouped(shortcuts.value, (each) => each.group ?? texts.everywhere);
  const names = [texts.everywhere, ...[...groups.keys()].filter((name) => name !== texts.everywhere)];
  return (
    <Dialog title={topBar.shortcuts} onClose={onClose} wide>
      <label class="row">
        <input
          type="checkbox"
          checked={hasLetterKeys.value}
          aria-describedby={id}
          onChange={(event) => {
            hasLetterKeys.value = event.currentTarget.checked;
          }}
        />
        {texts.lettersAlone}
      </label>
      <p class="quiet small" id={id}>
        {texts.lettersHint}
      </p>
      {names.map((name) => (
        <section key={name} class="shortcut-group">
          <h3>{name}</h3>
          <dl>
            {rowsOf(groups.get(name) ?? []).map(([description, keys]) => (
              <div key={description} class={keys.every((each) => isLetter(each) && !hasLetterKeys.value) ? "off" : ""}>
                <dt>{description}</dt>
                <dd>
                  {keys.map((each, index) => (
                    <span key={each}>
                      {index > 0 && <span class="quiet small"> {texts.or} </span>}
                      <Keys keys={each} />
                    </span>
                  ))}
                </dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </Dialog>
  );
}

/** The keys for each thing that can be done; of two parts that use the same key, the one that gets it. */
function rowsOf(entries: readonly Shortcut[]): [string, string[]][] {
  const working = entries.filter(
    (each) =>
      each.isListed || shortcuts.value.findLast(({ keys, isListed }) => !isListed && keys === each.keys) === each,
  );
  const rows = grouped(working, (each) => each.description);
  return [...rows].map(([description, all]) => [description, [...new Set(all.map((each) => each.keys))]]);
}

function grouped(entries: readonly Shortcut[], by: (entry: Shortcut) => string): Map<string, Shortcut[]> {
  const groups = new Map<string, Shortcut[]>();
  for (const each of entries) groups.set(by(each), [...(groups.get(by(each)) ?? []), each]);
  return groups;
}

function Keys({ keys }: { keys: string }) {
  const parts = keys.length > 1 ? keys.split("+") : [keys];
  return (
    <>
      {parts.map((part, index) => (
        <span key={part}>
          {index > 0 && " + "}
          <kbd>{keyName(part)}</kbd>
        </span>
      ))}
    </>
  );
}
