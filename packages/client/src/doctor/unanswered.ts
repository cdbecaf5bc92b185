import type { CommitRequest } from "@pstore/core/api/schemas";
import { parseManifest } from "@pstore/core/manifest";
import { PendingCommits } from "../state/pending.ts";
import { named } from "../store/named.ts";
import type { Examination } from "./examination.ts";
import { type Finding, ok, warning } from "./finding.ts";

const check = "changes";

/** Whether a change was signed and sent, and never answered. */
export async function* checkUnanswered({ known, store, user }: Examination): AsyncGenerator<Finding> {
  if (store === null || user === null) return;
  const waiting = new PendingCommits(known.state, store, user).all();
  if (waiting.length === 0) yield ok(check, "none waits for an answer");
  for (const { request, isGivenUp } of waiting) {
    const what = `that of ${machinesOf(request)}`;
    yield isGivenUp
      ? warning(check, `${what} was interrupted on its way`, "the next command says what has become of it")
      : warning(check, `${what} was sent, and not answered`, "the next command sends it again");
  }
}

function machinesOf(request: string): string {
  try {
    const { changes } = JSON.parse(request) as CommitRequest;
    return named(changes.map(({ manifest }) => ({ manifest: parseManifest(manifest) })));
  } catch {
    return "some machine";
  }
}
