import { afterAll, beforeAll, expect, test } from "bun:test";
import { appendFileSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { createFolder } from "@pstore/e2e/support/folder";
import { succeed } from "@pstore/e2e/support/process";
import { generateSshKey } from "@pstore/e2e/support/ssh-key";
import { readPublicFile } from "./public-file.ts";

let folder: string;
beforeAll(async () => {
  folder = await createFolder();
});
afterAll(() => rmSync(folder, { recursive: true }));

test("a public key file is read, and a few things that are none are passed over at once", async () => {
  const { line } = await generateSshKey(join(folder, "key"), { type: "ed25519" });
  const [, base64 = ""] = line.split(" ");
  const file = join(folder, "key.pub");
  expect(Buffer.from((await readPublicFile(file))?.bytes ?? []).toString("base64")).toBe(base64);
  appendFileSync(file, "\n".repeat(70_000));
  mkdirSync(join(folder, "folder.pub"));
  symlinkSync("/dev/zero", join(folder, "endless.pub"));
  await succeed(["mkfifo", join(folder, "pipe.pub")]);
  for (const name of ["key", "missing", "folder", "endless", "pipe"])
    expect({ name, key: await readPublicFile(join(folder, `${name}.pub`)) }).toEqual({ name, key: null });
}, 5000);
