/** The strip of messages below a screen. It has a place of its own and covers nothing. */

import { useEffect, useRef } from "preact/hooks";
import * as common from "../texts/common";
import { Icon } from "./icons";
import { dismiss, hold, type Notice, notices, spoken } from "./notice";

const TEXTS = { dismiss: common.dismiss };

export function Notices() {
  const strip = useRef<HTMLDivElement>(null);
  const shown = notices.value;
  const look = () => hold(strip.current!.matches(":hover, :focus-within"));
  useEffect(look, [shown]); // a dismissed one takes the focus along, and says nothing
  return (
    <>
      <div
        class="notices"
        ref={strip}
        role="status"
        aria-live="polite"
        onPointerEnter={look}
        onPointerLeave={look}
        onFocusIn={look}
        onFocusOut={() => requestAnimationFrame(look)}
      >
        {shown.map((notice) => (
          <NoticeView key={notice.id} notice={notice} />
        ))}
      </div>
      <div class="sr" role="status" aria-live="assertive">
        {spoken.value}
      </div>
    </>
  );
}

function NoticeView({ notice }: { notice: Notice }) {
  const { action } = notice;
  return (
    <div class={`notice ${action ? "undo" : notice.tone}`}>
      <span>{notice.text}</span>
      {action && (
        <button
          type="button"
          class="ghost"
          onClick={() => {
            dismiss(notice.id);
            action.act();
          }}
        >
          {action.label}
        </button>
      )}
      <button type="button" class="ghost icon-only" aria-label={TEXTS.dismiss} onClick={() => dismiss(notice.id)}>
        <Icon name="close" size={16} />
      </button>
    </div>
  );
}
