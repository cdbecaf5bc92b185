// What is heavy for the web admin: forms that are large, of very many parts, or slow, and public keys that were made to take
// long. Meanwhile others are served, and the server's memory stays as it was.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { armor, dearmor } from "@pstore/core/openpgp/armor";
import { concat, packet, splitPackets, tags } from "@pstore/core/openpgp/packet";
import { createHome, exportPublic, type GnupgHome, generateKey } from "../support/gnupg.ts";
import { RawConnection } from "../support/raw-http.ts";
import type { TestServer } from "../support/server.ts";
import { startStaff, visitorOf } from "../support/web-staff.ts";
import type { WebVisitor } from "../support/web-visitor.ts";

/** What others wait at most, in milliseconds: what is refused here without its limit takes a minute and more. */
const patience = 5000;
/** By how much the server may grow at most, in MiB. */
const growth = 150;
const path = "/users/plain/keys/add";

let server: TestServer;
let root: WebVisitor;
let csrf: string;
let home: GnupgHome;

beforeAll(async () => {
  server = await startStaff();
  root = await visitorOf(server, "root");
  csrf = await root.formToken();
  home = await createHome();
});
afterAll(async () => {
  await server.dispose();
  await home.dispose();
});

/** What of the server is in memory, in MiB. */
async function memory(): Promise<number> {
  const status = await readFile(`/proc/${server.pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

/** Does something heavy. @returns what it gave, and how long another client waited meanwhile at most, in milliseconds */
async function besides<T>(heavy: () => Promise<T>): Promise<{ result: T; longest: number }> {
  let longest = 0;
  let isDone = false;
  const other = async () => {
    while (!isDone) {
      const begin = performance.now();
      expect(await (await fetch(`${server.url}/healthz`)).text()).toBe("ok\n");
      longest = Math.max(longest, performance.now() - begin);
      // The processor is for the server.
      await Bun.sleep(10);
    }
  };
  const others = other();
  const result = await heavy().finally(() => {
    isDone = true;
  });
  await others;
  return { result, longest };
}

async function send(
  to: string,
  body: string | URLSearchParams,
  type?: string,
): Promise<{ status: number; text: string }> {
  const headers = { cookie: root.cookie, origin: server.url, ...(type && { "content-type": type }) };
  const answer = await fetch(`${server.url}${to}`, { method: "POST", body, headers, redirect: "manual" });
  return { status: answer.status, text: await answer.text() };
}

const paste = (block: string) => send(path, new URLSearchParams({ csrf, block, description: "" }));

describe("a form", () => {
  test("of 10 MB is refused in a sentence, again and again, and the server does not swell", async () => {
    await paste("x".repeat(100));
    const before = await memory();
    const large = "x".repeat(10_000_000);
    const { result, longest } = await besides(async () => {
      const answers = [];
      for (let count = 0; count < 10; count++) answers.push(await paste(large));
      return answers;
    });
    for (const { status, text } of result) {
      expect(status).toBe(413);
      expect(text).toContain("The form is over 1024 KiB, the most that is read here; give less in it.");
    }
    expect(longest).toBeLessThan(patience);
    expect((await memory()) - before).toBeLessThan(growth);
  });

  test("of 10 MB of whoever is not signed in is not read either", async () => {
    const headers = { origin: server.url, "content-type": "application/x-www-form-urlencoded" };
    const body = `name=${"x".repeat(10_000_000)}`;
    const answer = await fetch(`${server.url}/sign-in`, { method: "POST", body, headers });
    expect([answer.status, await answer.text()]).toEqual([413, expect.stringContaining("over 64 KiB")]);
  });

  test("of very many fields, of very many parts, or with large headers of parts holds nobody up", async () => {
    const boundary = "b";
    const part = (header: string, value = "") => `--${boundary}\r\n${header}\r\n\r\n${value}\r\n`;
    const parts = (all: string) =>
      [`${all}--${boundary}--\r\n`, `multipart/form-data; boundary=${boundary}`] as const;
    const named = (name: string) => `Content-Disposition: form-data; name="${name}"`;
    const forms: (readonly [string, string])[] = [
      [`csrf=${csrf}${"&a".repeat(500_000)}`, "application/x-www-form-urlencoded"],
      [`csrf=${csrf}${"&block=x".repeat(120_000)}`, "application/x-www-form-urlencoded"],
      [`csrf=${csrf}&${"%".repeat(1_000_000)}`, "application/x-www-form-urlencoded"],
      [
        `csrf=${csrf}&${Array.from({ length: 100_000 }, (_, index) => index).join("&")}`,
        "application/x-www-form-urlencoded",
      ],
      parts(part(named("csrf"), csrf) + part(named("a")).repeat(20_000)),
      parts(part(named("csrf"), csrf) + part(`${named("block")}\r\nX: ${"y".repeat(1_000_000)}`)),
      parts(part(named("csrf"), csrf) + part(`${named("block")}${"; a=b".repeat(200_000)}`)),
      parts(part(named("csrf"), csrf) + `--${boundary}`.repeat(300_000)),
      parts(part(`${named("block")}\r\n`.repeat(18_000))),
      [`--${"b".repeat(500_000)}\r\n`, `multipart/form-data; boundary=${"b".repeat(5000)}`],
    ];
    const before = await memory();
    for (const [index, [body, type]] of forms.entries()) {
      const { result, longest } = await besides(() => send(path, body, type));
      expect([index, [400, 403].includes(result.status), longest < patience]).toEqual([index, true, true]);
    }
    expect((await memory()) - before).toBeLessThan(growth * 2);
    // What is said to be compressed is not unpacked.
    const bomb = Bun.gzipSync(Buffer.alloc(50_000_000));
    const headers = {
      cookie: root.cookie,
      origin: server.url,
      "content-encoding": "gzip",
      "content-type": "application/x-www-form-urlencoded",
    };
    expect((await fetch(`${server.url}${path}`, { method: "POST", body: bomb, headers })).status).toBe(403);
  }, 60_000);

  test("that comes octet by octet, or never ends, holds up nobody but its sender", async () => {
    const head = [
      `POST /sign-in HTTP/1.1`,
      "Host: x",
      `Origin: ${server.url}`,
      "Content-Type: application/x-www-form-urlencoded",
      "Content-Length: 60000",
      "",
      "name=",
    ];
    const slow = Array.from({ length: 300 }, () => new RawConnection(server.url));
    try {
      const { longest } = await besides(async () => {
        await Promise.all(
          slow.map((connection, index) =>
            connection.send(index % 2 === 0 ? head.join("\r\n") : "GET /sign-in HT"),
          ),
        );
        for (let count = 0; count < 5; count++)
          await Promise.all(slow.map((connection) => connection.send("a")));
        expect((await root.get("/users")).status).toBe(200);
      });
      expect(longest).toBeLessThan(patience);
    } finally {
      for (const connection of slow) connection[Symbol.dispose]();
    }
    expect((await root.get("/users")).status).toBe(200);
  });
});

describe("a pasted key", () => {
  test("that repeats what begins a private key, without an end, holds nobody up", async () => {
    const repeated = [
      "AGE-PLUGIN-",
      "-----BEGIN A ",
      "-----BEGIN PGP ",
      "-----BEGIN PGP PUBLIC KEY BLOCK-----\n",
      "ssh-ed25519 ",
      "a: \n",
      " ",
      "=\n",
    ];
    for (const text of repeated) {
      for (const start of ["", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n"]) {
        const block = start + text.repeat(Math.floor(900_000 / encodeURIComponent(text).length));
        const { result, longest } = await besides(() => paste(block));
        expect([text, result.status >= 400 && result.status < 500, longest < patience]).toEqual([
          text,
          true,
          true,
        ]);
      }
    }
  }, 200_000);

  test("of thousands of user ids, signatures or subkeys is shown, saved and listed in good time", async () => {
    const { fingerprint } = await generateKey(home, { userId: "Heavy <heavy@example.com>" });
    const packets = splitPackets(dearmor(await exportPublic(home, fingerprint)), {
      code: "unusable-key",
      what: "it",
    });
    const [primary, , signed, sub, bound] = packets.map(({ whole }) => whole);
    if (!primary || !signed || !sub || !bound) return expect.unreachable("the key has not these parts");
    const [, userId] = packets.map(({ whole }) => whole);
    const own = [primary, userId ?? signed, signed];
    /** As many of something as fit into a key's 256 KiB in armor. */
    const many = (...pieces: readonly Uint8Array[]) => {
      const one = concat(pieces);
      return Array.from({ length: Math.floor(185_000 / one.length) }, () => one);
    };
    const other = (text: string) => packet(tags.userId, Buffer.from(text));
    const false_ = Uint8Array.from(signed);
    false_[false_.length - 3] = (false_.at(-3) ?? 0) ^ 1;
    const tiny = (octet: number) => many(packet(tags.signature, Uint8Array.of(octet)));
    const keys = {
      "user ids": [...own, ...many(userId ?? signed, signed), sub, bound],
      "false user ids": [...own, ...many(other("<script>alert(1)</script>"), signed), sub, bound],
      "false signatures": [...own, ...many(false_), sub, bound],
      "damaged signatures": [...own, ...tiny(3), sub, bound],
      "other damaged signatures": [...own, ...tiny(4), sub, bound],
      "the same user id": [...own, ...many(userId ?? signed, false_), sub, bound],
      "bare user ids": [...own, ...many(other("x")), sub, bound],
      subkeys: [...own, sub, bound, ...many(sub, bound)],
    };
    for (const [what, pieces] of Object.entries(keys)) {
      const block = armor(concat(pieces));
      const shown = await besides(() => paste(block));
      expect([what, shown.result.status, shown.longest < patience]).toEqual([what, 200, true]);
      const print = `openpgp:${fingerprint}`;
      const saved = await besides(() =>
        root.post("/users/plain/keys/save", { csrf, block, fingerprint: print, description: "" }),
      );
      expect([what, [303, 400, 409, 422].includes(saved.result.status), saved.longest < patience]).toEqual([
        what,
        true,
        true,
      ]);
      for (const page of ["/keys", "/users/plain", `/key?fingerprint=${encodeURIComponent(print)}`]) {
        const listed = await besides(() => root.get(page));
        expect([what, page, listed.result.status, listed.longest < patience]).toEqual([
          what,
          page,
          200,
          true,
        ]);
        expect(listed.result.text).not.toContain("<script>alert");
      }
    }
  }, 120_000);
});
