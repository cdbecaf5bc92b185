// Everything that reads what others wrote, with what it reads when all is well. A parser gives back a value or throws a
// `Problem`; whatever else it throws is a fault.

import { parseRc } from "@pstore/client/cli/rc-words";
import { parseTemplate } from "@pstore/client/commands/placeholders";
import { parseTarget } from "@pstore/client/programs/ssh-target";
import { checkInclusion, parseCommit } from "@pstore/core/commit";
import { digestOf, measure, sha256 } from "@pstore/core/digest";
import { parseFingerprint } from "@pstore/core/fingerprint";
import { parseJson } from "@pstore/core/json";
import { verifySignature } from "@pstore/core/keys/signature";
import { readUserKey, writeUserKey } from "@pstore/core/keys/user-key";
import { checkWrappedKey } from "@pstore/core/keys/wrapped-key";
import { isMailAddress } from "@pstore/core/mail-address";
import { encodeManifest, parseManifest } from "@pstore/core/manifest";
import { openWhole } from "@pstore/core/openpgp/body";
import { BodyFraming, readPkesk, splitPackets } from "@pstore/core/openpgp/packet";
import { readOpenpgpPrivateKey } from "@pstore/core/openpgp/private-key";
import { nameOfUid } from "@pstore/core/passwd";
import { checkedPieces } from "@pstore/core/pieces";
import { readAgeFile } from "@pstore/core/ssh/age-file";
import { readSshPrivateKey, WrongPassphrase } from "@pstore/core/ssh/private-key";
import { bytes, text } from "../seeds/files.ts";

export interface Parser {
  readonly name: string;
  /** How often it has its turn, beside the others; 10 for what takes some microseconds. */
  readonly weight: number;
  readonly seeds: readonly (Uint8Array | string)[];
  /** @throws Error when what it makes of an input breaks a rule, too */
  parse(input: Uint8Array): unknown;
}

const utf8 = (input: Uint8Array) => Buffer.from(input).toString();
const latin1 = (input: Uint8Array) => Buffer.from(input).toString("latin1");
const manifest = text("manifest.json");
const commit = text("commit.txt");
const store = parseCommit(commit).store;
const sessionKey = bytes("session-key");
const ann = await readUserKey(text("ann.ssh-public"));
const joe = await readUserKey(text("joe.openpgp-public"));
const annSecret = await readSshPrivateKey(text("ann.ssh-private")).unlock(null);
const joeSecret = await readOpenpgpPrivateKey(text("joe.openpgp-private"));
const signed = { text: commit, purpose: "commit" } as const;
const shortValue = Buffer.from("a value");
const servedValue = Buffer.concat([sha256(shortValue), shortValue]);

