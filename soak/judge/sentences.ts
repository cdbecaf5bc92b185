// What clients said, beside results: one clear sentence each.
import type { Command, Journal } from "../journal.ts";

/** What varies from one command to the next → what stands for it. */
const variables: readonly (readonly [RegExp, string])[] = [
  [/http:\/\/127\.0\.0\.1:\d+/g, "URL"],
  [/'(?:own|shared|new)-[^']*'/g, "'MACHINE'"],
  [/\b(?:own|shared|new)-[\w-]+/g, "MACHINE"],
  [/\bu\d+\b/g, "USER"],
  [/\d+/g, "N"],
];

const noAnswer = [
  /^could not connect to URL \((?:connection refused|the connection broke off)\)/,
  /^the connection to URL broke off in the middle of an answer/,
  /^could not use URL: it answered N \((?:the server does not reach its database; try again in a moment|the store is busy with other changes; try again in a moment|the server lost its database in the middle of a commit and cannot say whether it was stored; look, and repeat it if it was not)\)/,
];

/** The list of what --each is about to change: no sentences. */
const listing = [/^ {2}Machine +User access$/, /^-+$/, /^\+ MACHINE +USER(?:, USER)*$/];

/** The sentences that a client may end with, and what may stand before a result. */
const allowed: readonly RegExp[] = [
  /^NOTICE: a change that was not answered before is now stored$/,
  /^WARNING: a change that was not answered before was not stored: /,
  /^NOTICE: N machines? changed$/,
  /^error: USER has changed 'contested' of 'MACHINE' at the same time; nothing of yours was stored, look at it and repeat$/,
  // Of one who has lost the race thirty times.
  /^error: 'MACHINE' was changed by USER meanwhile: it is at revision N; look at it again and repeat the change$/,
  ...noAnswer.map(({ source }) => new RegExp(`^backend error: ${source.slice(1)}`)),
];

export interface Sentence {
  readonly text: string;
  readonly count: number;
}

/** What was said, the most frequent first. */
export function sentencesOf({ commands }: Journal): readonly Sentence[] {
  return [...Map.groupBy(commands.flatMap(sentencesOfCommand), (text) => text)]
    .map(([text, its]) => ({ text, count: its.length }))
    .toSorted((one, other) => other.count - one.count);
}

/** @returns what is wrong, a sentence each */
export function faultsOfSentences(journal: Journal): readonly string[] {
  const unclear = sentencesOf(journal)
    .filter(({ text }) => !allowed.some((one) => one.test(text)))
    .map(({ text, count }) => `${count} commands said: ${text}`);
  const wrong = journal.commands
    .filter((command) => errorsOf(command) !== (command.failed ? 1 : 0))
    .map(
      ({ what, failed, said }) =>
        `a command ${failed ? "failed" : "did not fail"} and said (${what}): ${said}`,
    );
  return [...unclear, ...wrong];
}

function errorsOf({ said }: Command): number {
  return said.filter((line) => /^(?:backend )?error: /.test(line)).length;
}

function sentencesOfCommand({ said }: Command): readonly string[] {
  return said.map(generalized).filter((text) => !listing.some((one) => one.test(text)));
}

function generalized(line: string): string {
  return variables.reduce((text, [what, stand]) => text.replace(what, stand), line);
}
