/** A window over the page: the browser keeps the focus inside, and gives it back. */

import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

export function Dialog({ title, close, children }: { title: string; close: () => void; children: ComponentChildren }) {
  const element = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => element.current!.showModal(), []);
  return (
    <dialog
      ref={element}
      aria-labelledby={heading}
      onClose={close}
      onClick={(event) => event.target === element.current && element.current?.close()}
    >
      <div class="window">
        <header>
          <h2 id={heading}>{title}</h2>
          <button class="quiet" aria-label="Close" onClick={() => element.current!.close()}>
            ×
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
