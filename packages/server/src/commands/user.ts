import { readable } from "@pstore/core/fingerprint";
import { Problem } from "@pstore/core/problem";
import { asciiLine } from "@pstore/core/visible";
import { readArguments } from "../cli/arguments.ts";
import { type Command, commandActor, commonHelp, databaseOption, withDatabase } from "../cli/command.ts";
import { confirm } from "../cli/confirm.ts";
import type { Io } from "../cli/io.ts";
import { newPassword, passwordInFile } from "../cli/password.ts";
import { table } from "../cli/table.ts";
import type { UserTable } from "../database/schema.ts";
import { addUser, allUsers, changeState, knownUser, removeTotp, setPassword } from "../services/accounts.ts";
import { type Standing, standingOf } from "../services/standing.ts";

const usages = {
  add: "pstore-server user add NAME [--email E] [--full-name TEXT] [--staff] [--superuser] [--view-any] [--password-file FILE]",
  list: "pstore-server user list [--json]",
  show: "pstore-server user show NAME [--json]",
  state: "pstore-server user disable|enable|remove NAME [--yes]",
  password: "pstore-server user password NAME [--password-file FILE] [--remove-totp]",
};

export const user: Command = {
  name: "user",
  summary: "add, list, show, disable, enable and remove users",
  help: `${usages.add}
${usages.list}
${usages.show}
${usages.state}
${usages.password}

add       makes an account; give it a key with 'pstore-server key add'
list      shows all users
show      shows a user's keys and machines, and what depends on the user
disable   lets the user in no more, until enabled again; asks first when the
          user is the only admin
remove    does so for good, and the name is never given again: says what depends
          on the user, and asks first
password  sets the password for the web, which the pstore command never needs,
          or removes the second factor of who has lost it; ends the user's
          sessions in the web

A user who was disabled or removed stays in the signed lists of machines until
a writer of each revokes them: pstore MACHINE ^NAME, or pstore --offboard NAME
for all

  --email E            e-mail address
  --full-name TEXT     for people
  --staff              may sign in to the web admin
  --superuser          may do everything there
  --view-any           may look at names, users and property names of any machine
  --password-file FILE holds the password for the web, at least 12 characters, in
                       its first line
  --remove-totp        removes the second factor, and leaves the password as it
                       is unless --password-file gives one
  --json               prints JSON
  --yes                answers yes to the question of disable and remove
${commonHelp}`,

  async run([action, ...argv], io) {
    if (action === "add") return await add(argv, io);
    if (action === "list") return await list(argv, io);
    if (action === "show") return await show(argv, io);
    if (action === "disable" || action === "enable" || action === "remove")
      return await change(action, argv, io);
    if (action === "password") return await password(argv, io);
    throw new Problem(
      "usage",
      "say what to do with users: add, list, show, disable, enable, remove or password; see 'pstore-server user --help'",
    );
  },
};

async function add(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = readArguments(
    argv,
    {
      email: { type: "string" },
      "full-name": { type: "string" },
      staff: { type: "boolean" },
      superuser: { type: "boolean" },
      "view-any": { type: "boolean" },
      "password-file": { type: "string" },
    },
    { least: 1, most: 1, usage: usages.add },
  );
  const [name = ""] = positionals;
  const file = values["password-file"];
  return await withDatabase(values, io, async (db) => {
    await addUser(db, commandActor(), {
      name,
      email: values.email ?? "",
      fullName: values["full-name"] ?? "",
      staff: values.staff ?? false,
      superuser: values.superuser ?? false,
      viewAny: values["view-any"] ?? false,
      password: file === undefined ? null : passwordInFile(file),
    });
    io.stderr(`added ${name}; next: pstore-server key add ${name} FILE${databaseOption(values, io)}\n`);
    return 0;
  });
}

function state(row: UserTable): string {
  if (row.removed !== null) return "removed";
  return row.active === 1 ? "active" : "disabled";
}

function rights(row: UserTable): string[] {
  const all: [number, string][] = [
    [row.staff, "staff"],
    [row.superuser, "superuser"],
    [row.view_any, "view-any"],
  ];
  return all.filter(([has]) => has === 1).map(([, name]) => name);
}

function shown(row: UserTable) {
  return {
    name: row.name,
    state: state(row),
    email: row.email,
    fullName: row.full_name,
    rights: rights(row),
    webPassword: row.password_hash !== null,
    created: row.created,
    removed: row.removed,
  };
}

async function list(argv: readonly string[], io: Io): Promise<number> {
  const { values } = readArguments(
    argv,
    { json: { type: "boolean" } },
    { least: 0, most: 0, usage: usages.list },
  );
  return await withDatabase(values, io, async (db) => {
    const users = await allUsers(db);
    io.stdout(
      values.json
        ? `${JSON.stringify({ users: users.map(shown) }, null, 2)}\n`
        : table(
            ["User", "State", "Rights", "E-mail", "Full name"],
            users.map((row) => [
              row.name,
              state(row),
              rights(row).join(" "),
              asciiLine(row.email),
              asciiLine(row.full_name),
            ]),
          ),
    );
    return 0;
  });
}

