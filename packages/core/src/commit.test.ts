import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  checkInclusion,
  commitOf,
  commitText,
  leafOf,
  maxManifests,
  parseCommit,
  type Revision,
} from "./commit.ts";
import { loginText } from "./login.ts";
import { inclusionPaths } from "./merkle.ts";
import { key, problemOf, storeId } from "./samples-for-tests.ts";

const root = "ab".repeat(32);
const text = `pstore commit 1\nstore ${storeId}\nlog 0 -\nmanifests 3 ${root}\n`;

/** What a server serves of the manifests of one commit. */
function revisionsOf(manifests: readonly string[]): Revision[] {
  const leaves = manifests.map(leafOf);
  const commit = commitText(commitOf(storeId, manifests));
  return manifests.map((manifest, index) => ({
    manifest,
    commit,
    signature: "",
    index,
    path: (inclusionPaths(leaves)[index] ?? []).map((step) => Buffer.from(step).toString("hex")),
  }));
}

const texts = (count: number) => Array.from({ length: count }, (_, i) => `manifest ${i}`);

describe("a commit's text", () => {
  test("is of these very bytes, and comes back as it was", () => {
    const commit = { store: storeId, log: "0 -", count: 3, root };
    expect(commitText(commit)).toBe(text);
    expect(parseCommit(text)).toEqual(commit);
    for (const count of [1, 9, 10, 99_999, maxManifests])
      expect(parseCommit(commitText({ ...commit, count })).count).toBe(count);
  });

  test("of two manifests is fixed", () => {
    expect(commitText(commitOf(storeId, ["a", "b"]))).toBe(
      `pstore commit 1\nstore ${storeId}\nlog 0 -\nmanifests 2 ad5ca6cddc0b27c6a83e332bf28011769236e6c6a1f786ebf7b5267b37a5bd22\n`,
    );
  });

  test.each([
    ["nothing", ""],
    ["without its last line feed", text.slice(0, -1)],
    ["with one more", `${text}\n`],
    ["with carriage returns", text.replaceAll("\n", "\r\n")],
    ["with something behind", `${text}x`],
    ["with something in front", `\n${text}`],
    ["of another format", text.replace("commit 1", "commit 2")],
    ["of a store that is no id", text.replace(storeId, "x".repeat(36))],
    ["of a store in capitals", text.replace(storeId, storeId.toUpperCase())],
    ["with a log", text.replace("log 0 -", `log 7 ${root}`)],
    ["of no manifests", text.replace("manifests 3", "manifests 0")],
    ["of too many", text.replace("manifests 3", `manifests ${maxManifests + 1}`)],
    ["with a count of leading zeros", text.replace("manifests 3", "manifests 03")],
    ["with a signed count", text.replace("manifests 3", "manifests +3")],
    ["with a root in capitals", text.replace(root, root.toUpperCase())],
    ["with a short root", text.replace(root, root.slice(2))],
    ["with two spaces", text.replace("manifests 3", "manifests  3")],
    [
      "a login's",
      loginText({
        store: storeId,
        origin: "https://example.com",
        user: "alex",
        key: key("1"),
        challenge: "x",
      }),
    ],
  ])("is refused: %s", (_, other) => {
    expect(problemOf(() => parseCommit(other)).code).toBe("bad-commit");
  });

  test("has one way to be written", () => {
    fc.assert(
      fc.property(fc.nat({ max: text.length - 1 }), fc.string({ maxLength: 2 }), (at, put) => {
        const other = text.slice(0, at) + put + text.slice(at + 1);
        try {
          expect(commitText(parseCommit(other))).toBe(other);
        } catch {
          expect(problemOf(() => parseCommit(other)).code).toBe("bad-commit");
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("a manifest is in its commit", () => {
  test.each([1, 2, 3, 7, 64, 70])("of %d", (count) => {
    for (const revision of revisionsOf(texts(count)))
      expect(() => checkInclusion(revision, storeId)).not.toThrow();
  });

  test("and in no other place", () => {
    const refused = (revision: Revision, store = storeId) =>
      expect(problemOf(() => checkInclusion(revision, store)).code).toBe("untrusted-server");
    for (const count of [1, 2, 5, 8]) {
      for (const revision of revisionsOf(texts(count))) {
        refused({ ...revision, manifest: `${revision.manifest} ` });
        refused({ ...revision, index: revision.index + 1 });
        refused({ ...revision, index: revision.index - 1 });
        refused({ ...revision, index: revision.index + 2 ** 32 });
        refused({ ...revision, path: [...revision.path, root] });
        refused({ ...revision, commit: commitText(commitOf(storeId, ["other", ...texts(count - 1)])) });
        refused(revision, "11111111-1111-4111-8111-111111111111");
        for (const [at, step] of revision.path.entries()) {
          refused({ ...revision, path: revision.path.toSpliced(at, 1) });
          refused({ ...revision, path: revision.path.with(at, step.slice(2)) });
          refused({ ...revision, path: revision.path.with(at, root) });
        }
      }
    }
  });

  test("whose count is as signed", () => {
    const [one] = revisionsOf(texts(1)) as [Revision];
    const lie = one.commit.replace("manifests 1", "manifests 2");
    expect(problemOf(() => checkInclusion({ ...one, commit: lie }, storeId)).code).toBe("untrusted-server");
  });

  test("whose text is one", () => {
    const [one] = revisionsOf(texts(1)) as [Revision];
    expect(problemOf(() => checkInclusion({ ...one, commit: "x" }, storeId)).code).toBe("bad-commit");
  });
});