export const parsers: readonly Parser[] = [
  {
    name: "JSON",
    weight: 10,
    seeds: [manifest, `[1,25,"\\u00e9",{"a":null}]`],
    parse: (input) => parseJson(utf8(input)),
  },
  { name: "manifest", weight: 30, seeds: [manifest], parse: (input) => parseTwice(utf8(input)) },
  { name: "commit", weight: 10, seeds: [commit], parse: (input) => parseCommit(utf8(input)) },
  {
    name: "inclusion",
    weight: 10,
    seeds: [manifest],
    parse: (input) => {
      const revision = {
        manifest: utf8(input),
        commit,
        signature: "",
        index: input.length % 3,
        path: [digestOf(commit)],
      };
      checkInclusion(revision, store);
      throw new Error("A manifest passes for one that was signed.");
    },
  },
  {
    name: "OpenPGP packets",
    weight: 10,
    seeds: [bytes("body.openpgp"), bytes("wrapped.pkesk"), bytes("signature.openpgp")],
    parse: (input) => splitPackets(input, { code: "bad-body", what: "this" }),
  },
  { name: "PKESK", weight: 10, seeds: [bytes("wrapped.pkesk")], parse: readPkesk },
  {
    name: "body framing",
    weight: 10,
    seeds: [bytes("body.openpgp")],
    parse: (input) => {
      const framing = new BodyFraming();
      framing.push(input.subarray(0, input.length >> 1));
      framing.push(input.subarray(input.length >> 1));
      framing.end();
    },
  },
  {
    name: "body",
    weight: 10,
    seeds: [bytes("body.openpgp")],
    parse: (input) => openWhole(sessionKey, input),
  },
  { name: "age file", weight: 10, seeds: [bytes("wrapped.age")], parse: readAgeFile },
  {
    name: "wrapped key",
    weight: 10,
    seeds: [bytes("wrapped.age"), bytes("wrapped.pkesk")],
    parse: (input) => checkWrappedKey(input, ann.fingerprint),
  },
  {
    name: "unwrapping, SSH",
    weight: 3,
    seeds: [bytes("wrapped.age")],
    parse: async (input) => await annSecret.unwrap(input),
  },
  {
    name: "unwrapping, OpenPGP",
    weight: 1,
    seeds: [bytes("wrapped.pkesk")],
    parse: async (input) => await joeSecret.parts[1]?.unwrap(input),
  },
  {
    name: "SSH public key",
    weight: 10,
    seeds: [text("ann.ssh-public"), text("rsa.ssh-public")],
    parse: (input) => readAgain(utf8(input)),
  },
  {
    name: "SSH private key",
    weight: 2,
    seeds: [text("ann.ssh-private"), text("rsa.ssh-private"), text("pem.ssh-private")],
    parse: async (input) => await readSshPrivateKey(utf8(input)).unlock(null),
  },
  {
    name: "SSH private key, locked",
    weight: 1,
    seeds: [text("locked.ssh-private")],
    parse: async (input) => await readLocked(utf8(input)),
  },
  {
    name: "OpenPGP public key",
    weight: 1,
    seeds: [text("joe.openpgp-public")],
    parse: (input) => readAgain(latin1(input)),
  },
  {
    name: "OpenPGP private key",
    weight: 1,
    seeds: [text("joe.openpgp-private")],
    parse: async (input) => await readOpenpgpPrivateKey(latin1(input)),
  },
  {
    name: "SSHSIG",
    weight: 3,
    seeds: [bytes("signature.sshsig")],
    parse: async (input) =>
      isSignature(input, await verifySignature(ann, signed, Uint8Array.from(input)), "signature.sshsig"),
  },
  {
    name: "OpenPGP signature",
    weight: 1,
    seeds: [bytes("signature.openpgp")],
    parse: async (input) => await verifySignature(joe, signed, Uint8Array.from(input)),
  },
  {
    name: "pieces of a value",
    weight: 5,
    seeds: [servedValue],
    parse: async (input) => {
      const pieces: Uint8Array[] = [];
      const expected = measure(shortValue);
      for await (const piece of checkedPieces(streamOf(input), expected, "it")) pieces.push(piece);
      if (!Buffer.concat(pieces).equals(shortValue))
        throw new Error("Another value passes for the one that was signed.");
    },
  },
  {
    name: "fingerprint",
    weight: 5,
    seeds: [ann.fingerprint, joe.fingerprint],
    parse: (input) => parseFingerprint(utf8(input)),
  },
  {
    name: ".pstorerc",
    weight: 10,
    seeds: [text("pstorerc")],
    parse: (input) => parseRc(utf8(input), ".pstorerc"),
  },
  {
    name: "template",
    weight: 5,
    seeds: [`a {{web.example.com/password}} {{"a b" "c"}}\n`],
    parse: (input) => parseTemplate(input, "template"),
  },
  {
    name: "ssh target",
    weight: 5,
    seeds: ["user joe\nhostname web\nport 22\nhostkeyalias none\n"],
    parse: (input) => parseTarget(utf8(input)),
  },
  {
    name: "passwd",
    weight: 5,
    seeds: ["root:x:0:0:root:/root:/bin/sh\njoe:x:1000:1000::/home/joe:/bin/sh\n"],
    parse: (input) => nameOfUid(utf8(input), 1000),
  },
  {
    name: "e-mail address",
    weight: 5,
    seeds: ["joe@example.com", `${"a.".repeat(40)}a@${"b.".repeat(60)}c`],
    parse: (input) => isMailAddress(utf8(input)),
  },
];

/** What was read is written as something that reads as the same. */
function parseTwice(input: string): void {
  const read = parseManifest(input);
  const written = encodeManifest(read);
  if (!Bun.deepEquals(parseManifest(written), read))
    throw new Error("A manifest reads as another one when it is written anew.");
}

/** The same of a key. */
async function readAgain(input: string): Promise<void> {
  const key = await readUserKey(input);
  const again = await readUserKey(await writeUserKey(key));
  if (again.fingerprint !== key.fingerprint)
    throw new Error("A key reads as another one when it is written anew.");
}

async function readLocked(input: string): Promise<void> {
  await readSshPrivateKey(input)
    .unlock("fuzz")
    .catch((error: unknown) => {
      if (!(error instanceof WrongPassphrase)) throw error;
    });
}

function isSignature(input: Uint8Array, verified: unknown, name: string): unknown {
  // Ed25519 signatures have one form (RFC 8032, section 5.1.7); so has what stands around them.
  if (!Buffer.from(input).equals(bytes(name))) throw new Error("Other octets pass for the signature.");
  return verified;
}

async function* streamOf(input: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < input.length; at += 7) yield input.subarray(at, at + 7);
}
