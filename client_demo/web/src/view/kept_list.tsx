/** The boards on this device, where the list of projects can't be loaded. */

import { useEffect, useState } from "preact/hooks";
import { type KeptBoard, KeptBoards } from "../account/kept_boards";
import * as texts from "../texts/connection";
import { useSession } from "./context";
import { timeOf } from "./dates";
import { Icon } from "./icons";
import { at } from "./route";

export function KeptList() {
  const userId = useSession().user.value?.id;
  const [boards, setBoards] = useState<readonly KeptBoard[]>([]);
  useEffect(() => {
    if (userId) void new KeptBoards(userId).list().then(setBoards);
  }, [userId]);
  if (boards.length === 0) return null;
  return (
    <section class="sheet">
      <h2>{texts.onDevice}</h2>
      <ul class="document-list" role="list">
        {boards.map(({ snapshot: { project }, seen_at }) => (
          <li key={project.id}>
            <a href={at.project(project.id)}>
              <Icon name="columns" />
              <span class="who">
                <b dir="auto">{project.name}</b>
                <span class="quiet small"> {texts.asOf(timeOf(seen_at))}</span>
              </span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
