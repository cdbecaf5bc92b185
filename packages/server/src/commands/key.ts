import { readable } from "@pstore/core/fingerprint";
import { encryptionSubkey } from "@pstore/core/keys/usability";
import type { UserKey } from "@pstore/core/keys/user-key";
import { Problem } from "@pstore/core/problem";
import { asciiLine } from "@pstore/core/visible";
import { readArguments } from "../cli/arguments.ts";
import { type Command, commandActor, commonHelp, withDatabase } from "../cli/command.ts";
import type { Io } from "../cli/io.ts";
import { readKeyFile } from "../cli/key-file.ts";
import { describeExpiry, describeKey, typeOf } from "../cli/shown-key.ts";
import { table } from "../cli/table.ts";
import { typedFingerprint } from "../cli/typed-fingerprint.ts";
import { addKey, allKeys, removeKey } from "../services/keys.ts";

const usages = {
  add: "pstore-server key add NAME FILE|- [--write-only] [--description TEXT]",
  list: "pstore-server key list [NAME] [--json]",
  remove: "pstore-server key remove FINGERPRINT",
};

export const key: Command = {
  name: "key",
  summary: "add, list and remove users' public keys",
  help: `${usages.add}
${usages.list}
${usages.remove}

add     registers a public key of a user, from a file or (-) from standard
        input: an armored OpenPGP block, or the line of an SSH key's .pub file
        (ssh-ed25519, or ssh-rsa of 2048 bits and more; others cannot decrypt);
        a newer copy of a registered key (extended, with a new subkey) is taken
        over
list    shows the registered keys
remove  takes a key from its user: it signs in no more, and nothing more is
        encrypted to it; FINGERPRINT is as 'key list' and, for an SSH key,
        'ssh-keygen -l' show it

  --write-only         the key signs in and writes, nothing is encrypted to it
  --description TEXT   for people
  --json               lists as JSON
${commonHelp}`,

  async run([action, ...argv], io) {
    if (action === "add") return await add(argv, io);
    if (action === "list") return await list(argv, io);
    if (action === "remove") return await remove(argv, io);
    throw new Problem(
      "usage",
      `say what to do with keys: add, list or remove; see 'pstore-server key --help'`,
    );
  },
};

async function add(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = readArguments(
    argv,
    { "write-only": { type: "boolean" }, description: { type: "string" } },
    { least: 2, most: 2, usage: usages.add },
  );
  const [name = "", file = ""] = positionals;
  const block = file === "-" ? await io.stdin() : readKeyFile(file);
  return await withDatabase(values, io, async (db) => {
    const added = await addKey(db, commandActor(), {
      user: name,
      block,
      writeOnly: values["write-only"] ?? false,
      description: values.description ?? "",
    });
    if (added.fault === null) io.stdout(describeKey(name, added, new Date()));
    else io.stderr(`${added.fault}\n`);
    if (added.known) io.stderr("this key was registered already; what is new in it was taken over\n");
    return 0;
  });
}

async function list(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = readArguments(
    argv,
    { json: { type: "boolean" } },
    { least: 0, most: 1, usage: usages.list },
  );
  return await withDatabase(values, io, async (db) => {
    const rows = await Promise.all(
      (await allKeys(db, positionals[0])).map(async ({ user, publicKey, row }) => ({
        user,
        fingerprint: publicKey.fingerprint,
        type: publicKey.type,
        algorithm: publicKey.algorithm,
        userIds: publicKey.userIds,
        writeOnly: row.write_only === 1,
        expires: readsUntil(publicKey, row.write_only === 1),
        description: row.description,
        added: row.added,
      })),
    );
    if (values.json) {
      io.stdout(`${JSON.stringify({ keys: rows }, null, 2)}\n`);
      return 0;
    }
    const now = new Date();
    io.stdout(
      table(
        ["User", "Fingerprint", "Type", "Algorithm", "Reads", "Expires", "Description"],
        rows.map((row) => [
          row.user,
          readable(row.fingerprint),
          typeOf(row),
          row.algorithm,
          row.writeOnly ? "no" : "yes",
          describeExpiry(row.expires, now),
          asciiLine(row.description),
        ]),
      ),
    );
    return 0;
  });
}

/** When a key stops serving: its encryption subkey may expire before it. */
function readsUntil(publicKey: UserKey, writeOnly: boolean): Date | null {
  if (writeOnly) return publicKey.expires;
  try {
    return encryptionSubkey(publicKey, new Date(), "").expires;
  } catch {
    return publicKey.encrypting.at(0)?.expires ?? publicKey.expires;
  }
}

async function remove(argv: readonly string[], io: Io): Promise<number> {
  // A fingerprint that was copied with its spaces is several words.
  const { values, positionals } = readArguments(argv, {}, { least: 1, most: 12, usage: usages.remove });
  const fingerprint = typedFingerprint(positionals.join(""));
  return await withDatabase(values, io, async (db) => {
    await removeKey(db, commandActor(), fingerprint);
    io.stderr(
      "removed; machines list the key until a writer changes them, and values stay wrapped to it until then\n",
    );
    return 0;
  });
}
