import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { openpgpFingerprint, readable } from "@pstore/core/fingerprint";
import { SshFolder } from "@pstore/core/ssh/ssh-for-tests";
import { addUser } from "../../../../services/accounts.ts";
import { addKey } from "../../../../services/keys.ts";
import { holdsPrivateKey } from "../../../../services/private-keys.ts";
import { actor, TestStore, type TestUser } from "../../../../store-for-tests.ts";
import { type Visited, Visitor } from "../../visitor-for-tests.ts";

const nobody = { email: "", fullName: "", staff: false, superuser: false, viewAny: false, password: null };
/** What must stand nowhere as it is written. */
const script = `<script>alert("'1'")</script>`;

let store: TestStore;
let ssh: SshFolder;
let root: Visitor;
let staff: Visitor;
let joe: TestUser;

beforeAll(async () => {
  store = await TestStore.make();
  ssh = new SshFolder();
  await addUser(store.db, actor, { ...nobody, name: "root", staff: true, superuser: true });
  await addUser(store.db, actor, { ...nobody, name: "desk", staff: true, viewAny: true });
  for (const name of ["ann", "bob", "eve", "max"]) await addUser(store.db, actor, { ...nobody, name });
  joe = await store.addUser("joe");
  root = await Visitor.of(store, "root");
  staff = await Visitor.of(store, "desk");
  const objects = ["one", "two <b>"].map((name) => store.draft(joe, name));
  const first = objects[0];
  if (first !== undefined)
    first.manifest = {
      ...first.manifest,
      members: new Map(first.manifest.members).set("max", { access: "read", keys: new Map() }),
    };
  await store.committed(await store.signIn(joe), ...objects);
});
afterAll(async () => {
  ssh.close();
  await store.close();
});

/** Makes a key that nobody has. @returns its fingerprint's hex digits and its armored block */
function pgp(name: string, primary: string, usage: string, subkeys: string[][] = [], expires = "never") {
  const hex = store.gpg.generate(name, primary, usage, expires, subkeys);
  return { hex, block: exported(hex) };
}

function exported(hex: string): string {
  return Buffer.from(store.gpg.run(["--armor", "--export", hex])).toString();
}

function textOf({ text }: Visited): string {
  return text
    .slice(text.indexOf("<main"))
    .replace(/<[^>]+>/g, " ")
    .replaceAll("&#39;", "'")
    .replaceAll("&quot;", '"')
    .replace(/\s+/g, " ");
}

async function preview(user: string, fields: Record<string, string | File>): Promise<Visited> {
  return await root.post(`/users/${user}/keys/add`, { block: "", description: "", ...fields });
}

/** What a preview would send. */
function hidden({ text }: Visited): Record<string, string> {
  const form = text.slice(text.indexOf("/keys/save"));
  const fields: Record<string, string> = {};
  for (const [, name = "", value = ""] of form.matchAll(/type="hidden" name="(\w+)" value="([^"]*)"/g))
    fields[name] = value
      .replaceAll("&quot;", '"')
      .replaceAll("&#39;", "'")
      .replaceAll("&lt;", "<")
      .replaceAll("&gt;", ">")
      .replaceAll("&amp;", "&");
  const { csrf: _, ...rest } = fields;
  return rest;
}

async function save(user: string, page: Visited): Promise<Visited> {
  return await root.post(`/users/${user}/keys/save`, hidden(page));
}

async function stored() {
  const keys = await store.db.selectFrom("public_keys").selectAll().orderBy("fingerprint").execute();
  return { keys, log: (await store.audit()).length };
}

