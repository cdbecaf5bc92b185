import { userInfo } from "node:os";
import { userName } from "@pstore/core/names";
import { Problem } from "@pstore/core/problem";
import type { Arguments } from "./cli/arguments.ts";
import { changeMembers, changePassword } from "./commands/change.ts";
import type { Context } from "./commands/command.ts";
import { create } from "./commands/create.ts";
import { get } from "./commands/get.ts";
import { list } from "./commands/list.ts";
import { listProperties } from "./commands/list-properties.ts";
import { set } from "./commands/set.ts";
import { show } from "./commands/show.ts";
import { trust } from "./commands/trust.ts";
import { Transport } from "./http/transport.ts";
import type { Io, Output } from "./io.ts";
import { GnupgKeyring } from "./keyring/gnupg.ts";
import { openState } from "./state/database.ts";
import { sessionFolder, stateFolder } from "./state/folders.ts";
import { Sessions } from "./state/sessions.ts";
import { Urls } from "./state/urls.ts";
import { Identity } from "./store/connect.ts";
import { Store } from "./store/store.ts";
import { PersonAtTerminal } from "./terminal/person.ts";

/**
 * Runs a command that needs the store.
 * @throws Problem when it fails, with the sentence to print
 */
export async function runAtStore(args: Arguments, io: Io, output: Output): Promise<void> {
  const { options } = args;
  const { env } = io;
  if (env["NODE_TLS_REJECT_UNAUTHORIZED"] === "0") {
    throw new Problem(
      "usage",
      "NODE_TLS_REJECT_UNAUTHORIZED=0 switches off the check of certificates; unset it",
    );
  }
  checkWords(args);
  const person = new PersonAtTerminal(io.stderr, options);
  const user = options.user ?? ownName(env);
  const state = openState(stateFolder(env));
  if (!state.isKept)
    person.warn(
      "the state folder cannot be written: nothing is remembered, so old revisions and changed keys are not noticed",
    );
  const urls = new Urls(state);
  const identity = new Identity(urls, options.storeUrls, person);
  const transport = new Transport(options.storeUrls, options.allowHttp, (url, only) =>
    identity.admit(url, only),
  );
  const id = identity.known ?? (await identity.learn(transport));
  const store = new Store({
    ...{ transport, keyring: new GnupgKeyring(env), state, person, store: id, user },
    sessions: options.session ? new Sessions(sessionFolder(env), id, user) : null,
    isStrict: options.trustMode === "strict",
    acceptUnsigned: options.acceptUnsigned,
  });
  await store.begin();
  await command({ args, store, output, person, stdin: io.stdin });
}

async function command(context: Context): Promise<void> {
  const { options, allow, revoke } = context.args;
  for (const user of options.trust) await trust(context, user);
  const machine = context.args.machine ?? "";
  const property = context.args.property ?? "";
  switch (options.mode) {
    case "create":
      return create(context, machine);
    case "change-password":
      return changePassword(context, machine);
    case "get":
      return get(context, machine, property);
    case "list-properties":
      return listProperties(context, machine);
    case "set-public":
      return set(context, machine, property, "public");
    case "set-encrypted":
      return set(context, machine, property, "encrypted");
    case "trust":
      return;
    default:
      if (allow.length + revoke.length > 0) return changeMembers(context, machine);
      return machine === "" ? list(context) : show(context, machine);
  }
}

/** @throws Problem `usage` when the words do not fit the command */
function checkWords({ options, machine, property, allow, revoke }: Arguments): void {
  const { mode } = options;
  const needsProperty = mode === "get" || mode === "set-public" || mode === "set-encrypted";
  const needsMachine =
    needsProperty || (mode !== null && mode !== "trust") || allow.length + revoke.length > 0;
  if (needsMachine && machine === null) throw new Problem("usage", "no machine is named; see pstore --help");
  if (needsProperty && property === null)
    throw new Problem("usage", "no property is named; see pstore --help");
  if (!needsProperty && property !== null)
    throw new Problem("usage", `'${property}' is one word too many; see pstore --help`);
  if (mode === "create" && revoke.length > 0)
    throw new Problem("usage", `a new machine has nobody to revoke with ^${revoke[0]}`);
  if ((mode === "list-properties" || mode === "get") && allow.length + revoke.length > 0) {
    throw new Problem(
      "usage",
      `what only prints changes no users; leave out ${allow.length > 0 ? `+${allow[0]}` : `^${revoke[0]}`}`,
    );
  }
}

/** The user's name at the store where none is given. */
function ownName(env: Io["env"]): string {
  return userName(env["USER"] || env["LOGNAME"] || userInfo().username);
}
