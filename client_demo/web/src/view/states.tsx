/** Screens without content: loading, empty, failed, not allowed. */

import type { ComponentChildren } from "preact";
import * as common from "../texts/common";
import * as texts from "../texts/project";
import { Mark } from "./icons";

interface StateProps {
  title: string;
  children?: ComponentChildren;
  action?: ComponentChildren;
  /** Screen readers read it out as soon as it appears. */
  alert?: boolean;
}

export function State({ title, children, action, alert }: StateProps) {
  return (
    <div class="state" role={alert ? "alert" : undefined}>
      <span class="state-mark">
        <Mark size={44} />
      </span>
      <h1>{title}</h1>
      {children && <p>{children}</p>}
      {action && <div class="row centre">{action}</div>}
    </div>
  );
}

interface FailedProps {
  title: string;
  children?: ComponentChildren;
  onRetry: () => void;
}

/** Something that could not be loaded. */
export function Failed({ title, children, onRetry }: FailedProps) {
  const again = (
    <button type="button" class="primary" onClick={onRetry}>
      {common.tryAgain}
    </button>
  );
  return (
    <State alert title={title} action={again}>
      {children}
    </State>
  );
}

/** The board's outline while it loads, so that nothing jumps afterwards. */
export function BoardSkeleton() {
  return (
    <>
      <div class="strip" aria-hidden="true">
        <i class="bone strip-bone" />
      </div>
      <div class="board" aria-busy="true" aria-label={texts.loadingBoard} role="status">
        {[4, 3, 2].map((cards, index) => (
          <div class="column skeleton" key={index} aria-hidden="true">
            <i class="bone head" />
            {Array.from({ length: cards }, (_, card) => (
              <i class="bone card-bone" key={card} />
            ))}
          </div>
        ))}
        <i class="add-column" />
      </div>
    </>
  );
}

export function ListSkeleton({ rows = 3 }: { rows?: number }) {
  return (
    <div class="list-skeleton" aria-busy="true" role="status" aria-label={common.loading}>
      {Array.from({ length: rows }, (_, row) => (
        <i class="bone row-bone" key={row} aria-hidden="true" />
      ))}
    </div>
  );
}
