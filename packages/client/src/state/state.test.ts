import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf } from "@pstore/core/digest";
import { openpgpFingerprint } from "@pstore/core/fingerprint";
import { encodeManifest, type Manifest } from "@pstore/core/manifest";
import { fileName, openState } from "./database.ts";
import { sessionFolder, stateFolder } from "./folders.ts";
import { NameLists } from "./name-lists.ts";
import { Objects } from "./objects.ts";
import { PendingCommits } from "./pending.ts";
import { type Pin, Pins } from "./pins.ts";
import { Sessions } from "./sessions.ts";
import { Urls } from "./urls.ts";

const store = "00000000-0000-4000-8000-000000000001";
const key = openpgpFingerprint("A".repeat(40));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "state-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function manifest(
  revision: number,
  changes: Partial<Manifest> = {},
): { known: { manifest: Manifest; digest: string }; text: string } {
  const made: Manifest = {
    store,
    object: { id: "00000000-0000-4000-8000-000000000002", name: "X" },
    revision,
    previous: revision === 1 ? null : digestOf("before"),
    author: { user: "joe", key },
    time: "2026-01-01T00:00:00Z",
    members: new Map([["joe", { access: "write", keys: new Map([[key, key]]) }]]),
    properties: new Map(),
    deleted: false,
    ...changes,
  };
  const text = encodeManifest(made);
  return { known: { manifest: made, digest: digestOf(text) }, text };
}

describe("the state", () => {
  test("is private, and found again", () => {
    const path = join(folder, "a", "pstore");
    new Urls(openState(path)).pin("https://a", store);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(statSync(join(path, fileName)).mode & 0o777).toBe(0o600);
    const urls = new Urls(openState(path));
    expect(urls.storeOf("https://a")).toBe(store);
    expect(urls.storeOf("https://b")).toBeNull();
    expect(urls.of(store)).toEqual(["https://a"]);
  });

  test("lives in memory where it cannot be kept, and says so", () => {
    writeFileSync(join(folder, "file"), "");
    const state = openState(join(folder, "file", "pstore"));
    expect(state.isKept).toBe(false);
    new Urls(state).pin("https://a", store);
    expect(new Urls(state).storeOf("https://a")).toBe(store);
  });

  // Root may write everything.
  test.skipIf(process.getuid?.() === 0)("is not kept where it can be read only, and nothing fails", () => {
    new Urls(openState(folder)).pin("https://a", store);
    chmodSync(join(folder, fileName), 0o400);
    chmodSync(folder, 0o500);
    const state = openState(folder);
    expect(state.isKept).toBe(false);
    new Urls(state).pin("https://b", store);
    chmodSync(folder, 0o000);
    const sessions = new Sessions(folder, store, "joe");
    sessions.write({ token: "t", expires: 1 });
    sessions.forget();
    expect(sessions.read(0)).toBeNull();
    chmodSync(folder, 0o700);
  });

  test("that is damaged or newer is not overwritten", () => {
    writeFileSync(join(folder, fileName), "no database, but long enough to be read as one ".repeat(100));
    expect(() => openState(folder)).toThrow("is damaged; move it away");
    rmSync(join(folder, fileName));
    openState(folder).sql.run("PRAGMA user_version = 99");
    expect(() => openState(folder)).toThrow("was written by a newer pstore");
  });
});

describe("the state of an older pstore", () => {
  test("is taken over as it is, by several commands at once too", async () => {
    const { sql } = openState(folder);
    new Urls({ sql, isKept: true }).pin("https://a", store);
    // What version 1 had.
    sql.run("DROP TABLE sign_in");
    sql.run("PRAGMA user_version = 1");
    sql.close();
    const open = `import { openState } from "${import.meta.dir}/database.ts"; openState(${JSON.stringify(folder)});`;
    const all = Array.from({ length: 4 }, () => Bun.spawn([process.execPath, "-e", open]));
    expect(await Promise.all(all.map(({ exited }) => exited))).toEqual([0, 0, 0, 0]);
    const state = openState(folder);
    expect(state.sql.query("PRAGMA user_version").get()).toEqual({ user_version: 2 });
    expect(new Urls(state).storeOf("https://a")).toBe(store);
    new Pins(state, store).noteSignIn("joe", key);
  });
});

