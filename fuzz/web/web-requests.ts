// Requests to the web admin: of each of its pages and forms, by a superuser, by somebody of the staff's guests, and by nobody.
import type { Page } from "@pstore/server/http/web/page";
import { pages } from "@pstore/server/http/web/pages/all";
import { escapeText } from "../http/escape.ts";
import { brokenHeader, fieldValue, strangeHeader } from "../http/headers.ts";
import type { WireRequest } from "../http/request.ts";
import { mutateBytes } from "../mutate/bytes.ts";
import { mutateText, strangeText } from "../mutate/text.ts";
import type { Objects } from "../objects.ts";
import type { Random } from "../random.ts";
import type { Sessions } from "../sessions.ts";
import { type Vocabulary, vocabularyOf } from "../vocabulary.ts";

export interface WebRequest extends WireRequest {
  readonly isSignedIn: boolean;
}

/** They end the session that all others use: then a new one has to be opened. */
const ending = /^\/(?:sign-out|account\/.*)$/;

/** They take some time each, by design: a password is verified, the whole store is checked. */
const slow = /^\/(?:sign-in|health\/check)$/;

/** Parts of the app that are no pages. */
const others = [
  "/assets/style.css",
  "/assets/x",
  "/healthz",
  "/favicon.ico",
  "/robots.txt",
  "/.well-known/x",
  "/metrics",
  "/readyz",
];

export class WebRequests {
  readonly #url: string;
  readonly #sessions: Sessions;
  readonly #vocabulary: Vocabulary;

  constructor(url: string, sessions: Sessions, objects: Objects) {
    this.#url = url;
    this.#sessions = sessions;
    this.#vocabulary = vocabularyOf(sessions, objects, "web");
  }

  make(random: Random): WebRequest {
    const page = this.#page(random);
    const wrong = random.pick([
      "path",
      "query",
      "headers",
      "form",
      "form",
      "form",
      "wire",
      "method",
      "nothing",
    ]);
    const isSignedIn = random.chance(80);
    const headers: (readonly [string, string])[] = [];
    if (isSignedIn) headers.push(["cookie", this.#sessions.web.cookie]);
    let target = this.#target(random, page, wrong);
    let body: Uint8Array | null = null;
    if (page.method === "POST") {
      headers.push(["origin", random.chance(95) ? this.#url : fieldValue(mutateText(random, this.#url))]);
      const form = this.#form(random, page, wrong === "form");
      headers.push(["content-type", form.type]);
      body = form.bytes;
    }
    if (wrong === "headers") headers.push(strangeHeader(random), strangeHeader(random));
    const isBroken = wrong === "wire";
    if (isBroken) {
      if (random.chance(50)) headers.push(brokenHeader(random));
      else target = target.slice(0, 1) + random.pick(["\0", " ", "\xff", "\\", "[", "%"]) + target.slice(1);
    }
    const method =
      wrong === "method"
        ? random.pick(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
        : page.method;
    return { method, target, headers, body, isBroken, isSignedIn: isSignedIn && !isBroken };
  }

  #page(random: Random): Page {
    for (;;) {
      if (random.chance(4)) {
        const path = random.pick(others);
        return { method: "GET", path, need: "anyone", action: "store", handle: async () => new Response() };
      }
      const page = random.pick(pages);
      const isRare = page.method === "POST" && (ending.test(page.path) || slow.test(page.path));
      if (!isRare || random.chance(3)) return page;
    }
  }

  #target(random: Random, { path, query }: Page, wrong: string): string {
    const isWrongPath = wrong === "path";
    let target = path
      .split("/")
      .map((part) => {
        if (!part.startsWith(":")) return part;
        const word = this.#vocabulary.word(random, part.slice(1)) ?? strangeText(random);
        return escapeText(isWrongPath ? mutateText(random, word) : word);
      })
      .join("/");
    if (isWrongPath && random.chance(30))
      target = random.pick([
        `${target}/`,
        `/${target}`,
        `${target}/x`,
        `${target}%2f`,
        `${target}%`,
        `${target}%ff`,
      ]);
    const pairs: string[] = [];
    const names = Object.keys(query?.entries ?? {});
    for (const name of names) {
      if (random.chance(40)) continue;
      const word = this.#vocabulary.word(random, name) ?? strangeText(random);
      pairs.push(`${name}=${escapeText(wrong === "query" ? mutateText(random, word) : word)}`);
    }
    if (wrong === "query")
      pairs.push(
        random.pick([
          "done=user-added",
          `done=${escapeText(strangeText(random))}`,
          `next=${escapeText(random.pick(["//example.com", "/\\example.com", "https://example.com/", "/users"]))}`,
          "%",
          "=",
          ...pairs,
        ]),
      );
    return pairs.length === 0 ? target : `${target}?${pairs.join("&").slice(0, 8000)}`;
  }

  #form(random: Random, { form, path }: Page, isWrong: boolean): { type: string; bytes: Uint8Array } {
    const fields: [string, string][] = [["csrf", this.#sessions.web.formToken]];
    for (const name of Object.keys(form?.entries ?? {})) {
      if (random.chance(10)) continue;
      // The name of whoever is added must be none of ours.
      const isNew = path.endsWith("+add") && name === "name";
      const word = isNew ? `made-${random.below(2000)}` : this.#vocabulary.word(random, name);
      fields.push([name, word ?? (random.chance(50) ? "1" : strangeText(random))]);
    }
    if (isWrong) damageFields(random, fields);
    const isFormData = random.chance(25);
    const { type, text } = isFormData ? multipart(random, fields) : urlencoded(fields);
    const bytes = Buffer.from(text);
    if (isWrong && random.chance(10)) return { type, bytes: mutateBytes(random, bytes, []) };
    return { type, bytes };
  }
}

function damageFields(random: Random, fields: [string, string][]): void {
  const place = random.below(fields.length);
  const [name = "", value = ""] = fields[place] ?? [];
  switch (random.below(5)) {
    case 0:
      fields.splice(place, 1);
      break;
    case 1:
      fields.push([name, value]);
      break;
    case 2:
      fields.push([strangeText(random), strangeText(random)]);
      break;
    default:
      fields[place] = [name, mutateText(random, value)];
  }
}

function urlencoded(fields: readonly [string, string][]) {
  const text = fields.map(([name, value]) => `${escapeText(name)}=${escapeText(value)}`).join("&");
  return { type: "application/x-www-form-urlencoded", text };
}

function multipart(random: Random, fields: readonly [string, string][]) {
  const boundary = random.chance(95) ? "----b" : strangeText(random).slice(0, 50);
  const part = ([name, value]: [string, string]) => {
    const file = random.chance(10)
      ? `; filename="${random.pick(["x.asc", "", '"', "\0"])}"\r\ncontent-type: text/plain`
      : "";
    return `--${boundary}\r\ncontent-disposition: form-data; name="${name.replaceAll('"', "%22")}"${file}\r\n\r\n${value}\r\n`;
  };
  const end = random.chance(90) ? `--${boundary}--\r\n` : "";
  return {
    type: fieldValue(`multipart/form-data; boundary=${boundary}`),
    text: `${fields.map(part).join("")}${end}`,
  };
}
