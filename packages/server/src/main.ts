import { Problem } from "@pstore/core/problem";
import { asciiLine } from "@pstore/core/visible";
import type { Command } from "./cli/command.ts";
import { Interrupted, type Io } from "./cli/io.ts";
import { NobodyReads } from "./cli/streams.ts";
import { version } from "./version.ts";

/** Each command is loaded only when it is run: help and version need none of what they need. */
export const commands: Readonly<Record<string, () => Promise<Command>>> = {
  init: async () => (await import("./commands/init.ts")).init,
  serve: async () => (await import("./commands/serve.ts")).serve,
  user: async () => (await import("./commands/user.ts")).user,
  key: async () => (await import("./commands/key.ts")).key,
  check: async () => (await import("./commands/check.ts")).check,
  audit: async () => (await import("./commands/audit.ts")).audit,
  export: async () => (await import("./commands/export.ts")).exportCommand,
  backup: async () => (await import("./commands/backup.ts")).backup,
  restore: async () => (await import("./commands/restore.ts")).restore,
  copy: async () => (await import("./commands/copy.ts")).copy,
  migrate: async () => (await import("./commands/migrate.ts")).migrate,
};

/** Runs the program; answers its exit code: 0, 1 (failure), 2 (usage), 130 or 131 (interrupted). */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  try {
    return await dispatch(argv, io);
  } catch (error) {
    if (error instanceof Interrupted) return error.code;
    if (error instanceof NobodyReads) return 1;
    io.stderr(`pstore-server: ${await sentenceOf(error)}\n`);
    return error instanceof Problem && error.code === "usage" ? 2 : 1;
  }
}

/** What went wrong. A fault of the database is said in our words, with what the engine says of it. */
async function sentenceOf(error: unknown): Promise<string> {
  if (error instanceof Problem) return error.message;
  const { problemOfCommand } = await import("./services/database-faults.ts");
  return (problemOfCommand(error) ?? (error instanceof Error ? error : new Error(String(error)))).message;
}

async function dispatch(argv: readonly string[], io: Io): Promise<number> {
  const [name, ...rest] = argv;
  if (name === "--version") {
    io.stdout(`pstore-server ${version}\n`);
    return 0;
  }
  if (name === "--help" || name === "-h" || name === "help") {
    const about = rest.find((word) => !word.startsWith("-"));
    io.stdout(about === undefined ? await overview() : helpOf(await loader(about)()));
    return 0;
  }
  const load = loader(name);
  if (io.env["NODE_TLS_REJECT_UNAUTHORIZED"] === "0") {
    throw new Problem(
      "usage",
      "NODE_TLS_REJECT_UNAUTHORIZED=0 switches off the check of certificates; unset it",
    );
  }
  const command = await load();
  const options = rest.includes("--") ? rest.slice(0, rest.indexOf("--")) : rest;
  if (options.includes("--help") || options.includes("-h")) {
    io.stdout(helpOf(command));
    return 0;
  }
  return await command.run(rest, io);
}

/** @throws Problem `usage` when there is no such command */
function loader(name: string | undefined): () => Promise<Command> {
  const load = name !== undefined && Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load !== undefined) return load;
  if (name?.startsWith("-")) {
    const option = asciiLine(name.split("=", 1)[0] ?? "");
    throw new Problem(
      "usage",
      `options stand behind the command, and ${option} stands before it: pstore-server COMMAND ${option}; see 'pstore-server --help'`,
    );
  }
  throw new Problem(
    "usage",
    `${name === undefined ? "say what to do" : `'${asciiLine(name)}' is no command`}: ${Object.keys(commands).join(", ")}; see 'pstore-server --help'`,
  );
}

function helpOf(command: Command): string {
  return `usage: ${command.help}`;
}

async function overview(): Promise<string> {
  const all = await Promise.all(Object.values(commands).map((load) => load()));
  const lines = all.map((command) => `  ${command.name.padEnd(10)}${command.summary}`);
  return `usage: pstore-server COMMAND [ARGUMENTS]

The server of pstore, which keeps the passwords and files that a team shares;
all of them are encrypted before they come here.

${lines.join("\n")}

  -h, --help           this text; with a command, that command's. Also:
                       pstore-server help COMMAND
  --version            the version

All commands take --database URL; options stand behind the command. Exit code:
0, 1 on failure, 2 on wrong usage, 130 when interrupted (131 by Ctrl-\\).
`;
}
