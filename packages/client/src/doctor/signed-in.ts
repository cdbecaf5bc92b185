import type { User } from "@pstore/core/api/schemas";
import type { Fingerprint } from "@pstore/core/fingerprint";
import { Problem } from "@pstore/core/problem";
import { Api } from "../http/api.ts";
import type { Authorities } from "../http/authorities.ts";
import { Transport } from "../http/transport.ts";
import type { Keyring } from "../keyring/keyring.ts";
import type { Pins } from "../state/pins.ts";
import { SignIn } from "../store/session.ts";

/** A user who has signed in. */
export interface SignedIn {
  /** The primary fingerprint of the key that signed. */
  readonly key: Fingerprint;
  /** How long it took, in milliseconds. */
  readonly took: number;
  /** What the store says of the user. */
  readonly self: User;
}

/**
 * Signs in, whatever session is at hand, and keeps none.
 * @param parts `urls`: known to be the store
 * @throws Problem with what a command would end with
 */
export async function signIn(parts: {
  urls: readonly string[];
  authorities: Authorities;
  keyring: Keyring;
  pins: Pins;
  store: string;
  user: string;
}): Promise<SignedIn> {
  const { urls, authorities, user } = parts;
  const transport = new Transport(urls, { allowHttp: true, authorities }, async () => {});
  const signing = new SignIn({ ...parts, transport, sessions: null });
  const begin = performance.now();
  await signing.token(true);
  const took = performance.now() - begin;
  const { users } = await new Api(transport, (renew) => signing.token(renew)).users([user]);
  const self = users.find(({ name }) => name === user);
  if (signing.key !== null && self !== undefined) return { key: signing.key, took, self };
  throw new Problem(
    "untrusted-server",
    `the server has signed in '${user}', but does not know that user; ask who runs the server`,
  );
}
