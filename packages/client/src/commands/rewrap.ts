import { readable } from "@pstore/core/fingerprint";
import type { Member } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import { named, quoted } from "../store/named.ts";
import type { StoredObject } from "../store/store.ts";
import type { LeftOut } from "../store/writing/changer.ts";
import type { Rewrapping } from "../store/writing/rewrapper.ts";
import type { Command, Context } from "./command.ts";
import { beyondReach } from "./rewrap-beyond.ts";

/**
 * `pstore --rewrap[=USER]`: encrypts everything to the present keys of a user, after showing them, with one signature.
 * @returns 1 where something stays as it is that should not
 */
export const rewrap: Command = async (context) => {
  const { args, store, person } = context;
  const plan = await store.rewrapping(args.options.rewrap || store.self);
  const leaveOut = (all: readonly LeftOut[]) => {
    for (const [why, some] of Map.groupBy(all, (one) => one.why))
      person.warn(
        `${quoted(some.map(({ machine }) => machine))} ${some.length === 1 ? "is" : "are"} left out: ${why}`,
      );
  };
  leaveOut(plan.unseen);
  for (const sentence of beyondReach(plan, store.self)) person.warn(sentence);
  const isComplete = plan.beyond.length + plan.unseen.length === 0;
  const stale = [...plan.stale.values()].flat();
  if (stale.length === 0) {
    if (isComplete) person.notice(nothingStale(plan, store.self));
    return isComplete ? 0 : 1;
  }
  await ask(context, plan, stale);
  const leftOut = await store.rewrap(plan, args.options.pending ? { pending: true } : {});
  leaveOut(leftOut);
  return isComplete && leftOut.length === 0 ? 0 : 1;
};

/** @throws Problem `declined` */
async function ask(
  { person, store }: Context,
  { user: { name }, keys, fresh }: Rewrapping,
  stale: readonly StoredObject[],
): Promise<void> {
  const soFar = new Map(stale.flatMap(({ manifest }) => [...(manifest.members.get(name)?.keys ?? [])]));
  const isFresh = (key: string) => fresh.some(({ fingerprint }) => fingerprint === key);
  const what = stale.length === 1 ? named(stale) : `${stale.length} machines`;
  person.detail(`not encrypted to the present keys of ${name}: ${named(stale)}`);
  person.show(
    [
      `${what}, so far encrypted for ${name} to`,
      ...keyLines(soFar),
      "and from now on to",
      ...keyLines(keys, isFresh),
    ].join("\n"),
  );
  const newKeys = fresh.map(({ fingerprint }) => readable(fingerprint)).join(" and ");
  const whose = name === store.self ? "yours" : `${name}'s`;
  const first = newKeys === "" ? "Encrypt" : `Trust ${newKeys} as ${whose}, and encrypt`;
  const which = stale.length === 1 ? "this machine" : `these ${stale.length} machines`;
  if (await person.confirm(`${first} ${which} so?`)) return;
  throw new Problem("declined", "nothing was changed");
}

function keyLines(keys: Member["keys"], isFresh: (key: string) => boolean = () => false): readonly string[] {
  if (keys.size === 0) return ["  no key yet"];
  return [...keys].map(
    ([key, part]) =>
      `  ${readable(key)}${part === null ? ", write-only" : ""}${isFresh(key) ? ", not trusted here before" : ""}`,
  );
}

function nothingStale({ user: { name }, shared }: Rewrapping, self: string): string {
  const [whose, which] = name === self ? ["your", "of yours"] : [`${name}'s`, `that you share with ${name}`];
  if (shared === 0) return `there is no machine ${which}`;
  const all = shared === 1 ? `the one machine ${which} is` : `all ${shared} machines ${which} are`;
  return `${all} encrypted to ${whose} present keys`;
}
