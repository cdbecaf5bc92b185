import { askerOf } from "./asker.ts";
import { type Arguments, checkWords } from "./cli/words.ts";
import { checks } from "./doctor/checks.ts";
import { Examination } from "./doctor/examination.ts";
import { type Finding, lineOf, unforeseen } from "./doctor/finding.ts";
import type { Io, Output } from "./io.ts";
import { checkDescriptor } from "./keyring/files/descriptor.ts";
import { Interrupted } from "./terminal/interrupted.ts";
import { printJson, printLine } from "./terminal/output.ts";
import { PersonAtTerminal } from "./terminal/person.ts";

/**
 * `pstore --doctor`: looks whether all is well, also where no other command comes far. It changes nothing.
 * @returns the exit status: 0, or 1 when something is a fault
 * @throws Problem `usage` when the words do not fit, `no-private-key` when nobody has opened `--passphrase-fd`
 */
export async function examine(args: Arguments, io: Io, output: Output): Promise<number> {
  checkWords(args);
  checkDescriptor(args.options.passphraseFd);
  const person = new PersonAtTerminal(io.stderr, args.options);
  const findings: Finding[] = [];
  for await (const finding of findingsOf(new Examination(args.options, io.env, askerOf(person)))) {
    findings.push(finding);
    if (!args.options.json) await printLine(output, lineOf(finding));
  }
  if (args.options.json) await printJson(output, { findings });
  const count = (status: Finding["status"]) => findings.filter((finding) => finding.status === status).length;
  const [faults, warnings] = [count("fault"), count("warning")];
  person.notice(`${numbered(faults, "fault")}, ${numbered(warnings, "warning")}`);
  return faults === 0 ? 0 : 1;
}

async function* findingsOf(examination: Examination): AsyncGenerator<Finding> {
  for (const { name, run } of checks) {
    try {
      yield* run(examination);
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      // The others may still find out why.
      yield unforeseen(name, error);
    }
  }
}

function numbered(count: number, what: string): string {
  return `${count || "no"} ${what}${count === 1 ? "" : "s"}`;
}
