import { clientCommand, propertyWords } from "@pstore/core/client-command";
import { Problem } from "@pstore/core/problem";
import type { Deed, PropertyDeed } from "../store/reading/history.ts";
import type { StoredObject } from "../store/store.ts";
import { printJson, printLine } from "../terminal/output.ts";
import { type Command, type Context, machineOf } from "./command.ts";
import { changesJson, changesText } from "./differences.ts";

const authorWidth = 12;
const header = `  Revision  ${"Time".padEnd(20)} ${"Author".padEnd(authorWidth)} Change`;

/**
 * `pstore MACHINE --history [PROPERTY]`: who changed what, and when, oldest first; with a property, what became of that
 * one, and which of its values can be brought back. Also of a machine that was deleted.
 */
export const history: Command = async (context) => {
  const { args, store, person, output } = context;
  const name = machineOf(context);
  const object = await store.object(name, { all: args.options.all, deleted: true });
  const { property } = args;
  if (property === null) {
    const deeds = await (await store.history()).deeds(object);
    if (args.options.json) return printJson(output, deeds.map(asJson));
    return printLine(output, tableOf(deeds));
  }
  const deeds = await ofProperty(context, object, property);
  const back = (deed: Restorable) => deed.isRestorable;
  if (args.options.json)
    return printJson(
      output,
      deeds.map((deed) => ({ ...asJson(deed), restorable: deed.isRestorable })),
    );
  if (deeds.some(back)) person.notice(`* is still kept: ${remedy(object, property)}`);
  return printLine(output, tableOf(deeds, back));
};

interface Restorable extends PropertyDeed {
  /** Whether the value of then is no longer the present one, but still kept, and the user could read it. */
  readonly isRestorable: boolean;
}

async function ofProperty(
  { store }: Context,
  object: StoredObject,
  property: string,
): Promise<readonly Restorable[]> {
  const { manifest, access } = object;
  const [deeds, kept] = await Promise.all([
    store.history().then((all) => all.ofProperty(object, property, store.self)),
    access === null ? new Map<string, ReadonlySet<number>>() : store.kept(manifest.object.id),
  ]);
  if (deeds.length === 0) {
    throw new Problem("not-found", `'${manifest.object.name}' has never had a property '${property}'`);
  }
  const present = manifest.deleted ? null : manifest.properties.get(property)?.revision;
  return deeds.map((deed) => {
    const { value, wasReadable } = deed;
    const isRestorable =
      value !== null &&
      value.revision !== present &&
      kept.get(property)?.has(value.revision) === true &&
      (value.kind === "public" || wasReadable);
    return { ...deed, isRestorable };
  });
}

function remedy({ manifest: { object, deleted } }: StoredObject, property: string): string {
  return deleted
    ? `${clientCommand(object.name, "--restore", "REVISION")} brings the machine back as it was then`
    : `${clientCommand(object.name, "--restore", "REVISION", ...propertyWords(property))} brings it back`;
}

function tableOf<D extends Deed>(deeds: readonly D[], isMarked: (deed: D) => boolean = () => false): string {
  const lines = deeds.map((deed) => {
    const { revision, time, author } = deed;
    const mark = isMarked(deed) ? "*" : " ";
    return `${mark} ${`${revision}`.padStart(8)}  ${time} ${author.user.padEnd(authorWidth)} ${changesText(deed)}`;
  });
  return [header, "-".repeat(72), ...lines].join("\n");
}

function asJson(deed: Deed): object {
  const { revision, time, author } = deed;
  return { revision, time, author: author.user, key: author.key, changes: changesJson(deed) };
}