test("keys of gpg, of several algorithms, are shown before they are saved, and saved as they were shown", async () => {
  const kinds: [string, string, string[][], string][] = [
    ["ann-rsa", "rsa2048", [["rsa2048", "encr", "never"]], "rsa2048"],
    ["ann-25519", "ed25519", [["cv25519", "encr", "2y"]], "cv25519"],
    ["ann-nist", "nistp256", [["nistp384", "encr", "never"]], "nistp384"],
    ["ann-brainpool", "brainpoolP256r1", [["brainpoolP256r1", "encr", "never"]], "brainpoolP256r1"],
  ];
  for (const [name, primary, subkeys, encrypts] of kinds) {
    const { hex, block } = pgp(name, primary, "sign,cert", subkeys);
    const before = await stored();
    const page = await preview("ann", {
      block: `Hello,\r\n${block.replaceAll("\n", "\r\n")}`,
      description: name,
    });
    expect(page.status).toBe(200);
    const text = textOf(page);
    expect(text).toContain("Type OpenPGP");
    expect(text).toContain(`Algorithm ${primary}`);
    expect(text).toContain(readable(openpgpFingerprint(hex)).replace("  ", " "));
    expect(text).toContain(`${name} &lt;${name}@example.com&gt;`);
    expect(text).toContain(`with its part ${encrypts}`);
    expect(text).toContain("The key is new here.");
    expect(await stored()).toEqual(before);
    expect((await save("ann", page)).location).toBe("/users/ann?done=key-saved");
    const row = (await stored()).keys.find(({ fingerprint }) => fingerprint === openpgpFingerprint(hex));
    expect(row).toMatchObject({ description: name, write_only: 0, removed: null });
    expect(Buffer.from(store.gpg.run(["--dearmor"], row?.block))).toEqual(
      Buffer.from(store.gpg.run(["--export", hex])),
    );
  }
  expect((await store.audit()).at(-1)).toMatchObject({ user_name: "root", action: "add key", outcome: "ok" });
  const list = textOf(await staff.get("/users/ann"));
  for (const [, primary] of kinds) expect(list).toContain(primary);
});

test("a file is taken as well, armored or binary, and so is the line of an SSH key", async () => {
  const { hex } = pgp("bob", "ed25519", "sign,cert", [["cv25519", "encr", "never"]]);
  const binary = new File([Uint8Array.from(store.gpg.run(["--export", hex]))], "bob.gpg");
  const page = await preview("bob", { file: binary });
  expect(textOf(page)).toContain(readable(openpgpFingerprint(hex)).replace("  ", " "));
  await save("bob", page);
  ssh.generate("rsa", ["-t", "rsa", "-b", "2048"]);
  ssh.generate("ed", ["-t", "ed25519"]);
  for (const [name, algorithm] of [
    ["rsa", "ssh-rsa, 2048 bits"],
    ["ed", "ssh-ed25519, 256 bits"],
  ] as const) {
    const shown = await preview("bob", { block: `\r\n${ssh.read(`${name}.pub`)}\r\n` });
    expect(textOf(shown)).toContain(`Type SSH Algorithm ${algorithm}`);
    expect(textOf(shown)).toContain(`Comment ${name}@example.com`);
    expect(textOf(shown)).toContain("Encrypts with itself");
    expect((await save("bob", shown)).status).toBe(303);
  }
  const keys = textOf(await staff.get("/keys?text=bob"));
  expect(keys).toContain("ssh-rsa, 2048 bits");
  expect(keys).toContain("ed25519");
  const both = await preview("bob", { file: binary, block: ssh.read("ed.pub") });
  expect([both.status, textOf(both).includes("there is both a pasted key and a file".slice(1))]).toEqual([
    400,
    true,
  ]);
  const none = await preview("bob", { file: new File([], "") });
  expect([none.status, textOf(none).includes("here is no key; paste one")]).toEqual([400, true]);
});

test("what cannot be used is refused with a sentence, and saves nothing", async () => {
  const before = (await stored()).keys;
  const signs = pgp("signs", "ed25519", "sign,cert");
  const dsa = pgp("dsa", "dsa2048", "cert,sign");
  const revoked = pgp("revoked", "ed25519", "sign,cert", [["cv25519", "encr", "never"]]);
  store.gpg.run(
    ["--import"],
    readFileSync(`${store.gpg.path}/openpgp-revocs.d/${revoked.hex}.rev`, "utf8").replace(":---", "---"),
  );
  const expired = exported(
    (() => {
      store.gpg.run([
        "--faked-system-time",
        "20200101T000000",
        "--quick-gen-key",
        "old <old@example.com>",
        "ed25519",
        "sign,cert",
        "1y",
      ]);
      return store.gpg.fingerprint("old");
    })(),
  );
  for (const [block, sentence] of [
    [signs.block, "cannot encrypt"],
    [dsa.block, "DSA"],
    [exported(revoked.hex), "it is revoked"],
    [expired, "it is expired since 2020-12-31"],
    [signs.block.replace(/[A-Za-z]{4}/, "AAAA"), ""],
    [`${signs.block}${dsa.block}`, "several OpenPGP blocks"],
    ["hello", "This is no public key"],
    [script, "This is no public key"],
  ] as const) {
    const page = await preview("eve", { block, description: script });
    expect([page.status >= 400, textOf(page).includes(sentence), sentence]).toEqual([true, true, sentence]);
    expect(page.text).not.toContain("<script>alert");
    expect(page.text).not.toContain("/keys/save");
  }
  const writeOnly = await preview("eve", { block: signs.block, writeOnly: "1" });
  expect(textOf(writeOnly)).toContain("Encrypts no: it is write-only");
  expect(textOf(writeOnly)).toContain("will write what eve may");
  await save("eve", writeOnly);
  expect(
    (await stored()).keys.filter((key) => !before.some((old) => old.fingerprint === key.fingerprint)),
  ).toMatchObject([{ fingerprint: openpgpFingerprint(signs.hex), write_only: 1 }]);
  const joes = await preview("eve", { block: exported(joe.key.slice("openpgp:".length)) });
  expect([joes.status, textOf(joes).includes("is or was joe's")]).toEqual([409, true]);
  const reading = await preview("eve", { block: signs.block });
  expect([reading.status, textOf(reading).includes("is registered as write-only; remove it first")]).toEqual([
    409,
    true,
  ]);
});

