import { readable } from "@pstore/core/fingerprint";
import { Problem } from "@pstore/core/problem";
import { asciiLine } from "@pstore/core/visible";
import { readArguments } from "../cli/arguments.ts";
import { type Command, commandActor, commonHelp, withDatabase } from "../cli/command.ts";
import { confirm } from "../cli/confirm.ts";
import type { Io } from "../cli/io.ts";
import { readKeyFile } from "../cli/key-file.ts";
import { describeExpiry, describeKey, typeOf } from "../cli/shown-key.ts";
import { table } from "../cli/table.ts";
import { typedFingerprint } from "../cli/typed-fingerprint.ts";
import { servesUntil } from "../services/key-facts.ts";
import { countsWithout, type KeyStanding, standingOfKey } from "../services/key-standing.ts";
import { addKey, allKeys, removeKey } from "../services/keys.ts";

const usages = {
  add: "pstore-server key add NAME FILE|- [--write-only] [--description TEXT]",
  list: "pstore-server key list [NAME] [--json]",
  remove: "pstore-server key remove FINGERPRINT [--yes]",
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
remove  takes a key from its user: it signs in no more, nothing more is
        encrypted to it, and what was encrypted to it alone, older values too,
        its user reads no more; says what depends on it, and asks first where
        nobody else reads or writes a machine; FINGERPRINT is as 'key list'
        and, for an SSH key, 'ssh-keygen -l' show it

  --write-only         the key signs in and writes, nothing is encrypted to it
  --description TEXT   for people
  --json               lists as JSON
  --yes                answers yes to the question of remove
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
    if (added.known) {
      const isSsh = added.publicKey.type === "ssh";
      io.stderr(`this key was registered already${isSsh ? "" : "; what is new in it was taken over"}\n`);
    }
    if (added.fault === null) {
      const part = added.encrypts?.fingerprint ?? null;
      const counts = await countsWithout(db, name, added.publicKey.fingerprint, part);
      for (const line of nextOf(name, counts)) io.stderr(`${line}\n`);
    }
    return 0;
  });
}

/** What is still to be done before a key that was added is of use. */
function nextOf(user: string, { waiting, others }: { waiting: number; others: number }): readonly string[] {
  const lines: string[] = [];
  if (waiting > 0)
    lines.push(`${user} waits to be let in on ${counted(waiting)}: a writer of each runs pstore --pending`);
  if (others > 0)
    lines.push(
      `${counted(others)} of ${user} ${others === 1 ? "is" : "are"} not encrypted to it yet: ${user} runs pstore --rewrap where an older key is, or a writer of each pstore --rewrap=${user}`,
    );
  return lines;
}

function counted(count: number): string {
  return count === 1 ? "1 machine" : `${count} machines`;
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
        expires: servesUntil(publicKey, row.write_only === 1, new Date()),
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

async function remove(argv: readonly string[], io: Io): Promise<number> {
  // A fingerprint that was copied with its spaces is several words.
  const { values, positionals } = readArguments(
    argv,
    { yes: { type: "boolean" } },
    { least: 1, most: 12, usage: usages.remove },
  );
  const fingerprint = typedFingerprint(positionals.join(""));
  return await withDatabase(values, io, async (db) => {
    const standing = await standingOfKey(db, fingerprint);
    for (const line of consequences(standing)) io.stderr(`${line}\n`);
    const isAsked = standing.machines.some(({ onlyReader, onlyWriter }) => onlyReader || onlyWriter);
    if (isAsked && values.yes !== true)
      await confirm(io, `Remove this key of ${standing.user}, the only one for what is named?`);
    await removeKey(db, commandActor(), fingerprint);
    io.stderr(`removed; ${restOf(standing)}\n`);
    return 0;
  });
}

/** What it means that a key is no more; the worst at the end, where it is seen. */
function consequences({ user, machines, hasOther }: KeyStanding): readonly string[] {
  const only = machines.filter(({ onlyKey }) => onlyKey);
  if (only.length === 0) return [];
  const lines = [
    `${user} has access to ${counted(only.length)} with this key alone${hasOther ? `; to keep it, have ${user} run pstore --rewrap before` : ""}`,
    ...only.map(({ name, onlyReader, onlyWriter }) => {
      const lack = onlyReader ? "nobody else reads it" : onlyWriter ? "nobody else may change it" : null;
      return `  ${asciiLine(name)}${lack === null ? "" : ` (WARNING: ${lack})`}`;
    }),
  ];
  const sole = only.filter(({ onlyReader, onlyWriter }) => onlyWriter && !onlyReader).length;
  const lost = only.filter(({ onlyReader }) => onlyReader).length;
  const again = "unless this key is added again";
  if (sole > 0) lines.push(`WARNING: ${counted(sole)} could be changed by nobody any more, ${again}`);
  if (lost > 0)
    lines.push(`WARNING: ${counted(lost)} could be read by nobody any more, nor deleted, ${again}`);
  return lines;
}

/** What is to be done behind it. */
function restOf({ user, machines, hasOther }: KeyStanding): string {
  const only = machines.filter(({ onlyKey }) => onlyKey).length;
  const rest = machines.length - only;
  const ways: string[] = [];
  if (rest > 0)
    ways.push(
      `${counted(rest)} ${rest === 1 ? "lists" : "list"} it beside another key of ${user}, until ${user} runs pstore --rewrap once more`,
    );
  if (only > 0 && hasOther)
    ways.push(`${counted(only)} ${user} reads again once a writer of each runs pstore --rewrap=${user}`);
  if (only > 0 && !hasOther)
    ways.push(
      `${user} has no other key: give one with 'pstore-server key add ${user} FILE', and then a writer of each machine runs pstore --rewrap=${user}; until then a change of them needs ^${user} or --pending`,
    );
  return ways.join("; ") || "no machine lists it";
}