describe("remembered manifests", () => {
  test("never go back, whichever command comes last", () => {
    const objects = new Objects(openState(folder), store);
    const old = manifest(3);
    const newer = manifest(4);
    objects.remember(newer.known, newer.text);
    objects.remember(old.known, old.text);
    expect(objects.byName("X")).toEqual(newer.known);
    expect(objects.byId(newer.known.manifest.object.id)?.digest).toBe(newer.known.digest);
  });

  test("are another store's in another store", () => {
    const state = openState(folder);
    const { known, text } = manifest(1);
    new Objects(state, store).remember(known, text);
    expect(new Objects(state, "00000000-0000-4000-8000-000000000009").byName("X")).toBeNull();
  });

  test("of a deleted object hold its name no longer, but its id", () => {
    const objects = new Objects(openState(folder), store);
    const { known, text } = manifest(2, { deleted: true });
    objects.remember(known, text);
    expect(objects.byName("X")).toBeNull();
    expect(objects.byId(known.manifest.object.id)).toEqual(known);
  });
});

describe("pins", () => {
  const pin: Pin = {
    user: "joe",
    fingerprint: key,
    certificate: Uint8Array.of(1, 2, 3),
    writeOnly: true,
    source: "first-use",
    confirmed: false,
    expires: 1_800_000_000_000,
  };

  test("come back as they were, and are confirmed by user", () => {
    const pins = new Pins(openState(folder), store);
    pins.put([pin]);
    expect(pins.ofUser("joe")).toEqual([pin]);
    expect(pins.ownersOf(key)).toEqual(["joe"]);
    pins.confirm("alex");
    expect(pins.ofUser("joe")[0]?.confirmed).toBe(false);
    pins.confirm("joe");
    expect(pins.ofUser("joe")[0]?.confirmed).toBe(true);
    expect(pins.ofUser("alex")).toEqual([]);
  });

  test("of one's own stand in the order in which they are tried: the one that signed in last is the first", () => {
    const pins = new Pins(openState(folder), store);
    const keys = ["A", "B", "C"].map((digit) => openpgpFingerprint(digit.repeat(40)));
    for (const fingerprint of keys) pins.put([{ ...pin, fingerprint, source: "own" }]);
    pins.put([{ ...pin, fingerprint: openpgpFingerprint("D".repeat(40)), source: "trusted" }]);
    const order = () => pins.ownOf("joe").map(({ fingerprint }) => keys.indexOf(fingerprint));
    expect(order()).toEqual([0, 1, 2]);
    pins.noteSignIn("joe", keys[2] ?? key);
    expect(order()).toEqual([2, 0, 1]);
    pins.noteSignIn("joe", keys[1] ?? key);
    pins.noteSignIn("alex", keys[0] ?? key);
    expect(order()).toEqual([1, 0, 2]);
    expect(new Pins(openState(folder), "00000000-0000-4000-8000-000000000009").ownOf("joe")).toEqual([]);
  });

  test("are not put over what another command has made of them meanwhile", () => {
    const pins = new Pins(openState(folder), store);
    expect(pins.put([pin], [])).toBe(true);
    const seen = pins.ofUser("joe");
    const revoked = { ...pin, certificate: Uint8Array.of(1, 2, 3, 4) };
    expect(new Pins(openState(folder), store).put([revoked], seen)).toBe(true);
    expect(pins.put([{ ...pin, certificate: Uint8Array.of(1, 2, 3, 5) }], seen)).toBe(false);
    expect(pins.ofUser("joe")).toEqual([revoked]);
  });
});

describe("pending commits", () => {
  const ignored = () => {};
  const sentAgain = (request: string) => [{ request, isGivenUp: false }];

  test("are kept byte for byte until they are forgotten", () => {
    const pending = new PendingCommits(openState(folder), store, "joe");
    pending.keep('{"commit":"ä"}', ignored);
    pending.keep('{"commit":"ä"}', ignored);
    expect(pending.all()).toEqual(sentAgain('{"commit":"ä"}'));
    expect(new PendingCommits(openState(folder), store, "alex").all()).toEqual([]);
    pending.forget('{"commit":"ä"}');
    expect(pending.all()).toEqual([]);
  });

  test("are left to the command that still waits for its answer", async () => {
    const { sql, isKept } = openState(folder);
    const pending = new PendingCommits({ sql, isKept }, store, "joe");
    const other = Bun.spawn(["sleep", "60"]);
    pending.keep("{}", ignored);
    sql.run("UPDATE pending SET pid = ?", [other.pid]);
    expect(pending.all()).toEqual([]);
    // Process ids are used again: after a while it is somebody else's.
    sql.run("UPDATE pending SET sent = sent - 600000");
    expect(pending.all()).toEqual(sentAgain("{}"));
    sql.run("UPDATE pending SET sent = sent + 600000");
    other.kill("SIGKILL");
    await other.exited;
    expect(pending.all()).toEqual(sentAgain("{}"));
  });
});

