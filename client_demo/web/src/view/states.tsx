/** Screens for when there is nothing to show: loading, empty, failed, not allowed. */

import type { ComponentChildren } from "preact";
import { Mark } from "./icons";

interface StateProps {
  title: string;
  children?: ComponentChildren;
  action?: ComponentChildren;
  /** Failures are read out as soon as they appear. */
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

/** The board's outline while it is fetched, so that nothing jumps when it comes. */
export function BoardSkeleton() {
  return (
    <div class="board" aria-busy="true" aria-label="Loading the board" role="status">
      {[4, 3, 2].map((cards, index) => (
        <div class="column skeleton" key={index} aria-hidden="true">
          <i class="bone head" />
          {Array.from({ length: cards }, (_, card) => (
            <i class="bone card-bone" key={card} />
          ))}
        </div>
      ))}
    </div>
  );
}

export function ListSkeleton({ rows = 3 }: { rows?: number }) {
  return (
    <div class="list-skeleton" aria-busy="true" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, row) => (
        <i class="bone row-bone" key={row} aria-hidden="true" />
      ))}
    </div>
  );
}
