/** The bar above every screen, and the person's menu in it. */

export const home = "Roomful: all projects";
export const find = "Find or do anything";
export const inbox = "Inbox";
export const inboxUnread = (count: string) => `Inbox: ${count} unread`;

// The menu.
export const menuOf = (name: string) => `${name}: menu`;
export const colours = "Colours";
export const light = "Light";
export const dark = "Dark";
export const system = "System";
export const account = "Account and sign-ins";
export const shortcuts = "Keyboard shortcuts";
export const showShortcuts = "Show this list";

// The palette's actions, and more words to find them by.
export const goToInbox = "Go to your inbox";
export const goToInboxWords = "notifications";
export const goToAccount = "Go to your account";
export const goToAccountWords = "settings name mail";
export const goToProjectsWords = "home all";
export const seeUnsaved = "See what is not saved yet";
export const seeUnsavedWords = "drafts unsaved";
export const signOutWords = "log out leave";
export const useLight = "Use light colours";
export const useDark = "Use dark colours";
export const useSystem = "Use the system's colours";
export const coloursWords = "theme dark light mode";
