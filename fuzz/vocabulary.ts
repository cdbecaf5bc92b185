// What the store knows, by the name of the parameter, member or field in which it stands: else a server would refuse all
// inputs at the door.
import type { Objects } from "./objects.ts";
import type { Random } from "./random.ts";
import { text } from "./seeds/files.ts";
import type { Sessions } from "./sessions.ts";

export interface Vocabulary {
  /** A text that fits a name, if there is one. */
  word(random: Random, name: string): string | null;
}

const properties = ["address", "password", "no such property"];
const users = ["ann", "joe", "prey", "prey2", "nobody"];

export function vocabularyOf(sessions: Sessions, objects: Objects, place: "api" | "web"): Vocabulary {
  const keys = [
    ...sessions.signers.map(({ key }) => key.publicKey.fingerprint as string),
    "openpgp:0123456789ABCDEF0123456789ABCDEF01234567",
  ];
  const machines = () => [...objects.names, "machine", "no such machine"];
  const lists: Readonly<Record<string, () => readonly string[]>> = {
    id: () => objects.ids,
    name: () => (place === "web" ? ["prey", "prey2", "nobody"] : machines()),
    names: machines,
    property: () => properties,
    value: () => properties,
    user: () => users,
    users: () => users,
    key: () => (place === "web" ? keys.slice(-1) : keys),
    fingerprint: () => keys.slice(-1),
    have: () => keys,
    store: () => [sessions.store],
    revision: () => ["1", "2", "3", "999999"],
    from: () => ["1", "2"],
    to: () => ["1", "2", "9"],
    limit: () => ["1", "2", "1000"],
    q: () => ["", "machine", "e", "an"],
    cursor: () => [Buffer.from("machine-3").toString("base64url")],
    origin: () => ["http://127.0.0.1:8000"],
    csrf: () => [sessions.web.formToken],
    block: () => [text("new.ssh-public"), text("joe.openpgp-public"), text("joe.openpgp-private")],
    publicKey: () => [text("new.ssh-public")],
    email: () => ["prey@example.com"],
    action: () => ["commit", "read", "sign in"],
    day: () => ["2026-01-01"],
    page: () => ["1", "2"],
  };
  return {
    word: (random, name) => {
      const list = Object.hasOwn(lists, name) ? lists[name]?.() : undefined;
      return list === undefined || list.length === 0 ? null : random.pick(list);
    },
  };
}
