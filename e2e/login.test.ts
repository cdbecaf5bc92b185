// Signing in, attacked: requests straight to a real server, with real signatures by real keys.

import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHmac, randomBytes } from "node:crypto";
import { request } from "node:http";
import { apiPath, type CommitRequest, type LoginRequest } from "@pstore/core/api/schemas";
import { commitOf, commitText } from "@pstore/core/commit";
import { digestOf, measure } from "@pstore/core/digest";
import { type Fingerprint, openpgpFingerprint } from "@pstore/core/fingerprint";
import { loginText } from "@pstore/core/login";
import { encodeManifest, type Manifest } from "@pstore/core/manifest";
import { exportPublic, generateKey, gpg, revokeKey } from "./support/gnupg.ts";
import { HostileServer, keyOf, memberOf, signAs, signWith, the } from "./support/hostile.ts";
import { succeed } from "./support/process.ts";
import { generateSshKey, signBlob } from "./support/ssh-key.ts";
import { addSshUser, type SshUser } from "./support/ssh-user.ts";
import { createTeam, type Team, type User } from "./support/team.ts";

let team: Team;
let walter: User;
let joe: User;
let store: string;

beforeAll(async () => {
  // More is refused here than the server lets anybody have refused within a minute.
  team = await createTeam({ users: ["walter", "joe"], server: { serve: ["--max-refusals", "0"] } });
  [walter, joe] = [team.user("walter"), team.user("joe")];
  store = (await api("GET", "/store")).json["id"] as string;
});
afterAll(() => team.dispose());

interface Answer {
  readonly status: number;
  /** The answer as it came: status line, headers (without the date) and body; but for the request's id. */
  readonly raw: string;
  readonly json: Record<string, unknown>;
}

interface Call {
  readonly token?: string;
  readonly json?: unknown;
  readonly bytes?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: the team's server. */
  readonly url?: string;
}

