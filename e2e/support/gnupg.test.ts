import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import {
  type Algorithm,
  addSubkey,
  answerPassphrase,
  createHome,
  exportPublic,
  fingerprints,
  forgetPassphrases,
  type GnupgHome,
  generateKey,
  gpg,
  importKeys,
  presetPassphrase,
  privateKeyOperations,
  revokeKey,
  revokeSubkey,
  setExpiry,
  timesAsked,
} from "./gnupg.ts";

let home: GnupgHome;
beforeAll(async () => {
  home = await createHome();
});
afterAll(() => home.dispose());

const encryptTo = (recipient: string, to = home) =>
  gpg(to, ["--trust-model", "always", "--encrypt", "--recipient", recipient], "secret");

/** The command lines of all processes. */
const commandLines = () =>
  readdirSync("/proc")
    .filter((name) => /^[0-9]+$/.test(name))
    .map((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, "utf8");
      } catch {
        return ""; // It has ended since.
      }
    });

/** The letters of field 2 (validity) of the key and its subkeys. */
const validity = async (fingerprint: string) => {
  const { text } = await gpg(home, ["--list-keys", "--with-colons", fingerprint]);
  return [...text.matchAll(/^(?:pub|sub):(.):/gm)].map((match) => match[1]).join("");
};

describe("keys of every algorithm decrypt what is encrypted to them", () => {
  const algorithms: Algorithm[] = [
    "ed25519/cv25519",
    "rsa1024",
    "rsa2048",
    "nistp256",
    "nistp384",
    "nistp521",
    "brainpoolP256r1",
    "brainpoolP512r1",
    "secp256k1",
  ];
  test.each(algorithms)("%s", async (algorithm) => {
    const key = await generateKey(home, { algorithm, userId: `${algorithm} <a@example.com>` });
    const { stdout } = await encryptTo(key.fingerprint);
    expect((await gpg(home, ["--decrypt"], stdout)).text).toBe("secret");
  });
});

test("a key can be unfit in every way", async () => {
  const signOnly = await generateKey(home, { userId: "sign-only", usage: "sign" });
  expect(signOnly.encryption).toBeNull();
  expect((await encryptTo(signOnly.fingerprint)).stderr).toContain("Unusable public key");

  const expired = await generateKey(home, { userId: "expired", created: "20200101T000000", expires: "1y" });
  expect(await validity(expired.fingerprint)).toBe("ee");

  const revoked = await generateKey(home, { userId: "revoked" });
  await revokeKey(home, revoked.fingerprint);
  expect(await validity(revoked.fingerprint)).toBe("rr");

  const renewed = await generateKey(home, { userId: "renewed" });
  const second = await addSubkey(home, renewed.fingerprint, { algorithm: "cv25519", usage: "encr" });
  await revokeSubkey(home, renewed.fingerprint, renewed.encryption ?? "");
  expect(second).not.toBe(renewed.encryption ?? "");
  expect(await validity(renewed.fingerprint)).toBe("uru");
  await setExpiry(home, renewed.fingerprint, "30d");
  const { text } = await gpg(home, ["--list-keys", "--with-colons", renewed.fingerprint]);
  expect(Number(/^pub:(?:[^:]*:){5}(\d+):/m.exec(text)?.[1])).toBeGreaterThan(Date.now() / 1000);
});

test("a passphrase is asked for once, then held until it is forgotten", async () => {
  const passphrase = 'päss %41 word"';
  await using own = await createHome({ countOperations: true });
  const key = await generateKey(own, { userId: "locked", passphrase });
  const message = (await encryptTo(key.fingerprint, own)).stdout;
  const decrypt = async () => (await gpg(own, ["--decrypt"], message)).text;

  expect(await decrypt()).toBe("");
  expect(await timesAsked(own)).toBe(1);
  await answerPassphrase(own, "wrong");
  expect(await decrypt()).toBe("");
  expect(await timesAsked(own)).toBe(4);
  await answerPassphrase(own, passphrase);
  expect(await decrypt()).toBe("secret");
  expect(await decrypt()).toBe("secret");
  expect(await timesAsked(own)).toBe(5);
  await forgetPassphrases(own);
  await answerPassphrase(own, null);
  expect(await decrypt()).toBe("");
  await presetPassphrase(own, key.fingerprint, passphrase);
  const before = await privateKeyOperations(own);
  expect(await decrypt()).toBe("secret");
  const after = await privateKeyOperations(own);
  expect(after.decrypt - before.decrypt).toBe(1);
  expect(await timesAsked(own)).toBe(6);
});

test("a cached key is the same in two homes, a key without a cache is not", async () => {
  await using other = await createHome();
  const options = { userId: "cached", passphrase: "abc", cache: "one" };
  const first = await generateKey(home, options);
  expect(await generateKey(other, options)).toEqual(first);
  expect(await fingerprints(other)).toEqual([first.fingerprint]);
  const message = (await encryptTo(first.fingerprint)).stdout;
  await answerPassphrase(other, "abc");
  expect((await gpg(other, ["--decrypt"], message)).text).toBe("secret");
  await revokeKey(other, first.fingerprint);

  const third = await generateKey(other, { userId: "cached", passphrase: "abc", cache: "two" });
  expect(third.fingerprint).not.toBe(first.fingerprint);
  await importKeys(home, await exportPublic(other, third.fingerprint));
  expect(await fingerprints(home, "cached")).toContain(third.fingerprint);
});

test("a disposed home leaves neither folder nor agent", async () => {
  const gone = await createHome();
  await generateKey(gone, { userId: "gone" });
  await gone.dispose();
  expect(existsSync(gone.path)).toBe(false);
  // The agent says that it will end before it does.
  while (commandLines().some((line) => line.includes(gone.path))) await Bun.sleep(5);
});
