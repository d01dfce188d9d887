/** The files of a message, each with its place kept until it is there. */

import { useState } from "preact/hooks";
import { Icon } from "./parts";
import type { Room } from "./room";
import type { Attachment, Message } from "./types";
import type { Shape } from "./uploads";

const SIDE = 320; // pixels

export function Files({ message, room }: { message: Message; room: Room }) {
  const [tries, setTries] = useState(0);
  const again = async () => {
    setTries(tries + 1);
    if (tries === 0) await room.again(message).catch(() => {});
  };
  return (
    <>
      {message.attachments.map((one, place) => (
        <File key={place} one={one} shape={shapeOf(message, place)} isLost={tries > 1} lost={again} />
      ))}
    </>
  );
}

interface Given {
  one: Attachment;
  shape: Partial<Shape>;
  isLost: boolean;
  lost: () => void;
}

function File({ one, shape, isLost, lost }: Given) {
  const name = shape.name ?? NAMES[one.type];
  if (isLost) return <p class="lost">{name} cannot be loaded</p>;
  switch (one.type) {
    case "IMAGE":
      return (
        <a class="picture" href={one.url} target="_blank" rel="noopener noreferrer">
          <img {...fitted(shape)} src={one.url} alt={name} loading="lazy" onError={lost} />
        </a>
      );
    case "VIDEO":
      return <video src={one.url} aria-label={name} controls preload="metadata" onError={lost} />;
    case "AUDIO":
      return <audio src={one.url} aria-label={name} controls preload="metadata" onError={lost} />;
    case "FILE":
      return (
        <a class="file" href={one.url} target="_blank" rel="noopener noreferrer">
         <Icon name="file" /> {name}
        </a>
      );
  }
}

const NAMES = { IMAGE: "A picture", VIDEO: "A film", AUDIO: "A recording", FILE: "A file" };

/** What the sender's page kept of a file, as far as it makes sense. */
function shapeOf(message: Message, place: number): Partial<Shape> {
  const kept: unknown = Array.isArray(message.metadata.files) ? message.metadata.files[place] : undefined;
  if (typeof kept !== "object" || kept === null) return {};
  const { name, width, height } = kept as Record<string, unknown>;
  return {
    ...(typeof name === "string" && { name: name.slice(0, 200) }),
    ...(isLength(width) && isLength(height) && { width, height }),
  };
}

const isLength = (value: unknown): value is number =>
  typeof value === "number" && value >= 1 && value <= 100_000;

function fitted({ width, height }: Partial<Shape>) {
  if (width === undefined || height === undefined) return { class: "unsized" };
  const scale = Math.min(1, SIDE / width, SIDE / height);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}
