import { machineName } from "@pstore/core/names";
import { Problem } from "@pstore/core/problem";

/**
 * The name that a machine is to get. A blank at either end is a slip, though machines that have one are found.
 * @throws Problem `bad-name`
 */
export function newMachineName(text: string): string {
  const name = machineName(text);
  if (name !== name.trim())
    throw new Problem("bad-name", `the new name '${name}' begins or ends with a blank; leave it out`);
  return name;
}
