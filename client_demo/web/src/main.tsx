/** Roomful's board: starts the client in the page. */

import "./account/storage";
import "@fontsource-variable/instrument-sans";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/board.css";
import "./styles/finding.css";
import "./styles/discussion.css";
import "./styles/screens.css";
import "./styles/inbox.css";
import "./styles/hands.css";
import "./styles/choosing.css";
import "./styles/notices.css";
import "./styles/print.css";

import { render } from "preact";
import { forgetWithSession } from "./account/forgetting";
import { Session } from "./account/session";
import { App } from "./view/app";
import { SessionContext } from "./view/context";
import { Nowhere } from "./view/nowhere";
import "./view/theme";
import { startWorker } from "./worker/register";

const page = document.getElementById("app")!;
const { nowhere } = document.documentElement.dataset;

page.replaceChildren(); // the outline
if (nowhere !== undefined) render(<Nowhere home={nowhere} />, page);
else {
  const session = new Session(localStorage);
  window.addEventListener("storage", (event) => session.hear(event));
  forgetWithSession(session);
  render(
    <SessionContext.Provider value={session}>
      <App />
    </SessionContext.Provider>,
    page,
  );
  startWorker();
}
