import type { LookupMode, Mode } from "../cli/modes.ts";
import type { Command } from "./command.ts";

/** The modes that need no store, or may not ask for it as others do, have their place elsewhere: see main.ts. */
export type StoreMode = Exclude<Mode, "help" | "version" | "completion" | "doctor" | LookupMode>;

/** Each command is loaded only when it is run. */
export const commands: Readonly<Record<StoreMode, () => Promise<Command>>> = {
  create: async () => (await import("./create.ts")).create,
  "change-password": async () => (await import("./change.ts")).changePassword,
  "set-public": async () => (await import("./set.ts")).setPublic,
  "set-encrypted": async () => (await import("./set.ts")).setEncrypted,
  get: async () => (await import("./get.ts")).get,
  "list-properties": async () => (await import("./list-properties.ts")).listProperties,
  "delete-property": async () => (await import("./delete.ts")).deleteProperty,
  delete: async () => (await import("./delete.ts")).deleteMachine,
  rename: async () => (await import("./rename.ts")).rename,
  history: async () => (await import("./history.ts")).history,
  restore: async () => (await import("./restore.ts")).restore,
  search: async () => (await import("./search.ts")).search,
  offboard: async () => (await import("./offboard.ts")).offboard,
  pending: async () => (await import("./pending.ts")).pending,
  rewrap: async () => (await import("./rewrap.ts")).rewrap,
  keys: async () => (await import("./keys.ts")).keys,
  web: async () => (await import("./web.ts")).web,
  ssh: async () => (await import("./ssh.ts")).ssh,
  run: async () => (await import("./run.ts")).run,
  template: async () => (await import("./template.ts")).template,
  "consistency-check": async () => (await import("./check.ts")).check,
};

/** What is done when no mode says so: list or show, or with users named, allow and revoke. */
export const usual: () => Promise<Command> = async () => (await import("./usual.ts")).usual;