test("a private key is refused loudly, is not stored or logged, and is shown no more", async () => {
  const { hex } = pgp("leaky", "ed25519", "sign,cert", [["cv25519", "encr", "never"]]);
  const secret = store.gpg.run(["--export-secret-keys", hex]);
  const armored = Buffer.from(store.gpg.run(["--armor", "--export-secret-keys", hex])).toString();
  ssh.generate("leaky", ["-t", "ed25519"]);
  const openssh = ssh.read("leaky");
  const age = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";
  const before = await stored();
  for (const [fields, told] of [
    [{ block: armored }, armored.split("\n")[3]],
    [{ block: `${exported(hex)}\n${armored}` }, armored.split("\n")[3]],
    [{ file: new File([Uint8Array.from(secret)], "key") }, ""],
    [{ block: openssh }, openssh.split("\n")[2]],
    [{ block: `my key:\n${openssh}` }, openssh.split("\n")[2]],
    [{ block: ssh.read("leaky.pub"), file: new File([openssh], "id_ed25519") }, openssh.split("\n")[2]],
    [{ file: new File([Buffer.from(`\uFEFF${armored}`, "utf16le")], "key") }, ""],
    [{ block: `# created: 2026-01-01\n${age}\n` }, age],
  ] as const) {
    const page = await preview("max", { ...fields, description: "laptop" });
    expect(page.status).toBeGreaterThanOrEqual(400);
    expect(textOf(page)).toContain("This is a private key, and it does not belong here.");
    expect(page.text).toContain('role="alert"');
    if (told) expect(page.text).not.toContain(told);
    expect(page.text).toContain('value="laptop"');
  }
  expect(await stored()).toEqual(before);
  // Nor past the preview.
  const saved = await root.post("/users/max/keys/save", { block: openssh, fingerprint: "", description: "" });
  expect(saved.status).toBe(422);
  expect(JSON.stringify(await store.audit())).not.toContain(openssh.split("\n")[2] ?? "?");
  expect((await stored()).keys).toEqual(before.keys);
  expect(holdsPrivateKey(Buffer.from(ssh.read("leaky.pub")))).toBe(false);
  expect(holdsPrivateKey(joe.block)).toBe(false);
});

test("too much is refused in a sentence", async () => {
  const page = await preview("max", { block: "A".repeat(10 * 1024 * 1024) });
  expect([page.status, textOf(page).includes("The form is over 1024 KiB")]).toEqual([413, true]);
  const key = await preview("max", { block: `-----BEGIN PGP PUBLIC KEY BLOCK-----\n${"A".repeat(300_000)}` });
  expect([key.status, textOf(key).includes("this key is over 256 KiB".slice(1))]).toEqual([422, true]);
});

