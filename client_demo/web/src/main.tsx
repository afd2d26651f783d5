/** Roomful's board: starts the client in the page. */

import "@fontsource-variable/instrument-sans";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/board.css";
import "./styles/screens.css";

import { render } from "preact";
import { Session } from "./account/session";
import { App } from "./view/app";
import { SessionContext } from "./view/context";
import "./view/theme";

const session = new Session(localStorage);
window.addEventListener("storage", (event) => session.hear(event));

render(
  <SessionContext.Provider value={session}>
    <App />
  </SessionContext.Provider>,
  document.getElementById("app")!,
);