describe("sessions", () => {
  test("are private, expire, and are believed only when whole", () => {
    const sessions = new Sessions(join(folder, "run"), store, "joe");
    expect(sessions.read(0)).toBeNull();
    sessions.write({ token: "t", expires: 1000 });
    expect(sessions.read(999)).toEqual({ token: "t", expires: 1000 });
    expect(sessions.read(1000)).toBeNull();
    if (process.getuid?.() === 0) {
      chownSync(join(folder, "run", `${store}-joe`), 65_534, 65_534);
      expect(sessions.read(999)).toBeNull();
    }
    const [name = ""] = readdirSync(join(folder, "run"));
    expect(statSync(join(folder, "run", name)).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder, "run", name), "utf8")).toContain('"t"');
    writeFileSync(join(folder, "run", name), '{"token":');
    expect(sessions.read(0)).toBeNull();
    sessions.forget();
    expect(readdirSync(join(folder, "run"))).toEqual([]);
  });
});

describe("folders", () => {
  test("follow the environment", () => {
    expect(stateFolder({ HOME: "/h" })).toBe("/h/.local/state/pstore");
    expect(stateFolder({ HOME: "/h", XDG_STATE_HOME: "/s" })).toBe("/s/pstore");
    expect(stateFolder({ HOME: "/h", XDG_STATE_HOME: "relative" })).toBe("/h/.local/state/pstore");
    expect(() => stateFolder({})).toThrow("neither HOME nor XDG_STATE_HOME");
    expect(sessionFolder({ XDG_RUNTIME_DIR: "/r" })).toBe("/r/pstore");
    mkdirSync(join(folder, "x"));
  });
});

describe("lists of names", () => {
  const list = (...names: string[]) => ({ names, asked: 1000 });

  test("are private, and come back however old, each for its question", () => {
    const lists = new NameLists(folder, store, "joe");
    expect(lists.read("machines")).toBeNull();
    lists.write(new Map([["machines", list("a", "b c")]]));
    lists.write(
      new Map([
        ["users", list("joe")],
        ["__proto__", list("x")],
      ]),
    );
    expect(lists.read("machines")).toEqual(list("a", "b c"));
    expect(lists.read("__proto__")).toEqual(list("x"));
    expect(new NameLists(folder, store, "alex").read("machines")).toBeNull();
    expect(statSync(join(folder, "names")).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, "names", `${store}-joe`)).mode & 0o777).toBe(0o600);
  });

  test("are not believed when another's or no lists, and never grow without end", () => {
    const lists = new NameLists(folder, store, "joe");
    const path = join(folder, "names", `${store}-joe`);
    for (let asked = 0; asked < 300; asked++) lists.write(new Map([[`of ${asked}`, { names: [], asked }]]));
    expect(JSON.parse(readFileSync(path, "utf8")).length).toBe(200);
    expect(lists.read("of 299")).not.toBeNull();
    expect(lists.read("of 99")).toBeNull();
    if (process.getuid?.() === 0) {
      chownSync(path, 65_534, 65_534);
      expect(lists.read("of 299")).toBeNull();
    }
    writeFileSync(path, '[["machines",1,[1]],["users",1,["joe"]],null]');
    expect(lists.read("machines")).toBeNull();
    chownSync(path, process.getuid?.() ?? 0, process.getgid?.() ?? 0);
    expect(lists.read("users")?.names).toEqual(["joe"]);
    writeFileSync(path, "[[");
    expect(lists.read("users")).toBeNull();
  });

  test("are left to the next time where they cannot be kept", () => {
    writeFileSync(join(folder, "names"), "");
    const lists = new NameLists(folder, store, "joe");
    lists.write(new Map([["machines", list("a")]]));
    expect(lists.read("machines")).toBeNull();
    expect(readdirSync(folder)).toEqual(["names"]);
  });
});
