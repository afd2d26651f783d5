/** A listbox at the caret. The focus stays in the text: arrow keys choose, Enter or Tab takes, Escape closes. */

import type { SuggestionOptions, SuggestionProps } from "@tiptap/suggestion";

interface Looks<T> {
  label: string;
  nameOf: (item: T) => string;
}

/** What Tiptap's suggestions draw themselves with. */
export function caretList<T>(looks: Looks<T>): NonNullable<SuggestionOptions<T, T>["render"]> {
  return () => {
    let list: CaretList<T> | null = null;
    return {
      onStart: (props) => {
        list = new CaretList(looks, props);
      },
      onUpdate: (props) => list?.update(props),
      onKeyDown: ({ event }) => list?.press(event) ?? false,
      onExit: () => list?.close(),
    };
  };
}

/** Whether a word of the text begins with the query, in any case. */
export function hasWord(text: string, query: string): boolean {
  const [all, wanted] = [text.toLocaleLowerCase(), query.toLocaleLowerCase()];
  return all.startsWith(wanted) || all.split(/\s+/).some((word) => word.startsWith(wanted));
}

class CaretList<T> {
  private readonly element = document.createElement("ul");
  private index = 0;

  constructor(
    private readonly looks: Looks<T>,
    private props: SuggestionProps<T, T>,
  ) {
    this.element.className = "caret-list";
    this.element.id = "caret-list";
    this.element.setAttribute("role", "listbox");
    this.element.setAttribute("aria-label", looks.label);
    this.element.tabIndex = 0; // it scrolls
    this.element.addEventListener("mousedown", (event) => event.preventDefault()); // the text keeps the focus
    (this.text.closest("section, aside, dialog") ?? document.body).append(this.element);
    this.update(props);
  }

  update(props: SuggestionProps<T, T>): void {
    this.props = props;
    this.index = Math.min(this.index, Math.max(0, props.items.length - 1));
    this.draw();
  }

  press(event: KeyboardEvent): boolean {
    const { items, command } = this.props;
    if (event.key === "Escape") {
      this.close();
      return true;
    }
    if (items.length === 0 || !this.element.isConnected) return false;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const step = event.key === "ArrowDown" ? 1 : items.length - 1;
      this.index = (this.index + step) % items.length;
      this.draw();
      return true;
    }
    if (event.key !== "Enter" && event.key !== "Tab") return false;
    command(items[this.index]!);
    return true;
  }

  close(): void {
    this.element.remove();
    this.text.removeAttribute("aria-controls");
    this.text.removeAttribute("aria-activedescendant");
  }

  private get text(): HTMLElement {
    return this.props.editor.view.dom;
  }

  private draw(): void {
    const { items } = this.props;
    this.element.hidden = items.length === 0;
    this.element.replaceChildren(...items.map((item, index) => this.option(item, index)));
    if (items.length > 0) {
      this.text.setAttribute("aria-controls", this.element.id);
      this.text.setAttribute("aria-activedescendant", idOf(this.index));
    }
    this.place();
    this.element.children[this.index]?.scrollIntoView({ block: "nearest" });
  }

  private place(): void {
    const spot = this.props.clientRect?.();
    if (!spot) return;
    const left = Math.max(8, Math.min(spot.left, innerWidth - this.element.offsetWidth - 8));
    const below = spot.bottom + 6;
    const fits = below + this.element.offsetHeight < innerHeight;
    this.element.style.left = `${left}px`;
    this.element.style.top = `${fits ? below : Math.max(8, spot.top - this.element.offsetHeight - 6)}px`;
  }

  private option(item: T, index: number): HTMLElement {
    const option = document.createElement("li");
    option.id = idOf(index);
    option.textContent = this.looks.nameOf(item);
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", String(index === this.index));
    option.addEventListener("click", () => this.props.command(item)); // not before: a finger may scroll
    return option;
  }
}

function idOf(index: number): string {
  return `caret-list-${index}`;
}