test("a preview says what saving means: who encrypts anew, and who must trust it", async () => {
  const first = await preview("max", {
    block: pgp("max", "ed25519", "sign,cert", [["cv25519", "encr", "never"]]).block,
  });
  expect(textOf(first)).toContain(
    "max waits to be let in on 1 object: a writer of each runs pstore --pending=max",
  );
  expect(textOf(first)).toContain("It is the first key of max");

  const other = pgp("joe-new", "ed25519", "sign,cert", [["cv25519", "encr", "never"]]);
  const changed = textOf(await preview("joe", { block: other.block }));
  expect(changed).toContain("With it, joe reads nothing yet on 2 objects");
  expect(changed).toContain("pstore --rewrap pstore --rewrap=joe");
  expect(changed).toContain("pstore --trust joe");

  const oldHex = joe.key.slice("openpgp:".length);
  store.gpg.run(["--yes", "-u", oldHex, "--quick-sign-key", other.hex]);
  const introduced = textOf(await preview("joe", { block: exported(other.hex) }));
  expect(introduced).toContain("An earlier key of joe has signed this one");
  expect(introduced).not.toContain("--trust");

  const known = textOf(await preview("joe", { block: exported(oldHex) }));
  expect(known).toContain("joe has this key already, and this copy says nothing new.");
  expect(known).toContain("No object has to be encrypted anew for it.");

  store.gpg.run(["--quick-set-expire", oldHex, "1y"]);
  store.gpg.run(["--quick-add-uid", oldHex, `Joe ${script.replace(/[<>]/g, "_")} <new@example.com>`]);
  store.gpg.run(["--quick-add-key", oldHex, "cv25519", "encr", "1y"]);
  const newer = await preview("joe", { block: exported(oldHex) });
  expect(textOf(newer)).toContain("What this copy says anew is taken over");
  expect(textOf(newer)).toContain("(before: never)");
  expect(textOf(newer)).toContain("values will be encrypted to another part of it");
  expect(textOf(newer)).toContain("a user id is added: Joe _script_");
  expect(textOf(newer)).toContain("2 objects of joe are encrypted to an earlier part of this key");
  expect((await save("joe", newer)).status).toBe(303);
  expect(textOf(await staff.get("/keys?text=NEW%40example"))).toContain(readable(joe.key).replace("  ", " "));
});

test("only what was shown is saved", async () => {
  const [a, b] = ["tampered", "tampering"].map((name) =>
    pgp(name, "ed25519", "sign,cert", [["cv25519", "encr", "never"]]),
  );
  const page = await preview("eve", { block: a?.block ?? "" });
  const before = (await stored()).keys;
  const other = await root.post("/users/eve/keys/save", { ...hidden(page), block: b?.block ?? "" });
  expect([other.status, textOf(other).includes("his is another key than the one that was shown")]).toEqual([
    400,
    true,
  ]);
  expect((await root.post("/users/eve/keys/save", hidden(page), { csrf: null })).status).toBe(403);
  expect((await staff.post("/users/eve/keys/save", hidden(page))).status).toBe(403);
  expect((await staff.post("/users/eve/keys/add", { block: a?.block ?? "", description: "" })).status).toBe(
    403,
  );
  expect((await staff.get("/users/eve/keys/add")).status).toBe(403);
  expect((await stored()).keys).toEqual(before);
});

