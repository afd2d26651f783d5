/** The person's projects. */

import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import { reportFault } from "../account/fault";
import { nextPage, Refused } from "../api/request";
import type { Project } from "../api/shapes";
import { hasAll, plain, wordsOf } from "../state/filter";
import { Questions } from "../state/questions";
import * as common from "../texts/common";
import * as texts from "../texts/projects";
import { useSession } from "./context";
import { useCurrent } from "./current";
import { ago } from "./dates";
import { messageOf } from "./failure";
import { Icon } from "./icons";
import { KeptList } from "./kept_list";
import { NewProject } from "./new_project";
import { notify, offer } from "./notice";
import { at } from "./route";
import { useRowFocus } from "./row_focus";
import { Failed, ListSkeleton, State } from "./states";
import { TopBar } from "./top_bar";
import { useUndoKeys } from "./undo_keys";

type Shelf = "active" | "archived";

export function Projects() {
  const session = useSession();
  const [shelf, setShelf] = useState<Shelf>("active");
  const [projects, setProjects] = useState<Project[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [attempt, setAttempt] = useState(0);
  const [words, setWords] = useState("");
  const [isCreating, setCreating] = useState(false);
  const searchId = useId();

  const questions = useRef(new Questions()).current;
  const loadAgain = useRef(() => {});
  useEffect(() => {
    document.title = common.pageTitle(texts.title);
    let isCurrent = true;
    let isShown = false;
    setProjects(null);
    setProblem(null);
    const load = async () => {
      const counts = questions.ask();
      const found: Project[] = [];
      let page: string | null = `projects?status=${shelf}&limit=200`;
      while (page && isCurrent) {
        const answer: { body: Project[]; headers: Headers } = await session.request<Project[]>("GET", page);
        found.push(...answer.body);
        page = nextPage(page, answer.headers);
      }
      if (!isCurrent || !counts()) return;
      isShown = true;
      setProjects(found);
      setProblem(null);
    };
    loadAgain.current = () =>
      void load().catch((failure) => {
        if (isShown)
          reportFault(failure); // what is shown stays
        else if (isCurrent) setProblem(messageOf(failure));
      });
    loadAgain.current();
    return () => {
      isCurrent = false;
    };
  }, [shelf, attempt]);
  useCurrent(loadAgain);

  const rows = useRowFocus<HTMLUListElement>();
  const found = useMemo(() => search(projects ?? [], words), [projects, words]);

  /** The archivings of this window that can be undone, the last one at the end. */
  const shelved = useRef<Project[]>([]);
  const setStatus = async (project: Project, headers: Record<string, string> = {}) => {
    const status = project.status === "active" ? "archived" : "active";
    const { body } = await session.request<Project>("PATCH", `projects/${project.id}`, { body: { status }, headers });
    questions.outdate();
    setProjects((all) => all?.filter((other) => other.id !== project.id) ?? null);
    loadAgain.current(); // the person may look at the other shelf by now
    return body;
  };
  const shelving = useRef(new Set<string>());
  const shelve = async (project: Project) => {
    if (shelving.current.has(project.id)) return; // pressed again before the answer
    shelving.current.add(project.id);
    try {
      const changed = await setStatus(project);
      shelved.current.push(changed);
      const words = changed.status === "archived" ? texts.wasArchived : texts.wasRestored;
      offer(words(project.name), { label: common.undo, act: () => void unshelve(changed) });
    } catch (failure) {
      notify(messageOf(failure), "bad");
    } finally {
      shelving.current.delete(project.id);
    }
  };
  const unshelve = async (changed: Project | undefined) => {
    if (!changed) return notify(common.nothingToUndo);
    shelved.current = shelved.current.filter((other) => other !== changed);
    try {
      const { name, status } = await setStatus(changed, { "If-Match": `"${changed.version}"` });
      notify(status === "active" ? texts.activeAgain(name) : texts.archivedAgain(name));
    } catch (failure) {
      const isOvertaken = failure instanceof Refused && failure.status === 412;
      notify(isOvertaken ? texts.changedSince(changed.name) : messageOf(failure), "bad");
    }
  };
  useUndoKeys(() => void unshelve(shelved.current.at(-1)));

  return (
    <>
      <TopBar />
      <main class="page">
        <div class="page-head">
          <h1>{texts.title}</h1>
          <span class="spacer" />
          <button type="button" class="primary" onClick={() => setCreating(true)}>
            <Icon name="plus" />
            {texts.newProject}
          </button>
        </div>
        <div class="page-tools">
          <div class="search">
            <Icon name="search" />
            <input
              id={searchId}
              type="search"
              aria-label={texts.search}
              placeholder={texts.search}
              value={words}
              onInput={(event) => setWords(event.currentTarget.value)}
            />
          </div>
          <div class="segments" role="group" aria-label={texts.shelves}>
            {(["active", "archived"] as const).map((each) => (
              <button type="button" key={each} aria-pressed={shelf === each} onClick={() => setShelf(each)}>
                {each === "active" ? texts.active : texts.archived}
              </button>
            ))}
          </div>
        </div>
        <p class="sr" role="status">
          {projects && texts.found(found.length)}
        </p>
        {problem && (
          <Failed title={texts.notLoaded} onRetry={() => setAttempt(attempt + 1)}>
            {problem}
          </Failed>
        )}
        {problem && <KeptList />}
        {!projects && !problem && <ListSkeleton />}
        {projects && found.length === 0 && <Nothing shelf={shelf} words={words} onCreate={() => setCreating(true)} />}
        {found.length > 0 && (
          <ul class="project-list" role="list" {...rows}>
            {found.map((project) => (
              <ProjectCard key={project.id} project={project} onShelve={() => void shelve(project)} />
            ))}
          </ul>
        )}
      </main>
      {isCreating && <NewProject onClose={() => setCreating(false)} />}
    </>
  );
}

function ProjectCard({ project, onShelve }: { project: Project; onShelve: () => void }) {
  return (
    <li class="project-card">
      <a href={at.project(project.id)}>
        <b dir="auto">{project.name}</b>
        {project.description && (
          <span class="quiet project-words" dir="auto">
            {project.description}
          </span>
        )}
        <span class="project-facts quiet small">
          <span>{common.tasks(project.task_count)}</span>
          <span>{texts.roles[project.role ?? "viewer"]}</span>
          <time dateTime={project.updated_at}>{texts.changed(ago(project.updated_at))}</time>
        </span>
      </a>
      {project.role === "owner" && (
        <button
          type="button"
          class="ghost icon-only"
          aria-label={project.status === "active" ? texts.archiveIt(project.name) : texts.restoreIt(project.name)}
          title={project.status === "active" ? texts.archive : common.restore}
          onClick={onShelve}
        >
          <Icon name={project.status === "active" ? "archive" : "restore"} />
        </button>
      )}
    </li>
  );
}

function Nothing({ shelf, words, onCreate }: { shelf: Shelf; words: string; onCreate: () => void }) {
  if (words) return <State title={texts.noMatch}>{texts.noMatchHint}</State>;
  if (shelf === "archived") return <State title={texts.noneArchived}>{texts.noneArchivedHint}</State>;
  return (
    <State
      title={texts.none}
      action={
        <button type="button" class="primary" onClick={onCreate}>
          {texts.createFirst}
        </button>
      }
    >
      {texts.noneHint}
    </State>
  );
}

/** The projects with every word in their name, key or description. */
function search(projects: Project[], text: string): Project[] {
  const words = wordsOf(text);
  return projects.filter(({ name, key, description }) => hasAll(plain(`${name} ${key} ${description ?? ""}`), words));
}
