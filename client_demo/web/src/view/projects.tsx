/** All projects of the person. */

import { useEffect, useId, useMemo, useState } from "preact/hooks";
import { newId } from "../api/identifier";
import { nextPage } from "../api/request";
import type { Project } from "../api/shapes";
import { useSession } from "./context";
import { ago } from "./dates";
import { Dialog } from "./dialog";
import { messageOf } from "./failure";
import { Icon } from "./icons";
import { notify } from "./notice";
import { at, go } from "./route";
import { ListSkeleton, State } from "./states";
import { TopBar } from "./top_bar";

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

  useEffect(() => {
    document.title = "Projects · Roomful";
    let isCurrent = true;
    setProjects(null);
    setProblem(null);
    const load = async () => {
      const found: Project[] = [];
      let page: string | null = `projects?status=${shelf}&limit=200`;
      while (page && isCurrent) {
        const answer: { body: Project[]; headers: Headers } = await session.request<Project[]>("GET", page);
        found.push(...answer.body);
        page = nextPage(page, answer.headers);
      }
      if (isCurrent) setProjects(found);
    };
    load().catch((failure) => isCurrent && setProblem(messageOf(failure)));
    return () => {
      isCurrent = false;
    };
  }, [shelf, attempt]);

  const found = useMemo(() => search(projects ?? [], words), [projects, words]);

  const shelve = async (project: Project) => {
    const status = project.status === "active" ? "archived" : "active";
    try {
      await session.request("PATCH", `projects/${project.id}`, { body: { status } });
      setProjects((all) => all?.filter((other) => other.id !== project.id) ?? null);
      notify(status === "archived" ? `“${project.name}” is archived.` : `“${project.name}” is back.`);
    } catch (failure) {
      notify(messageOf(failure), "bad");
    }
  };

  return (
    <>
      <TopBar />
      <main class="page">
        <div class="page-head">
          <h1>Projects</h1>
          <span class="spacer" />
          <button type="button" class="primary" onClick={() => setCreating(true)}>
            <Icon name="plus" />
            New project
          </button>
        </div>
        <div class="page-tools">
          <div class="search">
            <Icon name="search" />
            <input
              id={searchId}
              type="search"
              aria-label="Search projects"
              placeholder="Search projects"
              value={words}
              onInput={(event) => setWords(event.currentTarget.value)}
            />
          </div>
          <div class="segments" role="group" aria-label="Which projects">
            {(["active", "archived"] as const).map((each) => (
              <button type="button" key={each} aria-pressed={shelf === each} onClick={() => setShelf(each)}>
                {each === "active" ? "Active" : "Archived"}
              </button>
            ))}
          </div>
        </div>
        <p class="sr" role="status">
          {projects && `${found.length} ${found.length === 1 ? "project" : "projects"}`}
        </p>
        {problem && (
          <State
            alert
            title="The projects could not be loaded"
            action={
              <button type="button" class="primary" onClick={() => setAttempt(attempt + 1)}>
                Try again
              </button>
            }
          >
            {problem}
          </State>
        )}
        {!projects && !problem && <ListSkeleton />}
        {projects && found.length === 0 && <Nothing shelf={shelf} words={words} onCreate={() => setCreating(true)} />}
        {found.length > 0 && (
          <ul class="project-list" role="list">
            {found.map((project) => (
              <li key={project.id} class="project-card">
                <a href={at.project(project.id)}>
                  <b dir="auto">{project.name}</b>
                  {project.description && (
                    <span class="quiet project-words" dir="auto">
                      {project.description}
                    </span>
                  )}
                  <span class="project-facts quiet small">
                    <span>
                      {project.task_count} {project.task_count === 1 ? "task" : "tasks"}
                    </span>
                    <span>
                      {project.role === "owner"
                        ? "Yours"
                        : `You are ${project.role === "editor" ? "an editor" : "a viewer"}`}
                    </span>
                    <time dateTime={project.updated_at}>Changed {ago(project.updated_at)}</time>
                  </span>
                </a>
                {project.role === "owner" && (
                  <button
                    type="button"
                    class="ghost icon-only"
                    aria-label={`${project.status === "active" ? "Archive" : "Bring back"} ${project.name}`}
                    title={project.status === "active" ? "Archive" : "Bring back"}
                    onClick={() => void shelve(project)}
                  >
                    <Icon name={project.status === "active" ? "archive" : "restore"} />
                  </button>
                )}
              </li>
            ))}
          </ul>
        )}
      </main>
      {isCreating && <NewProject onClose={() => setCreating(false)} />}
    </>
  );
}

function Nothing({ shelf, words, onCreate }: { shelf: Shelf; words: string; onCreate: () => void }) {
  if (words) return <State title="No project has these words">Try fewer of them, or look in the other shelf.</State>;
  if (shelf === "archived") return <State title="Nothing is archived">What is finished can rest here.</State>;
  return (
    <State
      title="No project yet"
      action={
        <button type="button" class="primary" onClick={onCreate}>
          Start the first one
        </button>
      }
    >
      A project is a board, the people on it and everything that happened.
    </State>
  );
}

function NewProject({ onClose }: { onClose: () => void }) {
  const session = useSession();
  const id = useId();
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  // One key for what is written: pressing again after a lost answer makes no second project.
  const key = useMemo(newId, [name, description]);
  const create = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    const body = { name: name.trim(), description: description.trim() || null };
    try {
      const headers = { "Idempotency-Key": key };
      go(at.project((await session.request<Project>("POST", "projects", { body, headers })).body.id));
    } catch (failure) {
      setProblem(messageOf(failure));
      setBusy(false);
    }
  };
  return (
    <Dialog title="New project" onClose={onClose}>
      <form onSubmit={create} class="stack">
        <div class="field">
          <label for={`${id}-name`}>Name</label>
          <input
            id={`${id}-name`}
            required
            maxLength={100}
            value={name}
            autoComplete="off"
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </div>
        <div class="field">
          <label for={`${id}-words`}>What is it about? (optional)</label>
          <textarea
            id={`${id}-words`}
            rows={3}
            maxLength={500}
            value={description}
            onInput={(event) => setDescription(event.currentTarget.value)}
          />
        </div>
        {problem && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        <div class="row end">
          <button type="button" class="plain" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={isBusy}>
            Create project
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** Projects that have every word, in their name or description. */
function search(projects: Project[], text: string): Project[] {
  const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return projects;
  return projects.filter((project) => {
    const where = `${project.name} ${project.description ?? ""}`.toLocaleLowerCase();
    return words.every((word) => where.includes(word));
  });
}
