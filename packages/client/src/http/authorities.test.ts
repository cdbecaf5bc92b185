import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Authorities } from "./authorities.ts";

let home: string;
let certificate: string;
let key: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "p-"));
  const made = Bun.spawnSync([
    ...["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=authority"],
    ...["-keyout", join(home, "key.pem"), "-out", join(home, "authority.pem")],
  ]);
  expect(made.exitCode).toBe(0);
  certificate = await Bun.file(join(home, "authority.pem")).text();
  key = await Bun.file(join(home, "key.pem")).text();
});
afterAll(() => rm(home, { recursive: true }));

const pemOf = (named: string | null) => new Authorities(named, home).pem();

/** What is said of a file with these contents. */
async function refused(contents: string | Uint8Array): Promise<string> {
  await writeFile(join(home, "wrong.pem"), contents);
  try {
    return `taken: ${pemOf("~/wrong.pem")}`;
  } catch (error) {
    return (error as Error).message;
  }
}

test("without a file, those that the runtime knows are believed", () => {
  expect(pemOf(null)).toBe(null);
});

test("the certificates of a file, and nothing else of it", async () => {
  expect(pemOf("~/authority.pem")).toBe(certificate);
  expect(pemOf(join(home, "authority.pem"))).toBe(certificate);
  await writeFile(join(home, "bundle.pem"), `# two\r\n${certificate}${key}text\n${certificate}`);
  expect(pemOf("~/bundle.pem")).toBe(`${certificate}${certificate}`);
});

test("what is no such file is told in a sentence", async () => {
  const remedy = "; name an authority's certificate with --ca-file";
  const none = `~/wrong.pem holds no certificate in PEM (-----BEGIN CERTIFICATE-----)${remedy}`;
  for (const contents of ["", key, "hello", new Uint8Array([0x30, 0x82, 0xff])])
    expect(await refused(contents)).toBe(none);
  const broken = certificate.replace(/\n[A-Za-z0-9+/]{20}/, "\nAAAAAAAAAAAAAAAAAAAA");
  expect(await refused(broken)).toBe(`certificate 1 of ~/wrong.pem is malformed${remedy}`);
  expect(await refused(certificate + broken)).toBe(`certificate 2 of ~/wrong.pem is malformed${remedy}`);
  expect(() => pemOf("~/none.pem")).toThrow("there is no file ~/none.pem; mend its name in --ca-file");
  await mkdir(join(home, "folder"));
  expect(() => pemOf("~/folder")).toThrow("~/folder is a folder; name the file of certificates in it");
});
