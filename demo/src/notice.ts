/** What could not be done, told for a moment. */

import { signal } from "@preact/signals";

const MOMENT = 6_000; // ms

export const notice = signal("");
let timer: ReturnType<typeof setTimeout> | undefined;

export function complain(error: unknown) {
  notice.value = error instanceof Error ? error.message : "That did not work.";
  clearTimeout(timer);
  timer = setTimeout(() => (notice.value = ""), MOMENT);
}
