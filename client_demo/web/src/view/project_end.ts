/** Where a person goes from a project that they have deleted or left. */

import { loadCurrent } from "./current";
import { at, go, route } from "./route";

/** To the list of projects, unless they are elsewhere by now. */
export function leaveProject(id: string): void {
  const where = route.peek();
  if (where.screen === "project" && where.id === id) go(at.projects);
  else loadCurrent();
}
