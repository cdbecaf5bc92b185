import { describe, expect, test } from "bun:test";
import { type InTheWay, type Setting, stopped } from "./ways-out.ts";

/** How each is in the way: the letters say whether they are new, gone from the store, or have another key. */
function inTheWay(user: string, kind: "kept" | "new" | "gone" | "new gone" | "other"): InTheWay {
  const fault = { message: `WHY ${user}`, mayWait: !kind.endsWith("gone"), hasOther: kind === "other" };
  return { user, fault, isNew: kind.startsWith("new") };
}

const sentence = (setting: Setting, ...all: InTheWay[]) => stopped(all, all[0] as InTheWay, setting).message;
const [kim, joe] = [inTheWay("kim", "kept"), inTheWay("joe", "new")];
const [cleo, dan, fay] = [inTheWay("cleo", "gone"), inTheWay("dan", "new gone"), inTheWay("fay", "other")];

describe("who stops a change, in a sentence with all ways out", () => {
  test.each<[what: string, all: InTheWay[], says: string]>([
    [
      "a member",
      [kim],
      "WHY kim; revoke kim (^kim in the same command), let kim wait to be let in (--pending in the same command), or have a usable key added at the store",
    ],
    [
      "a newcomer",
      [joe],
      "WHY joe; leave out +joe, let joe wait to be let in (--pending in the same command), or have a usable key added at the store",
    ],
    [
      "a member with another key by now",
      [fay],
      "WHY fay; encrypt to the present keys of fay (+fay in the same command, or pstore --rewrap=fay for all machines at once), revoke fay (^fay in the same command), or let fay wait to be let in (--pending in the same command)",
    ],
    [
      "a member who is gone",
      [cleo],
      "WHY cleo; revoke cleo (^cleo in the same command, or pstore --offboard cleo for all machines at once)",
    ],
    ["a newcomer who is gone", [dan], "WHY dan; leave out +dan"],
    [
      "members",
      [kim, inTheWay("lea", "kept"), inTheWay("max", "kept")],
      "nothing can be encrypted for kim, lea, max; revoke them (^kim ^lea ^max in the same command), let them wait to be let in (--pending in the same command), or have usable keys added at the store (of the first: WHY kim)",
    ],
    [
      "members with other keys by now",
      [fay, inTheWay("gus", "other")],
      "nothing can be encrypted for fay, gus; encrypt to their present keys (+fay +gus in the same command, or pstore --rewrap=USER for all machines at once), revoke them (^fay ^gus in the same command), or let them wait to be let in (--pending in the same command) (of the first: WHY fay)",
    ],
    [
      "members and newcomers",
      [kim, fay, joe],
      "nothing can be encrypted for kim, fay, joe; revoke kim and fay (^kim ^fay in the same command) and leave out +joe, let them wait to be let in (--pending in the same command), or have usable keys added at the store (of the first: WHY kim)",
    ],
    [
      "members who are gone",
      [cleo, inTheWay("nia", "gone")],
      "nothing can be encrypted for cleo, nia; revoke them (^cleo ^nia in the same command, or pstore --offboard USER for all machines at once) (of the first: WHY cleo)",
    ],
    [
      "somebody of each kind",
      [kim, cleo, joe, dan],
      "nothing can be encrypted for kim, cleo, joe, dan; revoke cleo (^cleo in the same command, or pstore --offboard cleo for all machines at once) and leave out +dan; as for kim and joe, revoke kim (^kim in the same command) and leave out +joe, let them wait to be let in (--pending in the same command), or have usable keys added at the store (of the first: WHY kim)",
    ],
    [
      "one of each",
      [cleo, kim],
      "nothing can be encrypted for cleo, kim; revoke cleo (^cleo in the same command, or pstore --offboard cleo for all machines at once); as for kim, revoke kim (^kim in the same command), let kim wait to be let in (--pending in the same command), or have a usable key added at the store (of the first: WHY cleo)",
    ],
  ])("%s", (_what, all, says) => {
    expect(sentence("change", ...all)).toBe(says);
  });
});

describe("where no other words can stand in the same command, others are named", () => {
  test.each<[setting: Setting, all: InTheWay[], says: string]>([
    [
      "let-in",
      [kim],
      "WHY kim; revoke kim (pstore MACHINE ^kim), let kim wait to be let in (pstore MACHINE +USER --pending), or have a usable key added at the store",
    ],
    [
      "let-in",
      [fay],
      "WHY fay; encrypt to the present keys of fay (pstore --rewrap=fay), revoke fay (pstore MACHINE ^fay), or let fay wait to be let in (pstore MACHINE +USER --pending)",
    ],
    [
      "let-in",
      [cleo],
      "WHY cleo; revoke cleo (pstore MACHINE ^cleo, or pstore --offboard cleo for all machines at once)",
    ],
    [
      "rewrap",
      [kim],
      "WHY kim; revoke kim (pstore MACHINE ^kim), let kim wait to be let in (--pending in the same command), or have a usable key added at the store",
    ],
  ])("%s", (setting, all, says) => {
    expect(sentence(setting, ...all)).toBe(says);
  });
});
