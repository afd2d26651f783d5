/** The bar above every screen. */

import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { Avatar } from "./avatar";
import { useSession } from "./context";
import { Icon, Mark } from "./icons";
import { at } from "./route";
import { type Theme, theme } from "./theme";

interface TopBarProps {
  title?: string;
  children?: ComponentChildren;
}

export function TopBar({ title, children }: TopBarProps) {
  return (
    <header class={title === undefined ? "top-bar untitled" : "top-bar"}>
      <a class="brand" href={at.projects} aria-label="Roomful: all projects">
        <Mark />
        <span class="brand-word">Roomful</span>
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
      <PersonMenu />
    </header>
  );
}

function PersonMenu() {
  const session = useSession();
  const id = useId();
  const user = session.user.value;
  if (!user) return null;
  return (
    <>
      <button type="button" class="person-button" popovertarget={id} aria-label={`${user.name}: menu`}>
        <Avatar id={user.id} name={user.name} />
      </button>
      <div popover="auto" id={id} class="menu">
        <p class="menu-who">
          <b dir="auto">{user.name}</b>
          <span class="quiet small">{user.email}</span>
        </p>
        <ThemeChoice />
        <a class="menu-item" href={at.account} onClick={() => document.getElementById(id)?.hidePopover()}>
          <Icon name="device" />
          Account and sign-ins
        </a>
        <button type="button" class="menu-item" onClick={() => void session.signOut()}>
          <Icon name="leave" />
          Sign out
        </button>
      </div>
    </>
  );
}

const THEMES: [Theme, string, "sun" | "moon" | "system"][] = [
  ["light", "Light", "sun"],
  ["dark", "Dark", "moon"],
  ["system", "As the system", "system"],
];

function ThemeChoice() {
  return (
    <div class="segments" role="group" aria-label="Colours">
      {THEMES.map(([value, label, icon]) => (
        <button
          type="button"
          key={value}
          aria-pressed={theme.value === value}
          aria-label={label}
          title={label}
          onClick={() => {
            theme.value = value;
          }}
        >
          <Icon name={icon} />
        </button>
      ))}
    </div>
  );
}
