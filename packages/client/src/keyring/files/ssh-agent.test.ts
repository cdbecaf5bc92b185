import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { readSshKey, type SshKey } from "@pstore/core/ssh/public-key";
import { signedData, sshsigBlob, verifySshsig } from "@pstore/core/ssh/sshsig";
import { wire, wireString } from "@pstore/core/ssh/wire";
import { SshAgentProcess } from "@pstore/e2e/support/ssh-agent";
import { generateSshKey, type SshKeyOptions, type SshTestKey } from "@pstore/e2e/support/ssh-key";
import { SshAgent } from "./ssh-agent.ts";

const data = Buffer.from("pstore login\n");
let folder: string;
let real: SshAgentProcess;
let ed25519: Key;
let rsa: Key;

interface Key {
  readonly made: SshTestKey;
  readonly publicKey: SshKey;
}

async function make(name: string, options: SshKeyOptions): Promise<Key> {
  const made = await generateSshKey(join(folder, name), options);
  return { made, publicKey: readSshKey(made.line) };
}

beforeAll(async () => {
  folder = mkdtempSync("/tmp/p-");
  real = await SshAgentProcess.start();
  ed25519 = await make("ed25519", { type: "ed25519", passphrase: "secret" });
  rsa = await make("rsa", { type: "rsa", bits: 2048 });
}, 60_000);
afterAll(async () => {
  await real[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

test("an agent signs with the keys that it holds, and with no others", async () => {
  await real.add(ed25519.made);
  for (const { key, holds } of [
    { key: ed25519.publicKey, holds: true },
    { key: rsa.publicKey, holds: false },
  ]) {
    const agent = new SshAgent(real.socket);
    expect(await agent.holds(key)).toBe(holds);
    expect((await agent.sign(key, signedData(data, "login"))) !== null).toBe(holds);
  }
  await real.add(rsa.made);
  for (const { publicKey } of [ed25519, rsa]) {
    const inner = await new SshAgent(real.socket).sign(publicKey, signedData(data, "login"));
    verifySshsig(publicKey, data, "login", sshsigBlob(publicKey, "login", inner ?? new Uint8Array()));
  }
});

test("an agent whose owner does not confirm does not sign", async () => {
  await real.clear();
  // Nobody can be asked: it was started without a terminal and a display.
  await real.add(rsa.made, "-c");
  const agent = new SshAgent(real.socket);
  expect(await agent.holds(rsa.publicKey)).toBe(true);
  expect(await agent.sign(rsa.publicKey, data)).toBeNull();
});

test("where no agent listens, there are no keys", async () => {
  for (const socket of [join(folder, "nobody"), join(folder, "rsa"), folder]) {
    const agent = new SshAgent(socket);
    expect(await agent.holds(rsa.publicKey)).toBe(false);
    expect(await agent.sign(rsa.publicKey, data)).toBeNull();
  }
});

describe("what is no agent is no help either, soon:", () => {
  const message = (...fields: Parameters<typeof wire>) => wireString(wire(...fields));
  const listing = () => message(Uint8Array.of(12), 1, wireString(rsa.publicKey.bytes), wireString("comment"));
  const behaviours: Readonly<Record<string, (connection: Socket, count: number) => void>> = {
    "it says nothing": () => {},
    "it hangs up": (connection) => connection.end(),
    "it says that it failed": (connection) => connection.write(message(Uint8Array.of(5))),
    "it sends an empty message": (connection) => connection.write(wire(0)),
    "it announces too much": (connection) => connection.write(wire(300_000)),
    "it sends half a message": (connection) => connection.end(listing().subarray(0, 30)),
    "it tells of more keys than it sends": (connection) =>
      connection.write(message(Uint8Array.of(12), 0x7fffffff)),
    "it sends a key that is cut off": (connection) =>
      connection.write(message(Uint8Array.of(12), 1, wire(1000), new Uint8Array(20))),
    "it lists, and then says nothing": (connection, count) => {
      if (count === 1) connection.write(listing());
    },
    "it lists, and then signs nonsense": (connection, count) => {
      connection.write(count === 1 ? listing() : message(Uint8Array.of(14), 5));
    },
    "it lists, and then lists again": (connection) => connection.write(listing()),
  };

  test.each(Object.keys(behaviours))("%s", async (name) => {
    const socket = join(folder, "hostile");
    const open = new Set<Socket>();
    let count = 0;
    const server = createServer((connection) => {
      open.add(connection);
      connection.on("error", () => {});
      connection.once("data", () => behaviours[name]?.(connection, ++count));
    });
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    try {
      const agent = new SshAgent(socket, { listing: 50, signing: 50 });
      expect(await agent.holds(rsa.publicKey)).toBe(name.startsWith("it lists"));
      expect(await agent.sign(rsa.publicKey, data)).toBeNull();
    } finally {
      for (const connection of open) connection.destroy();
      server.close();
    }
  });

  test("it answers octet by octet, and is understood", async () => {
    const socket = join(folder, "slow");
    const server = createServer((connection) => {
      connection.setNoDelay(true);
      connection.once("data", async () => {
        for (const octet of listing()) {
          connection.write(Uint8Array.of(octet));
          await new Promise(setImmediate);
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    expect(await new SshAgent(socket).holds(rsa.publicKey)).toBe(true);
    server.close();
  });
});
