/** The page at an address of this server where nothing is. */

import * as common from "../texts/common";
import { State } from "./states";

/** `home` is the address of the board, relative to this one. */
export function Nowhere({ home }: { home: string }) {
  document.title = common.pageTitle(common.notFound);
  return (
    <main class="page">
      <State
        title={common.notFound}
        action={
          <a class="button primary" href={home}>
            {common.goToApp}
          </a>
        }
      >
        {common.nothingHere}
      </State>
    </main>
  );
}
