/** The project's tasks as a board or as a list, with what stands above them. */

import { computed } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { byPosition } from "../state/columns";
import { isFiltering } from "../state/filter";
import type { Grip } from "../state/grip";
import * as texts from "../texts/board";
import { type Action, useActions } from "./actions";
import { Board } from "./board";
import { useBoardChoices } from "./board_choices";
import { useBoardKeys, writeNew } from "./board_keys";
import { useProject } from "./context";
import { today } from "./day";
import { useToldSlot } from "./drop_slots";
import { FilterStrip } from "./filter_strip";
import { useFinding } from "./finding";
import { FirstSteps } from "./first_steps";
import { lazy } from "./lazy";
import type { TaskPlaces } from "./open_task";
import { useSelectionKeys } from "./selection_keys";

const ListView = lazy(() => import("./list_view").then(({ ListView }) => ListView));

const loadBar = () => import("./selection_bar").then(({ SelectionBar }) => SelectionBar);
const SelectionBar = lazy(loadBar);

interface BoardScreenProps {
  grip: Grip;
  places: { current: TaskPlaces | null };
}

export function BoardScreen({ grip, places }: BoardScreenProps) {
  const finding = useFinding();
  const { view } = finding.look.value;
  const isList = view === "list";
  const showBoard = () => finding.change({ view: "board" }, { replace: true });
  const addTask = () => {
    if (isList) finding.change({ view: "board" });
    writeNew(); // once the board is drawn
  };
  useBoardActions(addTask);
  useBoardKeys({ grip, places, isList, onNew: addTask });
  return (
    <div class="board-screen">
      <h2 class="sr">{texts.board}</h2>
      <FirstSteps />
      <FilterStrip />
      {isList ? <ListView places={places} onClose={showBoard} /> : <Columns grip={grip} places={places} />}
      <Selected grip={grip} places={places} />
    </div>
  );
}

function useBoardActions(addTask: () => void): void {
  const finding = useFinding();
  const { board } = useProject();
  const { filter, view } = finding.look.value;
  const other = view === "list" ? "board" : "list";
  const offered: Action[] = [
    {
      name: other === "list" ? texts.showAsList : texts.showAsBoard,
      icon: "list",
      words: texts.showAsWords,
      run: () => finding.change({ view: other }),
    },
  ];
  if (board.canEdit.value)
    offered.unshift({ name: texts.addTask, icon: "plus", words: texts.addTaskWords, run: addTask });
  if (isFiltering(filter)) offered.push({ name: texts.clearFilter, icon: "filter", run: () => finding.clear() });
  useActions(offered);
}

/** Subscribes by itself: the board is not drawn again for each letter of the filter's text. */
function Columns({ grip, places }: BoardScreenProps) {
  const project = useProject();
  const { board } = project;
  const { columns } = board.visible.value!;
  useToldSlot(project, grip);
  const order = useMemo(() => columns.toSorted(byPosition), [columns]);
  const shown = {
    places,
    project,
    grip,
    order,
    columns: grip.shown.value,
    held: grip.held.value,
    members: board.members.value,
    canEdit: board.canEdit.value,
    selected: project.selection.names.value,
    collapsed: useBoardChoices().arrangement.value.collapsed,
    day: today.value,
  };
  useSelectable(grip);
  // Only drawn if one of them has changed, not whenever a panel opens: it may have thousands of cards.
  return useMemo(() => <Board {...shown} />, Object.values(shown));
}

/** The cards on screen can be selected by whoever may change them. */
function useSelectable(grip: Grip): void {
  const { board, selection } = useProject();
  useEffect(
    () =>
      selection.show(
        computed(() => {
          const shown = board.visible.value;
          if (!shown || !board.canEdit.value) return { order: [], columns: {} };
          return { order: shown.columns.toSorted(byPosition).map(({ id }) => id), columns: grip.visible.value };
        }),
      ),
    [selection, grip],
  );
}

function Selected({ grip, places }: BoardScreenProps) {
  const { selection, bulk } = useProject();
  useSelectionKeys(loadBar);
  if (selection.size === 0 && !bulk.value) return null;
  return <SelectionBar grip={grip} places={places} onClose={() => selection.clear()} />;
}