test("nothing that a key says of its holder runs, or hides what stands around it", async () => {
  store.gpg.run([
    "--allow-freeform-uid",
    "--quick-gen-key",
    `${script}\u202e`,
    "ed25519",
    "sign,cert",
    "never",
  ]);
  const hex =
    /^fpr:+([0-9A-F]{40})/m.exec(
      Buffer.from(store.gpg.run(["--with-colons", "--list-keys", `=${script}\u202e`])).toString(),
    )?.[1] ?? "";
  store.gpg.run(["--quick-add-key", hex, "cv25519", "encr", "never"]);
  const page = await preview("eve", { block: exported(hex), description: `${script}\u202e` });
  expect(page.status).toBe(200);
  await save("eve", page);
  const key = `/key?fingerprint=openpgp%3A${hex}`;
  const pages = [
    page,
    await staff.get(key),
    await root.get(key),
    await root.get(key.replace("/key", "/key/edit")),
    await root.get(key.replace("/key", "/key/remove")),
    await staff.get("/keys"),
    await staff.get(`/keys?text=${encodeURIComponent(script)}`),
    await staff.get("/users/eve"),
  ];
  for (const { status, text } of pages) {
    expect(status).toBe(200);
    expect(text).not.toContain("<script>alert");
    expect(text.replace(/(?:value|href)="[^"]*"/g, "")).not.toContain("\u202e");
    expect(text).toContain("&lt;script&gt;");
  }
  expect(pages[1]?.text).toContain("\\u{202e}");
  ssh.generate("ed2", ["-t", "ed25519"]);
  const line = `${ssh.read("ed2.pub").trim()} ${script}\u202e`;
  const sshPage = await preview("eve", { block: line });
  await save("eve", sshPage);
  const sshKey = await root.get(`/key?fingerprint=${encodeURIComponent(ssh.publicKey("ed2").fingerprint)}`);
  expect(sshKey.text).toContain("\\u{202e}</code>");
  for (const { text } of [sshPage, sshKey]) {
    expect(text).not.toContain("<script>alert");
    expect(text.replace(/(?:value|href)="[^"]*"/g, "")).not.toContain("\u202e");
  }
  for (const path of ["/key", "/key?fingerprint=x", `/key?fingerprint=${encodeURIComponent(script)}`]) {
    const { status, text } = await staff.get(path);
    expect([status, text.includes("<script>alert")]).toEqual([400, false]);
  }
});

test("keys are found by fingerprint, user, user id and description, and the list goes on", async () => {
  const found = async (text: string) =>
    [
      ...(await staff.get(`/keys?text=${encodeURIComponent(text)}`)).text.matchAll(
        /href="\/key\?fingerprint=([^"]+)"/g,
      ),
    ].map(([, fingerprint = ""]) => decodeURIComponent(fingerprint));
  expect(await found(readable(joe.key).slice(0, 14).toLowerCase())).toEqual([joe.key]);
  expect(await found("ANN-NIST@EXAMPLE")).toHaveLength(1);
  expect(await found("ann-nist")).toHaveLength(1);
  expect(await found("ed@example.com")).toHaveLength(1);
  expect(await found("%")).toEqual([]);
  await addUser(store.db, actor, { ...nobody, name: "many" });
  const lines: string[] = [];
  for (let n = 0; n < 52; n++) {
    const { line } = await store.makeSshKey("ed25519", `many${n}`);
    lines.push(line);
    await addKey(store.db, actor, {
      user: "many",
      block: Buffer.from(line),
      writeOnly: false,
      description: "",
    });
  }
  const first = await staff.get("/keys?text=many");
  const next = /href="([^"]+)" rel="next"/.exec(first.text)?.[1]?.replaceAll("&amp;", "&") ?? "";
  const prints = ({ text }: Visited) =>
    [...text.matchAll(/\/key\?fingerprint=([^"]+)"/g)].map(([, print]) => print);
  const all = [...prints(first), ...prints(await staff.get(next))];
  expect([prints(first).length, new Set(all).size]).toEqual([50, 52]);
});

test("a description is changed by superusers alone, and the log tells", async () => {
  const path = `/key/edit?fingerprint=${encodeURIComponent(joe.key)}`;
  expect((await staff.post(path, { description: "mine" })).status).toBe(403);
  expect((await root.post(path, { description: "x".repeat(256) })).status).toBe(400);
  const done = await root.post(path, { description: "joe's laptop" });
  expect(done.location).toContain("done=saved");
  expect(textOf(await staff.get("/keys?text=LAPTOP"))).toContain("joe's laptop");
  expect((await store.audit()).at(-1)).toMatchObject({
    action: "edit key",
    detail: `${joe.key}: description from '' to 'joe's laptop'`,
  });
});

test("before a key is removed, the page says what hangs on it", async () => {
  const path = `/key/remove?fingerprint=${encodeURIComponent(joe.key)}`;
  const page = await root.get(path);
  expect(textOf(page)).toContain("Nobody could read 2 objects any more,");
  expect(textOf(page)).toContain("joe has no other key");
  expect(textOf(page)).toContain("pstore --rewrap=joe");
  expect(page.text).not.toContain("two <b>");
  expect((await staff.get(path)).status).toBe(403);
  expect((await staff.post(path)).status).toBe(403);
  const token = await store.signIn(joe);
  expect((await root.post(path)).location).toBe("/users/joe?done=key-removed");
  expect((await store.call("GET", "/objects", { token })).status).toBe(401);
  expect(textOf(await staff.get("/users/joe"))).toContain("removed");
  expect((await staff.get("/keys")).text).not.toContain(encodeURIComponent(joe.key));
  expect((await root.get(path)).status).toBe(404);
  const back = textOf(await preview("joe", { block: exported(joe.key.slice("openpgp:".length)) }));
  expect(back).toContain("joe had this key before, and it was removed.");
});
