import { digestOf } from "@pstore/core/digest";
import script from "./assets/enhance.js" with { type: "text" };
import icon from "./assets/icon.svg" with { type: "text" };
import style from "./assets/style.css" with { type: "text" };

const assets = {
  "style.css": { type: "text/css; charset=utf-8", text: style },
  "enhance.js": { type: "text/javascript; charset=utf-8", text: script },
  "icon.svg": { type: "image/svg+xml", text: icon },
} as const satisfies Record<string, { type: string; text: string }>;

const year = 31_536_000;
const versions = new Map(
  Object.entries(assets).map(([name, { text }]) => [name, digestOf(text).slice(0, 12)]),
);

/** The URL of a part of the pages that never changes under the same URL. */
export function assetUrl(name: keyof typeof assets): string {
  return `/assets/${name}?v=${versions.get(name)}`;
}

/** A part of the pages; `null` where there is none of that name. */
export function assetAnswer(name: string): Response | null {
  if (!Object.hasOwn(assets, name)) return null;
  const { type, text } = assets[name as keyof typeof assets];
  return new Response(text, {
    headers: { "content-type": type, "cache-control": `public, max-age=${year}, immutable` },
  });
}
