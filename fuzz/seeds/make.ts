// bun fuzz/seeds/make.ts: writes what the keys in seeds/files sign and unwrap, anew. Each time it comes out differently,
// and with it every input that is made of it: so it is kept, and made again only when a format has changed.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { commitOf, commitText } from "@pstore/core/commit";
import { keyCommitment } from "@pstore/core/commitment";
import { measure } from "@pstore/core/digest";
import { readUserKey } from "@pstore/core/keys/user-key";
import { wrapFor } from "@pstore/core/keys/wrapped-key";
import { encodeManifest } from "@pstore/core/manifest";
import { sealWhole } from "@pstore/core/openpgp/body";
import { readOpenpgpPrivateKey } from "@pstore/core/openpgp/private-key";
import { readSshPrivateKey } from "@pstore/core/ssh/private-key";
import { folder, text } from "./files.ts";

const write = (name: string, content: string | Uint8Array) => writeFileSync(join(folder, name), content);
const sessionKey = Buffer.from("42".repeat(32), "hex");
const store = "4b2a7c1e-90d3-4f6a-8e15-2c7d90ab34ef";
const id = "0f8e6d5c-1b2a-4c3d-9e8f-7a6b5c4d3e2f";

const ann = await readUserKey(text("ann.ssh-public"));
const joe = await readUserKey(text("joe.openpgp-public"));
const joeSecret = await readOpenpgpPrivateKey(text("joe.openpgp-private"));
const [signing, encrypting] = joeSecret.parts;
if (signing === undefined || encrypting === undefined) throw new Error("Joe's key lacks a part.");

const body = sealWhole(sessionKey, Buffer.from("hunter2"));
const place = { store, object: id, property: "password", revision: 1 };
const manifest = encodeManifest({
  ...{ store, object: { id, name: "web.example.com" }, revision: 1, previous: null },
  author: { user: "ann", key: ann.fingerprint },
  time: "2026-03-01T12:00:00Z",
  members: new Map([
    ["ann", { access: "write", keys: new Map([[ann.fingerprint, ann.fingerprint]]) }],
    ["joe", { access: "read", keys: new Map([[joe.fingerprint, encrypting.fingerprint]]) }],
  ]),
  properties: new Map([
    ["ip-address", { kind: "public", ...sizeOf(Buffer.from("192.0.2.1")), revision: 1 }],
    [
      "password",
      { kind: "encrypted", ...sizeOf(body), revision: 1, commitment: keyCommitment(sessionKey, place) },
    ],
  ]),
  deleted: false,
});
const commit = commitText(commitOf(store, [manifest]));
write("manifest.json", manifest);
write("commit.txt", commit);
write("session-key", sessionKey);
write("body.openpgp", body);
write("wrapped.pkesk", await wrapFor(joe, encrypting.fingerprint, sessionKey));
write("wrapped.age", await wrapFor(ann, ann.fingerprint, sessionKey));
write("signature.openpgp", await signing.sign(Buffer.from(commit)));
const annSecret = await readSshPrivateKey(text("ann.ssh-private")).unlock(null);
write("signature.sshsig", annSecret.sign(Buffer.from(commit), "commit"));

function sizeOf(bytes: Uint8Array) {
  const { size, digest } = measure(bytes);
  return { size, digest };
}
