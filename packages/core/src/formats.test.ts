import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { checkInclusion, commitText, leafOf } from "./commit.ts";
import { keyCommitment } from "./commitment.ts";
import { digestOf, measure } from "./digest.ts";
import { loginText, webLoginText } from "./login.ts";
import { encodeManifest, type Manifest, parseManifest } from "./manifest.ts";
import { inclusionPaths, merkleRoot } from "./merkle.ts";
import { openWhole, sealWhole } from "./openpgp/body.ts";
import { first, key, objectId, storeId } from "./samples-for-tests.ts";
import { formats, vector } from "./vectors-for-tests.ts";

/** A line of the block of digests. */
function digest(what: string): string {
  const line = vector("digests")
    .split("\n")
    .find((one) => one.startsWith(`${what} `));
  return line?.slice(what.length + 1) ?? "";
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

const sessionKey = Uint8Array.from({ length: 32 }, (_, i) => i);
const place = { store: storeId, object: objectId, property: "password", revision: 1 };
const body = () => Uint8Array.from(Buffer.from(vector("body"), "base64"));
const commitment = keyCommitment(sessionKey, place);
const sample = (): Manifest => ({
  ...first,
  properties: new Map([
    ["ip-address", { kind: "public", digest: measure(Buffer.from("10.1.2.3")).digest, size: 8, revision: 1 }],
    ["password", { kind: "encrypted", digest: measure(body()).digest, size: 256, revision: 1, commitment }],
  ]),
});
const login = {
  store: storeId,
  origin: "https://pstore.example.com",
  user: "alex",
  key: key("1"),
  challenge: "Zm9vYmFy_-9",
};

describe("docs/formats.md tells, byte for byte,", () => {
  test("a body", () => {
    expect(Buffer.from(openWhole(sessionKey, body())).toString()).toBe("hunter2");
    expect(body()).toHaveLength(256);
    expect(digest("digest of the body")).toBe(measure(body()).digest);
    for (const [from, to, size] of [
      [0, 172, 256],
      [173, 427, 512],
      [4095, 4095, 4352],
    ] as const)
      for (const length of [from, to])
        expect(sealWhole(sessionKey, new Uint8Array(length))).toHaveLength(size);
  });

  test("a key commitment", () => {
    expect(new Bun.CryptoHasher("sha256", sessionKey).update(vector("commitment")).digest("hex")).toBe(
      commitment,
    );
    expect(digest("key commitment")).toBe(commitment);
  });

  test("a manifest", () => {
    const text = vector("manifest").replace(/\n$/, "");
    expect(encodeManifest(sample())).toBe(text);
    expect(parseManifest(text)).toEqual(sample());
    expect(digest("digest of the manifest")).toBe(digestOf(text));
    expect(digest("digest of the public value 10.1.2.3")).toBe(measure(Buffer.from("10.1.2.3")).digest);
  });

  test("a commit and a path in it", () => {
    const manifest = encodeManifest(sample());
    const leaves = [leafOf(manifest), Buffer.alloc(32, 0xbb)];
    const root = hex(merkleRoot(leaves));
    const [step] = (inclusionPaths(leaves)[0] ?? []).map(hex) as [string];
    const commit = commitText({ store: storeId, log: "0 -", count: 2, root });
    expect(vector("commit")).toBe(commit);
    expect(digest("root of the commit")).toBe(root);
    expect(digest("path of the manifest, index 0 of 2")).toBe(step);
    expect(digest("SHA-256 of the commit's text")).toBe(digestOf(commit));
    checkInclusion({ manifest, commit, signature: "", index: 0, path: [step] }, storeId);
  });

  test("a login", () => {
    expect(vector("login")).toBe(loginText(login));
    expect(digest("SHA-256 of the login's text")).toBe(digestOf(loginText(login)));
    expect(vector("weblogin")).toBe(webLoginText(login));
    expect(digest("SHA-256 of the web login's text")).toBe(digestOf(webLoginText(login)));
  });

  test("how plain gpg opens a body with its session key", () => {
    const home = mkdtempSync("/tmp/p-");
    try {
      const option = /--override-session-key (9:[0-9A-F]{64}) -d body/.exec(formats)?.[1] ?? "";
      const args = ["--homedir", home, "--batch", "--quiet", "--override-session-key", option, "-d"];
      const { status, stdout } = spawnSync("gpg", args, { input: body() });
      expect(status).toBe(0);
      expect(stdout.toString()).toBe("hunter2");
    } finally {
      spawnSync("gpgconf", ["--homedir", home, "--kill", "all"]);
      rmSync(home, { recursive: true, force: true });
    }
  });
});