async function show(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = readArguments(
    argv,
    { json: { type: "boolean" } },
    { least: 1, most: 1, usage: usages.show },
  );
  return await withDatabase(values, io, async (db) => {
    const standing = await standingOf(db, positionals[0] ?? "");
    const { keys, machines, onlyAdmin } = standing;
    if (values.json) {
      io.stdout(`${JSON.stringify({ ...shown(standing.user), onlyAdmin, keys, machines }, null, 2)}\n`);
      return 0;
    }
    const { user: row } = standing;
    io.stdout(
      [
        `user         ${row.name} (${[state(row), ...rights(row)].join(", ")})`,
        `full name    ${asciiLine(row.full_name)}`,
        `e-mail       ${asciiLine(row.email)}`,
        `web password ${row.password_hash === null ? "no" : "yes"}`,
        ...keys.map(
          (key) =>
            `key          ${readable(key.fingerprint)}${[key.writeOnly && "write-only", key.removed ? "removed" : key.fault?.toUpperCase()].flatMap((word) => (word ? [` (${word})`] : [])).join("")}`,
        ),
        ...machines.map(
          ({ access, name, pending }) =>
            `${access === "write" ? "writes" : "reads "}       ${name}${pending ? " (pending: waits to be let in by a writer)" : ""}`,
        ),
        "",
      ].join("\n"),
    );
    io.stdout(dependents(standing));
    return 0;
  });
}

/** What nobody could do without this user. */
function dependents({ machines, onlyAdmin }: Standing): string {
  const dependent = machines.flatMap((machine) => {
    const lack = lackOf(machine);
    return lack === null ? [] : [`depends      ${machine.name}: ${lack}\n`];
  });
  return [...(onlyAdmin ? ["depends      the store: no other admin\n"] : []), ...dependent].join("");
}

type Machine = Standing["machines"][number];

function lackOf({ onlyMember, onlyWriter }: Machine): string | null {
  if (onlyMember) return "no other member";
  return onlyWriter ? "no other writer" : null;
}

async function change(
  action: "disable" | "enable" | "remove",
  argv: readonly string[],
  io: Io,
): Promise<number> {
  const { values, positionals } = readArguments(
    argv,
    { yes: { type: "boolean" } },
    { least: 1, most: 1, usage: usages.state },
  );
  const [name = ""] = positionals;
  return await withDatabase(values, io, async (db) => {
    const standing = await standingOf(db, name);
    await knownUser(db, name);
    if (action !== "enable") {
      for (const line of consequences(standing)) io.stderr(`${line}\n`);
      const question =
        action === "remove"
          ? `Remove ${name} for good, which cannot be undone?`
          : `Disable ${name}, the only admin?`;
      const isAsked = action === "remove" || standing.onlyAdmin;
      if (isAsked && values.yes !== true) await confirm(io, question);
    }
    await changeState(db, commandActor(), name, action);
    return 0;
  });
}

/** What it means that a user can do nothing any more; the worst at the end, where it is seen. */
function consequences({ user: { name }, machines, onlyAdmin }: Standing): string[] {
  const lines: string[] = [];
  if (machines.length > 0) {
    lines.push(
      `${name} stays in the signed lists of ${counted(machines)}, which cannot be written until a writer of each runs: pstore --offboard ${name}`,
    );
  }
  for (const machine of machines) {
    const lack = lackOf(machine);
    lines.push(`  ${machine.name}${lack === null ? "" : ` (WARNING: it has ${lack})`}`);
  }
  const sole = machines.filter((machine) => machine.onlyWriter);
  const alone = machines.filter((machine) => machine.onlyMember);
  if (sole.length > 0)
    lines.push(`WARNING: ${name} is the only writer of ${counted(sole)}, which nobody could change`);
  if (alone.length > 0)
    lines.push(`WARNING: ${name} is the only member of ${counted(alone)}, which nobody could read`);
  if (onlyAdmin) lines.push(`WARNING: ${name} is the only admin`);
  return lines;
}

function counted({ length }: readonly Machine[]): string {
  return length === 1 ? "1 machine" : `${length} machines`;
}

async function password(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = readArguments(
    argv,
    { "password-file": { type: "string" }, "remove-totp": { type: "boolean" } },
    { least: 1, most: 1, usage: usages.password },
  );
  const [name = ""] = positionals;
  return await withDatabase(values, io, async (db) => {
    await knownUser(db, name);
    if (values["remove-totp"]) {
      await removeTotp(db, commandActor(), name);
      io.stderr(`removed the second factor of ${name}, and ended their sessions in the web admin\n`);
      if (values["password-file"] === undefined) return 0;
    }
    const typed = await newPassword(io, values["password-file"], name);
    if (typeof typed === "string") {
      throw new Problem(
        "bad-request",
        "there is no terminal to ask for a password; give one with --password-file",
      );
    }
    await setPassword(db, commandActor(), name, typed.password);
    io.stderr(`set the web password of ${name}, and ended their sessions in the web admin\n`);
    return 0;
  });
}
