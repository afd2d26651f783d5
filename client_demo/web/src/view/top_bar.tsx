/** The bar above every screen. */

import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import * as common from "../texts/common";
import * as texts from "../texts/top_bar";
import * as unsavedTexts from "../texts/unsaved";
import { useActions } from "./actions";
import { Avatar } from "./avatar";
import { Bell } from "./bell";
import { useIsOutside } from "./connection";
import { useSession, useUnsaved } from "./context";
import { DraftsDialog } from "./drafts_list";
import { Icon, type IconName, Mark } from "./icons";
import { withKeys } from "./key_names";
import { SignOutDialog, signOut } from "./leaving";
import { openPalette } from "./palette_host";
import { at, go } from "./route";
import { isHelpOpen } from "./shortcut_help";
import { type Theme, theme } from "./theme";

/** Something that the bar has no room for on small screens: it is in the person's menu there. */
export interface Place {
  icon: IconName;
  name: string;
  go: () => void;
  /** Whether only phones need it there. */
  isForPhones?: boolean;
}

interface TopBarProps {
  title?: string;
  places?: readonly Place[];
  children?: ComponentChildren;
}

export function TopBar({ title, places, children }: TopBarProps) {
  useActions([
    { name: common.goToProjects, icon: "columns", words: texts.goToProjectsWords, run: () => go(at.projects) },
    { name: texts.goToInbox, icon: "bell", words: texts.goToInboxWords, run: () => go(at.inbox) },
    { name: texts.goToAccount, icon: "device", words: texts.goToAccountWords, run: () => go(at.account) },
  ]);
  return (
    <header class={title === undefined ? "top-bar untitled" : "top-bar"}>
      <a class="brand" href={at.projects} aria-label={texts.home}>
        <Mark />
        <span class="brand-word">{common.appName}</span>
      </a>
      {title !== undefined && (
        <>
          <span class="slash" aria-hidden="true">
            /
          </span>
          <h1 class="bar-title" dir="auto">
            {title}
          </h1>
        </>
      )}
      <span class="spacer" />
      {children}
      <button
        type="button"
        class="ghost icon-only roomy-only"
        aria-label={texts.find}
        aria-keyshortcuts="Control+K Meta+K"
        title={withKeys(texts.find, "Mod+k")}
        onClick={openPalette}
      >
        <Icon name="search" />
      </button>
      <Bell />
      <PersonMenu title={title} places={places} />
    </header>
  );
}

function PersonMenu({ title, places }: Pick<TopBarProps, "title" | "places">) {
  const session = useSession();
  const id = useId();
  const unsaved = useUnsaved();
  const isOutside = useIsOutside();
  const [shown, setShown] = useState<"drafts" | "sign-out" | null>(null);
  const user = session.user.value;
  const count = unsaved.size.value;
  const leave = () => (count > 0 ? show("sign-out") : void signOut(session, unsaved));
  useActions([
    { name: texts.seeUnsaved, icon: "pencil", words: texts.seeUnsavedWords, run: () => show("drafts") },
    { name: common.signOut, icon: "leave", words: texts.signOutWords, run: leave },
  ]);
  if (!user) return null;
  const isMarked = unsaved.drafts.all.value.length > 0 || (isOutside && count > 0);
  const show = (dialog: "drafts" | "sign-out") => {
    document.getElementById(id)?.hidePopover();
    setShown(dialog);
  };
  return (
    <>
      <button type="button" class="person-button" popovertarget={id} aria-label={texts.menuOf(user.name)}>
        <Avatar id={user.id} name={user.name} />
        {isMarked && <i class="unsaved-dot" aria-hidden="true" />}
      </button>
      <div popover="auto" id={id} class="menu">
        <p class="menu-who">
          <b dir="auto">{user.name}</b>
          <span class="quiet small">{user.email}</span>
        </p>
        <ThemeChoice />
        <button
          type="button"
          class="menu-item"
          onClick={() => {
            document.getElementById(id)?.hidePopover();
            openPalette();
          }}
        >
          <Icon name="search" />
          {texts.find}
        </button>
        {places && (
          <div class="menu-places" role="group" aria-label={title}>
            <p class="quiet small" dir="auto" aria-hidden="true">
              {title}
            </p>
            {places.map((place) => (
              <button
                type="button"
                key={place.name}
                class={place.isForPhones ? "menu-item phone-only" : "menu-item"}
                onClick={() => {
                  document.getElementById(id)?.hidePopover();
                  place.go();
                }}
              >
                <Icon name={place.icon} />
                {place.name}
              </button>
            ))}
          </div>
        )}
        <a class="menu-item" href={at.account} onClick={() => document.getElementById(id)?.hidePopover()}>
          <Icon name="device" />
          {texts.account}
        </a>
        <button
          type="button"
          class="menu-item"
          onClick={() => {
            document.getElementById(id)?.hidePopover();
            isHelpOpen.value = true;
          }}
        >
          <Icon name="keyboard" />
          {texts.shortcuts}
        </button>
        <button type="button" class="menu-item" onClick={() => show("drafts")}>
          <Icon name="pencil" />
          {unsavedTexts.title}
          {count > 0 && <span class="tag">{count}</span>}
        </button>
        <button type="button" class="menu-item" onClick={leave}>
          <Icon name="leave" />
          {common.signOut}
        </button>
      </div>
      {shown === "drafts" && <DraftsDialog onClose={() => setShown(null)} />}
      {shown === "sign-out" && <SignOutDialog onClose={() => setShown(null)} />}
    </>
  );
}

const THEMES: [Theme, name: string, action: string, "sun" | "moon" | "system"][] = [
  ["light", texts.light, texts.useLight, "sun"],
  ["dark", texts.dark, texts.useDark, "moon"],
  ["system", texts.system, texts.useSystem, "system"],
];

function ThemeChoice() {
  const choose = (value: Theme) => {
    theme.value = value;
  };
  useActions(
    THEMES.map(([value, , action, icon]) => ({
      name: action,
      icon,
      words: texts.coloursWords,
      run: () => choose(value),
    })),
  );
  return (
    <div class="segments" role="group" aria-label={texts.colours}>
      {THEMES.map(([value, label, , icon]) => (
        <button
          type="button"
          key={value}
          aria-pressed={theme.value === value}
          aria-label={label}
          title={label}
          onClick={() => choose(value)}
        >
          <Icon name={icon} />
        </button>
      ))}
    </div>
  );
}
