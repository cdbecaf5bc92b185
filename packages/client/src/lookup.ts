import { Problem } from "@pstore/core/problem";
import { visibleLine } from "@pstore/core/visible";
import type { LookupMode } from "./cli/modes.ts";
import { type Arguments, checkWords } from "./cli/words.ts";
import { lookups } from "./commands/lookup.ts";
import { ownName, refuseUncheckedTls } from "./environment.ts";
import { Api } from "./http/api.ts";
import { Authorities } from "./http/authorities.ts";
import { Transport } from "./http/transport.ts";
import type { Io, Output } from "./io.ts";
import { chooseKeyring } from "./keyring/choose.ts";
import { openState } from "./state/database.ts";
import { sessionFolder, stateFolder } from "./state/folders.ts";
import { NameLists } from "./state/name-lists.ts";
import { Objects } from "./state/objects.ts";
import { Pins } from "./state/pins.ts";
import { Sessions } from "./state/sessions.ts";
import { Urls } from "./state/urls.ts";
import { Names } from "./store/names.ts";
import { Lookup } from "./store/reading/lookup.ts";
import { SignIn } from "./store/session.ts";

/**
 * Prints names for completion. It runs while a line is being typed: so it asks the person nothing, says nothing without
 * `-v`, and makes no acquaintances. A store, a URL or a key of one's own that no command has met yet is left alone.
 * @throws Problem `usage` when the words do not fit
 */
export async function runLookup(args: Arguments, mode: LookupMode, io: Io, output: Output): Promise<void> {
  checkWords(args);
  const explain = (error: unknown) => {
    if (!args.options.verbose) return;
    const reason = error instanceof Error ? error.message : String(error);
    io.stderr.write(`${visibleLine(`no fresh names: ${reason}`)}\n`);
  };
  let found: readonly string[] = [];
  try {
    found = await lookups[mode](await namesAt(args, io, explain), args);
  } catch (error) {
    explain(error);
  }
  // What begins so would be read as an option or a user, whatever it is.
  const names = found.filter((name) => !/^[-+^]/.test(name));
  if (names.length > 0) await output.bytes(`${names.join("\n")}\n`);
}

/** @throws Problem when there is no store, or none that is known */
async function namesAt(
  { options }: Arguments,
  { env }: Io,
  explain: (error: unknown) => void,
): Promise<Names> {
  refuseUncheckedTls(env);
  const user = options.user ?? ownName(env);
  const state = openState(stateFolder(env));
  const urls = new Urls(state);
  const store = knownStore(urls, options.storeUrls);
  const security = {
    allowHttp: options.allowHttp,
    authorities: new Authorities(options.caFile, env["HOME"]),
  };
  const transport = new Transport(options.storeUrls, security, async (url) => {
    if (urls.storeOf(url) !== store) throw new Problem("unavailable", `${url} was never used before`);
  });
  const pins = new Pins(state, store);
  if (pins.ownOf(user).length === 0)
    throw new Problem("untrusted-key", `${user} has never signed in here before`);
  const keyring = await chooseKeyring({
    ...{ env, identities: options.identities, passphraseFd: null, asker: null },
    own: () => pins.ownOf(user).map(({ fingerprint }) => fingerprint),
  });
  const sessions = new Sessions(sessionFolder(env), store, user);
  const signIn = new SignIn({
    ...{ transport, keyring, pins, store, user },
    sessions: options.session ? sessions : null,
  });
  const api = new Api(transport, (renew) => signIn.token(renew));
  const lookup = new Lookup({ api, objects: new Objects(state, store), keyring, user });
  return new Names({ api, lookup, lists: new NameLists(sessionFolder(env), store, user), explain });
}

/** @throws Problem where the URLs are not known to be one store */
function knownStore(urls: Urls, given: readonly string[]): string {
  const [store, ...others] = new Set(given.map((url) => urls.storeOf(url)).filter((id) => id !== null));
  if (store !== undefined && others.length === 0) return store;
  throw new Problem("unavailable", `${given.join(" and ") || "no store"} is not known to be one store yet`);
}
