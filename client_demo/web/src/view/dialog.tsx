/** A question or form over the page: the browser's modal dialog, which traps the focus and restores it. */

import { type ComponentChildren, createContext } from "preact";
import { useContext, useEffect, useId, useRef, useState } from "preact/hooks";
import * as common from "../texts/common";
import { Icon } from "./icons";
import { useOpener } from "./opener";

const LeaveContext = createContext<() => void>(() => undefined);

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  wide?: boolean;
  /** Something is written in it and not saved: closing it asks first. `discard` forgets that. */
  unsaved?: { discard: () => void } | null | undefined;
}

export function Dialog({ title, onClose, children, wide, unsaved }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const pressedOn = useRef<EventTarget | null>(null);
  const releasedOn = useRef<EventTarget | null>(null);
  const [isAsking, setAsking] = useState(false);
  useOpener();
  useEffect(() => {
    dialog.current!.showModal();
    // Otherwise the focus is on the ×: where one writes, or on the harmless one of two buttons.
    dialog.current!.querySelector<HTMLElement>("input, select, textarea, .row.end .plain")?.focus();
  }, []);
  const leave = () => {
    if (unsaved) setAsking(true);
    else onClose();
  };
  return (
    <dialog
      ref={dialog}
      class={wide ? "dialog wide" : "dialog"}
      aria-labelledby={heading}
      onClose={onClose}
      onCancel={(event) => {
        if (!unsaved || event.target !== dialog.current) return;
        event.preventDefault();
        setAsking(true);
      }}
      // Escape closes this dialog, not what lies behind it too.
      onKeyDown={(event) => event.stopPropagation()}
      // Selecting text may end outside, and a press outside may be taken back inside.
      onPointerDown={(event) => {
        pressedOn.current = event.target;
      }}
      onPointerUp={(event) => {
        releasedOn.current = event.target;
      }}
      onClick={(event) => {
        const places = [event.target, pressedOn.current, releasedOn.current];
        if (places.every((place) => place === dialog.current)) leave();
      }}
    >
      <div class="dialog-body">
        <div class="dialog-head">
          <h2 id={heading}>{title}</h2>
          <button type="button" class="ghost icon-only" aria-label={common.close} onClick={leave}>
            <Icon name="close" />
          </button>
        </div>
        <LeaveContext.Provider value={leave}>{children}</LeaveContext.Provider>
      </div>
      {isAsking && unsaved && (
        <Leave
          onClose={() => setAsking(false)}
          onKeep={onClose}
          onDiscard={() => {
            unsaved.discard();
            onClose();
          }}
        />
      )}
    </dialog>
  );
}

/** Closes the dialog around it, which asks first if something in it is not saved. */
export function CancelButton() {
  const leave = useContext(LeaveContext);
  return (
    <button type="button" class="plain" onClick={leave}>
      {common.cancel}
    </button>
  );
}

interface LeaveProps {
  onClose: () => void;
  onKeep: () => void;
  onDiscard: () => void;
}

/** Asks what becomes of a text when its dialog is closed. */
function Leave({ onClose, onKeep, onDiscard }: LeaveProps) {
  return (
    <Dialog title={common.keepQuestion} onClose={onClose}>
      <p class="quiet">{common.keepHint}</p>
      <div class="row end">
        <button type="button" class="danger" onClick={onDiscard}>
          {common.discard}
        </button>
        <button type="button" class="primary" onClick={onKeep}>
          {common.keepDraft}
        </button>
      </div>
    </Dialog>
  );
}

interface ConfirmProps {
  title: string;
  children: ComponentChildren;
  action: string;
  onConfirm: () => void;
  onClose: () => void;
}

export function Confirm({ title, children, action, onConfirm, onClose }: ConfirmProps) {
  return (
    <Dialog title={title} onClose={onClose}>
      <p class="quiet">{children}</p>
      <div class="row end">
        <CancelButton />
        <button
          type="button"
          class="danger"
          onClick={() => {
            onClose();
            onConfirm();
          }}
        >
          {action}
        </button>
      </div>
    </Dialog>
  );
}
