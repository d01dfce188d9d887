/** Files on their way up: announced over the API, then sent to the address that it gives. */

import { signal } from "@preact/signals";
import { mutate, newKey, Refused } from "./client";
import { UPLOAD } from "./documents";
import { complain } from "./notice";

const MOST = 20; // files of a message

/** What the page keeps of a file with the message that has it, so that its place is known before it is there. */
export interface Shape {
  name: string;
  width?: number;
  height?: number;
}
export interface Sent extends Shape {
  id: string;
}
export interface Upload {
  /** Announced again by the same key, a file stays the same. */
  key: string;
  file: File;
  preview: string | null;
  /** How much is sent, up to 1. */
  progress: number;
  sent: Sent | null;
  failure: string | null;
}

export class Uploads {
  readonly all = signal<readonly Upload[]>([]);
  private readonly stops = new Map<string, () => void>();

  constructor(private readonly conversationId: string) {}

  add(files: Iterable<File>) {
    const fresh = [...files].map((file) => ({
      key: newKey(),
      file,
      preview: file.type.startsWith("image/") ? URL.createObjectURL(file) : null,
      progress: 0,
      sent: null,
      failure: null,
    }));
    const taken = fresh.slice(0, MOST - this.all.value.length);
    if (taken.length < fresh.length) complain(new Error(`A message has at most ${MOST} files.`));
    this.all.value = [...this.all.value, ...taken];
    for (const one of taken) void this.start(one);
  }

  again(one: Upload) {
    this.change(one.key, { failure: null, progress: 0 });
    void this.start(one);
  }

  remove(one: Upload) {
    this.stops.get(one.key)?.();
    if (one.preview !== null) URL.revokeObjectURL(one.preview);
    this.all.value = this.all.value.filter((other) => other.key !== one.key);
  }

  clear() {
    this.all.value.forEach((one) => this.remove(one));
  }

  private change(key: string, change: Partial<Upload>) {
    this.all.value = this.all.value.map((one) => (one.key === key ? { ...one, ...change } : one));
  }

  private async start({ key, file }: Upload) {
    try {
      const size = await sizeOf(file);
      const input = {
        conversationId: this.conversationId,
        fileName: file.name,
        contentType: file.type.startsWith("text/") ? "text/plain" : file.type,
        size: file.size,
        clientKey: key,
      };
      const { attachment } = await mutate<{ attachment: Announced }>(UPLOAD, { input });
      await this.put(key, attachment, file);
      this.change(key, { progress: 1, sent: { id: attachment.id, name: file.name, ...size } });
    } catch (error) {
      this.change(key, { failure: (error as Error).message });
    }
  }

  private put(key: string, { method, url, headers }: Announced, file: File): Promise<void> {
    return new Promise((resolve, reject) => {
      // fetch() does not say how much of a body is sent.
      const request = new XMLHttpRequest();
      this.stops.set(key, () => request.abort());
      request.open(method, url);
      for (const { name, value } of headers) request.setRequestHeader(name, value);
      request.upload.onprogress = ({ loaded, total }) => this.change(key, { progress: loaded / total });
      request.onerror = () => reject(new Refused("The server cannot be reached.", "UNREACHABLE"));
      request.onload = () => {
        // A conflict: it is there since a try whose answer was lost.
        if (request.status === 204 || request.status === 409) resolve();
        else reject(new Refused(reasonOf(request.responseText), String(request.status)));
      };
      request.send(file);
    });
  }
}

interface Announced {
  id: string;
  method: string;
  url: string;
  headers: { name: string; value: string }[];
}

async function sizeOf(file: File): Promise<Partial<Shape>> {
  if (!file.type.startsWith("image/")) return {};
  try {
    const picture = await createImageBitmap(file);
    const { width, height } = picture;
    picture.close();
    return { width, height };
  } catch {
    // No picture after all, which the server will say better.
    return {};
  }
}

function reasonOf(problem: string): string {
  try {
    return (JSON.parse(problem) as { detail: string }).detail;
  } catch {
    return "The file could not be sent.";
  }
}