/** One request; not by `fetch`, which would mend the Host. */
function api(method: string, path: string, call: Call = {}): Promise<Answer> {
  const { token, json, bytes, headers = {}, url = team.server.url } = call;
  const body = json === undefined ? bytes : Buffer.from(JSON.stringify(json));
  return new Promise((resolve, reject) => {
    const sent = request(
      `${url}${apiPath}${path}`,
      { method, headers: { ...headers, ...(token && { authorization: `Bearer ${token}` }) }, agent: false },
      async (answer) => {
        const chunks: Uint8Array[] = [];
        for await (const chunk of answer) chunks.push(chunk as Uint8Array);
        const text = Buffer.concat(chunks).toString();
        const shown = Object.entries(answer.headers).filter(([name]) => name !== "date");
        const isJson = answer.headers["content-type"]?.includes("json") === true;
        resolve({
          status: answer.statusCode ?? 0,
          raw: JSON.stringify([answer.statusCode, shown, text]).replaceAll(
            String(answer.headers["x-request-id"]),
            "ID",
          ),
          json: isJson ? (JSON.parse(text) as Record<string, unknown>) : {},
        });
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

const challenge = async (url?: string) =>
  (await api("GET", "/challenge", url === undefined ? {} : { url })).json["challenge"] as string;

interface Lie {
  /** What the request says, where that differs from what was signed. */
  readonly said?: Partial<LoginRequest>;
  /** What was signed, where that differs from what is right. */
  readonly signed?: Partial<Parameters<typeof loginText>[0]>;
  readonly signer?: User;
  /** Options of gpg. */
  readonly options?: readonly string[];
}

/** A login that is right but for the lies told. */
async function login(user: User, lie: Lie = {}): Promise<LoginRequest> {
  const origin = team.server.url;
  const right = { store, origin, user: user.name, key: keyOf(user), challenge: await challenge() };
  const signed = { ...right, ...lie.signed };
  const { gnupg, fingerprint } = lie.signer ?? user;
  const signature = await signWith(gnupg, fingerprint, loginText(signed), ...(lie.options ?? []));
  const { store: _, ...request } = { ...signed, ...(lie.signed?.store && {}) };
  return { ...request, signature, ...lie.said };
}

const post = (json: unknown, headers?: Call["headers"]) =>
  api("POST", "/session", { json, ...(headers && { headers }) });

async function tokenOf(user: User): Promise<string> {
  const answer = await post(await login(user));
  expect(answer.status).toBe(200);
  return answer.json["token"] as string;
}

/** The one answer to every login that is not right, as it was first seen. */
let theRefusal: string | undefined;

async function refused(what: string, login: LoginRequest, headers?: Call["headers"]): Promise<void> {
  const { status, raw, json } = await post(login, headers);
  expect({ what, status, code: json["code"] }).toEqual({ what, status: 401, code: "sign-in-refused" });
  theRefusal ??= raw;
  expect({ what, raw }).toEqual({ what, raw: theRefusal });
  expect(raw).not.toMatch(/walter|joe/);
}

/** The one answer to every request whose session is not good. */
async function signedOut(what: string, token: string): Promise<void> {
  const none = await api("GET", "/objects", { token: randomBytes(32).toString("base64url") });
  expect([none.status, none.json["code"]]).toEqual([401, "not-signed-in"]);
  const answer = await api("GET", "/objects", { token });
  expect({ what, raw: answer.raw }).toEqual({ what, raw: none.raw });
}

describe("a login counts once, for the store, origin, user, key and challenge that were signed", () => {
  test("an honest one signs in; the same one again does not", async () => {
    const once = await login(walter);
    expect((await post(once)).status).toBe(200);
    await refused("used twice", once);
    const answers = await (async () => {
      const raced = await login(walter);
      return Promise.all(Array.from({ length: 8 }, () => post(raced)));
    })();
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(7).fill(401)]);
  });

  test("a used challenge serves nobody else", async () => {
    const once = await login(walter);
    expect((await post(once)).status).toBe(200);
    await refused("used by another", await login(joe, { signed: { challenge: once.challenge } }));
  });

  test("forged challenges", async () => {
    const good = await challenge();
    const bytes = Buffer.from(good, "base64url");
    const altered = (change: (copy: Buffer) => void) => {
      const copy = Buffer.from(bytes);
      change(copy);
      return copy.toString("base64url");
    };
    const forged: Record<string, string> = {
      "made up": randomBytes(bytes.length).toString("base64url"),
      "other random bytes": altered((copy) => copy.writeUInt8(copy.readUInt8(0) ^ 1, 0)),
      "a later end": altered((copy) => copy.writeBigUInt64BE(copy.readBigUInt64BE(16) + 300_000n, 16)),
      "another authenticator": altered((copy) =>
        copy.writeUInt8(copy.readUInt8(copy.length - 1) ^ 1, copy.length - 1),
      ),
      cut: good.slice(0, -2),
      longer: `${good}AA`,
      "another text of the same bytes": `${good}=`,
      empty: "",
    };
    await Promise.all(
      Object.entries(forged).flatMap(([what, text]) => [
        login(walter, { signed: { challenge: text } }).then((one) => refused(what, one)),
        login(walter, { said: { challenge: text } }).then((one) => refused(`${what}, over a good one`, one)),
      ]),
    );
    // The true one was not used up by all that.
    expect((await post(await login(walter, { signed: { challenge: good } }))).status).toBe(200);
  });

  test("an expired challenge, truly of this store", async () => {
    const database = new Database(team.server.database, { readonly: true });
    const row = database.query<{ secret: Uint8Array }, []>("SELECT challenge_secret secret FROM store").get();
    database.close();
    const make = (expires: number) => {
      const body = Buffer.concat([randomBytes(16), Buffer.alloc(8)]);
      body.writeBigUInt64BE(BigInt(expires), 16);
      const mac = createHmac("sha256", the(row).secret).update("pstore challenge 1\n").update(body).digest();
      return Buffer.concat([body, mac]).toString("base64url");
    };
    const late = make(Date.now() - 1000);
    await refused("expired", await login(walter, { signed: { challenge: late } }));
    // The same craft with a time to come is believed: so it was the time.
    const inTime = make(Date.now() + 100_000);
    expect((await post(await login(walter, { signed: { challenge: inTime } }))).status).toBe(200);
    // No server of this store hands out one that lasts longer than 300 s.
    const given = Number(Buffer.from(await challenge(), "base64url").readBigUInt64BE(16));
    expect(given - Date.now()).toBeLessThanOrEqual(300_000);
  });

  test("relayed with a forged Host, and whatever else proxies say", async () => {
    const evil = "https://store.evil.example";
    const headers = {
      host: "store.evil.example",
      origin: evil,
      "x-forwarded-host": "store.evil.example",
      "x-forwarded-proto": "https",
      forwarded: "host=store.evil.example;proto=https",
    };
    await refused(
      "for evil, relayed with its Host",
      await login(walter, { signed: { origin: evil } }),
      headers,
    );
    await refused(
      "for evil, relayed as ours",
      await login(walter, { signed: { origin: evil }, said: { origin: team.server.url } }),
    );
    await refused("ours, said to be for evil", await login(walter, { said: { origin: evil } }), headers);
    const origins = [
      `${team.server.url}/`,
      team.server.url.replace("http:", "https:"),
      team.server.url.replace(/:\d+$/, ""),
      team.server.url.replace("127.0.0.1", "0.0.0.0"),
      "null",
      "",
    ];
    await Promise.all(
      origins.map(async (origin) =>
        refused(`for the origin '${origin}'`, await login(walter, { signed: { origin } })),
      ),
    );
  });

  test("a client that was lured to another URL, which passes everything on to this store", async () => {
    await using proxy = await HostileServer.start();
    proxy.target = team.server.url;
    const lured = await walter.pstore([`--store-url=${proxy.url}`], {
      env: { XDG_STATE_HOME: `${walter.home}/lured` },
    });
    expect(lured).toMatchObject({ code: 1, text: "" });
    expect(lured.stderr).toMatch(/refused to sign in 'walter'/);
    const relayed = proxy.sent
      .filter(({ endpoint }) => endpoint === "/session")
      .map(({ body }) => body.toString());
    expect(relayed.length).toBeGreaterThan(0);
    for (const body of relayed) {
      const stolen = JSON.parse(body) as LoginRequest;
      await refused("as it came", stolen);
      await refused("said to be for us", { ...stolen, origin: team.server.url });
    }
  });

  test("for another store or user, by another user's key, and by none", async () => {
    const tests: Promise<void>[] = [];
    const told = (what: string, lie: LoginRequest) => void tests.push(refused(what, lie));
    told("another store", await login(walter, { signed: { store: crypto.randomUUID() } }));
    told(
      "signed for joe, said to be walter's",
      await login(walter, { signed: { user: "joe" }, said: { user: "walter" } }),
    );
    told("walter with joe's key", await login(joe, { signed: { user: "walter" } }));
    told("walter's key named, joe signs", await login(walter, { signer: joe }));
    told("joe's key said, walter signed", await login(walter, { said: { key: keyOf(joe) } }));
    told("another case of the name", await login(walter, { signed: { user: "Walter" } }));
    told("admin, who has no key", await login(walter, { signed: { user: "admin" } }));
    const unknown: Fingerprint = openpgpFingerprint("0".repeat(40));
    told("an unknown key", await login(walter, { signed: { key: unknown } }));
    for (const signature of ["", "AAAA", Buffer.from("x".repeat(200)).toString("base64")]) {
      told("no signature", await login(walter, { said: { signature } }));
    }
    told("a fingerprint of no form", await login(walter, { said: { key: "x" } }));
    const { fingerprint } = await generateKey(walter.gnupg, { userId: "walter at home" });
    const own = { ...walter, gnupg: walter.gnupg, fingerprint } as User;
    told("another key of walter's, which the store does not have", await login(walter, { signer: own }));
    const other = { signed: { key: openpgpFingerprint(fingerprint) }, signer: own };
    told("and named as such", await login(walter, other));
    await Promise.all(tests);
  });

  test("a signature of other forms over the right text", async () => {
    for (const options of [["--textmode"], ["--digest-algo", "SHA1"], ["--default-sig-expire", "1y"]]) {
      const one = await login(walter, { options });
      // gpg takes the last one of an option that is given twice.
      const text = loginText({ ...one, store, key: keyOf(walter) });
      const argv = [
        "gpg",
        "--batch",
        "--no-tty",
        "--local-user",
        walter.fingerprint,
        ...options,
        "--detach-sign",
      ];
      const { stdout } = await succeed(argv, { env: walter.gnupg.env, stdin: text });
      await refused(options.join(" "), { ...one, signature: Buffer.from(stdout).toString("base64") });
    }
  });

  test("a commit's signature is no login's, nor the reverse", async () => {
    const commit = commitText(commitOf(store, ["x"]));
    await refused("a commit's", await login(walter, { said: { signature: await signAs(walter, commit) } }));
    const token = await tokenOf(walter);
    const draft = await firstRevision(walter, "signed-as-a-login");
    const asLogin = await login(walter);
    const swapped = await api("POST", "/commits", {
      token,
      json: { ...draft, signature: asLogin.signature },
    });
    expect([swapped.status, swapped.json["code"]]).toEqual([400, "bad-signature"]);
    const text = loginText({ ...asLogin, store, key: keyOf(walter) });
    const asCommit = await api("POST", "/commits", {
      token,
      json: { ...draft, commit: text, signature: asLogin.signature },
    });
    expect([asCommit.status, asCommit.json["code"]]).toEqual([400, "bad-commit"]);
    expect((await api("POST", "/commits", { token, json: draft })).status).toBe(200);
  });
});

describe("a login by an SSH key", () => {
  let ed: SshUser;
  let rsa: SshUser;

  beforeAll(async () => {
    ed = await addSshUser(team, "ed", { type: "ed25519" });
    rsa = await addSshUser(team, "rsa", { type: "rsa" });
  });

  /** A login of which only the signature is wanted, which `sign` makes of the right text. */
  async function sshLogin(
    { name: user, key }: { name: string; key: Fingerprint },
    sign: (text: string) => Promise<string>,
  ): Promise<LoginRequest> {
    const login = { user, key, origin: team.server.url, challenge: await challenge() };
    return { ...login, signature: await sign(loginText({ ...login, store })) };
  }

  test("signs in with what ssh-keygen signs, by either hash", async () => {
    const tests: Promise<void>[] = [];
    for (const user of [ed, rsa]) {
      for (const hash of ["sha512", "sha256"]) {
        const sign = (text: string) => signBlob(user.ssh, text, "pstore-login", "-O", `hashalg=${hash}`);
        const request = await sshLogin(user, sign);
        expect((await post(request)).status).toBe(200);
        tests.push(refused("used twice", request));
      }
    }
    await Promise.all(tests);
  });

  test("not with what was signed for something else, or by another key", async () => {
    const own = await generateSshKey(`${ed.home}/other`, { type: "ed25519" });
    const tests: Promise<void>[] = [];
    const told = (what: string, login: LoginRequest) => void tests.push(refused(what, login));
    for (const namespace of ["pstore-commit", "pstore-vouch", "git", "file"])
      told(namespace, await sshLogin(ed, (text) => signBlob(ed.ssh, text, namespace)));
    told("rsa signs", await sshLogin(ed, (text) => signBlob(rsa.ssh, text, "pstore-login")));
    told("walter signs", await sshLogin(ed, (text) => signAs(walter, text)));
    told("another text", await sshLogin(ed, () => signBlob(ed.ssh, "x", "pstore-login")));
    told("no signature", await sshLogin(ed, async () => Buffer.from("SSHSIG").toString("base64")));
    const byOwn = (text: string) => signBlob(own, text, "pstore-login");
    told("another key of ed's, which the store does not have", await sshLogin(ed, byOwn));
    told("and named as such", await sshLogin({ name: "ed", key: own.fingerprint }, byOwn));
    await Promise.all(tests);
  });

  test("ends with the key; whatever its comment says, it is the same key", async () => {
    const token = async () => {
      const request = await sshLogin(ed, (text) => signBlob(ed.ssh, text, "pstore-login"));
      return await post(request);
    };
    const { status, json } = await token();
    expect(status).toBe(200);
    expect((await team.server.command(["key", "remove", ed.key.slice("ssh:".length)])).code).toBe(0);
    await signedOut("after the removal of the key", json["token"] as string);
    expect((await token()).status).toBe(401);
    await team.server.addKey("ed", `${ed.ssh.line.split(" ").slice(0, 2).join(" ")} rsa`);
    expect((await token()).status).toBe(200);
  });
});

/** What a client would send to make an object without properties. */
async function firstRevision(
  author: User,
  name: string,
  change: Partial<Manifest> = {},
): Promise<CommitRequest> {
  const manifest: Manifest = {
    ...{ store, object: { id: crypto.randomUUID(), name }, revision: 1, previous: null },
    author: { user: author.name, key: keyOf(author) },
    ...{ time: "2026-01-01T00:00:00Z", members: memberOf(author), properties: new Map(), deleted: false },
    ...change,
  };
  const text = encodeManifest(manifest);
  const commit = commitText(commitOf(store, [text]));
  const changes = [{ manifest: text, values: [], wrappedKeys: [] }];
  return { commit, signature: await signAs(author, commit), changes };
}

describe("only a current key of an active user signs in, and a session ends with either", () => {
  test("a disabled user, and again when enabled", async () => {
    const eve = await team.add("eve");
    const token = await tokenOf(eve);
    await team.server.command(["user", "disable", "eve"]);
    await signedOut("disabled", token);
    await refused("disabled", await login(eve));
    await team.server.command(["user", "enable", "eve"]);
    expect((await post(await login(eve))).status).toBe(200);
  });

  test("a removed user", async () => {
    const ida = await team.add("ida");
    const token = await tokenOf(ida);
    const { code } = await team.server.command(["user", "remove", "ida", "--yes"]);
    const removed = code === 0 ? code : (await team.server.command(["user", "remove", "ida"])).code;
    expect(removed).toBe(0);
    await signedOut("removed", token);
    await refused("removed", await login(ida));
  });

  test("a removed key", async () => {
    const una = await team.add("una");
    const token = await tokenOf(una);
    const { code, stderr } = await team.server.command(["key", "remove", keyOf(una)]);
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    await signedOut("key removed", token);
    await refused("key removed", await login(una));
  });

  test("a revoked key, once the store knows", async () => {
    const rob = await team.add("rob");
    const before = await login(rob);
    const token = await tokenOf(rob);
    // gpg signs with no revoked key, so this is signed before.
    await revokeKey(rob.gnupg, rob.fingerprint);
    await team.server.addKey("rob", await exportPublic(rob.gnupg, rob.fingerprint));
    await refused("key revoked", before);
    await signedOut("key revoked", token);
  });

  test("an expired key, also with a signature of its better days", async () => {
    const home = { makeKeys: [{ created: "20250101T000000" }] };
    const old = await team.add({ name: "old", ...home });
    const token = await tokenOf(old);
    const then = ["--faked-system-time", "20250201T000000!"];
    for (const what of [[], ["*"]]) {
      await gpg(old.gnupg, [
        ...then,
        "--passphrase",
        "",
        "--pinentry-mode",
        "loopback",
        "--quick-set-expire",
        old.fingerprint,
        "2025-06-01",
        ...what,
      ]);
    }
    const { text } = await gpg(old.gnupg, ["--list-keys", "--with-colons", old.fingerprint]);
    expect(text).toMatch(/^pub:e:/m);
    await team.server.addKey("old", await exportPublic(old.gnupg, old.fingerprint));
    await refused("key expired", await login(old, { options: then }));
    await signedOut("key expired", token);
  });

  test("the token of another store", async () => {
    await using other = await createTeam({ users: [] });
    await other.server.addUser("walter", walter.gnupg, { keys: [walter.fingerprint] });
    const { url } = other.server;
    const id = (await api("GET", "/store", { url })).json["id"] as string;
    const right = { origin: url, user: "walter", key: keyOf(walter), challenge: await challenge(url) };
    const signature = await signAs(walter, loginText({ ...right, store: id }));
    const answer = await api("POST", "/session", { url, json: { ...right, signature } });
    expect(answer.status).toBe(200);
    await signedOut("another store's token", answer.json["token"] as string);
    // Nor does its challenge, or a login there, serve here.
    await refused(
      "another store's challenge",
      await login(walter, { signed: { challenge: await challenge(url) } }),
    );
    await refused("another store's login", { ...right, signature });
  });

  test("what is no token", async () => {
    const token = await tokenOf(walter);
    for (const wrong of [
      token.slice(0, -1),
      `${token}A`,
      digestOf(token),
      token.toLowerCase(),
      "x",
      "' OR 1=1 --",
    ]) {
      await signedOut("no token", wrong);
    }
    expect((await api("GET", "/objects", { token })).status).toBe(200);
  });
});

describe("a token alone reads, and only what is its user's", () => {
  test("it writes nothing: a commit needs a signature by its author", async () => {
    const [walters, joes] = [await tokenOf(walter), await tokenOf(joe)];
    const draft = await firstRevision(walter, "with-a-token-alone");
    const cases: [string, string, Partial<CommitRequest>, number][] = [
      ["no signature", walters, { signature: "" }, 400],
      ["joe's signature", walters, { signature: await signAs(joe, draft.commit) }, 400],
      ["a signature over something else", walters, { signature: await signAs(walter, "x") }, 400],
      ["walter's commit, sent by joe", joes, {}, 403],
    ];
    for (const [what, token, change, status] of cases) {
      const answer = await api("POST", "/commits", { token, json: { ...draft, ...change } });
      expect({ what, status: answer.status }).toEqual({ what, status });
    }
    expect((await api("GET", "/object?name=with-a-token-alone", { token: walters })).status).toBe(404);
    expect((await api("POST", "/commits", { json: draft })).status).toBe(401);
  });

  test("another user's upload cannot be used, and a digest gives nobody the bytes of another", async () => {
    const [walters, joes] = [await tokenOf(walter), await tokenOf(joe)];
    const bytes = Buffer.alloc(100_000, "s3cret body ");
    const id = crypto.randomUUID();
    const uploaded = await api("PUT", `/uploads/${id}`, { token: walters, bytes });
    expect(uploaded.status).toBe(200);
    expect((await api("PUT", `/uploads/${id}`, { token: joes, bytes })).status).toBe(409);
    const { size, digest } = measure(bytes);
    const entry = { kind: "public", size, digest, revision: 1 } as const;
    const thief = async (name: string, values: CommitRequest["changes"][number]["values"]) => {
      const draft = await firstRevision(joe, name, { properties: new Map([["loot", entry]]) });
      the(draft.changes[0]).values = values;
      return api("POST", "/commits", { token: joes, json: draft });
    };
    const byId = await thief("by-id", [{ property: "loot", upload: id }]);
    expect([byId.status, byId.json["code"]]).toEqual([400, "bad-value"]);
    // To joe it is as if there were no such upload.
    const noSuch = await thief("by-id", [{ property: "loot", upload: crypto.randomUUID() }]);
    expect(byId.raw.replace(id, "")).toBe(noSuch.raw.replace(/[0-9a-f-]{36}(?= of yours)/, ""));
    const byDigest = await thief("by-digest", []);
    expect([byDigest.status, byDigest.json["code"]]).toEqual([400, "bad-value"]);
    // When walter has used it, joe gets at it neither way either.
    const name = "walters-upload";
    const draft = await firstRevision(walter, name, { properties: new Map([["loot", entry]]) });
    the(draft.changes[0]).values = [{ property: "loot", upload: id }];
    const made = await api("POST", "/commits", { token: walters, json: draft });
    expect(made.status).toBe(200);
    expect((await thief("by-id", [{ property: "loot", upload: id }])).status).toBe(400);
    expect((await thief("by-digest", [])).status).toBe(400);
    const [{ id: object }] = made.json["revisions"] as [{ id: string }];
    for (const path of [
      `/objects/${object}/value?property=loot&revision=1`,
      `/objects/${object}/history`,
      `/object?name=${name}`,
    ]) {
      expect((await api("GET", path, { token: joes })).status).toBe(404);
      expect((await api("GET", path, { token: walters })).status).toBe(200);
      expect((await api("GET", path)).status).toBe(401);
    }
  });

  test("a write-only key's session gets nothing that is encrypted", async () => {
    const host = await team.add({ name: "host", keyFlags: ["--write-only"] });
    const name = "host.example.com";
    const made = await walter.pstore(["-c", name, "+host"], { stdin: "s3cret\n" });
    expect(made).toMatchObject({ code: 0 });
    const token = await tokenOf(host);
    const { status, json } = await api("GET", `/object?name=${name}&value=password`, { token });
    expect({ status, values: json["values"], wrappedKeys: json["wrappedKeys"] }).toEqual({
      status: 200,
      values: [],
      wrappedKeys: [],
    });
    const manifest = JSON.parse((json["revision"] as { manifest: string }).manifest) as {
      object: { id: string };
    };
    const value = await api("GET", `/objects/${manifest.object.id}/value?property=password&revision=1`, {
      token,
    });
    expect([value.status, value.json["code"]]).toEqual([403, "forbidden"]);
  });

  test("-a is for privileged users", async () => {
    for (const path of [
      "/objects?all=1",
      "/object?name=walters-upload&all=1",
      "/objects?q=walters-upload&exact=1&all=1",
    ]) {
      expect((await api("GET", path, { token: await tokenOf(joe) })).status).toBe(403);
    }
  });
});

describe("neither answer nor time tells a known user name from an unknown one", () => {
  test("with a wrong signature, over 100 interleaved requests each", async () => {
    const off = await team.add("off");
    await team.server.command(["user", "disable", "off"]);
    const ssh = await addSshUser(team, "ssh", { type: "ed25519" });
    const other = await generateSshKey(`${ssh.home}/other`, { type: "ed25519" });
    const bySsh = await signBlob(ssh.ssh, "something else", "pstore-login");
    const byOther = await signBlob(other, "something else", "pstore-login");
    const byJoe = await signAs(joe, "something else");
    const unknown = openpgpFingerprint("0".repeat(40));
    const kinds: Record<string, { user: string; key: Fingerprint; signature?: string }> = {
      "known user, own key": { user: "walter", key: keyOf(walter) },
      "disabled user, own key": { user: "off", key: keyOf(off) },
      "unknown user, unknown key": { user: "nobody", key: unknown },
      "unknown user, known key": { user: "nobody", key: keyOf(walter) },
      "known user, unknown key": { user: "walter", key: unknown },
      "known user, own SSH key": { user: "ssh", key: ssh.key, signature: bySsh },
      "known user, unknown SSH key": { user: "ssh", key: other.fingerprint, signature: byOther },
      "unknown user, known SSH key": { user: "nobody", key: ssh.key, signature: bySsh },
    };
    const times = new Map<string, number[]>(Object.keys(kinds).map((kind) => [kind, []]));
    const answers = new Set<string>();
    const attempt = async (kind: string, who: { user: string; key: Fingerprint }, good: string) => {
      const json = { origin: team.server.url, challenge: good, signature: byJoe, ...who };
      const start = performance.now();
      const answer = await post(json);
      times.get(kind)?.push(performance.now() - start);
      answers.add(answer.raw);
    };
    // A refusal waits, so some go side by side; each round in another order.
    const rounds = 100;
    const sideBySide = 5;
    for (let round = 0; round < rounds; round += sideBySide) {
      const challenges = await Promise.all(Array.from({ length: sideBySide }, () => challenge()));
      const batch = challenges.flatMap((good) =>
        Object.entries(kinds).map(([kind, who]) => ({ kind, who, good })),
      );
      batch.sort(() => Math.random() - 0.5);
      await Promise.all(batch.map(({ kind, who, good }) => attempt(kind, who, good)));
    }
    expect([...answers]).toEqual([theRefusal ?? [...answers][0] ?? ""]);
    const medians: number[] = [];
    for (const [kind, all] of times) {
      expect(all).toHaveLength(rounds);
      all.sort((a, b) => a - b);
      const at = (share: number) => all[Math.floor(share * (rounds - 1))] ?? 0;
      medians.push(at(0.5));
      console.log(
        `  ${kind.padEnd(28)} median ${at(0.5).toFixed(1)} ms, quartiles ${at(0.25).toFixed(1)}-${at(0.75).toFixed(1)} ms (${rounds} refusals)`,
      );
    }
    expect(Math.max(...medians) / Math.min(...medians)).toBeLessThan(1.1);
  });

  test("challenges are the same for everybody, asked for without a name", async () => {
    const some = await Promise.all(Array.from({ length: 20 }, () => challenge()));
    expect(new Set(some).size).toBe(20);
    for (const one of some) expect(one).toMatch(/^[A-Za-z0-9_-]{75}$/);
  });
});
