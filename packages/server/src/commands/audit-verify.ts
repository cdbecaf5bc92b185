import { Problem } from "@pstore/core/problem";
import { asciiLine } from "@pstore/core/visible";
import { withDatabase } from "../cli/command.ts";
import type { Io } from "../cli/io.ts";
import { theStore } from "../services/accounts.ts";
import { ExpectedSeals } from "../services/audit-seals/expected.ts";
import { type SealName, shownName } from "../services/audit-seals/seal.ts";
import { nameInLine, readName } from "../services/audit-seals/seal-names.ts";
import { verifyAudit } from "../services/audit-seals/verification.ts";

/** The part of `audit --help` that is about this. */
export const verifyHelp = `Servers seal the rows in a chain, and print its newest seal to their log once a
minute. Whoever changes the log in the database cannot change what was printed.

  --verify             instead of showing rows, computes all seals anew, and says
                       in one sentence each what was changed, removed or added;
                       exit code 1 then. Else it prints the newest seal, as
                       NUMBER:DIGEST, to be kept somewhere else
  --expect NUMBER:DIGEST
                       with --verify: a seal that was kept has to be in the
                       chain; repeatable. With - as its last word the command
                       expects all in the lines of standard input, which may be
                       those of 'journalctl -u pstore-server'. Only so is it
                       noticed when the end of the chain was cut off, or all of
                       it made anew
  --from NUMBER:DIGEST with --verify: begins with this seal, which was kept when
                       all before it had been verified`;

export interface VerifyOptions {
  readonly database?: string | undefined;
  readonly expect?: readonly string[] | undefined;
  readonly from?: string | undefined;
  /** Whether lines of standard input tell of seals, too. */
  readonly readsInput: boolean;
}

/** @returns the exit code */
export async function verify(options: VerifyOptions, io: Io): Promise<number> {
  const expected = new ExpectedSeals();
  for (const text of options.expect ?? []) expected.add(nameGiven("--expect", text));
  const from = options.from === undefined ? null : nameGiven("--from", options.from);
  if (options.readsInput && (await addLines(expected, io)) === 0) {
    throw new Problem(
      "not-found",
      "no line of standard input tells of a seal; give lines of the server's log, or of the form NUMBER:DIGEST",
    );
  }
  return await withDatabase(options, io, async (db) => {
    const report = (fault: string) => io.stderr(`fault: ${asciiLine(fault)}\n`);
    const found = await verifyAudit({ db, store: await theStore(db) }, { from, expected, report });
    const { seals, rows, compared, newest, faults } = found;
    const looked = `looked at ${rows} rows in ${seals} seals, ${compared} of which are as expected`;
    if (faults > 0) {
      io.stderr(`${looked}; ${faults} fault(s): the log is not what the servers wrote\n`);
      return 1;
    }
    io.stderr(
      seals === 0
        ? "no row of the log is sealed yet, so there is nothing to compare; 'pstore-server serve' seals them, some seconds after it starts\n"
        : `${looked}: nothing was changed, removed or added\n`,
    );
    if (newest !== null) io.stdout(`${shownName(newest)}\n`);
    return 0;
  });
}

function nameGiven(option: string, text: string): SealName {
  const name = readName(text);
  if (name !== null) return name;
  throw new Problem(
    "usage",
    `${option} takes a seal as 'audit --verify' and the server's log show it, NUMBER:DIGEST with 64 hex digits, and not '${asciiLine(text)}'`,
  );
}

/** @returns how many lines told of a seal */
async function addLines(expected: ExpectedSeals, io: Io): Promise<number> {
  let count = 0;
  for await (const line of io.stdinLines()) {
    const name = nameInLine(line);
    if (name === null) continue;
    expected.add(name);
    count++;
  }
  return count;
}
