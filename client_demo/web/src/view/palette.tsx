/** The palette: finds tasks, projects and documents, and does what the screen offers, by name. */

import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import "../styles/palette.css";
import * as common from "../texts/common";
import * as texts from "../texts/palette";
import * as topBar from "../texts/top_bar";
import { actions } from "./actions";
import { useSession } from "./context";
import { Icon } from "./icons";
import { useOpener } from "./opener";
import {
  type Find,
  findActions,
  findDocuments,
  findProjects,
  findTasks,
  fromServer,
  type Section,
} from "./palette_finds";
import { earlyKeys, projectOnScreen } from "./palette_host";
import { useProjects, useServerSearch } from "./palette_search";

export function Palette({ onClose }: { onClose: () => void }) {
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState<string | null>(null);
  const { sections, isBusy } = useSections(text);
  const finds = sections.flatMap((section) => section.finds);
  const now = finds.find((find) => find.id === chosen) ?? finds.find((find) => !find.isOld);

  const goal = useRef<(() => void) | null>(null);
  useOpener();
  useEffect(() => {
    dialog.current!.showModal();
    setText(earlyKeys.end());
    return () => {
      if (goal.current) setTimeout(goal.current);
    };
  }, []);
  useLayoutEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [now?.id]);

  const optionId = (find: Find) => `${id}-${find.id.replace(/\W+/g, "-")}`;
  /** Once the dialog is gone and the focus is back: what runs may put it somewhere else. */
  const run = (find: Find) => {
    goal.current = find.run;
    onClose();
  };
  const press = (event: KeyboardEvent) => {
    event.stopPropagation(); // not to what lies behind
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && finds.length > 0) {
      const index = Math.max(-1, finds.indexOf(now!) + step);
      setChosen(finds[(index + finds.length) % finds.length]!.id);
    } else if (event.key === "Enter" && now) run(now);
    else return;
    event.preventDefault();
  };
  return (
    <dialog
      ref={dialog}
      class="palette"
      aria-label={topBar.find}
      onClose={onClose}
      onCancel={(event) => {
        event.preventDefault(); // the browser would hide it first, and Ctrl+K in between would open nothing
        onClose();
      }}
      onKeyDown={press}
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      <div class="palette-body">
        <div class="search">
          <Icon name="search" />
          <input
            type="text"
            role="combobox"
            aria-label={topBar.find}
            aria-expanded={finds.length > 0}
            aria-controls={`${id}-list`}
            aria-autocomplete="list"
            aria-activedescendant={now && optionId(now)}
            placeholder={topBar.find}
            autoComplete="off"
            spellcheck={false}
            maxLength={200}
            value={text}
            onInput={(event) => {
              setText(event.currentTarget.value);
              setChosen(null);
            }}
          />
          <button type="button" class="ghost icon-only" aria-label={common.close} onClick={onClose}>
            <Icon name="close" />
          </button>
        </div>
        <div class="palette-list" id={`${id}-list`} ref={list} role="listbox" aria-label={texts.found}>
          {sections.map((section) => (
            <div role="group" aria-label={section.name} key={section.name}>
              <p class="palette-section" aria-hidden="true">
                {section.name}
              </p>
              {section.finds.map((find) => (
                // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the focus, and Enter in it runs what is chosen
                <div
                  key={find.id}
                  id={optionId(find)}
                  role="option"
                  tabIndex={-1}
                  aria-selected={find === now}
                  class={find.isOld ? "palette-find old" : "palette-find"}
                  onClick={() => run(find)}
                  onPointerMove={() => find !== now && setChosen(find.id)}
                >
                  <Icon name={find.icon} />
                  <span class="palette-title" dir="auto">
                    {find.title}
                  </span>
                  <span class="palette-detail">{find.detail}</span>
                </div>
              ))}
            </div>
          ))}
        </div>
        <p class={finds.length === 0 ? "palette-none quiet" : "sr"} role="status">
          {now ? texts.count(finds.length) : isBusy ? texts.searching : texts.nothing}
        </p>
      </div>
    </dialog>
  );
}

function useSections(text: string): { sections: Section[]; isBusy: boolean } {
  const session = useSession();
  const projects = useProjects(session);
  const { found, isBusy } = useServerSearch(session, text);
  const offered = actions.value;
  const project = projectOnScreen.value;
  const here = useMemo(() => {
    const tasks = project ? findTasks(project, text) : [];
    const documents = project ? findDocuments(project, text) : [];
    return { tasks, documents, projects: findProjects(projects, text), actions: findActions(offered, text) };
  }, [project, text, projects, offered]);
  const known = new Set([...here.tasks, ...here.documents, ...here.projects].map((find) => find.id));
  const sections: Section[] = [
    { name: texts.tasks, finds: here.tasks },
    { name: texts.documents, finds: here.documents },
    { name: texts.actions, finds: text.trim() === "" ? here.actions : here.actions.slice(0, 7) },
    { name: texts.projects, finds: here.projects },
    { name: texts.everywhere, finds: fromServer(found, projects, known, isBusy ? text : null) },
  ];
  return { sections: sections.filter(({ finds }) => finds.length > 0), isBusy };
}
