/** The bar above an open project: who is here, and the ways to its other parts. */

import * as texts from "../texts/project";
import { useActions } from "./actions";
import { Faces } from "./avatar";
import { Connection } from "./connection";
import { useProject } from "./context";
import { useFinding } from "./finding";
import { Icon } from "./icons";
import { PlaceLink } from "./place_link";
import { openDialog } from "./project_dialogs";
import { at, go, type ProjectRoute } from "./route";
import { type Place, TopBar } from "./top_bar";

interface ProjectBarProps {
  shows: ProjectRoute["shows"];
  isActivityShown: boolean;
  onActivity: () => void;
}

export function ProjectBar({ shows, isActivityShown, onActivity }: ProjectBarProps) {
  const { board, presence, id } = useProject();
  const finding = useFinding();
  const showMembers = () => {
    openDialog.value = "members";
  };
  useActions([
    { name: texts.showBoard, icon: "columns", run: () => finding.goTo(null) },
    { name: texts.showDocuments, icon: "page", run: () => go(at.documents(id)) },
    { name: texts.showMembers, icon: "people", words: texts.showMembersWords, run: showMembers },
    { name: isActivityShown ? texts.hideActivity : texts.showActivity, icon: "pulse", run: onActivity },
    { name: texts.showSettings, icon: "sliders", words: texts.showSettingsWords, run: () => go(at.settings(id)) },
    { name: texts.showTrash, icon: "trash", words: texts.showTrashWords, run: () => go(at.trash(id)) },
    { name: texts.manageLabels, icon: "tag", words: texts.manageLabelsWords, run: manageLabels },
  ]);
  const isAside = shows === "settings" || shows === "trash";
  const places: Place[] = [
    { icon: "pulse", name: texts.activity, go: onActivity, isForPhones: true },
    ...(isAside ? [{ icon: "page" as const, name: texts.documents, go: () => go(at.documents(id)) }] : []),
    { icon: "trash", name: texts.trash, go: () => go(at.trash(id)) },
    { icon: "tag", name: texts.labels, go: manageLabels },
    { icon: "sliders", name: texts.settings, go: () => go(at.settings(id)) },
  ];
  return (
    <TopBar title={board.visible.value!.project.name} places={places}>
      <Connection />
      <Faces people={presence.people.value} />
      {shows !== "board" && <PlaceLink icon="columns" name={texts.board} address={at.project(id, finding.query)} />}
      {shows !== "documents" && (
        <PlaceLink icon="page" name={texts.documents} address={at.documents(id)} isRoomy={isAside} />
      )}
      {shows !== "trash" && (
        <a class="ghost icon-only roomy-only" href={at.trash(id)} aria-label={texts.trash} title={texts.trash}>
          <Icon name="trash" />
        </a>
      )}
      <button type="button" class="ghost icon-only roomy-only" title={texts.labels} onClick={manageLabels}>
        <Icon name="tag" />
        <span class="sr">{texts.labelsOfProject}</span>
      </button>
      {shows !== "settings" && (
        <a class="ghost icon-only roomy-only" href={at.settings(id)} aria-label={texts.settings} title={texts.settings}>
          <Icon name="sliders" />
        </a>
      )}
      <button type="button" class="ghost" onClick={showMembers}>
        <Icon name="people" />
        <span class="wide-only">{texts.members}</span>
        <span class="sr narrow-only">{texts.members}</span>
      </button>
      <button type="button" class="ghost no-phone" aria-pressed={isActivityShown} onClick={onActivity}>
        <Icon name="pulse" />
        <span class="wide-only">{texts.activity}</span>
        <span class="sr narrow-only">{texts.activity}</span>
      </button>
    </TopBar>
  );
}

function manageLabels(): void {
  openDialog.value = "labels";
}
