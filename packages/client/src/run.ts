import { askerOf } from "./asker.ts";
import { type Arguments, checkWords } from "./cli/words.ts";
import { commands, type StoreMode, usual } from "./commands/all.ts";
import type { Context } from "./commands/command.ts";
import { trust } from "./commands/trust.ts";
import { ownName, refuseUncheckedTls } from "./environment.ts";
import { Authorities } from "./http/authorities.ts";
import { Transport } from "./http/transport.ts";
import type { Io, Output } from "./io.ts";
import { chooseKeyring } from "./keyring/choose.ts";
import { checkDescriptor } from "./keyring/files/descriptor.ts";
import { repeatingFor } from "./repeating.ts";
import { openState } from "./state/database.ts";
import { sessionFolder, stateFolder } from "./state/folders.ts";
import { Pins } from "./state/pins.ts";
import { Sessions } from "./state/sessions.ts";
import { Urls } from "./state/urls.ts";
import { Identity } from "./store/connect.ts";
import { Store } from "./store/store.ts";
import { PersonAtTerminal } from "./terminal/person.ts";

/**
 * Runs a command that needs the store.
 * @returns the exit status
 * @throws Problem when it fails, with the sentence to print
 */
export async function runAtStore(args: Arguments, io: Io, output: Output): Promise<number> {
  const { options } = args;
  const { env } = io;
  refuseUncheckedTls(env);
  checkWords(args);
  checkDescriptor(options.passphraseFd);
  const person = new PersonAtTerminal(io.stderr, options);
  const user = options.user ?? ownName(env);
  const state = openState(stateFolder(env));
  if (!state.isKept)
    person.warn(
      "the state folder cannot be written: nothing is remembered, so old revisions and changed keys are not noticed",
    );
  const urls = new Urls(state);
  const identity = new Identity(urls, options.storeUrls, person);
  const security = {
    allowHttp: options.allowHttp,
    authorities: new Authorities(options.caFile, env["HOME"]),
  };
  const transport = new Transport(
    options.storeUrls,
    security,
    (url, only) => identity.admit(url, only),
    repeatingFor(person, options.patience),
  );
  const id = identity.known ?? (await identity.learn(transport));
  const pins = new Pins(state, id);
  const keyring = await chooseKeyring({
    ...{ env, identities: options.identities, passphraseFd: options.passphraseFd, asker: askerOf(person) },
    own: () => pins.ownOf(user).map(({ fingerprint }) => fingerprint),
  });
  const store = new Store({
    ...{ transport, keyring, state, person, store: id, user },
    sessions: options.session ? new Sessions(sessionFolder(env), id, user) : null,
    isStrict: options.trustMode === "strict",
    acceptUnsigned: options.acceptUnsigned,
  });
  await store.begin();
  return command({ args, store, output, person, stdin: io.stdin, env });
}

async function command(context: Context): Promise<number> {
  const { options, machine, allow, revoke } = context.args;
  const { mode, trust: users } = options;
  for (const user of users) await trust(context, user);
  // With nothing else to do, to trust was all.
  if (users.length > 0 && mode === null && machine === null && allow.length + revoke.length === 0) return 0;
  const load = mode === null ? usual : commands[mode as StoreMode];
  const run = await load();
  const status = await run(context);
  return typeof status === "number" ? status : 0;
}
